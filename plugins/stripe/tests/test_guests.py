"""Guests at Stripe: no customer before the payment, theirs after the claim."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lms_stripe import own
from lms_stripe.models import Checkout, Customer
from sqlalchemy import select

from lms.api import accounts, commerce, db

GUEST = "bruno@example.org"


def token(page: Any) -> str:
    return re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page.get_data(as_text=True))[0]


def send(browser: Any, path: str, **fields: str) -> Any:
    return browser.post(path, data={"csrf_token": token(browser.get(path)), **fields})


def begin(stage: Any, browser: Any, offer: Any, email: str = GUEST) -> str:
    """Through our checkout page; the address of the payment page."""
    answer = send(browser, offer.checkout_path, offer=offer.public_id, email=email)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location)


def back(stage: Any, browser: Any, address: str, way: str = "4242424242424242") -> Any:
    """Pay, and come back before any webhook."""
    stage.simulator.running.pay_checkout(address, way)
    return browser.get(f"/ext/stripe/done?session_id={stage.session_of(address)}")


def claim(browser: Any) -> Any:
    return send(browser, "/claim", name="Bruno", password="eleven quiet herons")


def bruno() -> Any:
    db.rollback()
    return next(iter(db.session.scalars(select(Customer.person_id)).all()), None)


@pytest.mark.parametrize("kind", ["one_time", "subscription"])
@pytest.mark.parametrize("webhook", ["before", "after"])
def test_a_guest_pays_claims_and_opens_the_portal(
    connected: Any, site: Any, sign_in: Any, kind: str, webhook: str
) -> None:
    offer, browser = connected.offer(kind), site.client()
    address = begin(connected, browser, offer)
    if webhook == "before":
        connected.simulator.running.pay_checkout(address, "4242424242424242")
        connected.deliver()
        answer = browser.get(f"/ext/stripe/done?session_id={connected.session_of(address)}")
    else:
        answer = back(connected, browser, address)
    assert answer.location == "/claim"
    session = connected.simulator.stripe().v1.checkout.sessions.retrieve(connected.session_of(address))
    assert session.customer_email == GUEST
    assert session.customer
    assert bruno() is None
    assert claim(browser).location.startswith("/learn/")
    person_id = bruno()
    person = accounts.person(person_id)
    assert person is not None
    assert person.email == GUEST
    assert connected.is_in(person, offer)
    # The customer that paid is theirs: the portal opens, and the next purchase makes no second one.
    assert [each.stripe_id for each in own.customers(own.context_of(person))] == [session.customer]
    clicked = browser.get("/go/stripe/customer-portal")
    assert clicked.location.startswith(connected.simulator.url)
    if webhook == "after":
        connected.deliver()
        assert connected.is_in(person, offer)
    again = connected.offer()
    connected.start(person, again)
    made = db.session.scalars(select(Checkout.customer_id).where(Checkout.offer_id == again.id)).one()
    assert made == session.customer


def test_pitfall_43_a_stranger_with_the_session_s_id_sees_nothing(connected: Any, site: Any, sign_in: Any) -> None:
    offer, browser = connected.offer("one_time"), site.client()
    address = begin(connected, browser, offer)
    back(connected, browser, address)
    path = f"/ext/stripe/done?session_id={connected.session_of(address)}"
    stranger = site.client().get(path)
    assert stranger.status_code == 303
    assert stranger.location.startswith("/login?next=")
    signed = sign_in(connected.make.person()).get(path)
    assert signed.status_code == 404
    assert GUEST not in signed.get_data(as_text=True)


def test_a_bank_debit_waits_and_fails_or_arrives_while_the_guest_is_away(connected: Any, site: Any) -> None:
    offer = connected.offer("one_time")
    for way, outcome, state in (("sepa_fails", "failed", "failed"), ("sepa", "succeeded", "paid")):
        browser = site.client()
        address = begin(connected, browser, offer)
        assert back(connected, browser, address, way).location == "/claim"
        assert "on its way" in browser.get("/claim").get_data(as_text=True)
        connected.simulator.settle(connected.session_of(address), outcome)
        connected.deliver()
        order_id = db.session.scalars(select(Checkout.order_id).order_by(Checkout.id.desc()).limit(1)).one()
        found = commerce.find_order(order_id)
        assert found is not None
        assert found.state == state


def test_two_presses_at_once_are_one_session(connected: Any, site: Any) -> None:
    offer, browser = connected.offer("one_time"), site.client()
    assert begin(connected, browser, offer) == begin(connected, browser, offer)
    assert len(connected.simulator.stripe().v1.checkout.sessions.list({"limit": 10}).data) == 1


def test_a_guest_whose_checkout_expired_begins_again(connected: Any, site: Any) -> None:
    offer, browser = connected.offer("one_time"), site.client()
    address = begin(connected, browser, offer)
    connected.simulator.stripe().v1.checkout.sessions.expire(connected.session_of(address))
    done = browser.get(f"/ext/stripe/done?session_id={connected.session_of(address)}")
    assert done.location == offer.checkout_path
    assert begin(connected, browser, offer) != address
