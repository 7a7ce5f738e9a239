"""The customer portal: whose it is, when it is shown, and that a page never makes a session."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lms_stripe import connections, leaving, portal, returning
from lms_stripe.models import Customer
from lms_stripe_simulator import testing
from sqlalchemy import inspect, select, update

from lms.api import clock, commerce, content, db
from lms.api.content import go_address
from lms.extend import LinkContext

LINK = "stripe/customer-portal"
SESSIONS = "POST /v1/billing_portal/sessions"


@pytest.fixture
def click(sign_in: Any) -> Any:
    """``click(person)`` presses the portal's link on the manage page."""

    def press(person: Any, page: str = "/manage-subscription", method: str = "get", **headers: str) -> Any:
        browser = sign_in(person)
        return getattr(browser, method)(go_address(LINK, {}, page), headers=headers)

    return press


@pytest.fixture
def shows(site: Any) -> Any:
    """``shows(person)``: how many portal links a page shows to the person."""

    def look(person: Any, times: int = 1) -> int:
        ctx = content_context(person)
        return sum(
            content.resolve({"kind": "dynamic", "source": "stripe", "key": "customer-portal"}, ctx) is not None
            for _ in range(times)
        )

    return look


def content_context(person: Any) -> Any:
    return LinkContext(person=person, now=clock.now(), page="/manage-subscription")


@pytest.mark.feature("TA-14")
def test_a_buyer_sees_the_link_and_nobody_else_does(connected: Any, shows: Any) -> None:
    buyer, _offer, _subscription = connected.subscribe()
    stranger = connected.make.person()
    assert [shows(buyer), shows(stranger), shows(None)] == [1, 0, 0]


@pytest.mark.feature("TA-14")
def test_a_checkout_that_was_left_open_shows_no_link(connected: Any, shows: Any) -> None:
    person = connected.make.person()
    connected.start(person, connected.offer())
    connected.deliver()
    assert shows(person) == 0


@pytest.mark.feature("TA-14")
def test_a_bank_debit_shows_the_link_only_once_the_money_is_there(connected: Any, shows: Any) -> None:
    person = connected.make.person()
    session_id = connected.buy(person, connected.offer("one_time"), "sepa")
    connected.deliver()
    assert shows(person) == 0
    connected.simulator.settle(session_id, "succeeded")
    connected.deliver()
    assert shows(person) == 1


@pytest.mark.feature("TA-15", "B-21")
def test_a_one_time_purchase_is_enough_and_its_invoice_is_in_the_portal(connected: Any, click: Any) -> None:
    person = connected.make.person()
    connected.buy(person, connected.offer("one_time"))
    connected.deliver()
    page = connected_page(connected, click(person))
    assert "€49.00" in page


