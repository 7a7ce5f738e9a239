"""Which of a person's steps can be undone, and which can be done again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

EDIT, UNDO, REDO = "edit", "undo", "redo"


@dataclass(slots=True)
class Stacks:
    """Steps of one person, the newest last: ``done`` can be undone, ``undone`` done again."""

    done: list[int] = field(default_factory=list)
    undone: list[int] = field(default_factory=list)


def stacks(rows: Iterable[tuple[str, int]]) -> Stacks:
    """From the (kind, step) of a person's log, oldest first. A new edit forgets what was undone before."""
    found = Stacks()
    for kind, step in rows:
        if kind == UNDO:
            if step in found.done:
                found.done.remove(step)
            found.undone.append(step)
        elif kind == REDO:
            if step in found.undone:
                found.undone.remove(step)
            found.done.append(step)
        elif not found.done or found.done[-1] != step:
            found.done.append(step)
            found.undone.clear()
    return found


def goes_on(before: Any, ops: list[dict[str, Any]]) -> bool:
    """Whether the operations go on with what those of ``before`` did: typing in the same fields of a block."""
    ours, theirs = _typing(ops), _typing(before)
    return ours is not None and ours == theirs


def _typing(ops: list[dict[str, Any]]) -> tuple[Any, ...] | None:
    if len(ops) != 1 or ops[0]["op"] != "set" or ops[0].get("part", "props") != "props":
        return None
    values = ops[0]["values"]
    if ops[0]["without"] or not all(isinstance(value, str) for value in values.values()):
        return None
    return ops[0]["id"], tuple(sorted(values))
