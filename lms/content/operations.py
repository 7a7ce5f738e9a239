"""Edits of a document as data: each is checked, applied, and answered with its inverse.

Blocks are named by their id and places by their neighbour, never by a path or a number, so that the operations of two
people still mean the same after each other. Nothing here reads or writes the database.

``insert`` (place, block) · ``delete`` (id) · ``move`` (id, place) · ``set`` (id, part, values, without) ·
``replace`` (tree). A place is ``{"parent": id, "slot": name, "after": id or null}``; an ``after`` that is gone means
the end of the slot.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lms.base.ids import short_id
from lms.content import document
from lms.content.catalog import Catalog
from lms.content.document import Json
from lms.content.working import WorkingDocument


@dataclass(slots=True)
class Applied:
    """What came of some operations: the new tree, what was done (cleaned, without what changed nothing), and the
    operations that take it back."""

    tree: Json
    ops: list[Json] = field(default_factory=list)
    inverse: list[Json] = field(default_factory=list)


def apply(tree: Mapping[str, Any], ops: Sequence[Mapping[str, Any]], catalog: Catalog) -> Applied:
    """Apply all operations, or none: raises ``OperationRefused`` or ``BlockGone``. ``tree`` stays as it is."""
    work = WorkingDocument(json.loads(json.dumps(tree)), catalog)
    done: list[Json] = []
    inverse: list[Json] = []
    for op in ops:
        before = work.act(op)
        if before is not None:
            done.append(before[0])
            inverse[:0] = before[1]
    if done:
        work.check_size()
    return Applied(work.tree, done, inverse)


def fresh(block: Mapping[str, Any]) -> Json:
    """A copy of the block and all below it with ids, and so anchors, of its own."""
    twin: Json = copy.deepcopy(dict(block))
    for each in document.blocks(twin):
        each["id"] = short_id()
        each.get("style", {}).pop("anchor", None)
    return twin


def redraw(ops: Sequence[Mapping[str, Any]], inverse: Sequence[Mapping[str, Any]]) -> tuple[set[str], set[Any]]:
    """Ids of the blocks to draw again, and (block id, slot name) of the slots to order again, after these operations.

    Whoever holds the state before them and takes these parts of the state after them holds the state after them.
    """
    blocks: set[str] = set()
    slots: set[Any] = set()
    for op in [*ops, *inverse]:
        if "place" in op:
            slots.add((op["place"]["parent"], op["place"]["slot"]))
    for op in ops:
        if op["op"] == "set":
            blocks.add(op["id"])
        elif op["op"] == "insert":
            blocks.add(op["block"]["id"])
    return blocks, slots
