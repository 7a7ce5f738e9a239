"""Taking a job, keeping it, ending it: each one short statement that any number of workers may try at once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from lms.base import ids
from lms.db import session, writes
from lms.extend import Job
from lms.jobs import services
from lms.jobs.models import JobRow, State

_FIRST_DELAY = 5.0
_LONGEST_DELAY = 3600.0
_PUT_OFF = timedelta(minutes=5)
_ERROR_LENGTH = 2000


class LeaseLost(RuntimeError):
    """Another worker has the job by now, so nothing of this run may be kept."""


class NotYet(Exception):
    """The job cannot run now, through no fault of its own: tried again in five minutes, and not counted."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one job until the lease ends; ``token`` proves it."""

    job_id: int
    token: str
    name: str
    key: str | None
    args: dict[str, Any]
    attempt: int
    item: Job


def _due(now: datetime, names: list[str]) -> ColumnElement[bool]:
    return (JobRow.due_at <= now) & JobRow.name.in_(names)


def any_due(connection: Any, now: datetime, names: list[str]) -> bool:
    """Whether a look is worth the write lock: one indexed query."""
    return connection.execute(select(JobRow.id).where(_due(now, names)).limit(1)).first() is not None


def claim(now: datetime, items: dict[str, Job]) -> Lease | None:
    """The job that is due longest, or None. Only jobs of ``items`` (active plugins') are taken; others wait.

    Never one whose key is running: that one's worker is at it, or its lease ends and it is taken first.
    """
    running = aliased(JobRow)
    overlaps = (
        exists()
        .where(running.name == JobRow.name, running.key == JobRow.key, running.state == State.RUNNING)
        .correlate(JobRow)
    )
    query = (
        select(JobRow.id, JobRow.name, JobRow.key, JobRow.args, JobRow.attempts)
        .where(_due(now, list(items)), (JobRow.state == State.RUNNING) | ~overlaps)
        .order_by(JobRow.due_at, JobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=JobRow)
    )
    try:
        with writes():
            while (row := session.execute(query).one_or_none()) is not None:
                item = items[row.name]
                if row.attempts >= item.max_attempts:
                    _bury(row.id, row.attempts)
                    continue
                token = ids.new_token()
                attempt = row.attempts + 1
                _set(row.id, state=State.RUNNING, lease_token=token, due_at=now + item.lease, attempts=attempt)
                return Lease(row.id, token, row.name, row.key, row.args, attempt, item)
    except IntegrityError:
        # Another worker took a job with the same key in this very moment.
        return None
    return None


def _set(job_id: int, **values: Any) -> None:
    session.execute(update(JobRow).where(JobRow.id == job_id).values(**values))


def _bury(job_id: int, attempts: int) -> None:
    # Reached only by a job that took its worker down each time: others are ended by ``fail``.
    _set(
        job_id,
        state=State.DEAD,
        due_at=None,
        lease_token=None,
        last_error=f"The worker ended while it ran, {attempts} times.",
    )


def _held(lease: Lease) -> Any:
    return update(JobRow).where(JobRow.id == lease.job_id, JobRow.lease_token == lease.token)


def extend(lease: Lease, now: datetime) -> bool:
    """Keep the job for another lease; False when somebody else has it."""
    with writes():
        return bool(session.execute(_held(lease).values(due_at=now + lease.item.lease)).rowcount)  # type: ignore[attr-defined]


def finish(lease: Lease) -> None:
    """Mark the job done, in the transaction of its effects. Raises ``LeaseLost``: then both must be rolled back."""
    done = session.execute(_held(lease).values(state=State.DONE, due_at=None, lease_token=None, last_error=""))
    if not done.rowcount:  # type: ignore[attr-defined]
        raise LeaseLost(lease.name)


def fail(lease: Lease, error: BaseException, now: datetime) -> None:
    """Keep the job for another try, or bury it after its last attempt. Does nothing without the lease."""
    words = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
    if isinstance(error, NotYet):
        _put_back(lease, now + _PUT_OFF, lease.attempt - 1, str(error)[:_ERROR_LENGTH])
    elif lease.attempt >= lease.item.max_attempts:
        with writes():
            session.execute(_held(lease).values(state=State.DEAD, due_at=None, lease_token=None, last_error=words))
    else:
        _put_back(lease, now + backoff(lease.attempt), lease.attempt, words)


def _put_back(lease: Lease, when: datetime, attempts: int, words: str) -> None:
    values = {"due_at": when, "attempts": attempts, "last_error": words}
    with writes():
        twin = session.scalar(
            select(JobRow.id)
            .where(JobRow.name == lease.name, JobRow.key == lease.key, JobRow.state == State.QUEUED)
            .with_for_update()
        )
        if twin is None:
            session.execute(_held(lease).values(state=State.QUEUED, lease_token=None, **values))
        elif session.execute(_held(lease).values(state=State.DONE, due_at=None, lease_token=None)).rowcount:  # type: ignore[attr-defined]
            # The same work was asked for again meanwhile: one of the two is enough, and it waits its turn.
            session.execute(update(JobRow).where(JobRow.id == twin).values(**values))


def backoff(attempt: int) -> timedelta:
    """How long after the ``attempt``-th failure: doubling from 5 seconds to an hour, between half and all of it.

    The spread keeps jobs that failed together from coming back together.
    """
    longest = min(_FIRST_DELAY * 2 ** (attempt - 1), _LONGEST_DELAY)
    return timedelta(seconds=random.uniform(longest / 2, longest))


def active_items() -> dict[str, Job]:
    """The jobs of active plugins, by stored name."""
    return {services.stored_name(item): item for item in services.active()}
