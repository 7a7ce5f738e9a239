"""Rate limits that hold for all workers together: in the database, or in Redis where one is configured.

Per-process memory would multiply every limit by the number of workers. The counting is Flask-Limiter's own library,
``limits``; the storage is ours and has its own transaction, so that a refused request is counted too.
"""

from __future__ import annotations

import time
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from lms.base.ids import token_hash
from lms.base.problem import Problem
from lms.db import Mode, db, scope, session
from lms.host.config import current
from lms.web.models import RateCount

_TABLE: Table = RateCount.__table__  # type: ignore[assignment]


class TooMany(Problem):
    """More than allowed; ``retry_after`` seconds until the next try counts."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            _("That was too often in a short time."),
            next_step=_("Try again in %(seconds)s seconds.", seconds=retry_after),
        )
        self.retry_after = retry_after


class DatabaseStorage(Storage):
    """Counts in our own table, each in a transaction of its own (real time)."""

    STORAGE_SCHEME = ["lms-database"]

    @property
    def base_exceptions(self) -> type[Exception]:
        return IntegrityError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = int(time.time())
        with scope(Mode.WRITE), db.engine.begin() as connection:
            live = (_TABLE.c.key == key) & (_TABLE.c.expires > now)
            if connection.execute(update(_TABLE).where(live).values(count=_TABLE.c.count + amount)).rowcount:
                return int(connection.execute(select(_TABLE.c.count).where(_TABLE.c.key == key)).scalar_one())
            connection.execute(delete(_TABLE).where(_TABLE.c.expires <= now))
            if connection.dialect.name == "postgresql":
                return self._upsert(connection, key, now + expiry, amount)
            connection.execute(insert(_TABLE).values(key=key, count=amount, expires=now + expiry))
            return amount

    @staticmethod
    def _upsert(connection: Any, key: str, expires: int, amount: int) -> int:
        statement = upsert(_TABLE).values(key=key, count=amount, expires=expires)
        statement = statement.on_conflict_do_update(
            index_elements=["key"], set_={"count": _TABLE.c.count + amount}
        ).returning(_TABLE.c.count)
        return int(connection.execute(statement).scalar_one())

    def get(self, key: str) -> int:
        with scope(Mode.READ), db.engine.connect() as connection:
            live = (_TABLE.c.key == key) & (_TABLE.c.expires > int(time.time()))
            return int(connection.execute(select(_TABLE.c.count).where(live)).scalar() or 0)

    def get_expiry(self, key: str) -> float:
        with scope(Mode.READ), db.engine.connect() as connection:
            found = connection.execute(select(_TABLE.c.expires).where(_TABLE.c.key == key)).scalar()
        return float(found or time.time())

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        with scope(Mode.WRITE), db.engine.begin() as connection:
            return int(connection.execute(delete(_TABLE)).rowcount)

    def clear(self, key: str) -> None:
        with scope(Mode.WRITE), db.engine.begin() as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.key == key))


def _limiter() -> FixedWindowRateLimiter:
    kept = current_app.extensions.get("lms_limiter")
    if kept is None:
        redis_url = current().redis_url
        kept = FixedWindowRateLimiter(RedisStorage(redis_url) if redis_url else DatabaseStorage())
        current_app.extensions["lms_limiter"] = kept
    return kept  # type: ignore[no-any-return]


def _outside_transaction() -> None:
    """SQLite has one writer: the count cannot be written while this thread's own transaction holds the lock."""
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("Ask for a rate limit before changing anything.")
    session.rollback()


def rate_limit(name: str, key: object, limit: int, seconds: int) -> int:
    """Count one use by ``key`` and return how many are left. Raises ``TooMany``.

    Ends the transaction that is open, so call it before anything is changed. ``limit`` per ``seconds`` of real time.
    """
    _outside_transaction()
    item, limiter = RateLimitItemPerSecond(limit, seconds), _limiter()
    # Hashed: an e-mail address or a network address has no business in this table.
    where = (name, token_hash(str(key)))
    if not limiter.hit(item, *where):
        raise TooMany(max(1, int(limiter.get_window_stats(item, *where).reset_time - time.time())))
    return int(limiter.get_window_stats(item, *where).remaining)


def forgive(name: str, key: object, limit: int, seconds: int) -> None:
    """Forget the uses by ``key``: after a success the next mistake starts from zero."""
    _outside_transaction()
    _limiter().clear(RateLimitItemPerSecond(limit, seconds), name, token_hash(str(key)))


def give_back(name: str, key: object, limit: int, seconds: int) -> None:
    """Take one use by ``key`` back: it turned out to be one that does not count, such as a right password."""
    _outside_transaction()
    item, limiter = RateLimitItemPerSecond(limit, seconds), _limiter()
    where = (name, token_hash(str(key)))
    if limiter.get_window_stats(item, *where).remaining < limit:
        limiter.hit(item, *where, cost=-1)
