"""Writing and reading the record of changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from lms.audit.models import AuditEntry
from lms.base import clock
from lms.db import session


@dataclass(frozen=True, slots=True)
class EntryView:
    """One change: ``at`` in real time, UTC; ``actor_id`` None when no person did it."""

    id: int
    action: str
    actor_id: int | None
    subject: str
    detail: Mapping[str, Any]
    at: datetime


def record(action: str, *, actor_id: int | None, subject: str, detail: Mapping[str, Any] | None = None) -> None:
    """Write down one change, in the caller's transaction.

    ``action`` is ``<room>.<what happened>`` in the past tense, ``subject`` what it happened to
    (``settings/stripe``, ``person/12``); ``detail`` holds JSON values, never secrets.
    """
    now = clock.real_now()
    session.execute(
        insert(AuditEntry).values(
            action=action,
            actor_id=actor_id,
            subject=subject[:200],
            detail=dict(detail or {}),
            created_at=now,
            updated_at=now,
        )
    )


def entries(*, subject: str | None = None, before: int | None = None, limit: int = 50) -> tuple[EntryView, ...]:
    """The newest changes first; ``before`` is the id of the last one of the page above."""
    query = select(
        AuditEntry.id,
        AuditEntry.action,
        AuditEntry.actor_id,
        AuditEntry.subject,
        AuditEntry.detail,
        AuditEntry.created_at,
    ).order_by(AuditEntry.id.desc())
    if subject is not None:
        query = query.where(AuditEntry.subject == subject)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return tuple(EntryView(*row) for row in session.execute(query.limit(limit)))
