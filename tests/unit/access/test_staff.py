"""Staff give, extend, close and open again: on the person's page, on the product's, and on a grant's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from lms import db
from lms.access import services as access
from lms.access import staff
from lms.access.services import GrantState
from lms.base import clock
from lms.base.problem import Conflict, NotFound, Problem
from lms.settings import services as settings
from lms.testing.makers import Makers
from lms.testing.queries import Queries

SignIn = Callable[..., FlaskClient]
FAR = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def owner(make: Makers, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.person(role="owner", name="Margaret"))


def send(browser: FlaskClient, page: str, to: str = "", **form: Any) -> Any:
    """Post a form of ``page``, with the hidden fields that stand there."""
    html = browser.get(page).get_data(as_text=True)
    return browser.post(to or page, data={**hidden(html), **form})


def hidden(html: str) -> dict[str, str]:
    inputs = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", html)
    return {
        re.search(r'name="([^"]+)"', each)[1]: re.search(r'value="([^"]*)"', each)[1]  # type: ignore[index]
        for each in inputs
    }


def is_open(person: Any, product: Any, at: datetime | None = None) -> bool:
    db.rollback()
    return access.decide_product(person.id, product.id, at or clock.now()).allowed


def test_staff_give_extend_close_and_open_again_and_the_history_says_who_and_why(
    owner: FlaskClient, make: Makers
) -> None:
    anna, product = make.person(name="Anna Berg"), make.product(make.course(lessons=1, sections=1), name="Letters")
    page = f"/admin/people/{anna.id}/access"
    assert "Nothing is open yet" in owner.get(page).get_data(as_text=True)
    assert page in owner.get(f"/admin/people/{anna.id}").get_data(as_text=True)
    settings.save("site", {"timezone": "America/New_York"}, actor_id=None)
    given = send(owner, f"{page}/give", product=str(product.id), until="2030-05-03", reason="Won a prize")
    assert given.location == page
    assert is_open(anna, product)
    (grant,) = access.grants_of(anna.id)
    # The whole last day in the site's zone.
    assert grant.ends_at == datetime(2030, 5, 4, 4, 0, tzinfo=UTC)
    own = f"/admin/access/{grant.id}"
    assert f'href="{own}"' in owner.get(page).get_data(as_text=True)
    html = owner.get(own).get_data(as_text=True)
    assert "until May 3, 2030, Won a prize, by Margaret" in html

    send(owner, own, f"{own}/extend", **{"extend-until": "", "extend-reason": "A year more", "extend-key": "k1"})
    assert is_open(anna, product, FAR)
    closed = send(owner, own, f"{own}/close", **{"close-reason": "Shared the password"})
    assert closed.location == own
    assert not is_open(anna, product)
    html = owner.get(own).get_data(as_text=True)
    assert "Shared the password, by Margaret" in html
    send(owner, own, f"{own}/reopen", **{"reopen-reason": "A mistake"})
    assert is_open(anna, product, FAR)
    actors = {change.actor_id for change in access.history(grant.id)}
    assert (len(access.history(grant.id)), len(actors), None in actors) == (4, 1, False)


def test_a_product_is_given_by_address_from_its_own_page(owner: FlaskClient, make: Makers) -> None:
    product, anna = make.product(name="Letters"), make.person(email="anna@example.org")
    page = f"/admin/products/{product.id}/people"
    assert "Nobody has it yet" in owner.get(page).get_data(as_text=True)
    wrong = send(owner, f"{page}/give", email="nobody@example.org", reason="x")
    assert wrong.status_code == 422
    assert "Nobody has an account with this address." in wrong.get_data(as_text=True)
    assert send(owner, f"{page}/give", email="Anna@Example.org", reason="A friend").location == page
    assert "anna@example.org" in owner.get(page).get_data(as_text=True)
    assert is_open(anna, product)


def test_two_presses_are_one_decision(both_databases: str, make: Makers) -> None:
    anna, product, owner = make.person(), make.product(), make.person(role="owner")
    for _press in range(2):
        staff.give(anna.id, product.id, ends_at=None, reason="x", actor_id=owner.id, key="form-1")
    (grant,) = access.grants_of(anna.id)
    assert len(access.history(grant.id)) == 1


def test_extending_what_an_order_gave_stands_beside_it(make: Makers) -> None:
    anna, product, owner = make.person(), make.product(), make.person(role="owner")
    soon = clock.now() + timedelta(days=1)
    bought = make.grant(anna, product, source="order", source_ref="2026-0001", ends_at=soon)
    made = staff.extend(bought.id, ends_at=FAR, reason="Was ill", actor_id=owner.id, key="k")
    assert (made.source, made.ends_at) == ("manual", FAR)
    assert [grant.ends_at for grant in access.grants_of(anna.id)] == [soon, FAR]


def test_what_staff_closed_stays_closed_for_facts_and_opens_as_it_was(make: Makers) -> None:
    anna, product, owner = make.person(), make.product(), make.person(role="owner")
    bought = make.grant(anna, product, source="order", source_ref="2026-0001", state="grace", ends_at=FAR)
    staff.close(bought.id, reason="Abuse", actor_id=owner.id)
    again = make.grant(anna, product, source="order", source_ref="2026-0001", ends_at=FAR)
    assert again.state is GrantState.REVOKED
    assert staff.reopen(bought.id, reason="Sorry", actor_id=owner.id).state is GrantState.GRACE


def test_what_cannot_be_is_refused_with_a_sentence(owner: FlaskClient, make: Makers) -> None:
    anna, product = make.person(), make.product()
    grant = make.grant(anna, product)
    yesterday = clock.now() - timedelta(days=1)
    with pytest.raises(Problem, match="That day has passed"):
        staff.extend(grant.id, ends_at=yesterday, reason="x", actor_id=anna.id, key="k")
    with pytest.raises(Problem, match="Say why"):
        staff.close(grant.id, reason=" ", actor_id=anna.id)
    with pytest.raises(Conflict, match="Nobody closed"):
        staff.reopen(grant.id, reason="x", actor_id=anna.id)
    with pytest.raises(NotFound):
        staff.give(anna.id, 999, ends_at=None, reason="x", actor_id=anna.id, key="k")
    db.rollback()
    own = f"/admin/access/{grant.id}"
    answer = send(owner, own, f"{own}/close", **{"close-reason": ""})
    assert answer.status_code == 422
    assert "Say why, for whoever asks later." in answer.get_data(as_text=True)
    past = send(owner, own, f"{own}/extend", **{"extend-until": "2020-01-01", "extend-reason": "x"})
    assert past.status_code == 422
    assert "That day has passed." in past.get_data(as_text=True)
    # A day that cannot be is not the same as no day, which would be access for good.
    for until, words in (
        ("9999-12-31", "Choose a day before the year 9000"),
        ("0001-01-01", "That day has passed."),
        ("3 May", "Not a valid date"),
    ):
        answer = send(owner, own, f"{own}/extend", **{"extend-until": until, "extend-reason": "x"})
        assert (answer.status_code, words in answer.get_data(as_text=True)) == (422, True), until
    assert access.grants_of(anna.id)[0].reason == grant.reason
    assert owner.get("/admin/access/999").status_code == 404


@pytest.mark.parametrize("path", ["/admin/people/1/access", "/admin/products/1/people", "/admin/access/1"])
@pytest.mark.parametrize(("role", "status"), [("creator", 200), ("editor", 403), ("student", 403)])
def test_whoever_sells_may_decide(make: Makers, sign_in: SignIn, path: str, role: str, status: int) -> None:
    person = make.person(role=role)
    make.grant(person, make.product())
    assert sign_in(person).get(path).status_code == status


def test_the_pages_cost_the_same_for_many_grants(owner: FlaskClient, make: Makers, queries: Queries) -> None:
    anna, product = make.person(), make.product()
    grant = make.grant(anna, product)
    paths = (f"/admin/people/{anna.id}/access", f"/admin/products/{product.id}/people", f"/admin/access/{grant.id}")
    few = {}
    for path in paths:
        owner.get(path)
        with queries.counted() as sent:
            owner.get(path)
        few[path] = len(sent)
    for number in range(12):
        make.grant(anna, product, source_ref=f"n{number}")
        make.grant(anna, product, ends_at=FAR + timedelta(days=number))
    for path in paths:
        with queries.at_most(few[path]):
            assert owner.get(path).status_code == 200
