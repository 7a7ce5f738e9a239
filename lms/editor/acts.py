"""What people do in the editor, as operations on the newest document, and as words for who cannot see the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask_babel import gettext as _

from lms.content import catalog, document, entries, operations, planting
from lms.content.problems import Fault, OperationRefused
from lms.editor import listing, received, rules, shaping
from lms.editor.situation import Situation
from lms.web.slots import label

PATTERN = "pattern:"
"""Before the name of a pattern, where the type of a block could stand."""
SPACES = ("", "none", "s", "m", "l")
_ANCHOR = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}")

Json = dict[str, Any]


class Acts(Situation):
    """Reads what a browser sent."""

    def read(self, sent: Any) -> list[Json]:
        """The operations. Raises ``OperationRefused``, ``BlockGone`` and ``Forbidden``."""
        if not isinstance(sent, list) or not sent:
            raise OperationRefused(_("A request has a list of operations."))
        found: list[Json] = []
        for act in sent:
            if not isinstance(act, Mapping):
                raise OperationRefused(_("An operation is an object with “op”."))
            found += self._act(act)
        return found

    def _act(self, act: Mapping[str, Any]) -> list[Json]:
        acts: dict[Any, Callable[[Mapping[str, Any]], list[Json]]] = {
            "insert": self._insert, "set": self._set, "style": self._style, "move": self._move,
            "delete": self._delete, "items": self._items, "duplicate": self._duplicate, "visibility": self._visibility,
            "transform": partial(shaping.transform, self), "wrap": partial(shaping.wrap, self),
            "unwrap": partial(shaping.unwrap, self), "paste": partial(shaping.paste, self),
        }  # fmt: skip
        name = act.get("op")
        if not isinstance(name, str) or name not in acts:
            raise OperationRefused(_("There is no such operation. Possible: %(names)s.", names=", ".join(acts)))
        self.may_act(name)
        return acts[name](act)

    def _insert(self, act: Mapping[str, Any]) -> list[Json]:
        kind = str(act.get("type"))
        if kind.startswith(PATTERN):
            return self._insert_pattern(act, kind.removeprefix(PATTERN))
        block = catalog.current().blocks.get(kind)
        if block is None or kind == document.ROOT_TYPE:
            raise OperationRefused(_("There is no block of the type %(type)s.", type=kind))
        self.needs(block)
        made = planting.inserted(block)
        place = act["place"] if act.get("place") else self.near(act.get("near"), kind)
        self.select = made["id"]
        self.words = _("%(block)s added", block=label(block))
        return [{"op": "insert", "place": place, "block": made}]

    def _insert_pattern(self, act: Mapping[str, Any], name: str) -> list[Json]:
        """The blocks of a pattern, as one block that holds them."""
        pattern = catalog.current().patterns.get(name)
        if pattern is None:
            raise OperationRefused(_("There is no pattern %(name)s.", name=name))
        made = planting.of_pattern(pattern)
        for each in document.blocks(made):
            known = catalog.current().block(each["type"], each["v"])
            if known is not None:
                self.needs(known)
        place = act["place"] if act.get("place") else self.near(act.get("near"), made["type"])
        self.select = made["id"]
        self.words = _("%(block)s added", block=label(pattern))
        return [{"op": "insert", "place": place, "block": made}]

    def _set(self, act: Mapping[str, Any]) -> list[Json]:
        _parent, _slot, block = self.found(act.get("id"))
        sent = act.get("form")
        if not isinstance(sent, Mapping):
            raise OperationRefused(_("What is to be set is an object in braces."))
        known = catalog.current().block(block["type"], block["v"])
        if known is not None:
            self.needs(known)
            self.may_set(known.form, sent)
            props = listing.props_of(known, block)
            below = {name: raw for name, raw in sent.items() if entries.parted(name)}
            own = {name: raw for name, raw in sent.items() if name not in below}
            sent = received.values(known.form, own, stored=props, plugin=known.plugin)
            stored = {name: value for name, value in block["props"].items() if value is not None}
            sent |= dict.fromkeys(listing.fitting(known.form, stored | sent, sent))
            sent |= listing.filled(known, props | sent, below)
            if any(isinstance(value, Mapping) and "kind" in value for value in sent.values()):
                self.words = _("Link inserted")
        without = [name for name, value in sent.items() if value in (None, {})]
        values = {name: value for name, value in sent.items() if name not in without}
        return [{"op": "set", "id": block["id"], "values": values, "without": without}]

    def _style(self, act: Mapping[str, Any]) -> list[Json]:
        _parent, _slot, block = self.found(act.get("id"))
        sent = act.get("values")
        if not isinstance(sent, Mapping) or sent.keys() - {"anchor", "space"}:
            raise OperationRefused(_("A block has an anchor and space above, no other style."))
        values: Json = {}
        without: list[str] = []
        if "anchor" in sent:
            anchor = str(sent["anchor"]).strip().removeprefix("#")
            if anchor and not _ANCHOR.fullmatch(anchor):
                said = _("An anchor begins with a letter and has letters, digits, hyphens: prices.")
                raise OperationRefused(said, [Fault("style.anchor", said)])
            if anchor:
                values["anchor"] = anchor
            else:
                without.append("anchor")
        if "space" in sent:
            if sent["space"] not in SPACES:
                said = _("Choose one of the list.")
                raise OperationRefused(said, [Fault("style.space", said)])
            if sent["space"]:
                values["spacing"] = {"base": sent["space"]}
            else:
                without.append("spacing")
        return [{"op": "set", "id": block["id"], "part": "style", "values": values, "without": without}]

    def _visibility(self, act: Mapping[str, Any]) -> list[Json]:
        _parent, _slot, block = self.found(act.get("id"))
        known = catalog.current().block(block["type"], block["v"])
        if known is not None:
            self.needs(known)
        self.words = _("Condition added") if "add" in act else _("Condition removed")
        return [rules.operation(block, act)]

    def _items(self, act: Mapping[str, Any]) -> list[Json]:
        """Add, remove or move an entry of a list; what is in one is set as the block's own properties are."""
        _parent, _slot, block = self.found(act.get("id"))
        known = catalog.current().block(block["type"], block["v"])
        if known is None:
            raise OperationRefused(_("This block has no list of that name."))
        self.needs(known)
        values, self.words = listing.changed(known, listing.props_of(known, block), act)
        return [{"op": "set", "id": block["id"], "values": values}]

    def _move(self, act: Mapping[str, Any]) -> list[Json]:
        parent, slot, block = self.found(act.get("id"))
        self.select = block["id"]
        place = act.get("place") or self._step(parent, slot, block, act.get("by"))
        if place is None:
            self.words = _("It cannot go further.")
            return []
        self.words = _("%(block)s moved", block=self.name(block))
        return [{"op": "move", "id": block["id"], "place": place}]

    def _step(self, parent: Json, slot: str, block: Json, by: Any) -> Json | None:
        """One place up or down; out of its slot where it is the first or the last one."""
        ids = [child["id"] for child in parent["slots"][slot]]
        index = ids.index(block["id"])
        place: Json = {"parent": parent["id"], "slot": slot}
        if by == "up" and index > 0:
            return place | {"after": ids[index - 2] if index > 1 else None}
        if by == "down" and index < len(ids) - 1:
            return place | {"after": ids[index + 1]}
        outer = self.around(parent["id"])
        if by not in ("up", "down") or outer is None:
            return None
        around, name, _box = outer
        outside = [child["id"] for child in around["slots"][name]]
        at = outside.index(parent["id"])
        after = parent["id"] if by == "down" else outside[at - 1] if at else None
        return {"parent": around["id"], "slot": name, "after": after}

    def _delete(self, act: Mapping[str, Any]) -> list[Json]:
        found = self.around(act.get("id"))
        if found is not None:
            parent, slot, block = found
            ids = [child["id"] for child in parent["slots"][slot]]
            at = ids.index(block["id"])
            beside = [*ids[at + 1 : at + 2], *ids[max(at - 1, 0) : at]]
            outer = None if parent is self.tree["root"] else parent["id"]
            if self.select is None:
                self.select = beside[0] if beside else outer
                self.words = _("%(block)s deleted", block=self.name(block))
        return [{"op": "delete", "id": str(act.get("id"))}]

    def _duplicate(self, act: Mapping[str, Any]) -> list[Json]:
        parent, slot, block = self.found(act.get("id"))
        known = catalog.current().block(block["type"], block["v"])
        if known is not None:
            self.needs(known)
        twin = operations.fresh(block)
        self.select = twin["id"]
        self.words = _("%(block)s duplicated", block=self.name(block))
        place = {"parent": parent["id"], "slot": slot, "after": block["id"]}
        return [{"op": "insert", "place": place, "block": twin}]


def position(tree: Mapping[str, Any], identity: str | None) -> tuple[int, int] | None:
    """Which of how many neighbours the block is, from 1."""
    for parent in document.blocks(tree["root"]):
        for children in parent.get("slots", {}).values():
            for index, child in enumerate(children):
                if child["id"] == identity:
                    return index + 1, len(children)
    return None
