"""The plugin's tables.

Courses and people are the core's; their ids stand here without a foreign key, so that neither side's tables stop the
other's from being rebuilt or removed.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.api.db import Json, Model, UtcDateTime


class Tone(StrEnum):
    """How it is said."""

    INFO = "info"
    CELEBRATION = "celebration"
    WARNING = "warning"


class Where(StrEnum):
    """Who meets it: everybody, whoever is signed in, or whoever a course is open to."""

    SITE = "site"
    STUDENTS = "students"
    COURSE = "course"


class Announcement(Model):
    """Something said for a while. Its two times alone decide whether it is shown: nothing has to switch it."""

    __tablename__ = "announcements_entry"

    title: Mapped[str] = mapped_column(String(120))
    words: Mapped[str] = mapped_column(String(400))
    link: Mapped[Any] = mapped_column(Json, nullable=True)
    link_words: Mapped[str] = mapped_column(String(60))
    tone: Mapped[str] = mapped_column(String(12))
    where: Mapped[str] = mapped_column(String(12))
    course_id: Mapped[int] = mapped_column(default=0)
    """0 unless it is for one course."""
    dismissible: Mapped[bool]
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Domain time; None for a draft."""
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the site was told that it has begun (domain time): once, whatever happens to it later."""


class Dismissal(Model):
    """Somebody has read it and does not want to see it again."""

    __tablename__ = "announcements_dismissal"
    __table_args__ = (UniqueConstraint("person_id", "announcement_id"),)

    person_id: Mapped[int]
    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcements_entry.id", ondelete="CASCADE"), index=True)
