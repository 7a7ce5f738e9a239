"""Documents and blocks are checked and cleaned on every write."""

from __future__ import annotations

import json
import re
from typing import Any

from flask_babel import gettext as _
from wtforms import Form

from lms.content import conditions, entries, linkjson, richtext, values
from lms.content.catalog import Catalog
from lms.content.document import MAX_BLOCKS, MAX_BYTES, MAX_DEPTH, ROOT_TYPE, Json, upgraded
from lms.content.problems import DocumentInvalid, Fault
from lms.extend import Block
from lms.extend.fields import Conditions, Items, Link, Media, RichText

_ID = re.compile(r"[a-z0-9]{8,16}")
_TYPE = re.compile(r"[a-z0-9_-]+/[a-z0-9-]+")
_REQUIRED = ("id", "type", "v", "props")
_OPTIONAL = ("style", "visibility", "slots")


def checked(tree: Any, catalog: Catalog) -> Json:
    """A copy of the document that may be stored: its shape is right, known properties are valid, rich text is clean.

    Raises ``DocumentInvalid``, naming every mistake with its JSON path.
    """
    copy = _measured(tree)
    checker = _Checker(catalog)
    checker.document(copy)
    if checker.faults:
        raise DocumentInvalid(checker.faults)
    return copy


def checked_block(block: Any, catalog: Catalog, *, depth: int = 2) -> Json:
    """A copy of a block with all below it that may be stored ``depth`` blocks deep (the root is 1).

    For one that comes into a document; its ids are not compared with those of the document. Raises
    ``DocumentInvalid`` with paths that begin with ``block``.
    """
    copy: Json = _measured(block)
    checker = _Checker(catalog)
    checker.part(copy, depth)
    if checker.faults:
        raise DocumentInvalid(checker.faults)
    return copy


def mend(block: Json, catalog: Catalog) -> list[Fault]:
    """Clean the properties of a block in place, its own only; what is wrong with them (``props.text``).

    Blocks that nobody knows now stay as they are.
    """
    checker = _Checker(catalog)
    checker.own(block)
    return checker.faults


def check_slot(block: Json, name: str, catalog: Catalog) -> list[Fault]:
    """What is wrong with the blocks in a slot: too many, of a type that cannot stand there, no such slot."""
    known = catalog.block(block["type"], block["v"])
    if known is None or block["type"] == ROOT_TYPE:
        return []
    checker = _Checker(catalog)
    checker.slots(known, block, "block")
    return [fault for fault in checker.faults if fault.path.startswith(f"block.slots.{name}")]


def _measured(tree: Any) -> Any:
    """A deep copy, through JSON, so that only JSON is ever stored."""
    try:
        text = json.dumps(tree, allow_nan=False)
        if len(text) > MAX_BYTES:
            size = round(len(text) / 1024 / 1024, 1)
            said = _("It has %(size)s MB; at most 2 MB can be stored. Shorten or split it.", size=size)
            raise DocumentInvalid([Fault("document", said)])
        return json.loads(text)
    except RecursionError as error:
        raise DocumentInvalid([Fault("document", _("It is nested too deeply."))]) from error
    except (TypeError, ValueError) as error:
        raise DocumentInvalid([Fault("document", _("It holds a value that JSON does not have."))]) from error


