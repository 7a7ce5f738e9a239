"""Blocks turned into others, put into boxes and taken out, and pasted: as operations that documents know."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from lms.content import catalog, checking, document, operations
from lms.content.document import ROOT_TYPE, upgraded
from lms.content.problems import DocumentInvalid, OperationRefused
from lms.editor import paragraphs
from lms.editor.situation import Situation
from lms.extend import Block
from lms.extend.fields import PlainText, RichText
from lms.web.slots import label

Json = dict[str, Any]
_MOST_PASTED = 200


def words_field(block: Block) -> Any:
    """The field that holds the block's words; None where it has none."""
    return next((field for field in block.form() if isinstance(field, PlainText | RichText)), None)


def becomes(block: Block) -> list[Block]:
    """What the block can be turned into: another kind of text."""
    if not _is_text(block):
        return []
    others = [one for one in catalog.current().blocks.values() if one.full_name != block.full_name and _is_text(one)]
    return sorted(others, key=lambda one: (one.order, one.plugin, one.name))


def _is_text(block: Block) -> bool:
    return block.category == "text" and not block.slots and words_field(block) is not None


def boxes(kind: str) -> list[Block]:
    """The blocks into which one of this type can be put."""
    known = catalog.current().blocks.values()
    found = [one for one in known if one.category == "layout" and _slot_for(one, kind)]
    return sorted(found, key=lambda one: (one.order, one.plugin, one.name))


def _slot_for(box: Block, kind: str) -> str:
    return next((name for name, slot in box.slots.items() if "*" in slot.allow or kind in slot.allow), "")


def transform(acts: Situation, act: Mapping[str, Any]) -> list[Json]:
    """The block as another kind of text. Words that do not fit into a line stay, as a text after it."""
    parent, slot, node = acts.found(act.get("id"))
    known, target = catalog.current().block(node["type"], node["v"]), catalog.current().blocks.get(str(act.get("type")))
    if known is None or target is None or target not in becomes(known):
        raise OperationRefused(_("This block cannot become that one."))
    acts.needs(known)
    acts.needs(target)
    props, _version = upgraded(known, dict(node["props"]), node["v"])
    source, into = words_field(known), words_field(target)
    stored = str(props.get(source.name) or source.data or "")
    html = stored if isinstance(source, RichText) else paragraphs.paragraph(stored)
    rest = ""
    if isinstance(into, RichText):
        value = html
    else:
        pieces = paragraphs.cut(html) or [""]
        value, rest = paragraphs.words(pieces[0]), "".join(pieces[1:])
    made: Json = {"id": node["id"], "type": target.full_name, "v": target.version, "props": {into.name: value}}
    made |= {name: copy.deepcopy(node[name]) for name in ("style", "visibility") if name in node}
    place = acts.place_of(parent, slot, node)
    acts.select = node["id"]
    acts.words = _("%(block)s became %(other)s", block=label(known), other=label(target))
    ops: list[Json] = [{"op": "delete", "id": node["id"]}, {"op": "insert", "place": place, "block": made}]
    if rest:
        left = document.new_block("core/text", {"html": rest})
        ops.append({"op": "insert", "place": place | {"after": node["id"]}, "block": left})
    return ops


def wrap(acts: Situation, act: Mapping[str, Any]) -> list[Json]:
    """A box in the block's place, with the block in its first slot."""
    parent, slot, node = acts.found(act.get("id"))
    box = catalog.current().blocks.get(str(act.get("type")))
    name = _slot_for(box, node["type"]) if box is not None and box.category == "layout" else ""
    if box is None or not name:
        raise OperationRefused(_("This block cannot be put into that one."))
    acts.needs(box)
    made = document.new_block(box.full_name, slots={each: [] for each in box.slots}) | {"v": box.version}
    acts.select = made["id"]
    acts.words = _("%(block)s put into %(box)s", block=acts.name(node), box=label(box))
    return [
        {"op": "insert", "place": acts.place_of(parent, slot, node), "block": made},
        {"op": "move", "id": node["id"], "place": {"parent": made["id"], "slot": name, "after": None}},
    ]


def unwrap(acts: Situation, act: Mapping[str, Any]) -> list[Json]:
    """What is in the box in its place, without it."""
    parent, slot, node = acts.found(act.get("id"))
    inside = [child for children in node.get("slots", {}).values() for child in children]
    if not inside:
        raise OperationRefused(_("There is nothing in it to take out."))
    after = node["id"]
    ops: list[Json] = []
    for child in inside:
        place = {"parent": parent["id"], "slot": slot, "after": after}
        ops.append({"op": "move", "id": child["id"], "place": place})
        after = child["id"]
    acts.select = inside[0]["id"]
    acts.words = _("%(box)s taken away, what was in it stays", box=acts.name(node))
    return [*ops, {"op": "delete", "id": node["id"]}]


def paste(acts: Situation, act: Mapping[str, Any]) -> list[Json]:
    """Blocks from elsewhere, checked like everything that is stored, with ids of their own."""
    sent = act.get("blocks")
    if not isinstance(sent, list) or not 0 < len(sent) <= _MOST_PASTED:
        raise OperationRefused(_("Paste between 1 and %(most)s blocks.", most=_MOST_PASTED))
    blocks = [_checked(acts, one) for one in sent]
    place = dict(act["place"]) if isinstance(act.get("place"), Mapping) else None
    place = place or acts.near(act.get("near"), blocks[0]["type"])
    ops: list[Json] = []
    for block in blocks:
        ops.append({"op": "insert", "place": place, "block": block})
        place = place | {"after": block["id"]}
    acts.select = blocks[0]["id"]
    acts.words = ngettext("%(name)s pasted", "%(num)s blocks pasted", len(blocks), name=acts.name(blocks[0]))
    return ops


def _checked(acts: Situation, sent: Any) -> Json:
    if not isinstance(sent, Mapping) or not isinstance(sent.get("type"), str):
        raise OperationRefused(_("A block is an object with “type” and “props”."))
    block = sent if "id" in sent else _new(sent)
    try:
        found = checking.checked_block(block, catalog.current())
    except DocumentInvalid as refusal:
        raise OperationRefused(refusal.faults[0].sentence, refusal.faults) from refusal
    for each in document.blocks(found):
        known = catalog.current().block(each["type"], each["v"])
        if each["type"] == ROOT_TYPE:
            raise OperationRefused(_("A whole page cannot stand in a page."))
        if known is not None:
            acts.needs(known)
    return operations.fresh(found)


def _new(sent: Mapping[str, Any]) -> Json:
    """A block that has only its type and maybe properties."""
    known = catalog.current().blocks.get(sent["type"])
    if known is None:
        raise OperationRefused(_("There is no block of the type %(type)s.", type=sent["type"]))
    slots: Json = {name: [] for name in known.slots}
    props = sent.get("props")
    made = document.new_block(sent["type"], props if isinstance(props, Mapping) else {}, slots=slots or None)
    return made | {"v": known.version}
