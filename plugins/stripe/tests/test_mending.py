"""A payment fails, another card mends it; without one access ends after the days of grace, and comes back."""

from __future__ import annotations

from typing import Any

import pytest
from lms_stripe import returning, simulator_clock
from lms_stripe.models import Subscription
from sqlalchemy import select

from lms.api import commerce, db
from lms.api.content import go_address

CARDS = "stripe/update-payment-method"
BILLING = "/account/billing"


@pytest.fixture
def failed(connected: Any, sign_in: Any) -> Any:
    """A student whose card was declined at the first renewal: stage, browser, person, offer."""
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer, "declines_later")
    connected.deliver()
    forward(connected, days=31)
    db.rollback()
    assert db.session.scalar(select(Subscription.status)) == "past_due"
    return connected, sign_in(person), person, offer


def forward(stage: Any, **duration: float) -> None:
    stage.simulator.advance(**duration)
    simulator_clock.follow()
    stage.deliver()


def through_the_form(stage: Any, browser: Any, card: str) -> Any:
    """Press Update card, give the card, and come back where Stripe leads."""
    opened = browser.get(go_address(CARDS, {}, BILLING)).headers["Location"]
    back = stage.simulator.running.portal_card(opened, card)
    assert back.startswith("http://localhost/ext/stripe/return")
    return browser.get(back.removeprefix("http://localhost"))


def open_amounts(stage: Any) -> list[int]:
    listed = stage.simulator.stripe().v1.invoices.list({"status": "open"}).data
    return [invoice.amount_remaining for invoice in listed]


@pytest.mark.feature("B-12")
def test_a_new_card_pays_at_once_what_was_owed(failed: Any) -> None:
    stage, browser, person, offer = failed
    page = browser.get(BILLING).text
    assert "did not go through" in page
    assert "Update card" in page
    assert stage.is_in(person, offer)
    through_the_form(stage, browser, "4242424242424242")
    assert open_amounts(stage) == []
    assert "did not go through" not in browser.get(BILLING).text
    stage.deliver()
    (subscription,) = commerce.subscriptions_of(person.id)
    assert subscription.state == "active"
    payments = db.Model.metadata.tables["commerce_payment"]
    assert list(db.session.scalars(select(payments.c.amount))) == [900, 900]


@pytest.mark.feature("B-12")
def test_without_a_new_card_access_ends_after_the_days_of_grace_and_comes_back_with_the_payment(failed: Any) -> None:
    stage, browser, person, offer = failed
    forward(stage, days=8)
    assert not stage.is_in(person, offer)
    assert "waits for your payment" in browser.get(BILLING).text
    through_the_form(stage, browser, "4242424242424242")
    assert stage.is_in(person, offer)
    assert "waits for your payment" not in browser.get(BILLING).text


def test_a_card_that_is_declined_again_leaves_the_banner_and_its_ways_out(failed: Any) -> None:
    stage, browser, _person, _offer = failed
    answer = through_the_form(stage, browser, "declines_later")
    assert answer.status_code == 303
    assert open_amounts(stage) == [900]
    page = browser.get(BILLING).text
    assert "Update card" in page
    assert "Pay the invoice" in page


def test_going_back_without_a_new_card_charges_nothing(failed: Any) -> None:
    stage, browser, _person, _offer = failed
    browser.get(go_address(CARDS, {}, BILLING))
    told = [each for each in stage.simulator.running.requests() if each["path"].endswith("/portal/sessions")]
    told = told or [each for each in stage.simulator.running.requests() if "billing_portal/sessions" in each["path"]]
    plain = told[0]["params"]["return_url"]
    done = told[0]["params"]["flow_data"]["after_completion"]["redirect"]["return_url"]
    assert plain != done
    stage.simulator.calls()
    browser.get(plain.removeprefix("http://localhost"))
    assert [call for call in stage.simulator.calls() if call.startswith("POST")] == []


def test_the_way_back_of_somebody_else_charges_nobody(failed: Any, sign_in: Any) -> None:
    """Neither a stranger with the student's address, nor the student who was sent a stranger's."""
    stage, debtor, person, _offer = failed
    stranger = stage.make.person()
    theirs = returning.address(BILLING, new_card_of=person.id).removeprefix("http://localhost")
    strangers = returning.address(BILLING, new_card_of=stranger.id).removeprefix("http://localhost")
    stage.simulator.calls()
    for browser, way in ((sign_in(stranger), theirs), (stage.site.client(), theirs), (debtor, strangers)):
        assert browser.get(way).headers["Location"] == BILLING
    assert [call for call in stage.simulator.calls() if call.startswith("POST")] == []
    assert open_amounts(stage) == [900]


def test_pressing_twice_pays_once(failed: Any) -> None:
    stage, browser, person, _offer = failed
    opened = browser.get(go_address(CARDS, {}, BILLING)).headers["Location"]
    back = stage.simulator.running.portal_card(opened).removeprefix("http://localhost")
    for _time in range(2):
        assert browser.get(back).status_code == 303
    told = [f"{each['method']} {each['path']}" for each in stage.simulator.running.requests()]
    assert sum(call.endswith("/pay") for call in told) == 1
    assert len(commerce.subscriptions_of(person.id)) == 1