class _Checker:
    """Walks one document; collects what is wrong, cleans what is right."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.faults: list[Fault] = []
        self._fields_of: dict[type[Form], tuple[Any, ...]] = {}
        self._ids: dict[str, str] = {}
        self._count = 0

    def report(self, path: str, sentence: str) -> None:
        self.faults.append(Fault(path, sentence))

    def document(self, tree: Any) -> None:
        if not isinstance(tree, dict):
            return self.report("document", _('A document is an object with "schema" and "root".'))
        self._keys(tree, "document", ("schema", "root"), ())
        if "schema" in tree and (tree["schema"] != 1 or isinstance(tree["schema"], bool)):
            self.report("schema", _("Write 1: no other schema exists."))
        if "root" in tree:
            self._block(tree["root"], "root", depth=1)
            root = tree["root"]
            if isinstance(root, dict) and root.get("type", ROOT_TYPE) != ROOT_TYPE:
                self.report("root.type", _("The root is always %(type)s.", type=ROOT_TYPE))
        return None

    def part(self, block: Any, depth: int) -> None:
        self._block(block, "block", depth)

    def own(self, block: Json) -> None:
        self._meaning(block, "", slots=False)

    def _keys(self, thing: Json, path: str, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
        for name in required:
            if name not in thing:
                self.report(path, _('"%(name)s" is missing.', name=name))
        possible = required + optional
        for name in thing.keys() - set(possible):
            said = _("This key has no meaning here. Possible: %(names)s.", names=", ".join(possible))
            self.report(f"{path}.{name}", said)

    def _block(self, block: Any, path: str, depth: int) -> None:
        self._count += 1
        if self._count == MAX_BLOCKS + 1:
            self.report(path, _("A document has at most %(limit)s blocks. Split it.", limit=MAX_BLOCKS))
        if self._count > MAX_BLOCKS:
            return None
        if depth > MAX_DEPTH:
            return self.report(path, _("Blocks can lie %(limit)s deep. Move this one further out.", limit=MAX_DEPTH))
        if not isinstance(block, dict):
            return self.report(path, _('A block is an object with "id", "type", "v" and "props".'))
        self._keys(block, path, _REQUIRED, _OPTIONAL)
        before = len(self.faults)
        self._identity(block, path)
        self._shape(block, path)
        if len(self.faults) == before and block.keys() >= set(_REQUIRED):
            self._meaning(block, path)
        slots = block.get("slots")
        if isinstance(slots, dict):
            for name, children in slots.items():
                if not isinstance(children, list):
                    self.report(f"{path}.slots.{name}", _("A slot is a list of blocks."))
                    continue
                for index, child in enumerate(children):
                    self._block(child, f"{path}.slots.{name}[{index}]", depth + 1)
        return None

    def _identity(self, block: Json, path: str) -> None:
        if "id" in block:
            identity = block["id"]
            if not (isinstance(identity, str) and _ID.fullmatch(identity)):
                self.report(f"{path}.id", _("An id has 8 to 16 small letters and digits."))
            elif identity in self._ids:
                said = _("%(other)s has this id too. Give one of them another.", other=self._ids[identity])
                self.report(f"{path}.id", said)
            else:
                self._ids[identity] = path
        if "type" in block and not (isinstance(block["type"], str) and _TYPE.fullmatch(block["type"])):
            self.report(f"{path}.type", _("A type looks like core/heading."))
        if "v" in block and (isinstance(block["v"], bool) or not isinstance(block["v"], int) or block["v"] < 1):
            self.report(f"{path}.v", _("The version is a whole number from 1."))

    def _shape(self, block: Json, path: str) -> None:
        for name in ("props", "style", "slots"):
            if name in block and not isinstance(block[name], dict):
                self.report(f"{path}.{name}", _("This is an object in braces."))
        if "visibility" in block:
            conditions.check(block["visibility"], f"{path}.visibility", self.catalog, self.report)

    def _meaning(self, block: Json, path: str, *, slots: bool = True) -> None:
        """Check against the block's own contract, and clean. Blocks that nobody knows now stay as they are."""
        known = self.catalog.block(block["type"], block["v"])
        if known is None:
            return
        if block["type"] == ROOT_TYPE and path != "root":
            self.report(f"{path}.type", _("Only the root can be %(type)s.", type=ROOT_TYPE))
        block["props"], block["v"] = upgraded(known, block["props"], block["v"])
        if known.upgrade is not None and block["v"] < known.version:
            # Its plugin could not bring it up to date, which must not keep anybody from saving the rest of the page.
            return
        at = f"{path}.props" if path else "props"
        values.check(known.form, block["props"], at, self.report)
        self._fields(known.form, block["props"], at)
        if slots and path != "root":
            self.slots(known, block, path)

    def _fields(self, form: type[Form], props: Json, path: str) -> None:
        if form not in self._fields_of:
            self._fields_of[form] = tuple(form())
        for field in self._fields_of[form]:
            value = props.get(field.name)
            if value is None:
                continue
            if isinstance(field, RichText) and isinstance(value, str):
                props[field.name] = richtext.clean(value)
                self._text_links(props[field.name], f"{path}.{field.name}")
            elif isinstance(field, Link):
                linkjson.check(value, f"{path}.{field.name}", self.catalog, self.report)
            elif isinstance(field, Conditions):
                conditions.check(value, f"{path}.{field.name}", self.catalog, self.report)
            elif isinstance(field, Media):
                self._media(value, f"{path}.{field.name}")
            elif isinstance(field, Items) and isinstance(value, list):
                self._entries(field, props, f"{path}.{field.name}")

    def _entries(self, field: Items, props: Json, path: str) -> None:
        """Give each entry of a list the id by which it is edited, and look at what is in it."""
        if not all(isinstance(each, dict) for each in props[field.name]):
            return
        props[field.name] = entries.of(props[field.name])
        for index, each in enumerate(props[field.name]):
            self._fields(field.form, each, f"{path}[{index}]")

    def _text_links(self, html: str, path: str) -> None:
        for index, link in enumerate(richtext.Fragment(html).links):
            linkjson.check(link, f"{path}, dynamic link {index + 1}", self.catalog, self.report)

    def _media(self, value: Any, path: str) -> None:
        if not isinstance(value, dict) or not isinstance(value.get("key"), str):
            return self.report(path, _('A picture is an object with "key" and "alt".'))
        self._keys(value, path, ("key",), ("alt", "decorative"))
        alt, decorative = value.get("alt", ""), value.get("decorative", False)
        if not isinstance(alt, str) or not isinstance(decorative, bool):
            self.report(path, _('"alt" is words, "decorative" is true or false.'))
        elif value["key"] and not alt.strip() and not decorative:
            said = _('Say in "alt" what the picture shows, or set "decorative" to true if it says nothing.')
            self.report(f"{path}.alt", said)
        return None

    def slots(self, known: Block, block: Json, path: str) -> None:
        slots = block.get("slots", {})
        for name in slots.keys() - known.slots.keys():
            possible = ", ".join(known.slots) or _("none")
            said = _("%(type)s has no slot of this name. Possible: %(names)s.", type=block["type"], names=possible)
            self.report(f"{path}.slots.{name}", said)
        for name, slot in known.slots.items():
            children = slots.get(name, [])
            if not isinstance(children, list):
                continue
            if slot.max is not None and len(children) > slot.max:
                said = _("At most %(limit)s blocks fit in here.", limit=slot.max)
                self.report(f"{path}.slots.{name}", said)
            for index, child in enumerate(children):
                kind = child.get("type") if isinstance(child, dict) else None
                if isinstance(kind, str) and "*" not in slot.allow and kind not in slot.allow:
                    said = _("%(type)s cannot stand here.", type=kind)
                    self.report(f"{path}.slots.{name}[{index}].type", said)
