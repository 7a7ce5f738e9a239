"""Jobs and schedules.

``due_at`` is the one column that a worker looks at: the time of a waiting job, the end of the lease of a running one
(then its worker is gone and another takes it), nothing for one that is over.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Json, Model, UtcDateTime


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


def _one_of(state: State) -> Index:
    only = text(f"state = '{state}' AND key IS NOT NULL")
    return Index(f"uq_jobs_job_{state}_key", "name", "key", unique=True, sqlite_where=only, postgresql_where=only)


class JobRow(Model):
    """One piece of work: ``name`` is ``<plugin>.<job name>``, ``args`` what the function is called with.

    All times are real time, UTC. ``lease_token`` fences: whoever ends the job must still hold it.
    """

    __tablename__ = "jobs_job"
    __table_args__ = (
        Index("ix_jobs_job_due_at", "due_at"),
        Index("ix_jobs_job_state", "state", "updated_at"),
        _one_of(State.QUEUED),
        _one_of(State.RUNNING),
    )

    name: Mapped[str] = mapped_column(String(160))
    args: Mapped[dict[str, Any]] = mapped_column(Json)
    key: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12), default=State.QUEUED)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(String(64))
    last_error: Mapped[str] = mapped_column(Text, default="")


class ScheduleRow(Model):
    """When a scheduled job is due next (real time, UTC)."""

    __tablename__ = "jobs_schedule"

    name: Mapped[str] = mapped_column(String(160), unique=True)
    every_seconds: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
