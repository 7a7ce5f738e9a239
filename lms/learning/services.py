"""What the room can do; the only writer of its tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from lms.base import clock
from lms.base.problem import Conflict
from lms.courses.models import Course, Placement
from lms.courses.outline import COURSE_COLUMNS, CourseView, Outline, PlacementView, course_view
from lms.db import rows, session
from lms.host.bus import emit
from lms.learning.events import CourseCompleted, Enrolled, LessonCompleted
from lms.learning.models import Enrolment, Progress

BY_PERSON = "person"


def new_students(since: datetime, until: datetime) -> int:
    """How many people began their first course from ``since`` up to before ``until`` (domain time, UTC)."""
    first = select(func.min(Enrolment.started_at).label("at")).group_by(Enrolment.person_id).subquery()
    return session.scalar(select(func.count()).where(first.c.at >= since, first.c.at < until)) or 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a person is in a course: the placements that are complete, and since when all of it is. UTC."""

    enrolment_id: int
    completed: frozenset[int]
    completed_at: datetime | None = None

    def done(self, outline: Outline) -> int:
        """How many lessons of the outline as it stands now are complete."""
        return len(self.completed & outline.ids)


@dataclass(frozen=True, slots=True)
class CourseProgress:
    """A course that a person takes or took, in numbers. Times in UTC."""

    course: CourseView
    done: int
    started_at: datetime
    completed_at: datetime | None
    last_active_at: datetime | None

    @property
    def total(self) -> int:
        return self.course.lesson_count

    @property
    def seen_at(self) -> datetime:
        """When the person last did something in it."""
        return self.last_active_at or self.started_at


_enrolment: Any = Enrolment.__table__
_progress: Any = Progress.__table__
_placement: Any = Placement.__table__
_course: Any = Course.__table__

_STANDING = (
    select(_enrolment.c.id, _enrolment.c.completed_at, _progress.c.placement_id)
    .select_from(_enrolment)
    .outerjoin(_progress, _progress.c.enrolment_id == _enrolment.c.id)
    .where(_enrolment.c.person_id == bindparam("person_id"), _enrolment.c.course_id == bindparam("course_id"))
)
# Counted over placements that still exist in the course: what was removed keeps its row and is not counted.
_DONE = (
    select(func.count())
    .select_from(_progress)
    .join(_placement, _placement.c.id == _progress.c.placement_id)
    .where(_progress.c.enrolment_id == _enrolment.c.id, _placement.c.course_id == _enrolment.c.course_id)
    .scalar_subquery()
)
_COURSES = (
    select(
        *COURSE_COLUMNS,
        _enrolment.c.started_at, _enrolment.c.completed_at, _enrolment.c.last_active_at, _DONE.label("done"),
    )
    .select_from(_course)
    .join(_enrolment, _enrolment.c.course_id == _course.c.id)
    .where(_enrolment.c.person_id == bindparam("person_id"))
    .order_by(func.coalesce(_enrolment.c.last_active_at, _enrolment.c.started_at).desc(), _enrolment.c.id.desc())
)  # fmt: skip
_COUNTS = select(_enrolment.c.course_id, _DONE.label("done")).where(
    _enrolment.c.person_id == bindparam("person_id"),
    _enrolment.c.course_id.in_(bindparam("course_ids", expanding=True)),
)


def standing(person_id: int, course_id: int) -> Standing | None:
    """How far the person is, or None for somebody who is not enrolled. One query."""
    found = rows(_STANDING, {"person_id": person_id, "course_id": course_id}).all()
    if not found:
        return None
    completed = frozenset(row[2] for row in found if row[2] is not None)
    return Standing(found[0].id, completed, found[0].completed_at)


def courses_of(person_id: int) -> tuple[CourseProgress, ...]:
    """Every course that the person is enrolled in, the one last active in first. One query."""
    return tuple(
        CourseProgress(course_view(row), row.done, row.started_at, row.completed_at, row.last_active_at)
        for row in rows(_COURSES, {"person_id": person_id})
    )


def completed_counts(person_id: int, course_ids: list[int]) -> dict[int, int]:
    """For those of the courses that the person is enrolled in: how many lessons are complete. One query."""
    found = rows(_COUNTS, {"person_id": person_id, "course_ids": course_ids})
    return {row.course_id: row.done for row in found}


def enrol(person_id: int, course_id: int, now: datetime) -> Standing:
    """The person's enrolment, made at ``now`` (UTC) if there was none. Enrolling twice is once."""
    stamp = clock.real_now()
    values = {
        "person_id": person_id, "course_id": course_id, "started_at": now, "created_at": stamp,
        "updated_at": stamp,
    }  # fmt: skip
    if _insert_once(Enrolment, values, ("person_id", "course_id")):
        emit(Enrolled(person_id, course_id))
    found = standing(person_id, course_id)
    if found is None:
        raise LookupError(f"Person {person_id} could not be enrolled in course {course_id}.")
    return found


def complete(person_id: int, outline: Outline, lesson: PlacementView, now: datetime) -> bool:
    """Mark the lesson complete at ``now`` (UTC); whether that changed anything. Enrols if need be.

    The last lesson completes the course, and that stays: lessons added later do not undo it.
    """
    enrolment = _locked(enrol(person_id, outline.course.id, now).enrolment_id)
    stamp = clock.real_now()
    values = {
        "enrolment_id": enrolment.id, "placement_id": lesson.id, "completed_at": now,
        "completed_by": BY_PERSON, "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    if not _insert_once(Progress, values, ("enrolment_id", "placement_id")):
        return False
    enrolment.last_active_at = now
    emit(LessonCompleted(person_id, outline.course.id, lesson.id))
    standing_now = standing(person_id, outline.course.id)
    if enrolment.completed_at is None and standing_now and standing_now.done(outline) == len(outline.lessons):
        enrolment.completed_at = now
        emit(CourseCompleted(person_id, outline.course.id))
    session.flush()  # the page drawn next in this transaction reads columns, not the object
    return True


def take_back(person_id: int, outline: Outline, lesson: PlacementView) -> bool:
    """Undo the person's own "complete"; whether that changed anything.

    Raises ``Conflict`` once the whole course is complete: what was earned stays.
    """
    found = standing(person_id, outline.course.id)
    if found is None:
        return False
    enrolment = _locked(found.enrolment_id)
    if enrolment.completed_at is not None:
        raise Conflict(
            _("You have completed this course, so its lessons stay complete."),
            next_step=_("You can read every lesson again as often as you like."),
        )
    removed: Any = session.execute(
        delete(Progress).where(
            Progress.enrolment_id == enrolment.id,
            Progress.placement_id == lesson.id,
            Progress.completed_by == BY_PERSON,
        )
    )
    return bool(removed.rowcount)


def _locked(enrolment_id: int) -> Enrolment:
    """The row, held until the commit: two lessons completed at once must not both miss that they were the last."""
    query = select(Enrolment).where(Enrolment.id == enrolment_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _insert_once(model: Any, values: dict[str, Any], key: tuple[str, ...]) -> bool:
    """Whether this very call made the row. Of two that try at once, one waits and makes none."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(model).values(values).on_conflict_do_nothing(index_elements=key)
    return session.execute(statement.returning(model.id)).scalar() is not None
