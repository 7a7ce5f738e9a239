"""``expand[]``: ids replaced by the objects that they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.shapes import is_expandable
from lms_stripe_simulator.state import Object

MOST_LEVELS = 4

# Fields that an answer leaves out unless they are expanded: (object, field) → what stands there then.
INCLUDED: dict[tuple[str, str], Callable[[Scope, Object], Any]] = {}


def included(kind: str, name: str) -> Callable[[Callable[[Scope, Object], Any]], Callable[[Scope, Object], Any]]:
    """Register what a field holds when it is expanded."""

    def register(function: Callable[[Scope, Object], Any]) -> Callable[[Scope, Object], Any]:
        INCLUDED[kind, name] = function
        return function

    return register


def expand(scope: Scope, value: Any, paths: list[str]) -> Any:
    """Return an answer with the given paths expanded; raises Stripe's error for one that cannot be."""
    for path in paths:
        parts = path.split(".")
        levels = [part for part in parts if part != "data"]
        if len(levels) > MOST_LEVELS:
            raise invalid(
                f"You cannot expand more than {MOST_LEVELS} levels of a property. Property: {path}",
                "expand",
                "property_expansion_max_depth",
            )
        _walk(scope, value, parts, path)
    return value


def _walk(scope: Scope, value: Any, parts: list[str], path: str) -> None:
    if isinstance(value, list):
        for item in value:
            _walk(scope, item, parts, path)
        return
    if not parts or not isinstance(value, dict):
        return
    name, rest = parts[0], parts[1:]
    kind = value.get("object")
    if isinstance(kind, str) and (kind, name) in INCLUDED and not isinstance(value.get(name), dict):
        value[name] = INCLUDED[kind, name](scope, value)
    held = value.get(name)
    if isinstance(held, str) or (isinstance(held, list) and all(isinstance(item, str) for item in held)):
        value[name] = held = _found(scope, value, name, held, path)
    elif held is None and not _may_be_null(value, name):
        raise _refused(path)
    _walk(scope, held, rest, path)


def _found(scope: Scope, value: Object, name: str, held: str | list[str], path: str) -> Any:
    if isinstance(held, list):
        return [_found(scope, value, name, item, path) for item in held]
    found = scope.find(held)
    if found is None or name == "id":
        raise _refused(path)
    return public(found)


def _may_be_null(value: Object, name: str) -> bool:
    kind = value.get("object")
    if not isinstance(kind, str):
        return name in value
    return kind == "list" or is_expandable(kind, name) or name in value


def _refused(path: str) -> Exception:
    return invalid(
        f"This property cannot be expanded ({path}). You may want to try expanding a different property.", "expand"
    )
