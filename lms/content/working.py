"""A document while operations are applied to it."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from lms.content import checking, document
from lms.content.catalog import Catalog
from lms.content.document import MAX_BLOCKS, MAX_BYTES, MAX_DEPTH, ROOT_TYPE, Json
from lms.content.problems import BlockGone, DocumentInvalid, Fault, OperationRefused
from lms.extend.fields import Items

PARTS = ("props", "style", "visibility")
_ENTRY = re.compile(r"props\.([^.\[]+)\[\d+\]")


@dataclass(slots=True)
class Spot:
    """Where a block stands: its parent, the slot's name, and how deep (the root is 1)."""

    block: Json
    parent: Json | None
    slot: str
    depth: int


Done = tuple[Json, list[Json]] | None


class WorkingDocument:
    """A document that is being changed."""

    def __init__(self, tree: Json, catalog: Catalog) -> None:
        self.tree = tree
        self.catalog = catalog
        self._read()

    def _read(self) -> None:
        self.spots: dict[str, Spot] = {}
        waiting = [Spot(self.tree["root"], None, "", 1)]
        while waiting:
            spot = waiting.pop()
            self.spots[spot.block["id"]] = spot
            for name, children in spot.block.get("slots", {}).items():
                waiting.extend(Spot(child, spot.block, name, spot.depth + 1) for child in children)

    def act(self, op: Any) -> Done:
        """What the operation did, cleaned, and what takes it back; None for nothing. Raises as ``operations.apply``."""
        if not isinstance(op, Mapping):
            raise OperationRefused(_("An operation is an object with “op”."))
        acts: dict[Any, Callable[[Mapping[str, Any]], Done]] = {
            "insert": self._insert, "delete": self._delete, "move": self._move, "set": self._set,
            "replace": self._replace,
        }  # fmt: skip
        act = acts.get(op.get("op")) if isinstance(op.get("op"), str) else None
        if act is None:
            raise OperationRefused(_("There is no such operation. Possible: %(names)s.", names=", ".join(acts)))
        return act(op)

    def check_size(self) -> None:
        """Raises ``OperationRefused`` for what is too large to be stored."""
        if len(self.spots) > MAX_BLOCKS:
            raise OperationRefused(_("A document has at most %(limit)s blocks. Split it.", limit=MAX_BLOCKS))
        if len(json.dumps(self.tree)) > MAX_BYTES:
            raise OperationRefused(_("This document is full: 2 MB can be stored. Shorten or split it."))

    def _insert(self, op: Mapping[str, Any]) -> Done:
        parent, slot, after = self._place(op.get("place"))
        block = _checked(op.get("block"), self.catalog, parent.depth + 1)
        taken = [each["id"] for each in document.blocks(block) if each["id"] in self.spots]
        if taken:
            raise OperationRefused(_("A block with the id %(id)s is there already.", id=taken[0]))
        place = self._enter(parent, slot, after, block)
        return {"op": "insert", "place": place, "block": block}, [{"op": "delete", "id": block["id"]}]

    def _delete(self, op: Mapping[str, Any]) -> Done:
        spot = self.spots.get(str(op.get("id")))
        if spot is None:
            return None
        place = self._here(spot)
        self._take(spot)
        inverse = {"op": "insert", "place": place, "block": copy.deepcopy(spot.block)}
        return {"op": "delete", "id": spot.block["id"]}, [inverse]

    def _move(self, op: Mapping[str, Any]) -> Done:
        spot = self._spot(op.get("id"))
        parent, slot, after = self._place(op.get("place"))
        before = self._here(spot)
        if any(each is parent.block for each in document.blocks(spot.block)):
            raise OperationRefused(_("A block cannot stand in itself."))
        if after == spot.block["id"]:
            return None
        self._take(spot)
        after_move = self._enter(parent, slot, after, spot.block)
        if after_move == before:
            return None
        _not_too_deep(spot.block, parent.depth + 1)
        identity = spot.block["id"]
        return {"op": "move", "id": identity, "place": after_move}, [{"op": "move", "id": identity, "place": before}]

    def _set(self, op: Mapping[str, Any]) -> Done:
        spot = self._spot(op.get("id"))
        part, values, without = op.get("part", "props"), op.get("values", {}), op.get("without", ())
        if part not in PARTS or not isinstance(without, list | tuple):
            raise OperationRefused(_("What is to be set is one of: %(names)s.", names=", ".join(PARTS)))
        if part == "visibility":
            return self._set_whole(spot.block, part, values)
        if not isinstance(values, Mapping):
            raise OperationRefused(_("Values are an object in braces."))
        block = spot.block
        old, old_version = copy.deepcopy(block.get(part, {})), block["v"]
        block[part] = {key: value for key, value in (old | dict(values)).items() if key not in without}
        block["v"] = op.get("v", block["v"])
        if part == "props":
            before = {**block, part: old, "v": old_version}
            self._mend(block, before, {*values, *without}, is_older="v" in op)
        elif not block[part]:
            del block[part]
        return self._difference(block, part, old, old_version)

    def _set_whole(self, block: Json, part: str, value: Any) -> Done:
        old = copy.deepcopy(block.get(part))
        if value:
            block[part] = _checked({**block, part: value, "slots": {}}, self.catalog, 2)[part]
        else:
            block.pop(part, None)
        if block.get(part) == old:
            return None
        mine = {"op": "set", "id": block["id"], "part": part}
        return mine | {"values": copy.deepcopy(block.get(part))}, [mine | {"values": old}]

    def _mend(self, block: Json, before: Json, names: set[str], *, is_older: bool) -> None:
        """Check and clean what was set. What was wrong before in other fields, or in other entries of the same list,
        keeps nobody from mending this one."""
        if self.catalog.block(block["type"], block["v"]) is None:
            raise OperationRefused(
                _("The plugin that this block needs is not active: %(name)s.", name=block["type"].split("/")[0])
            )
        # Taking an edit back may bring properties of an older version: they are stored as they were.
        looked_at = copy.deepcopy(block) if is_older else block
        faults = [fault for fault in checking.mend(looked_at, self.catalog) if _field(fault) in names]
        in_lists = [fault for fault in faults if self._is_of_list(block, fault)]
        if in_lists:
            known = Counter(map(_anywhere, checking.mend(copy.deepcopy(before), self.catalog)))
            faults = [fault for fault in faults if fault not in in_lists or not _take(known, _anywhere(fault))]
        if faults:
            raise OperationRefused(faults[0].sentence, faults)

    def _is_of_list(self, block: Json, fault: Fault) -> bool:
        """Whether the fault is in an entry of a list, of which each is mended by itself."""
        named = _ENTRY.match(fault.path)
        known = self.catalog.block(block["type"], block["v"])
        fields = known.form() if named and known else ()
        return any(isinstance(each, Items) and named and each.name == named[1] for each in fields)

    def _difference(self, block: Json, part: str, old: Json, old_version: int) -> Done:
        new = block.get(part, {})
        if new == old and block["v"] == old_version:
            return None
        names = [key for key in {**old, **new} if key not in old or key not in new or old[key] != new[key]]
        ops: list[Json] = []
        for state, version in ((new, block["v"]), (old, old_version)):
            op: Json = {"op": "set", "id": block["id"], "part": part}
            op["values"] = {key: copy.deepcopy(state[key]) for key in names if key in state}
            op["without"] = [key for key in names if key not in state]
            if block["v"] != old_version:
                op["v"] = version
            ops.append(op)
        return ops[0], [ops[1]]

    def _replace(self, op: Mapping[str, Any]) -> Done:
        try:
            new = checking.checked(op.get("tree"), self.catalog)
        except DocumentInvalid as refusal:
            raise OperationRefused(refusal.faults[0].sentence, refusal.faults) from refusal
        if new == self.tree:
            return None
        old, self.tree = self.tree, new
        self._read()
        return {"op": "replace", "tree": copy.deepcopy(new)}, [{"op": "replace", "tree": old}]

    def _spot(self, identity: Any) -> Spot:
        spot = self.spots.get(str(identity))
        if spot is None:
            raise BlockGone(str(identity))
        if spot.parent is None:
            raise OperationRefused(_("The page itself stays where it is."))
        return spot

    def _place(self, place: Any) -> tuple[Spot, str, str | None]:
        if not isinstance(place, Mapping) or not isinstance(place.get("slot"), str):
            raise OperationRefused(_("A place is an object with “parent”, “slot” and “after”."))
        parent = self.spots.get(str(place.get("parent")))
        if parent is None:
            raise BlockGone(str(place.get("parent")))
        slot, after = place["slot"], place.get("after")
        known = self.catalog.block(parent.block["type"], parent.block["v"])
        if slot not in (known.slots if known else parent.block.get("slots", {})):
            raise OperationRefused(_("Nothing can stand in there."))
        return parent, slot, None if after is None else str(after)

    def _here(self, spot: Spot) -> Json:
        """The place of a block, as an operation names it."""
        if spot.parent is None:
            raise OperationRefused(_("The page itself stays where it is."))
        neighbours = spot.parent["slots"][spot.slot]
        index = _index(neighbours, spot.block["id"])
        after = neighbours[index - 1]["id"] if index else None
        return {"parent": spot.parent["id"], "slot": spot.slot, "after": after}

    def _take(self, spot: Spot) -> None:
        if spot.parent is None:
            raise OperationRefused(_("The page itself stays where it is."))
        del spot.parent["slots"][spot.slot][_index(spot.parent["slots"][spot.slot], spot.block["id"])]
        self._read()

    def _enter(self, parent: Spot, slot: str, after: str | None, block: Json) -> Json:
        if block["type"] == ROOT_TYPE:
            raise OperationRefused(_("Only the root can be %(type)s.", type=ROOT_TYPE))
        neighbours = parent.block.setdefault("slots", {}).setdefault(slot, [])
        index = 0 if after is None else _index(neighbours, after) + 1
        neighbours.insert(index, block)
        faults = checking.check_slot(parent.block, slot, self.catalog)
        if faults:
            raise OperationRefused(faults[0].sentence)
        self._read()
        return self._here(self.spots[block["id"]])


