"""The one Flask-SQLAlchemy object, and how its connections behave.

SQLite as measured, not as usual: WAL, ``synchronous=FULL`` (a provider is answered after the commit and never
sends again), foreign keys on, and transactions that we begin ourselves, because the driver's own handling loses
concurrent updates.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Engine, MetaData, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from lms.base import clock
from lms.db.types import UtcDateTime


class Mode(StrEnum):
    """What a transaction is for."""

    READ = "read"
    WRITE = "write"


MODE: ContextVar[Mode] = ContextVar("lms_transaction_mode", default=Mode.WRITE)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class WriteRefused(RuntimeError):
    """Something wrote inside a read scope. Declare the write scope at the way in."""


class Base(DeclarativeBase):
    """Every table has an id and knows when it was made and changed (real time, UTC)."""

    metadata = MetaData(naming_convention=NAMING)

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.real_now, sort_order=900)
    updated_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=clock.real_now, onupdate=clock.real_now, sort_order=901
    )


_AFTER_COMMIT = "lms_after_commit"
_WROTE = "lms_wrote"


class UnitOfWork(Session):
    """A session that runs the work put off by ``after_commit`` once its commit is through."""

    def commit(self) -> None:
        super().commit()
        for work in self.info.pop(_AFTER_COMMIT, ()):
            work()

    def rollback(self) -> None:
        self.info.pop(_AFTER_COMMIT, None)
        super().rollback()


# Objects expire with each commit: kept values would be written back over what others changed meanwhile.
db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"class_": UnitOfWork})
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
session = db.session

# Seconds that a connection waits for another one's lock.
_BUSY = 15

_WRITING = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP)\b", re.IGNORECASE)


def init_app(app: Flask) -> None:
    """Bind the app to its database and dress every connection."""
    db.init_app(app)
    with app.app_context():
        dress(db.engine)


def dispose(app: Flask) -> None:
    """Close the app's connections that nobody uses now."""
    with app.app_context():
        db.engine.dispose()


def retire(app: Flask) -> None:
    """Close the app's connections: those that nobody uses now, the others as soon as they come back.

    For an app that another has taken over from, while its last requests are under way.
    """
    with app.app_context():
        engine = db.engine
    event.listen(engine.pool, "checkin", _close)
    engine.dispose()
    event.listen(engine.pool, "checkin", _close)  # dispose() has put another pool in its place


def _close(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.invalidate()


def after_commit(work: Callable[[], None]) -> None:
    """Run ``work`` once the current transaction has committed; forget it when it rolls back."""
    session().info.setdefault(_AFTER_COMMIT, []).append(work)


def dress(engine: Engine) -> None:
    """Give an engine our transactions. Dressing twice does nothing."""
    if getattr(engine, "_lms_dressed", False):
        return
    engine._lms_dressed = True  # type: ignore[attr-defined]
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "begin", _nothing_written)
    event.listen(engine, "before_cursor_execute", _refuse_writes_of_readers)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={_BUSY * 1000}", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _keep_a_log(cursor)
    cursor.close()


def _keep_a_log(cursor: sqlite3.Cursor) -> None:
    # Processes that start together on a new file: SQLite answers "locked" to the change of its mode at once, whatever
    # the busy timeout, because two that waited for each other would wait for ever.
    until = time.monotonic() + _BUSY
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if MODE.get() is Mode.WRITE else "BEGIN")


def _nothing_written(connection: Connection) -> None:
    connection.info[_WROTE] = False


def _refuse_writes_of_readers(
    connection: Connection, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
) -> None:
    if not _WRITING.match(statement):
        return
    if MODE.get() is Mode.READ:
        raise WriteRefused(f"A read scope wrote: {statement[:120]}")
    connection.info[_WROTE] = True


def has_written() -> bool:
    """Whether the transaction that is open has changed anything, or is about to."""
    if not session.registry.has() or not session().in_transaction():
        return False
    # A flush that failed has undone what was written before it, and nobody can ask the connection any more.
    if not session.is_active or has_pending():
        return True
    return bool(session.connection().info.get(_WROTE))


def has_pending() -> bool:
    """Whether objects wait to be written with the next statement."""
    return session.registry.has() and bool(session.new or session.dirty or session.deleted)


def is_usable() -> bool:
    """Whether the transaction that is open, if any, takes further statements.

    After a statement that failed, PostgreSQL refuses all others until the end of the transaction; after a flush that
    failed, the session does.
    """
    if not session.registry.has() or not session().in_transaction():
        return True
    if not session.is_active:
        return False
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        return True
    status = connection.connection.dbapi_connection.info.transaction_status  # type: ignore[union-attr]
    return bool(status.name != "INERROR")
