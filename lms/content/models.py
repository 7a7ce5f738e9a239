"""Documents and their revisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Json, Model, UtcDateTime


class Document(Model):
    """The document of one thing (a page, a lesson, a course), and which of its revisions visitors get."""

    __tablename__ = "content_document"
    __table_args__ = (UniqueConstraint("owner_kind", "owner_id"),)

    owner_kind: Mapped[str] = mapped_column(String(40))
    owner_id: Mapped[int] = mapped_column(Integer)
    published_id: Mapped[int | None] = mapped_column(
        ForeignKey("content_revision.id", ondelete="SET NULL", use_alter=True), index=True
    )
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Real time of the last edit that is in no revision yet; None when there is none."""
    edited_by: Mapped[int | None] = mapped_column(Integer)
    """The person's id. No foreign key: people live on a floor above."""


class Revision(Model):
    """One state of a document as somebody saved it; never changed afterwards."""

    __tablename__ = "content_revision"
    __table_args__ = (UniqueConstraint("document_id", "number"),)

    document_id: Mapped[int] = mapped_column(ForeignKey("content_document.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    tree: Mapped[dict[str, Any]] = mapped_column(Json)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Domain time of its (last) publication; None for a draft that visitors never got."""
    author_id: Mapped[int | None] = mapped_column(Integer)
    """The person's id. No foreign key: people live on a floor above."""
    note: Mapped[str] = mapped_column(String(400), default="")
