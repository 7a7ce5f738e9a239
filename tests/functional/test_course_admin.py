"""The admin's list of courses and the form of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lms.courses import services
from lms.testing.makers import Makers

SignIn = Callable[..., FlaskClient]
FIELDS = {"title": "Letters", "subtitle": "To strangers", "summary": "", "slug": "letters", "cover": "letter"}


def send(browser: FlaskClient, page: str, action: str, **fields: Any) -> TestResponse:
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', browser.get(page).text)
    assert token
    return browser.post(action, data={**fields, "csrf_token": token[1]})


@pytest.fixture
def creator(make: Makers, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.person(role="creator"))


def test_the_list_shows_courses_with_their_state(make: Makers, creator: FlaskClient) -> None:
    make.course(title="Ready")
    make.course(title="In the making", published=False)
    page = creator.get("/admin/courses").text
    ready, draft = page.index("Ready"), page.index("In the making")
    assert draft < ready
    assert "Draft" in page[draft:ready]
    assert "Published" in page[ready:]


def test_an_empty_list_shows_the_way_to_a_first_course(creator: FlaskClient) -> None:
    page = creator.get("/admin/courses").text
    assert "No courses yet" in page
    assert 'href="/admin/courses/new"' in page


def test_a_creator_makes_changes_and_publishes_a_course(make: Makers, creator: FlaskClient) -> None:
    answer = send(creator, "/admin/courses/new", "/admin/courses/new", **FIELDS)
    made = services.course_by_slug("letters")
    assert made is not None
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/courses/{made.id}")
    page = answer.headers["Location"]
    assert send(creator, page, page, **{**FIELDS, "title": "Post"}).status_code == 303
    assert services.course(made.id).title == "Post"


def test_publishing_and_unpublishing_are_one_press_each(make: Makers, creator: FlaskClient) -> None:
    made = make.course(published=False)
    for act, published in (("publish", True), ("unpublish", False)):
        assert send(creator, "/admin/courses", f"/admin/courses/{made.id}/{act}").status_code == 303
        assert services.course(made.id).is_published is published


def test_a_course_without_lessons_says_what_is_missing(make: Makers, creator: FlaskClient) -> None:
    made = make.course(lessons=0, published=False, title="Empty")
    send(creator, "/admin/courses", f"/admin/courses/{made.id}/publish")
    assert "has no lesson yet" in creator.get("/admin/courses").text
    assert not services.course(made.id).is_published


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", " ", "A course needs a title."),
        ("slug", "Not an address", "Use small letters, digits and single hyphens"),
        ("cover", "unknown", "Not a valid choice"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(creator: FlaskClient, field: str, value: str, said: str) -> None:
    answer = send(creator, "/admin/courses/new", "/admin/courses/new", **{**FIELDS, field: value})
    assert answer.status_code == 422
    assert said in answer.text
    assert services.list_all() == ()


def test_an_address_that_is_taken_is_a_conflict(make: Makers, creator: FlaskClient) -> None:
    make.course(slug="letters")
    answer = send(creator, "/admin/courses/new", "/admin/courses/new", **FIELDS)
    assert answer.status_code == 409
    assert "already has the address" in answer.text


@pytest.mark.parametrize("role", ["student", "editor"])
@pytest.mark.parametrize("path", ["/admin/courses", "/admin/courses/new", "/admin/courses/1"])
def test_others_may_not_look(make: Makers, sign_in: SignIn, role: str, path: str) -> None:
    make.course()
    assert sign_in(make.person(role=role)).get(path).status_code == 403


def test_a_course_that_does_not_exist_is_missing(creator: FlaskClient) -> None:
    assert creator.get("/admin/courses/4711").status_code == 404
