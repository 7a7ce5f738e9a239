"""What the main pages ask the database: fixed numbers, whatever the size of the course and of the school."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from lms import db
from lms.accounts.models import Person
from lms.base import clock as base_clock
from lms.courses import services as courses
from lms.courses.models import Lesson, Placement
from lms.host import state
from lms.learning import services
from lms.learning.models import Enrolment, Progress
from lms.settings import services as settings
from lms.testing.makers import MadeCourse, Makers
from lms.testing.queries import Queries
from lms.testing.sites import TestSite

SignIn = Callable[..., FlaskClient]
SIZES = (20, 100, 1_000)


@pytest.fixture(autouse=True)
def _settings_are_known(site: TestSite) -> None:
    """A process reads the site's settings once, until one changes: that belongs to no page."""
    settings.get("site", "name")


def course_of(make: Makers, lessons: int) -> MadeCourse:
    """A course of that many lessons; all but the first few are written in one go, since a test cannot wait."""
    made = make.course(lessons=10)
    section = made.outline.sections[-1]
    now = base_clock.real_now()
    stamps = {"created_at": now, "updated_at": now}
    rows = [{"id": 100 + n, "title": f"More {n}", "minutes": 5, **stamps} for n in range(lessons - 10)]
    db.session.execute(insert(Lesson), rows)
    places = [
        {
            "course_id": made.id, "section_id": section.id, "lesson_id": row["id"], "slug": f"more-{n}",
            "position": 10 + n, "preview": False, **stamps,
        }
        for n, row in enumerate(rows)
    ]  # fmt: skip
    db.session.execute(insert(Placement), places)
    courses.update_course(  # counts the change, and the lessons
        made.id, title="Many", subtitle="", summary="", slug=made.slug, cover="book", actor_id=None
    )
    db.commit()
    full = MadeCourse(courses.outline(made.id))
    assert len(full.lessons) == full.outline.course.lesson_count == lessons
    return full


def students_of(course: MadeCourse, number: int) -> None:
    """That many other people, each enrolled with one lesson complete."""
    now = base_clock.real_now()
    stamps = {"created_at": now, "updated_at": now}
    people = [
        {"id": 1_000 + n, "email": email, "email_key": email, "name": "Other", "status": "active", **stamps}
        for n, email in enumerate(f"other-{n}@example.org" for n in range(number))
    ]
    db.session.execute(insert(Person), people)
    db.session.execute(
        insert(Enrolment),
        [{"id": p["id"], "person_id": p["id"], "course_id": course.id, "started_at": now, **stamps} for p in people],
    )
    db.session.execute(
        insert(Progress),
        [
            {
                "enrolment_id": p["id"], "placement_id": course.first_lesson.id, "completed_at": now,
                "completed_by": "person", **stamps,
            }
            for p in people
        ],
    )  # fmt: skip
    db.commit()


def learner(make: Makers, sign_in: SignIn, course: MadeCourse) -> FlaskClient:
    """A student in the middle of the course, signed in."""
    person = make.person()
    product = make.product(course)
    make.offer(product)
    make.grant(person, product)
    services.complete(person.id, course.outline, course.first_lesson, base_clock.now())
    db.commit()
    return sign_in(person)


def cost(browser: FlaskClient, path: str, queries: Queries, *, status: int = 200) -> tuple[int, int]:
    """Statements of the first and of the second look at the page."""
    # What a process reads once for everybody, until something changes (``kept``), belongs to no page either.
    state.refresh()
    browser.get("/account/profile")
    counts = []
    for _look in range(2):
        db.rollback()
        with queries.counted() as statements:
            assert browser.get(path).status_code == status
        counts.append(len(statements))
    return counts[0], counts[1]


@pytest.mark.parametrize("lessons", SIZES)
def test_a_lesson_page_costs_a_student_four_queries_and_five_the_first_time(
    make: Makers, sign_in: SignIn, queries: Queries, lessons: int
) -> None:
    course = course_of(make, lessons)
    browser = learner(make, sign_in, course)
    assert cost(browser, course.lessons[3].path, queries) == (5, 4)


@pytest.mark.parametrize("students", [10, 10_000])
def test_a_lesson_page_costs_the_same_in_a_crowded_course(
    make: Makers, sign_in: SignIn, queries: Queries, students: int
) -> None:
    course = make.course(lessons=20)
    students_of(course, students)
    browser = learner(make, sign_in, course)
    assert cost(browser, course.lessons[3].path, queries) == (5, 4)


