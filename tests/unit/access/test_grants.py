"""Grants in the database: made once, changed with a history, and asked in one query."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from lms.access import services as access
from lms.access.events import GrantChanged
from lms.access.services import GrantView, NextStep, Reason, Thing
from lms.accounts.services import PersonView
from lms.base import clock
from lms.base.problem import Conflict, Problem
from lms.extend import On
from lms.host import registry
from lms.testing.queries import Queries
from lms.testing.sites import TestSite

NewPerson = Callable[..., PersonView]
NewCourse = Callable[[], int]
NOW = clock.real_now()
SOON, PAST = NOW + timedelta(days=7), NOW - timedelta(days=7)


def product_for(*course_ids: int, slug: str = "") -> int:
    items = [("course", course_id) for course_id in course_ids] or [("everything", None)]
    return access.create_product(slug=slug or f"p-{len(course_ids)}-{course_ids}", name="Product", items=items).id


def grant(person: PersonView, product_id: int, **more: object) -> GrantView:
    values = {"source": "order", "source_ref": "2026-0001", "state": "active", "starts_at": NOW, "ends_at": None}
    return access.set_grant(person_id=person.id, product_id=product_id, **{**values, **more})  # type: ignore[arg-type]


@pytest.fixture
def told(site: TestSite) -> list[GrantChanged]:
    """What listeners hear."""
    heard: list[GrantChanged] = []
    current = registry.current()
    current._add(On(GrantChanged, heard.append, plugin="access"))
    current._listeners.clear()
    return heard


def test_a_grant_opens_its_course_and_no_other(
    both_databases: str, new_person: NewPerson, new_course: NewCourse
) -> None:
    person, mine, other = new_person(), new_course(), new_course()
    made = grant(person, product_for(mine), ends_at=SOON)
    found = access.decide(person, Thing(mine), NOW)
    assert (found.allowed, found.reason, found.until, found.grant_id) == (True, Reason.GRANTED, SOON, made.id)
    assert access.decide(person, Thing(other), NOW) == access.NO_GRANT


def test_everything_opens_courses_that_are_made_later(
    both_databases: str, new_person: NewPerson, new_course: NewCourse
) -> None:
    person = new_person()
    grant(person, product_for())
    assert access.decide(person, Thing(new_course()), NOW).allowed


def test_the_same_fact_twice_leaves_one_grant_one_history_line_and_one_event(
    both_databases: str, site: TestSite, new_person: NewPerson, new_course: NewCourse, told: list[GrantChanged]
) -> None:
    person, product_id = new_person(), product_for(new_course())
    first = grant(person, product_id)
    site.commit()
    assert grant(person, product_id) == first
    site.commit()
    assert [made.id for made in access.grants_of(person.id)] == [first.id]
    assert [change.before for change in access.history(first.id)] == [None]
    assert told == [GrantChanged(first.id, person.id, product_id, "", "active")]


def test_every_change_leaves_a_line_in_the_history(new_person: NewPerson, new_course: NewCourse) -> None:
    person, product_id = new_person(), product_for(new_course())
    made = grant(person, product_id)
    grant(person, product_id, ends_at=SOON)
    grant(person, product_id, ends_at=SOON, state="grace", reason="past_due")
    lines = access.history(made.id)
    assert [line.after["state"] for line in lines] == ["active", "active", "grace"]
    assert [line.before for line in lines[1:]] == [line.after for line in lines[:-1]]


def test_a_manual_grant_outlives_the_subscription_that_ended(new_person: NewPerson, new_course: NewCourse) -> None:
    person, course_id = new_person(), new_course()
    product_id = product_for(course_id)
    grant(person, product_id, source="manual", source_ref="", actor_id=person.id)
    grant(person, product_id, ends_at=PAST, reason="ended")
    assert access.decide(person, Thing(course_id), NOW).allowed


def test_of_two_orders_one_refunded_the_other_still_opens(new_person: NewPerson, new_course: NewCourse) -> None:
    person, course_id = new_person(), new_course()
    product_id = product_for(course_id)
    grant(person, product_id, source_ref="1", state="revoked", reason="refunded")
    grant(person, product_id, source_ref="2")
    assert access.decide(person, Thing(course_id), NOW).allowed


def test_what_staff_revoked_stays_revoked_when_the_old_order_is_read_again(
    both_databases: str, new_person: NewPerson, new_course: NewCourse
) -> None:
    person, owner, course_id = new_person(), new_person("owner"), new_course()
    product_id = product_for(course_id)
    made = grant(person, product_id)
    access.revoke_grant(made.id, reason="shared the account", actor_id=owner.id)
    grant(person, product_id)
    found = access.decide(person, Thing(course_id), NOW)
    assert (found.allowed, found.reason, found.detail) == (False, Reason.ENDED, "shared the account")


def test_staff_can_give_back_what_they_revoked(new_person: NewPerson, new_course: NewCourse) -> None:
    person, owner, course_id = new_person(), new_person("owner"), new_course()
    product_id = product_for(course_id)
    access.revoke_grant(grant(person, product_id).id, reason="a mistake", actor_id=owner.id)
    grant(person, product_id, actor_id=owner.id)
    grant(person, product_id, ends_at=SOON)
    assert access.decide(person, Thing(course_id), NOW).until == SOON


def test_a_refund_that_failed_opens_again_what_no_staff_had_revoked(
    new_person: NewPerson, new_course: NewCourse
) -> None:
    person, course_id = new_person(), new_course()
    product_id = product_for(course_id)
    grant(person, product_id, state="revoked", reason="refunded")
    grant(person, product_id)
    assert access.decide(person, Thing(course_id), NOW).allowed


@pytest.mark.parametrize(
    ("thing", "reason", "step"),
    [
        ({}, Reason.SIGN_IN_NEEDED, NextStep.SIGN_IN),
        ({"is_preview": True}, Reason.PREVIEW, None),
        ({"is_preview": True, "published": False}, Reason.UNPUBLISHED, None),
        ({"published": False}, Reason.UNPUBLISHED, None),
    ],
)
def test_a_guest_costs_no_query(
    site: TestSite, queries: Queries, thing: dict[str, bool], reason: Reason, step: NextStep | None
) -> None:
    with queries.at_most(0):
        found = access.decide(None, Thing(1, **thing), NOW)  # type: ignore[arg-type]
    assert (found.reason, found.next_step) == (reason, step)


def test_staff_see_drafts_without_a_query(new_person: NewPerson, new_course: NewCourse, queries: Queries) -> None:
    owner, course_id = new_person("owner"), new_course()
    with queries.at_most(0):
        assert access.decide(owner, Thing(course_id, published=False), NOW).reason is Reason.STAFF


@pytest.mark.parametrize("role", ["editor", "student"])
def test_other_roles_pass_no_door(new_person: NewPerson, new_course: NewCourse, role: str) -> None:
    assert not access.decide(new_person(role), Thing(new_course()), NOW).allowed


@pytest.mark.parametrize("grants", [1, 40])
def test_a_decision_is_one_query_however_much_somebody_holds(
    both_databases: str, new_person: NewPerson, new_course: NewCourse, queries: Queries, grants: int
) -> None:
    person, course_id = new_person(), new_course()
    product_id = product_for(course_id)
    for number in range(grants):
        grant(person, product_id, source_ref=str(number))
    with queries.at_most(1):
        assert access.decide(person, Thing(course_id), NOW).allowed


def test_all_courses_of_a_person_are_one_query(
    both_databases: str, new_person: NewPerson, new_course: NewCourse, queries: Queries
) -> None:
    person, first, second, third = new_person(), new_course(), new_course(), new_course()
    grant(person, product_for(first, second))
    grant(person, product_for(third), ends_at=PAST)
    with queries.at_most(1):
        found = access.course_decisions(person.id, NOW)
    assert {course_id: decision.allowed for course_id, decision in found.items()} == {
        first: True,
        second: True,
        third: False,
    }
    assert set(access.courses_open_to(person.id, NOW)) == {first, second}


def test_a_product_is_asked_for_itself(new_person: NewPerson, new_course: NewCourse) -> None:
    person, course_id = new_person(), new_course()
    single, everything = product_for(course_id), product_for()
    grant(person, everything)
    assert access.decide_product(person.id, everything, NOW).allowed
    assert not access.decide_product(person.id, single, NOW).allowed


def test_products_of_a_course_are_its_own_first(new_course: NewCourse) -> None:
    course_id, other = new_course(), new_course()
    everything, own, _ = product_for(), product_for(course_id), product_for(other)
    assert [product.id for product in access.products_for_course(course_id)] == [own, everything]


def test_a_short_name_is_there_once(new_course: NewCourse) -> None:
    product_for(new_course(), slug="letters")
    with pytest.raises(Conflict):
        product_for(new_course(), slug="letters")


@pytest.mark.parametrize("items", [[], [("course", None)], [("everything", 1)], [("shelf", 1)]])
def test_a_product_opens_something_that_there_is(site: TestSite, items: list[tuple[str, int | None]]) -> None:
    with pytest.raises((Problem, ValueError)):
        access.create_product(slug="p", name="P", items=items)


@pytest.mark.parametrize(("field", "value"), [("source", "magic"), ("state", "ended")])
def test_words_that_nobody_knows_are_refused(
    new_person: NewPerson, new_course: NewCourse, field: str, value: str
) -> None:
    with pytest.raises(ValueError, match=value):
        grant(new_person(), product_for(new_course()), **{field: value})
