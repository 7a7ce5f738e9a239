"""What rooms and plugins keep in memory, until something changes that visitors see."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from flask import current_app
from sqlalchemy import Connection

from lms.db import Mode, db, scope
from lms.host import state

T = TypeVar("T")
_MOST = 2_000


def kept(name: str, read: Callable[[Connection], T]) -> T:
    """What ``read(connection)`` returned: asked once per process, and again after each new content version.

    ``name`` begins with the plugin's. All requests share the value, so it is one that nobody changes: a tuple, a
    frozen dataclass. What the open transaction has written is not in it yet.
    """
    memory: dict[str, tuple[int, T]] = current_app.extensions.setdefault("lms_kept", {})
    version = state.content_version()
    found = memory.get(name)
    if found is None or found[0] != version:
        # A connection of its own: a request that began before the change must not put its older view into memory
        # under the newer number.
        with scope(Mode.READ), db.engine.connect() as connection:
            found = memory[name] = (version, read(connection))
    return found[1]


def kept_by_key(name: str, key: Hashable, read: Callable[[], T | None]) -> T | None:
    """What ``read()`` returned for the key: asked once per process and content version while pages are drawn.

    ``read`` asks the open transaction; None is not kept. Where writing is allowed, it is always asked: what was just
    changed shows.
    """
    if not state.is_held():
        return read()
    memory: dict[str, tuple[int, dict[Hashable, T]]] = current_app.extensions.setdefault("lms_kept_by_key", {})
    version = state.content_version()
    values = memory.get(name)
    if values is None or values[0] != version or len(values[1]) >= _MOST:
        values = memory[name] = (version, {})
    found = values[1].get(key)
    if found is None:
        found = read()
        if found is not None:
            values[1][key] = found
    return found
