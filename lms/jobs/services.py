"""Adding jobs, counting them, and deciding about those that failed for good. The runner is ``lms.jobs.runner``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from lms.audit import services as audit
from lms.base import clock
from lms.base.problem import NotFound
from lms.db import session, writes
from lms.extend import Job
from lms.host import registry, state
from lms.jobs.models import JobRow, ScheduleRow, State

_SEEN = "worker_seen"


class UnknownJob(LookupError):
    """No active plugin has a job of this name."""


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as the owner sees it. Times in real time, UTC; ``due_at`` None once it is over."""

    id: int
    name: str
    key: str | None
    state: str
    due_at: datetime | None
    attempts: int
    last_error: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """How many jobs stand where. ``oldest_due`` is the longest waiting one's time, if any should have run by now."""

    queued: int
    running: int
    dead: int
    oldest_due: datetime | None


def find(name: str) -> Job | None:
    """The job ``<plugin>.<job name>`` of an active plugin."""
    plugin, _separator, own = name.partition(".")
    return registry.current().get(Job, f"{plugin}/{own}")


def stored_name(item: Job) -> str:
    """The name under which a job is stored."""
    return f"{item.plugin}.{item.name}"


def active() -> tuple[Job, ...]:
    """The jobs of all active plugins."""
    return registry.current().items(Job)


def enqueue(
    name: str, args: Mapping[str, Any] | None = None, *, key: str | None = None, run_at: datetime | None = None
) -> int:
    """Add a job, in the caller's transaction; returns its id.

    ``run_at`` (real time, UTC) is now when None. While a job of the same name and ``key`` waits, no second one is
    added: the waiting one's id is returned, it is brought forward to ``run_at`` and counts its attempts anew. Two
    jobs with the same key never run at once. Raises ``UnknownJob``; ``TypeError`` for args that are no JSON.
    """
    if find(name) is None:
        raise UnknownJob(name)
    values = dict(args or {})
    json.dumps(values)
    when = run_at or clock.real_now()
    while True:
        waiting = _waiting(name, key, when) if key is not None else None
        added = waiting or _insert(name, values, key, when)
        if added is not None:
            return added


def _waiting(name: str, key: str, when: datetime) -> int | None:
    # Locked until the caller's commit: a worker that took the job now would not see what the caller wrote.
    row = session.execute(
        select(JobRow.id, JobRow.due_at)
        .where(JobRow.name == name, JobRow.key == key, JobRow.state == State.QUEUED)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    if row.due_at > when:
        session.execute(update(JobRow).where(JobRow.id == row.id).values(due_at=when, attempts=0))
    return int(row.id)


def _insert(name: str, args: dict[str, Any], key: str | None, when: datetime) -> int | None:
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    now = clock.real_now()
    statement = dialect.insert(JobRow).values(
        name=name,
        args=args,
        key=key,
        state=State.QUEUED,
        due_at=when,
        attempts=0,
        last_error="",
        created_at=now,
        updated_at=now,
    )
    return session.scalar(statement.on_conflict_do_nothing().returning(JobRow.id))


def summary() -> Summary:
    """The counts that the owner sees."""
    rows = session.execute(
        select(JobRow.state, func.count()).where(JobRow.state != State.DONE).group_by(JobRow.state)
    ).all()
    counts = {row[0]: row[1] for row in rows}
    oldest = session.scalar(
        select(JobRow.due_at)
        .where(JobRow.due_at <= clock.real_now(), JobRow.state == State.QUEUED)
        .order_by(JobRow.due_at)
        .limit(1)
    )
    return Summary(counts.get(State.QUEUED, 0), counts.get(State.RUNNING, 0), counts.get(State.DEAD, 0), oldest)


def _views() -> Any:
    return select(
        JobRow.id,
        JobRow.name,
        JobRow.key,
        JobRow.state,
        JobRow.due_at,
        JobRow.attempts,
        JobRow.last_error,
        JobRow.created_at,
        JobRow.updated_at,
    )


def say_alive() -> None:
    """Note that a worker runs now, in a unit of work of its own."""
    try:
        with writes():
            state.put(_SEEN, int(clock.real_now().timestamp()))
    except IntegrityError:
        # Two workers said so for the first time in the same moment; one of them is enough.
        return


def worker_seen() -> datetime | None:
    """When a worker last said that it runs (real time, UTC); None where none ever did."""
    seconds = state.get(_SEEN)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def last_error(name: str) -> str:
    """What the last failure of a job of this name said that is not mended yet; "" for none."""
    failed = (JobRow.name == name, JobRow.state.in_((State.QUEUED, State.DEAD)), JobRow.last_error != "")
    query = select(JobRow.last_error).where(*failed).order_by(JobRow.updated_at.desc()).limit(1)
    return session.scalar(query) or ""


def jobs(of: str, *, before: int | None = None, limit: int = 50) -> tuple[JobView, ...]:
    """The newest jobs of a state; ``before`` is the id of the last one of the page above."""
    query = _views().where(JobRow.state == of).order_by(JobRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(JobRow.id < before)
    return tuple(JobView(*row) for row in session.execute(query))


def dead(*, before: int | None = None, limit: int = 50) -> tuple[JobView, ...]:
    """Jobs that failed for good and wait for a decision, newest first."""
    return jobs(State.DEAD, before=before, limit=limit)


def retry(job_id: int, *, actor_id: int | None = None) -> None:
    """Let a dead job run again, now. Raises ``NotFound`` where there is no such dead job."""
    job = _take_dead(job_id)
    session.execute(delete(JobRow).where(JobRow.id == job_id))
    new = _insert(job.name, job.args, job.key, clock.real_now())
    audit.record("jobs.retried", actor_id=actor_id, subject=f"job/{job_id}", detail={"name": job.name, "as": new})


def retry_all(*, actor_id: int | None = None, limit: int = 500) -> int:
    """Let the oldest dead jobs run again, now; returns how many."""
    query = select(JobRow.id).where(JobRow.state == State.DEAD).order_by(JobRow.id).limit(limit)
    ids = session.scalars(query).all()
    for job_id in ids:
        retry(job_id, actor_id=actor_id)
    return len(ids)


def discard(job_id: int, *, actor_id: int | None = None) -> None:
    """Drop a dead job; its work is not done. Raises ``NotFound`` where there is no such dead job."""
    job = _take_dead(job_id)
    session.execute(delete(JobRow).where(JobRow.id == job_id))
    audit.record("jobs.discarded", actor_id=actor_id, subject=f"job/{job_id}", detail={"name": job.name})


def _take_dead(job_id: int) -> Any:
    job = session.execute(
        select(JobRow.name, JobRow.args, JobRow.key)
        .where(JobRow.id == job_id, JobRow.state == State.DEAD)
        .with_for_update()
    ).one_or_none()
    if job is None:
        raise NotFound(_("This job is not waiting for a decision any more."))
    return job


def delete_of_plugin(plugin: str) -> None:
    """Drop jobs and schedules of a plugin: when it is uninstalled."""
    for table in (JobRow, ScheduleRow):
        session.execute(delete(table).where(table.name.startswith(f"{plugin}.", autoescape=True)))


def delete_done(before: datetime) -> int:
    """Forget jobs that were done before; how many."""
    done = delete(JobRow).where(JobRow.state == State.DONE, JobRow.updated_at < before)
    return int(session.execute(done).rowcount)  # type: ignore[attr-defined]
