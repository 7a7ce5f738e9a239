"""Tables of the room: course → section → placement → lesson.

A lesson can stand in several courses, so what belongs to its place (address, order, preview) hangs on the
placement. ``version`` counts every change of what a course's outline shows; caches are keyed by it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Json, Model, UtcDateTime


class Course(Model):
    __tablename__ = "courses_course"
    __table_args__ = (Index("ix_courses_course_status_published_at", "status", "published_at"),)

    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    subtitle: Mapped[str] = mapped_column(String(400))
    summary: Mapped[str] = mapped_column(Text)
    cover: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(20))
    teacher_name: Mapped[str] = mapped_column(String(120))
    teacher_title: Mapped[str] = mapped_column(String(200))
    teacher_bio: Mapped[str] = mapped_column(Text)
    outcomes: Mapped[list[str]] = mapped_column(Json)
    questions: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    status: Mapped[str] = mapped_column(String(20))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int]
    # Sums over the placements, kept by the services, so that lists of courses need no second table.
    lesson_count: Mapped[int]
    minutes: Mapped[int]


class OldSlug(Model):
    """An address that a course had: visitors are led to the present one."""

    __tablename__ = "courses_old_slug"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses_course.id", ondelete="CASCADE"), index=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)


class Section(Model):
    __tablename__ = "courses_section"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses_course.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]


class Lesson(Model):
    """What is read; its text is a document of the owner kind ``lesson``."""

    __tablename__ = "courses_lesson"

    title: Mapped[str] = mapped_column(String(200))
    minutes: Mapped[int]


class Placement(Model):
    """A lesson's place in a course. Progress and access hang on it."""

    __tablename__ = "courses_placement"
    __table_args__ = (UniqueConstraint("course_id", "slug"),)

    course_id: Mapped[int] = mapped_column(ForeignKey("courses_course.id", ondelete="CASCADE"))
    section_id: Mapped[int] = mapped_column(ForeignKey("courses_section.id", ondelete="CASCADE"), index=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("courses_lesson.id", ondelete="RESTRICT"), index=True)
    slug: Mapped[str] = mapped_column(String(80))
    position: Mapped[int]
    preview: Mapped[bool]
