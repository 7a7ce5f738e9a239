"""The one Flask-SQLAlchemy object, and how its connections behave.

SQLite as measured, not as usual: WAL, ``synchronous=FULL`` (a provider is answered after the commit and never
sends again), foreign keys on, and transactions that we begin ourselves, because the driver's own handling loses
concurrent updates.
"""

from __future__ import annotations

import re
import sqlite3
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

_WRITING = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP)\b", re.IGNORECASE)


def init_app(app: Flask) -> None:
    """Bind the app to its database and dress every connection."""
    db.init_app(app)
    with app.app_context():
        dress(db.engine)


def dispose(app: Flask) -> None:
    """Close the app's connections: the old app after a swap."""
    with app.app_context():
        db.engine.dispose()


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
    event.listen(engine, "before_cursor_execute", _refuse_writes_of_readers)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if MODE.get() is Mode.WRITE else "BEGIN")


def _refuse_writes_of_readers(
    _connection: Connection, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
) -> None:
    if MODE.get() is Mode.READ and _WRITING.match(statement):
        raise WriteRefused(f"A read scope wrote: {statement[:120]}")
