"""Counting what plugins do: in memory with every call, in the database at most once a minute for each piece.

A page writes nothing: the process's watchdog carries the counts over, outside every request. Counts of calls are as
good as they need to be (two threads at once may lose one); failures are counted under a lock.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from flask import current_app
from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from lms.base import clock
from lms.db import Mode, db, scope, session
from lms.host.piece_models import PieceRow

Key = tuple[str, str]
"""Plugin and piece."""

OUTDATED = "outdated "
"""How the pieces begin that stand for a use of what will go away: they are told, and are no failures."""

QUIET = timedelta(minutes=10)
"""How long a piece must not have failed, and have worked since, until its failures are history."""

_TABLE: Table = PieceRow.__table__  # type: ignore[assignment]
_EVERY = 60.0
_WINDOW = timedelta(days=1)
_MOST = 1000
_NO_FAILURE = {"failures": 0, "first_failed_at": None, "failed_at": None, "reason": ""}


@dataclass(slots=True)
class Count:
    """Calls of a piece since the last write; seconds, and when it last worked (real time, as a timestamp)."""

    calls: int = 0
    total: float = 0.0
    slowest: float = 0.0
    worked_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Incident:
    """One failure of a piece of a plugin: when (real time, UTC), where and why."""

    plugin: str
    piece: str
    reason: str
    at: datetime


@dataclass(slots=True)
class Failures:
    """Failures of a piece since the last write."""

    count: int
    first: datetime
    last: Incident


@dataclass(frozen=True, slots=True)
class PieceView:
    """How a piece does, all processes together; times in real time, UTC, durations in milliseconds.

    ``failures`` were counted from ``first_failed_at`` on; 0 when nothing is wrong with it.
    """

    plugin: str
    piece: str
    calls: int
    mean_ms: float
    slowest_ms: float
    worked_at: datetime | None
    failures: int = 0
    first_failed_at: datetime | None = None
    failed_at: datetime | None = None
    reason: str = ""


class Pieces:
    """The counts of one process for one site. All apps that are built for the site share them."""

    def __init__(self) -> None:
        self.incidents: deque[Incident] = deque(maxlen=200)
        """The newest failures, oldest first."""
        self._counts: dict[Key, Count] = {}
        self._failures: dict[Key, Failures] = {}
        self._lock = threading.Lock()
        self._written: dict[Key, float] = {}
        self._all_written = time.monotonic()

    def ran(self, plugin: str, piece: str, seconds: float, *, worked: bool) -> None:
        """Count one call."""
        count = self._counts.get((plugin, piece))
        if count is None:
            if len(self._counts) >= _MOST:
                return
            count = self._counts.setdefault((plugin, piece), Count())
        count.calls += 1
        count.total += seconds
        if seconds > count.slowest:
            count.slowest = seconds
        if worked:
            count.worked_at = time.time()

    def failed(self, incident: Incident) -> bool:
        """Count one failure; whether it is the first one since the last write."""
        key = (incident.plugin, incident.piece)
        self.incidents.append(incident)
        with self._lock:
            known = self._failures.get(key)
            if known is not None:
                known.count, known.last = known.count + 1, incident
            elif len(self._failures) < _MOST:
                self._failures[key] = Failures(1, incident.at, incident)
            return known is None

    def due(self) -> set[Key]:
        """What may be written now: new failures at once, the rest once a minute, nothing more often than that."""
        now = time.monotonic()
        keys = set(self._failures)
        if now - self._all_written >= _EVERY:
            keys |= set(self._counts)
        return {key for key in keys if now - self._written.get(key, float("-inf")) >= _EVERY}

    def everything(self) -> set[Key]:
        """What was not written yet."""
        return set(self._counts) | set(self._failures)

    def take(self, keys: Iterable[Key]) -> dict[Key, tuple[Count, Failures | None]]:
        """Hand over the counts of these pieces; they start anew."""
        now = time.monotonic()
        if now - self._all_written >= _EVERY:
            self._all_written = now
        taken = {}
        with self._lock:
            for key in keys:
                taken[key] = (self._counts.pop(key, Count()), self._failures.pop(key, None))
                self._written[key] = now
        return taken

    def look(self) -> dict[Key, tuple[Count, Failures | None]]:
        """The counts that were not written yet; they stay."""
        with self._lock:
            return {key: (self._counts.get(key) or Count(), self._failures.get(key)) for key in self.everything()}

    def give_back(self, taken: dict[Key, tuple[Count, Failures | None]]) -> None:
        """They could not be written: keep the failures for the next time."""
        with self._lock:
            for key, (_count, failures) in taken.items():
                if failures is not None:
                    self._failures.setdefault(key, failures)

    def forget(self, plugin: str, piece: str = "") -> None:
        """Drop failures that were not written yet, of one piece or of all of the plugin."""
        with self._lock:
            for key in [key for key in self._failures if key[0] == plugin and piece in ("", key[1])]:
                del self._failures[key]


# Apps of one site share their counts, and the last of them takes them along.
_by_site: WeakValueDictionary[str, Pieces] = WeakValueDictionary()


def current() -> Pieces:
    """The counts of the site that is running."""
    kept: Pieces | None = current_app.extensions.get("lms_pieces")
    if kept is None:
        config = current_app.config["LMS"]
        kept = _by_site.setdefault(f"{config.instance}\n{config.database_url}", Pieces())
        current_app.extensions["lms_pieces"] = kept
    return kept


def write(keys: Iterable[Key] | None = None) -> int:
    """Carry counts over into the database (by default all), in a transaction of their own; returns how many pieces.

    Never while this thread has a transaction open. Raises ``DatabaseError``; then the failures are kept.
    """
    pieces = current()
    taken = pieces.take(pieces.everything() if keys is None else keys)
    if taken:
        try:
            with scope(Mode.WRITE), db.engine.begin() as connection:
                _write(connection, taken)
        except Exception:
            pieces.give_back(taken)
            raise
    return len(taken)


def _write(connection: Connection, taken: dict[Key, tuple[Count, Failures | None]]) -> None:
    now = clock.real_now()
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = {"counted_since": now, "calls": 0, "total_us": 0, "slowest_us": 0, "created_at": now, "updated_at": now}
    connection.execute(
        dialect.insert(_TABLE).on_conflict_do_nothing(),
        [{"plugin": plugin, "piece": piece, **new, **_NO_FAILURE} for plugin, piece in sorted(taken)],
    )
    # In one order, so that two processes do not wait for each other.
    rows = connection.execute(
        select(_TABLE).where(_TABLE.c.plugin.in_({key[0] for key in taken})).order_by(_TABLE.c.id).with_for_update()
    ).all()
    changes = [
        {"row_id": row.id, "updated_at": now, **_merged(row, *taken[row.plugin, row.piece], now)}
        for row in rows
        if (row.plugin, row.piece) in taken
    ]
    connection.execute(update(_TABLE).where(_TABLE.c.id == bindparam("row_id")), changes)


def _merged(row: Any, count: Count, failures: Failures | None, now: datetime) -> dict[str, Any]:
    """The columns of a row with what happened since."""
    anew = row.counted_since < now - _WINDOW
    worked = datetime.fromtimestamp(count.worked_at, UTC) if count.worked_at else None
    worked_at = max(filter(None, (worked, row.worked_at)), default=None)
    merged = {
        "counted_since": now if anew else row.counted_since,
        "calls": count.calls + (0 if anew else row.calls),
        "total_us": int(count.total * 1e6) + (0 if anew else row.total_us),
        "slowest_us": max(int(count.slowest * 1e6), 0 if anew else row.slowest_us),
        "worked_at": worked_at,
        "failures": row.failures,
        "first_failed_at": row.first_failed_at,
        "failed_at": row.failed_at,
        "reason": row.reason,
    }
    if is_over(row.failed_at, worked_at, now):
        merged |= _NO_FAILURE
    if failures is not None:
        merged |= {
            "failures": merged["failures"] + failures.count,
            "first_failed_at": merged["first_failed_at"] or failures.first,
            "failed_at": failures.last.at,
            "reason": failures.last.reason,
        }
    return merged


def is_over(failed_at: datetime | None, worked_at: datetime | None, now: datetime) -> bool:
    """Whether a failure is history: the piece has worked since, and it is a while ago.

    One success alone proves little: what fails for one person in a hundred works again with the next request.
    """
    if failed_at is None:
        return True
    return worked_at is not None and worked_at > failed_at and now - failed_at >= QUIET


def table() -> list[PieceView]:
    """How every piece does, what takes most time first. What this process has not written yet is counted too."""
    now, pending = clock.real_now(), current().look()
    views = []
    for row in session.execute(select(_TABLE)).all():
        merged = _merged(row, *pending.pop((row.plugin, row.piece), (Count(), None)), now)
        views.append(_view(row.plugin, row.piece, merged))
    nothing = PieceRow(counted_since=now, calls=0, total_us=0, slowest_us=0, **_NO_FAILURE)
    views += [_view(*key, _merged(nothing, *counts, now)) for key, counts in pending.items()]
    return sorted(views, key=lambda one: (-one.calls * one.mean_ms, one.plugin, one.piece))


def _view(plugin: str, piece: str, columns: dict[str, Any]) -> PieceView:
    calls = columns["calls"]
    return PieceView(
        plugin=plugin,
        piece=piece,
        calls=calls,
        mean_ms=columns["total_us"] / calls / 1000 if calls else 0.0,
        slowest_ms=columns["slowest_us"] / 1000,
        worked_at=columns["worked_at"],
        failures=columns["failures"],
        first_failed_at=columns["first_failed_at"],
        failed_at=columns["failed_at"],
        reason=columns["reason"],
    )


def failing() -> list[PieceView]:
    """The pieces that fail, the latest failure first."""
    found = [one for one in table() if one.failed_at is not None and not one.piece.startswith(OUTDATED)]
    return sorted(found, key=lambda one: one.failed_at or clock.real_now(), reverse=True)


def dismiss(plugin: str, piece: str = "") -> None:
    """The owner has seen it: forget the failures of a piece (or of all of the plugin), in the caller's transaction."""
    current().forget(plugin, piece)
    rows = update(_TABLE).where(_TABLE.c.plugin == plugin)
    session.execute((rows.where(_TABLE.c.piece == piece) if piece else rows).values(**_NO_FAILURE))


def forget_plugin(plugin: str) -> None:
    """Drop what is known of a plugin that is uninstalled, in the caller's transaction."""
    current().forget(plugin)
    session.execute(delete(_TABLE).where(_TABLE.c.plugin == plugin))


def forget_old(before: datetime) -> int:
    """Drop pieces that nobody called since, unless their failure is still open; returns how many."""
    settled = or_(_TABLE.c.failed_at.is_(None), _TABLE.c.failed_at < before)
    done = session.execute(delete(_TABLE).where(_TABLE.c.updated_at < before, settled))
    return int(done.rowcount)  # type: ignore[attr-defined]