@pytest.mark.parametrize("lessons", SIZES)
def test_a_guest_costs_two_queries_for_a_course_and_none_from_memory(
    make: Makers, client: FlaskClient, queries: Queries, lessons: int
) -> None:
    course = course_of(make, lessons)
    make.offer(make.product(course))
    assert cost(client, course.path, queries) == (2, 0)


@pytest.mark.parametrize("lessons", SIZES)
def test_a_guest_costs_two_queries_for_a_free_lesson_the_first_time_and_none_from_memory(
    make: Makers, client: FlaskClient, queries: Queries, lessons: int
) -> None:
    course = course_of(make, lessons)
    # The course, and the document with its revision.
    assert cost(client, course.first_lesson.path, queries) == (2, 0)


@pytest.mark.parametrize("lessons", SIZES)
def test_the_course_page_of_its_owner_costs_four_queries(
    make: Makers, sign_in: SignIn, queries: Queries, lessons: int
) -> None:
    course = course_of(make, lessons)
    browser = learner(make, sign_in, course)
    assert cost(browser, course.path, queries) == (4, 4)


@pytest.mark.parametrize("lessons", SIZES)
def test_a_locked_lesson_costs_five_queries(make: Makers, sign_in: SignIn, queries: Queries, lessons: int) -> None:
    course = course_of(make, lessons)
    make.offer(make.product(course))
    browser = sign_in(make.person())
    # The words for who may not enter are read once for everybody, until something changes.
    state.refresh()
    assert browser.get(make.course().lessons[1].path).status_code == 403
    assert cost(browser, course.lessons[3].path, queries, status=403) == (5, 5)


def test_who_has_only_to_pay_costs_no_look_at_the_offers(make: Makers, sign_in: SignIn, queries: Queries) -> None:
    course, person = make.course(), make.person()
    product = make.product(course)
    make.offer(product)
    make.grant(person, product, state="suspended")
    assert cost(sign_in(person), course.path, queries) == (4, 4)


@pytest.mark.parametrize("number", [1, 30])
def test_the_dashboard_costs_the_same_for_one_course_and_for_thirty(
    make: Makers, sign_in: SignIn, queries: Queries, number: int
) -> None:
    person = make.person()
    made = [make.course(lessons=3) for _ in range(number)]
    make.grant(person, make.product(*made))
    assert cost(sign_in(person), "/account", queries) == (5, 4)


@pytest.mark.parametrize("students", [10, 10_000])
def test_the_dashboard_costs_the_same_in_a_crowded_school(
    make: Makers, sign_in: SignIn, queries: Queries, students: int
) -> None:
    course = make.course(lessons=20)
    students_of(course, students)
    assert cost(learner(make, sign_in, course), "/account", queries) == (5, 4)


def test_a_dashboard_with_an_ended_course_costs_one_query_more(make: Makers, sign_in: SignIn, queries: Queries) -> None:
    person, ended = make.person(), make.product(make.course(lessons=1))
    make.offer(ended)
    make.grant(person, ended)
    make.grant(person, ended, ends_at=base_clock.now())
    make.grant(person, make.product(make.course(lessons=3)))
    assert cost(sign_in(person), "/account", queries) == (6, 5)


def test_a_dashboard_of_a_member_costs_one_query_more(make: Makers, sign_in: SignIn, queries: Queries) -> None:
    person = make.person()
    make.grant(person, make.product(make.course(lessons=3)))
    make.grant(person, make.product())
    make.course(lessons=1)
    assert cost(sign_in(person), "/account", queries) == (6, 5)


@pytest.mark.parametrize("number", [3, 24])
def test_the_catalogue_costs_a_guest_two_queries_and_a_student_five(
    make: Makers, sign_in: SignIn, client: FlaskClient, queries: Queries, number: int
) -> None:
    made = [make.course(lessons=1) for _ in range(number)]
    for course in made:
        make.offer(make.product(course))
    assert cost(client, "/courses", queries) == (2, 0)
    assert cost(learner(make, sign_in, made[0]), "/courses", queries) == (5, 5)


def test_no_look_at_a_page_writes(site: TestSite, make: Makers, sign_in: SignIn, queries: Queries) -> None:
    course = make.course()
    browser = learner(make, sign_in, course)
    writing = re.compile(r"(INSERT|UPDATE|DELETE)\b")
    for path in ("/courses", course.path, f"/learn/{course.slug}", course.lessons[2].path, "/account"):
        with queries.counted() as statements:
            browser.get(path)
        assert not [statement for statement in statements if writing.match(statement)]
