"""The record of changes. Rows are only ever added."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Json, Model


class AuditEntry(Model):
    """One change. ``actor_id`` is the person's id, without a foreign key: the record outlives the person."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject", "id"),)

    action: Mapped[str] = mapped_column(String(80))
    actor_id: Mapped[int | None] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
