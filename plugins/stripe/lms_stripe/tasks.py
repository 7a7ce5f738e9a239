"""The queue of objects that have to be read again: one row per object, leased, fenced.

However many events ask for an object, it is read once for all of them (``wanted``, ``done``). A lease keeps two
re-reads of one object from overlapping, so that a slow answer never overwrites a newer one; a token keeps a worker that
lost its lease from writing. Measured in the design notes: no timestamp does as well.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, or_, select, update

from lms.api import db, jobs
from lms.api.clock import real_now
from lms.api.ids import new_token
from lms_stripe.models import Event, SyncTask
from lms_stripe.statements import insert, prepared

LEASE = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(days=3)
# Somebody's program may change an object many times a second. Then it is read every few seconds and no more often: each
# reading serves all the events before it.
_HOT, _WITHIN, REST = 10, timedelta(seconds=10), timedelta(seconds=3)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
JOB = "stripe.sync"
_TABLE: Any = SyncTask.__table__
_KEY = ("connection_id", "object_type", "object_id")


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that is ours until its lease ends. ``wanted`` is what this read will have served."""

    id: int
    connection_id: int
    object_type: str
    object_id: str
    token: str
    wanted: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What ``want`` noted: the number to wait for, and whether a worker has to be woken for it."""

    number: int
    needs_worker: bool


def want(connection_id: int, object_type: str, object_id: str) -> Wish:
    """Ask for a re-read, in the caller's transaction. Enqueues nothing: see ``wake``.

    An object that was waiting already needs no further job: whoever asked first has woken a worker, and who holds the
    lease now looks again when it ends.
    """
    now = real_now()
    values = {
        "connection_id": connection_id,
        "object_type": object_type,
        "object_id": object_id,
        "wanted": 1,
        "done": 0,
        "not_before": now,
        "attempts": 0,
        "lease_token": "",
        "last_error": "",
        "created_at": now,
        "updated_at": now,
    }
    row = db.session.connection().execute(prepared(_want), values).one()
    return Wish(row.wanted, row.wanted - row.done == 1 or row.attempts > 0)


def _want() -> Any:
    statement = insert(_TABLE).on_conflict_do_update(
        index_elements=list(_KEY),
        # Somebody new asks: a task that had been given up is tried again.
        set_={"wanted": _TABLE.c.wanted + 1, "dead_at": None},
    )
    return statement.returning(_TABLE.c.wanted, _TABLE.c.done, _TABLE.c.attempts)


def wake() -> None:
    """Have a worker look at the queue, in the caller's transaction."""
    jobs.enqueue(JOB, key=JOB)


def claim(key: tuple[int, str, str] | None = None) -> Claim | None:
    """Lease the next due task, or this very one; None when nothing is due. Commits."""
    now = real_now()
    query = select(SyncTask).where(
        SyncTask.wanted > SyncTask.done,
        SyncTask.dead_at.is_(None),
        or_(SyncTask.lease_until.is_(None), SyncTask.lease_until < now),
    )
    if key is None:
        query = query.where(SyncTask.not_before <= now).order_by(SyncTask.not_before, SyncTask.id)
    else:
        query = query.filter_by(**dict(zip(_KEY, key, strict=True)))
    row = db.session.scalar(query.limit(1).with_for_update(skip_locked=True).execution_options(populate_existing=True))
    if row is None:
        db.commit()
        return None
    row.lease_until, row.lease_token = now + LEASE, new_token(16)
    claimed = Claim(row.id, row.connection_id, row.object_type, row.object_id, row.lease_token, row.wanted)
    db.commit()
    return claimed


def still_ours(claimed: Claim) -> bool:
    """Whether the lease is ours yet; holds the row until the commit. First statement of the transaction."""
    query = select(SyncTask.lease_token).where(SyncTask.id == claimed.id).with_for_update()
    return db.session.scalar(query) == claimed.token


def finish(claimed: Claim, event_status: str = "done") -> None:
    """The object was read and applied. Does not commit."""
    now = real_now()
    done = (
        update(SyncTask)
        .where(SyncTask.id == claimed.id)
        .values(
            done=claimed.wanted, lease_until=None, lease_token="", attempts=0, first_failed_at=None, last_error="",
            not_before=now + REST if _is_hot(claimed, now - _WITHIN) else now,
        )
    )  # fmt: skip
    wanted = db.session.execute(done.returning(SyncTask.wanted)).scalar_one()
    if wanted > claimed.wanted:
        # Somebody asked while we read, and counted on us.
        wake()
    _mark_events(claimed, event_status)


def _is_hot(claimed: Claim, since: datetime) -> bool:
    told = select(Event.id).where(
        Event.connection_id == claimed.connection_id,
        Event.object_id == claimed.object_id,
        Event.object_type == claimed.object_type,
        Event.received_at > since,
    )
    return db.session.scalar(select(func.count()).select_from(told.limit(_HOT).subquery())) == _HOT


def fail(claimed: Claim, sentence: str) -> None:
    """Try again later, with a growing pause; after three days give up and say so. Does not commit."""
    row = db.session.get(SyncTask, claimed.id, populate_existing=True, with_for_update=True)
    if row is None or row.lease_token != claimed.token:
        return
    now = real_now()
    row.first_failed_at = row.first_failed_at or now
    row.attempts += 1
    row.lease_until, row.lease_token, row.last_error = None, "", sentence[:500]
    row.not_before = now + _pause(row.attempts)
    if now - row.first_failed_at > GIVE_UP_AFTER:
        row.dead_at = now
        _mark_events(claimed, "dead")


def _pause(attempts: int) -> timedelta:
    pause = min(_FIRST_PAUSE * 2 ** min(attempts - 1, 12), _LONGEST_PAUSE)
    # Jitter: many tasks that failed together do not come back together.
    return pause * random.uniform(0.75, 1.25)


def _mark_events(claimed: Claim, status: str) -> None:
    mine = Event.connection_id == claimed.connection_id, Event.object_id == claimed.object_id
    db.session.execute(
        update(Event)
        .where(*mine, Event.object_type == claimed.object_type, Event.status == "queued")
        .values(status=status)
    )


def is_done(key: tuple[int, str, str], wanted: int) -> bool:
    """Whether a re-read that began after the ``wanted``-th wish is through."""
    done = db.session.scalar(select(SyncTask.done).filter_by(**dict(zip(_KEY, key, strict=True))))
    return done is not None and done >= wanted


def wake_when_due() -> None:
    """Have a worker look again when the next waiting task may be tried. Does not commit."""
    waiting = SyncTask.wanted > SyncTask.done, SyncTask.dead_at.is_(None)
    due = case((SyncTask.lease_until > SyncTask.not_before, SyncTask.lease_until), else_=SyncTask.not_before)
    soonest = db.session.scalar(select(func.min(due)).where(*waiting))
    if soonest is not None:
        jobs.enqueue(JOB, key=JOB, run_at=max(soonest, real_now()))


def waiting() -> int:
    """How many tasks have not been served yet, those that were given up left out."""
    query = select(func.count(SyncTask.id)).where(SyncTask.wanted > SyncTask.done, SyncTask.dead_at.is_(None))
    return int(db.session.scalar(query) or 0)


def dead() -> int:
    """How many tasks were given up."""
    return int(db.session.scalar(select(func.count(SyncTask.id)).where(SyncTask.dead_at.is_not(None))) or 0)
