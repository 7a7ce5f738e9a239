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


Done = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""Operations, and what takes them back."""


def goes_on(before: Done, now: Done) -> bool:
    """Whether what was done now goes on with what was done before: typing in the same fields of a block."""
    ours, theirs = _typing(*now), _typing(*before)
    return ours is not None and ours == theirs


def _typing(ops: list[dict[str, Any]], inverse: list[dict[str, Any]]) -> tuple[Any, ...] | None:
    """The block and the fields in which words were typed; None for anything else."""
    if len(ops) != 1 or ops[0]["op"] != "set" or ops[0].get("part", "props") != "props" or ops[0]["without"]:
        return None
    old = inverse[0]["values"] if len(inverse) == 1 and inverse[0]["op"] == "set" else {}
    fields = []
    for name, value in ops[0]["values"].items():
        places = [name] if isinstance(value, str) else _typed_below(name, value, old.get(name))
        if len(places) != 1:
            return None
        fields += places
    return ops[0]["id"], tuple(sorted(fields))


def _typed_below(name: str, new: Any, old: Any) -> list[str]:
    """Where words were typed into entries of a list that has the entries it had; nowhere for anything else."""
    if not isinstance(new, list) or not isinstance(old, list) or len(new) != len(old):
        return []
    found = []
    for one, other in zip(new, old, strict=True):
        if not isinstance(one, dict) or not isinstance(other, dict) or one.get("id") != other.get("id"):
            return []
        changed = [key for key in {**other, **one} if one.get(key) != other.get(key)]
        if not all(isinstance(one.get(key), str) for key in changed):
            return []
        found += [f"{name}.{one.get('id')}.{key}" for key in changed]
    return found
