"""What somebody tries who means harm: at the owner's pages, at the portal, at the ways back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lms_stripe import connections
from lms_stripe.models import ConnectionRow, Customer
from sqlalchemy import select

from lms.api import db
from lms.api.content import go_address

LINK = "stripe/customer-portal"
STUDENTS_OWN = ("/ext/stripe/hook/", "/ext/stripe/done", "/ext/stripe/return", "/ext/stripe/choose")


def owners_routes(site: Any) -> list[tuple[str, str]]:
    """Method and address of every view of the plugin that is not for students or for Stripe itself."""
    found = []
    for rule in site.app.url_map.iter_rules():
        if (
            rule.rule.startswith("/ext/stripe/")
            and not rule.rule.startswith(STUDENTS_OWN)
            and "static" not in rule.rule
        ):
            path = re.sub(r"<any\((\w+)[^>]*>", r"\1", re.sub(r"<int:[^>]+>", "1", rule.rule))
            assert "<" not in path, path
            found += [(method, path) for method in (rule.methods or set()) & {"GET", "POST"}]
    return found


def kept(stage: Any) -> Any:
    """What an attack must not have changed: our row, what was sent, what is at Stripe."""
    db.rollback()
    row = db.session.execute(select(ConnectionRow)).scalar_one()
    state = {each.name: getattr(row, each.name) for each in ConnectionRow.__table__.columns}
    db.rollback()
    return state, [call for call in stage.simulator.calls() if not call.startswith("GET")]


def test_nobody_but_who_manages_payments_gets_anywhere(connected: Any, sign_in: Any) -> None:
    routes = owners_routes(connected.site)
    assert len(routes) > 20
    connected.simulator.calls()
    before = kept(connected)
    people = {role: sign_in(connected.make.person(role=role)) for role in ("student", "editor")}
    guest = connected.site.client()
    for method, path in routes:
        for role, browser in people.items():
            is_for_all_staff = path.startswith("/ext/stripe/help/") and role == "editor"
            status = browser.open(path, method=method).status_code
            # A post without a token is refused before anybody asks who it is.
            assert status in ({200} if is_for_all_staff else {403, 400} if method == "POST" else {403}), (role, path)
        assert guest.open(path, method=method).status_code in ({303} if method == "GET" else {303, 400}), path
    assert kept(connected) == before


def test_another_sites_form_changes_nothing_for_a_signed_in_owner(connected: Any, sign_in: Any) -> None:
    owner = sign_in(connected.make.person(role="owner"))
    connected.simulator.calls()
    before = kept(connected)
    for method, path in owners_routes(connected.site):
        if method == "POST":
            for token in ("", "x", "IjEyMyI.aaaa.bbbb"):
                answer = owner.post(path, data={"csrf_token": token}, headers={"Origin": "https://evil.example"})
                assert answer.status_code == 400, path
    assert kept(connected) == before


def test_looking_at_a_page_of_the_owner_changes_nothing_and_calls_nobody(connected: Any, sign_in: Any) -> None:
    owner = sign_in(connected.make.person(role="owner"))
    connected.simulator.stripe().v1.coupons.create({"percent_off": 20, "duration": "once"})
    connected.deliver()
    connected.simulator.calls()
    before = kept(connected)
    for method, path in owners_routes(connected.site):
        if method == "GET":
            for look in ("GET", "HEAD"):
                answer = owner.open(path, method=look)
                assert answer.status_code == 200, path
                assert "private" in answer.headers["Cache-Control"], path
    assert kept(connected) == before
    assert connected.simulator.calls() == []


@pytest.mark.parametrize("number", ["0", "-1", "99", "1e3", "99999999999999999999", "1%00", "../1"])
def test_a_connection_that_is_not_there_is_no_page(connected: Any, sign_in: Any, number: str) -> None:
    owner = sign_in(connected.make.person(role="owner"))
    for page in ("", "/sell", "/secret", "/portal", "/disconnect"):
        assert owner.get(f"/ext/stripe/connections/{number}{page}").status_code in {404, 405}


def test_a_press_on_a_connection_that_was_left_is_a_word_and_no_crash(connected: Any, sign_in: Any) -> None:
    owner = sign_in(connected.make.person(role="owner"))
    page = owner.get("/admin/settings/stripe").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    connected.simulator.calls()
    base = "/ext/stripe/connections/1"
    for path in ("disconnect", "test", "sync", "portal", "portal/source", "tax", "continue", "sell", "disconnect"):
        assert owner.post(f"{base}/{path}", data={"csrf_token": token[1]}).status_code == 303, path
    choices = owner.post(f"{base}/portal/choices", data={"csrf_token": token[1], "cancel": "off", "pause_months": "0"})
    assert choices.status_code in {303, 409, 422}
    db.rollback()
    assert connections.get(1).status == "disconnected"
    sent = [call for call in connected.simulator.calls() if not call.startswith("GET")]
    assert [call.split("/we_")[0] for call in sent] == ["DELETE /v1/webhook_endpoints"]


def two_customers(stage: Any) -> Any:
    """Somebody who is asked which account is meant."""
    person, _offer, _subscription = stage.subscribe()
    first = db.session.scalars(select(Customer).where(Customer.person_id == person.id)).one()
    made = stage.simulator.stripe().v1.customers.create({"email": "second@example.org"})
    db.session.add(
        Customer(
            connection_id=first.connection_id, person_id=person.id, stripe_id=made.id, is_primary=False,
            linked_by="claim", first_purchase_at=first.first_purchase_at,
        )
    )  # fmt: skip
    db.commit()
    return person


@pytest.mark.feature("SO-14")
def test_pitfall_18_a_question_taken_from_somebody_else_is_about_ones_own(connected: Any, sign_in: Any) -> None:
    victim, thief = sign_in(two_customers(connected)), sign_in(two_customers(connected))
    question = victim.get(go_address(LINK, {}, "/")).headers["Location"]
    theirs = set(re.findall(r'name="target" value="([^"]+)"', victim.get(question).text))
    page = thief.get(question)
    mine = set(re.findall(r'name="target" value="([^"]+)"', page.text))
    assert (len(theirs), len(mine), theirs & mine) == (2, 2, set())
    assert "private" in page.headers["Cache-Control"]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token
    form = {"c": parse_qs(urlsplit(question).query)["c"][0], "csrf_token": token[1]}
    connected.simulator.calls()
    for target in [*theirs, "", "1:", "1:cus_nobody", "x"]:
        assert thief.post("/ext/stripe/choose", data={**form, "target": target}).status_code == 404
    assert thief.post("/ext/stripe/choose", data={**form, "target": min(mine), "csrf_token": ""}).status_code == 400
    assert victim.post("/ext/stripe/choose", data={**form, "target": min(theirs)}).status_code == 400
    assert connected.simulator.calls() == []


def test_the_way_back_reads_for_a_click_only_and_not_without_end(connected: Any, sign_in: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    browser = sign_in(person)
    connected.simulator.calls()
    assert browser.head("/ext/stripe/return?to=x").status_code == 303
    assert connected.simulator.calls() == []
    for _time in range(40):
        assert browser.get("/ext/stripe/return?to=x").headers["Location"] == "/account/billing"
    assert sum(call.startswith("GET /v1/customers/") for call in connected.simulator.calls()) == 30


def test_a_link_of_another_kind_or_of_another_page_is_not_taken_for_this_one(connected: Any, sign_in: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    browser = sign_in(person)
    signed = urlsplit(go_address("stripe/invoices", {}, "/")).query
    connected.simulator.calls()
    for path in (f"/go/{LINK}?{signed}", go_address(LINK, {}, "//evil.example"), go_address(LINK, {}, "/\\evil")):
        answer = browser.get(path)
        assert answer.status_code == 400
        assert "evil" not in answer.text
    assert connected.simulator.calls() == []
