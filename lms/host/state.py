"""Numbers in the database by which every process notices what others changed.

Read at most once a second and process, by a query of its own outside the request's transaction; most requests pay
nothing. A page holds on to the numbers from before its transaction began, so that what it keeps in memory under a
number is never older than the number. ``generation`` moves when plugins change, ``content`` when anything changes that
visitors see, ``settings`` when a setting is saved, ``clock_offset`` holds how many seconds domain time is ahead in a
demo. ``worker_seen`` and ``database_checked`` are moments that Health looks at.

Who changed something sees it in the next request, whichever process answers: for as long as numbers may be old, their
browser carries ``CHANGED_COOKIE``, and whoever comes with that has the numbers read again.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

from flask import Flask, current_app, g, has_request_context
from sqlalchemy import Table, insert, select, update
from sqlalchemy.exc import DatabaseError

from lms.base import clock
from lms.db import Mode, after_commit, db, scope, session
from lms.host.models import StateNumber

_TABLE: Table = StateNumber.__table__  # type: ignore[assignment]
_READ = select(_TABLE.c.name, _TABLE.c.value)
_FRESH_FOR = 1.0
_HELD = "lms_held_numbers"
_CHANGED = "lms_changed_numbers"

CHANGED_COOKIE = "lms_changed"
"""In the browser of who just changed something."""
CHANGED_SECONDS = 3
"""How long it stays there: longer than numbers are kept."""


class Numbers:
    """The numbers of one app, as last read."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.are_known = False
        """Whether the database ever answered; a new one may hold no number yet."""
        self._read_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def is_fresh(self) -> bool:
        """Whether the numbers were read within the last second."""
        return time.monotonic() - self._read_at <= _FRESH_FOR

    def current(self) -> dict[str, int]:
        """All numbers, at most one second old. A database that does not answer leaves them as they were."""
        if not self.is_fresh and self._lock.acquire(blocking=False):
            try:
                self._read()
            finally:
                self._lock.release()
        return self.values

    def forget(self) -> None:
        """Read again at the next look."""
        self._read_at = float("-inf")

    def read_again(self) -> None:
        """Read now, however fresh they are and whoever else is reading: that may have begun before a change."""
        with self._lock:
            self._read()

    def _read(self) -> None:
        self._read_at = time.monotonic()
        try:
            with scope(Mode.READ), db.engine.connect() as connection:
                # The option lets tests that count a page's queries tell this one apart.
                rows = connection.execution_options(lms_state=True).execute(_READ).all()
        except DatabaseError:
            return
        self.values = {row.name: row.value for row in rows}
        self.are_known = True
        if not current_app.config["LMS"].is_production:
            clock.set_offset(timedelta(seconds=self.values.get("clock_offset", 0)))


def init_app(app: Flask) -> None:
    """Give the app its numbers, not yet read."""
    app.extensions["lms_state"] = Numbers()


def numbers() -> Numbers:
    """The numbers of the app that is running."""
    return current_app.extensions["lms_state"]


def get(name: str) -> int:
    """The number, 0 where nobody set it."""
    return (g.get(_HELD) or numbers().current()).get(name, 0)


def hold() -> None:
    """Let everything in this request see the numbers as they are now, until ``release``, ``refresh`` or a change."""
    setattr(g, _HELD, numbers().current())


def is_held() -> bool:
    """Whether this is a request that holds the numbers from before its transaction began."""
    return _HELD in g


def release() -> None:
    """Look at the numbers as they move again."""
    g.pop(_HELD, None)


def content_version() -> int:
    """Moves whenever something changes that visitors see."""
    return get("content")


def generation() -> int:
    """Moves whenever a plugin is switched on, off, paused or upgraded."""
    return get("generation")


def refresh() -> None:
    """Look again now, instead of within a second."""
    release()
    numbers().forget()


def has_changed() -> bool:
    """Whether this request changed a number, and that was committed."""
    return _CHANGED in g


def _changed() -> None:
    refresh()
    if has_request_context():
        setattr(g, _CHANGED, True)


def _write(name: str, values: dict[str, Any], initial: int) -> None:
    changed = session.execute(update(_TABLE).where(_TABLE.c.name == name).values(values))
    if not changed.rowcount:  # type: ignore[attr-defined]
        now = clock.real_now()
        session.execute(insert(StateNumber).values(name=name, value=initial, created_at=now, updated_at=now))
    after_commit(_changed)


def bump(name: str) -> None:
    """Raise the number by one, in the caller's transaction."""
    _write(name, {"value": _TABLE.c.value + 1}, 1)


def put(name: str, value: int) -> None:
    """Set the number, in the caller's transaction: when something was last seen, as seconds since 1970."""
    _write(name, {"value": value}, value)


def bump_content_version() -> None:
    """Say that something changed that visitors see, in the caller's transaction."""
    bump("content")


def set_clock_offset(offset: timedelta) -> bool:
    """Move domain time to ``offset`` ahead of real time, for every process; whether it moved.

    Never in production: raises ``RuntimeError`` there. Whole seconds.
    """
    if current_app.config["LMS"].is_production:
        raise RuntimeError("Domain time follows real time in production.")
    seconds = int(offset.total_seconds())
    if get("clock_offset") == seconds:
        return False
    _write("clock_offset", {"value": seconds}, seconds)
    after_commit(lambda: clock.set_offset(timedelta(seconds=seconds)))
    return True
