"""Reading without mapped objects."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from lms import db
from lms.courses.models import Course
from lms.testing.makers import Makers
from lms.testing.sites import TestSite

_TITLE = select(Course.__table__.c.title).where(Course.__table__.c.id == bindparam("id"))


def test_rows_sees_what_the_session_has_not_written_yet(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=1)
    found = db.session.get(Course, made.id)
    assert found is not None
    found.title = "Changed a moment ago"
    assert db.rows(_TITLE, {"id": made.id}).scalar() == "Changed a moment ago"


def test_rows_reads_in_the_transaction_of_the_session(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=1, title="Before")
    found = db.session.get(Course, made.id)
    assert found is not None
    found.title = "After"
    db.session.flush()
    db.rollback()
    assert db.rows(_TITLE, {"id": made.id}).scalar() == "Before"
