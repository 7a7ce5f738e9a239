"""One SQLite file that holds everything, behind one lock.

Simple and correct goes before clever here: a change takes the lock, runs in one transaction, and is
done within milliseconds. Nothing slow (deliveries, injected delays) happens while the lock is held.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Object = dict[str, Any]

TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, name TEXT, country TEXT, currency TEXT, created INTEGER);
CREATE TABLE IF NOT EXISTS api_key (
    key TEXT PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, mode TEXT NOT NULL, deny TEXT NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, livemode INTEGER NOT NULL, kind TEXT NOT NULL,
    id TEXT NOT NULL, customer TEXT, body TEXT NOT NULL, UNIQUE (account, livemode, id)
);
CREATE INDEX IF NOT EXISTS object_kind ON object (account, livemode, kind, seq);
CREATE INDEX IF NOT EXISTS object_customer ON object (customer, kind, seq);
CREATE TABLE IF NOT EXISTS agenda (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, account TEXT NOT NULL, livemode INTEGER NOT NULL,
    happening TEXT NOT NULL, id TEXT NOT NULL, clock TEXT NOT NULL DEFAULT '', UNIQUE (happening, id)
);
CREATE INDEX IF NOT EXISTS agenda_at ON agenda (at, seq);
CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, account TEXT NOT NULL,
    livemode INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, next_at REAL NOT NULL, answer TEXT,
    first_at REAL NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (endpoint, state, next_at);
CREATE INDEX IF NOT EXISTS delivery_event ON delivery (event);
CREATE TABLE IF NOT EXISTS attempt (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, delivery INTEGER NOT NULL, endpoint TEXT NOT NULL, event TEXT NOT NULL,
    at INTEGER NOT NULL, milliseconds INTEGER NOT NULL, answer TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS attempt_endpoint ON attempt (endpoint, seq);
CREATE TABLE IF NOT EXISTS idempotency (
    scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    request TEXT NOT NULL, created INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (scope, key)
);
CREATE TABLE IF NOT EXISTS connection (
    code TEXT PRIMARY KEY, platform TEXT NOT NULL, account TEXT NOT NULL, mode TEXT NOT NULL, scope TEXT NOT NULL,
    redirect_uri TEXT NOT NULL, created INTEGER NOT NULL, key TEXT, refresh_token TEXT,
    revoked INTEGER NOT NULL DEFAULT 0
);
"""
LATER_COLUMNS = (
    ("api_key", "revoked", "INTEGER NOT NULL DEFAULT 0"),
    ("agenda", "clock", "TEXT NOT NULL DEFAULT ''"),
    ("delivery", "first_at", "REAL NOT NULL DEFAULT 0"),
    ("idempotency", "created", "INTEGER NOT NULL DEFAULT 0"),
)
"""What data directories of earlier versions lack."""


class State:
    """The simulator's storage and its clock."""

    def __init__(self, directory: Path, *, epoch: int | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / "simulator.db"
        self.lock = threading.RLock()
        self.after_commit: list[Callable[[], None]] = []
        self._depth = 0
        self.base_url = "http://127.0.0.1:8420"
        self._frozen: int | None = None
        self._offset = 0.0
        self.database = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        self.database.row_factory = sqlite3.Row
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.executescript(TABLES)
        self._add_later_columns()
        if self.meta("clock_offset") is None:
            self.set_meta("clock_offset", 0.0 if epoch is None else epoch - time.time())
        self._offset = float(self.meta("clock_offset"))

    def _add_later_columns(self) -> None:
        for table, column, kind in LATER_COLUMNS:
            known = [row["name"] for row in self.rows(f"PRAGMA table_info({table})")]
            if column not in known:
                self.write(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    # -- transactions -------------------------------------------------------------------------------

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock and one transaction; commit at the end, roll back on an error."""
        with self.lock:
            if self._depth == 0:
                self.database.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self.database.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self.database.execute("COMMIT")
                for call in self.after_commit:
                    call()

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Hold the lock and a transaction inside the present one that is rolled back at the end."""
        with self.change():
            self.database.execute("SAVEPOINT rehearsal")
            try:
                yield
            finally:
                self.database.execute("ROLLBACK TO rehearsal")
                self.database.execute("RELEASE rehearsal")

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        with self.lock:
            return self.database.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self.lock:
            found: sqlite3.Row | None = self.database.execute(statement, values).fetchone()
            return found

    def write(self, statement: str, *values: Any) -> int:
        """Run a statement; return how many rows it changed."""
        with self.lock:
            return self.database.execute(statement, values).rowcount

    def clear(self) -> None:
        """Forget everything, the clock's offset included."""
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        tables = [row["name"] for row in found]
        with self.change():
            for table in tables:
                self.write(f'DELETE FROM "{table}"')  # noqa: S608  our own tables' names
            self.reset_clock()

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.database.close()

    # -- settings -----------------------------------------------------------------------------------

    def meta(self, name: str, default: Any = None) -> Any:
        """Return a stored setting."""
        row = self.row("SELECT value FROM meta WHERE name = ?", name)
        return default if row is None else json.loads(row["value"])

    def set_meta(self, name: str, value: Any) -> None:
        """Store a setting."""
        self.write("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, json.dumps(value))

    # -- time ---------------------------------------------------------------------------------------

    def now(self) -> int:
        """Return the simulator's time in seconds since 1970, UTC."""
        return self._frozen if self._frozen is not None else self.wall()

    def wall(self) -> int:
        """Return the simulator-wide time, even while something happens at a moment of its own."""
        return int(self.exact())

    def exact(self) -> float:
        """Return the simulator-wide time with fractions of a second."""
        return time.time() + self._offset

    def move(self, seconds: int) -> None:
        """Move the simulator-wide clock forward; inside a change."""
        self._offset += seconds
        self.set_meta("clock_offset", self._offset)

    def reset_clock(self) -> None:
        """Let the simulator-wide time be the machine's again."""
        self.set_meta("clock_offset", 0.0)
        self._offset = 0.0

    @property
    def standing(self) -> int | None:
        """Return the moment at which time stands still, or None while it flows."""
        return self._frozen

    @contextmanager
    def frozen(self, moment: int) -> Iterator[None]:
        """Stand still at a moment, while what is due then happens. The lock must be held."""
        before, self._frozen = self._frozen, moment
        try:
            yield
        finally:
            self._frozen = before