def connected_page(connected: Any, answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    return testing.fetch(answer.headers["Location"]).text


@pytest.mark.feature("TA-24", "TA-26")
def test_one_click_leads_to_the_persons_own_portal(connected: Any, click: Any) -> None:
    first, _offer, _subscription = connected.subscribe()
    second, _offer, _subscription = connected.subscribe()
    stripe = connected.simulator.stripe()
    connected.simulator.calls()
    for person in (first, second):
        answer = click(person)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith(connected.simulator.url)
        assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    asked = [entry["params"]["customer"] for entry in sessions_asked(connected)]
    own = {row.person_id: row.stripe_id for row in db.session.execute(select(Customer.person_id, Customer.stripe_id))}
    assert asked == [own[first.id], own[second.id]]
    assert stripe.v1.customers.retrieve(own[first.id]).metadata["person"] == str(first.id)


def sessions_asked(connected: Any) -> list[Any]:
    told = connected.simulator.running.requests()
    return [e for e in reversed(told) if f"{e['method']} {e['path']}" == SESSIONS]


@pytest.mark.feature("SO-14")
@pytest.mark.parametrize("forged", ["customer", "subscription", "session", "person"])
def test_pitfall_18_an_id_in_the_address_chooses_nobody(connected: Any, sign_in: Any, forged: str) -> None:
    victim, _offer, subscription_id = connected.subscribe()
    thief, _offer, _subscription = connected.subscribe()
    theirs = db.session.scalar(select(Customer.stripe_id).where(Customer.person_id == victim.id))
    value = {"customer": theirs, "subscription": subscription_id, "session": "cs_1", "person": str(victim.id)}[forged]
    connected.simulator.calls()
    answer = sign_in(thief).get(go_address(LINK, {}, "/") + f"&{forged}={value}")
    assert answer.status_code == 303
    own = db.session.scalar(select(Customer.stripe_id).where(Customer.person_id == thief.id))
    assert [entry["params"]["customer"] for entry in sessions_asked(connected)] == [own]


def test_pitfall_18_a_session_of_somebody_else_shows_nothing_on_the_return_page(connected: Any, sign_in: Any) -> None:
    victim = connected.make.person()
    session_id = connected.buy(victim, connected.offer())
    connected.simulator.calls()
    answer = sign_in(connected.make.person()).get(f"/ext/stripe/done?session_id={session_id}")
    assert answer.status_code == 404
    assert victim.email not in answer.text
    assert connected.simulator.calls() == []


def test_pitfall_43_a_guest_with_a_session_id_is_asked_to_sign_in(connected: Any, client: Any) -> None:
    session_id = connected.buy(connected.make.person(), connected.offer())
    answer = client.get(f"/ext/stripe/done?session_id={session_id}")
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/login")


@pytest.mark.feature("B-01")
def test_pitfall_21_twenty_links_for_three_people_call_nobody_and_a_click_calls_once(
    connected: Any, shows: Any, click: Any, queries: Any
) -> None:
    people = [connected.subscribe()[0] for _ in range(3)]
    connected.simulator.calls()
    for person in people:
        with queries.at_most(1):
            assert shows(person, times=20) == 20
    assert connected.simulator.calls() == []
    assert click(people[0]).status_code == 303
    assert [call for call in connected.simulator.calls() if call.startswith("POST")] == [SESSIONS]


def test_pitfall_23_a_legacy_connection_hides_the_link_until_it_is_activated(connected: Any, shows: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    made = connections.selling()
    connections.change(made.id, portal_status="inactive", integration_version=0)
    db.commit()
    assert shows(person) == 0
    portal.activate(made)
    assert shows(person) == 1


@pytest.mark.feature("TA-29")
def test_the_link_is_gone_while_the_portal_is_off_or_stripe_is_disconnected(connected: Any, shows: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    portal.switch_off(connections.selling())
    db.commit()
    assert shows(person) == 0
    portal.activate(connections.selling())
    assert shows(person) == 1
    leaving.disconnect(connections.selling(), actor_id=None)
    db.commit()
    assert shows(person) == 0


@pytest.mark.feature("B-15")
def test_pitfall_23_a_configuration_that_is_gone_is_made_again_on_the_click(connected: Any, click: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    rows = db.Model.metadata.tables["stripe_portal_configuration"]
    db.session.execute(update(rows).values(stripe_id="bpc_gone"))
    stripe = connected.simulator.stripe()
    stripe.v1.billing_portal.configurations.update(
        stripe.v1.billing_portal.configurations.list().data[0].id, {"active": False}
    )
    assert click(person).status_code == 303
    assert len(stripe.v1.billing_portal.configurations.list({"active": True}).data) == 1


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("head", {}),
        ("get", {"Sec-Purpose": "prefetch"}),
        ("get", {"Purpose": "prefetch"}),
        ("get", {"X-Moz": "prefetch"}),
    ],
)
def test_pitfall_44_looking_ahead_makes_no_session(
    connected: Any, click: Any, method: str, headers: dict[str, str]
) -> None:
    person, _offer, _subscription = connected.subscribe()
    connected.simulator.calls()
    assert click(person, method=method, **headers).status_code >= 400
    assert connected.simulator.calls() == []


def test_pitfall_45_the_way_back_comes_from_the_configuration_and_not_from_the_host(
    connected: Any, sign_in: Any
) -> None:
    person, _offer, _subscription = connected.subscribe()
    answer = sign_in(person).get(go_address(LINK, {}, "/manage-subscription"), headers={"X-Forwarded-Host": "evil"})
    assert answer.status_code == 303
    return_url = sessions_asked(connected)[-1]["params"]["return_url"]
    assert return_url.startswith("http://localhost/ext/stripe/return?to=")


def test_pitfall_45_a_forged_host_is_refused(connected: Any, client: Any) -> None:
    answer = client.get("/ext/stripe/return?to=x", headers={"Host": "evil.example"})
    assert answer.status_code == 400


@pytest.mark.feature("B-17")
def test_the_return_page_reads_anew_and_leads_to_the_page_of_the_button(
    connected: Any, click: Any, sign_in: Any
) -> None:
    person, _offer, _subscription = connected.subscribe()
    address = click(person).headers["Location"]
    connected.simulator.running.portal_cancel(address)
    back = sessions_asked(connected)[-1]["params"]["return_url"]
    answer = sign_in(person).get(back.removeprefix("http://localhost"))
    assert answer.headers["Location"] == "http://localhost/manage-subscription"
    assert commerce.subscriptions_of(person.id)[0].ends_on is not None


@pytest.mark.feature("B-17")
@pytest.mark.parametrize("signed", ["", "x", "Imh0dHBzOi8vZXZpbC5leGFtcGxlIg.AAAA"])
def test_a_way_back_that_we_did_not_sign_leads_home(connected: Any, client: Any, signed: str) -> None:
    assert client.get("/ext/stripe/return", query_string={"to": signed}).headers["Location"] == "/account/billing"


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/account", True),
        ("https://example.org/after", True),
        ("http://localhost/page", True),
        ("http://127.0.0.1:9000/", True),
        ("http://example.org/", False),
        ("javascript:alert(1)", False),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("https://example.org/\r\nX: y", False),
        ("https://user@example.org/", False),
        ("http://localhost/\r\nSet-Cookie: a=b", False),
        ("http://localhost/\\evil.example", False),
        ("http://localhost/a page", False),
        ("http://127.0.0.1:9000/\r\nSet-Cookie: a=b", False),
        ("http://user@127.0.0.1/", False),
        ("http://localhost.evil.example/", False),
        ("", False),
    ],
)
def test_the_return_page_is_of_this_site_or_an_https_address(site: Any, target: str, allowed: bool) -> None:
    assert returning.is_allowed(target) is allowed


