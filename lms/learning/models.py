"""Tables of the room: who takes a course, and which placements are complete."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, UtcDateTime


class Enrolment(Model):
    """One person's way through one course. It outlives the grant: results stay readable."""

    __tablename__ = "learning_enrolment"
    __table_args__ = (UniqueConstraint("person_id", "course_id"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("accounts_person.id", ondelete="CASCADE"))
    course_id: Mapped[int] = mapped_column(ForeignKey("courses_course.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The last time that something was completed; None until then.
    last_active_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Progress(Model):
    """One completed placement. ``completed_by`` is "person" for the student's own button."""

    __tablename__ = "learning_progress"
    __table_args__ = (UniqueConstraint("enrolment_id", "placement_id"),)

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("learning_enrolment.id", ondelete="CASCADE"))
    placement_id: Mapped[int] = mapped_column(ForeignKey("courses_placement.id", ondelete="CASCADE"), index=True)
    completed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    completed_by: Mapped[str] = mapped_column(String(20))