def _index(blocks: Sequence[Json], identity: str) -> int:
    """Where the block stands; the last place for one that is not there."""
    return next((index for index, block in enumerate(blocks) if block["id"] == identity), len(blocks) - 1)


def _checked(block: Any, catalog: Catalog, depth: int) -> Json:
    try:
        return checking.checked_block(block, catalog, depth=depth)
    except DocumentInvalid as refusal:
        raise OperationRefused(refusal.faults[0].sentence, refusal.faults) from refusal


def _not_too_deep(block: Json, depth: int) -> None:
    below = max((_height(child) for child in block.get("slots", {}).values()), default=0)
    if depth + below > MAX_DEPTH:
        raise OperationRefused(_("Blocks can lie %(limit)s deep. Move this one further out.", limit=MAX_DEPTH))


def _height(children: Sequence[Json]) -> int:
    inside = [max((_height(below) for below in child.get("slots", {}).values()), default=0) for child in children]
    return 1 + max(inside) if inside else 0


def _anywhere(fault: Fault) -> tuple[str, str]:
    """The fault of an entry, wherever in its list the entry stands."""
    return _ENTRY.sub(r"\1", fault.path, count=1), fault.sentence


def _take(known: Counter[tuple[str, str]], fault: tuple[str, str]) -> bool:
    known[fault] -= 1
    return known[fault] >= 0


def _field(fault: Fault) -> str:
    """The property that a fault is about: ``props.link.href`` is about ``link``."""
    return fault.path.removeprefix("props.").split(".")[0].split(",")[0].split("[")[0]