def test_while_stripe_is_down_the_click_shows_a_plain_page(connected: Any, click: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    connected.simulator.go_down()
    answer = click(person)
    assert answer.status_code == 503
    assert "Stripe does not answer" in answer.text
    assert "/manage-subscription" in answer.text


def test_pitfall_26_a_customer_deleted_at_stripe_gets_a_friendly_page_and_none_is_made(
    connected: Any, click: Any, shows: Any
) -> None:
    person, _offer, _subscription = connected.subscribe()
    stripe = connected.simulator.stripe()
    stripe.v1.customers.delete(stripe.v1.customers.list().data[0].id)
    answer = click(person)
    assert answer.status_code == 409
    assert "customer account at Stripe is gone" in answer.text
    assert stripe.v1.customers.list().data == []
    assert shows(person) == 0


def test_an_address_of_a_portal_session_is_nowhere_but_in_the_redirect(
    connected: Any, click: Any, caplog: pytest.LogCaptureFixture
) -> None:
    person, _offer, _subscription = connected.subscribe()
    secret = re.sub(r".*/", "", urlsplit(click(person).headers["Location"]).path)
    db.rollback()
    # Other plugins' models may be known to the process whose tables this site does not have.
    there = set(inspect(db.session.connection()).get_table_names())
    tables = [table for table in db.Model.metadata.sorted_tables if table.name in there]
    stored = [str(row) for table in tables for row in db.session.execute(select(table)).all()]
    assert not [row for row in stored if secret in row]
    assert secret not in caplog.text


@pytest.mark.feature("SO-07", "B-17")
def test_the_return_address_of_the_editor_wins_over_the_page_of_the_button(connected: Any, sign_in: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    args = {"return_page": "https://example.org/after"}
    sign_in(person).get(go_address(LINK, args, "/manage-subscription"))
    back = urlsplit(sessions_asked(connected)[-1]["params"]["return_url"])
    assert returning.target_of(parse_qs(back.query)["to"][0]) == "https://example.org/after"
