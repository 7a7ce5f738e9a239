"""Lessons and courses as owners of documents: who they are, where they are seen and edited."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from lms.courses.models import Course, Lesson, Placement
from lms.db import session


@dataclass(frozen=True, slots=True)
class OwnerView:
    """What holds a document, and the page on which people meet it ("" for a lesson that stands nowhere)."""

    id: int
    title: str
    public_path: str
    edit_path: str


_LESSON = (
    select(Lesson.id, Lesson.title, Placement.slug, Course.id.label("course_id"), Course.slug.label("course"))
    .outerjoin(Placement, Placement.lesson_id == Lesson.id)
    .outerjoin(Course, Course.id == Placement.course_id)
    .where(Lesson.id == bindparam("lesson_id"))
    .order_by(Placement.id)
    .limit(1)
)
_COURSE = select(Course.id, Course.title, Course.slug).where(Course.id == bindparam("course_id"))


def find_lesson(lesson_id: int) -> OwnerView | None:
    """The lesson, at its first place. One query."""
    row = session.execute(_LESSON, {"lesson_id": lesson_id}).first()
    if row is None:
        return None
    if not row.course:
        return OwnerView(row.id, row.title, "", "/admin/courses")
    return OwnerView(row.id, row.title, f"/learn/{row.course}/{row.slug}", f"/admin/courses/{row.course_id}")


def find_course(course_id: int) -> OwnerView | None:
    """The course. One query."""
    row = session.execute(_COURSE, {"course_id": course_id}).first()
    return OwnerView(row.id, row.title, f"/courses/{row.slug}", f"/admin/courses/{row.id}") if row else None
