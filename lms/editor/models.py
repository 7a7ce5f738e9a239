"""Tables of the editor."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Json, Model


class Draft(Model):
    """What editors have made of a document since its newest revision. ``rev`` counts the operations on it.

    ``saved_rev`` is the one whose tree is in the revision ``based_on``.
    """

    __tablename__ = "editor_draft"

    document_id: Mapped[int] = mapped_column(ForeignKey("content_document.id", ondelete="CASCADE"), unique=True)
    rev: Mapped[int] = mapped_column(Integer)
    saved_rev: Mapped[int] = mapped_column(Integer)
    tree: Mapped[dict[str, Any]] = mapped_column(Json)
    based_on: Mapped[int | None] = mapped_column(Integer)
    """The revision's id. No foreign key: a revision that is pruned takes nothing away from the draft."""


class Operation(Model):
    """One request of somebody: the operations that led to ``rev``, and what takes them back.

    ``key`` is the browser's; a repeated one is known by it. ``kind`` is edit, undo or redo. Rows of one ``step`` are
    undone together.
    """

    __tablename__ = "editor_op"
    __table_args__ = (UniqueConstraint("document_id", "rev"), UniqueConstraint("document_id", "key"))

    document_id: Mapped[int] = mapped_column(ForeignKey("content_document.id", ondelete="CASCADE"))
    rev: Mapped[int] = mapped_column(Integer)
    person_id: Mapped[int | None] = mapped_column(Integer)
    """No foreign key: who is deleted leaves the document as it is."""
    key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10))
    step: Mapped[int] = mapped_column(Integer)
    ops: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    inverse: Mapped[list[dict[str, Any]]] = mapped_column(Json)
