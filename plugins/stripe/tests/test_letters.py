"""What students are told by mail about charges at Stripe, with links that open the right page of the portal."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from lms_stripe import simulator_clock
from lms_stripe_simulator import testing

from lms.api import commerce, jobs

Letters = Callable[[], list[EmailMessage]]


def next_charge_with(connected: Any, subscription_id: str, way: str) -> None:
    """The card of the customer is another one when the next month begins."""
    stripe = connected.simulator.stripe()
    customer = stripe.v1.subscriptions.retrieve(subscription_id).customer
    method = stripe.v1.payment_methods.attach(way, {"customer": customer})
    stripe.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    stripe.v1.subscriptions.update(subscription_id, {"default_payment_method": method.id})
    connected.simulator.advance(days=32)
    for _told in range(2):
        connected.seen.clear()
        connected.deliver()


def said(letters: Letters, connected: Any) -> list[tuple[str, str]]:
    connected.work()
    return [(str(each["Subject"]), str(each.get_body(("plain",)).get_content())) for each in letters()]


@pytest.mark.parametrize(
    ("way", "subject", "link"),
    [
        ("pm_card_chargeCustomerFail", "did not go through", "/go/stripe/update-payment-method"),
        ("pm_card_authenticationRequired", "Confirm your payment", "/account/billing"),
    ],
)
def test_a_renewal_that_fails_is_told_once_with_what_to_do(
    connected: Any, letters: Letters, way: str, subject: str, link: str
) -> None:
    person, offer, subscription_id = connected.subscribe()
    next_charge_with(connected, subscription_id, way)
    (running,) = commerce.subscriptions_of(person.id)
    assert running.state == "past_due"
    told = [(title, text) for title, text in said(letters, connected) if "receipt" not in title]
    assert [subject in title for title, _text in told] == [True]
    assert f"http://localhost{link}\n" in told[0][1]
    assert connected.is_in(person, offer)


def test_a_renewal_that_is_paid_has_a_receipt_that_leads_to_the_portal(connected: Any, letters: Letters) -> None:
    connected.subscribe()
    connected.simulator.advance(days=32)
    connected.deliver()
    told = said(letters, connected)
    assert [title for title, _text in told] == ["Your receipt for Product 3"] * 2
    assert "http://localhost/go/stripe/customer-portal" in told[1][1]


def test_a_trial_is_reminded_of_three_days_before_it_ends(connected: Any, letters: Letters) -> None:
    connected.subscribe(trial_days=14)
    connected.simulator.advance(days=12)
    connected.deliver()
    for _hour in range(2):
        jobs.enqueue("commerce.remind_of_trials")
        connected.work()
    told = [text for title, text in said(letters, connected) if "trial" in title]
    assert [("Then €9 a month is charged" in text, "/go/stripe/customer-portal" in text) for text in told] == [
        (True, True)
    ]


def both_parts(letters: Letters, words: str) -> list[tuple[str, str]]:
    """Text and HTML of the letters with these words in the subject."""
    found = [each for each in letters() if words in str(each["Subject"])]
    return [tuple(str(each.get_body((kind,)).get_content()) for kind in ("plain", "html")) for each in found]


def remind_of_renewals(connected: Any) -> None:
    simulator_clock.follow()
    for _hour in range(2):
        jobs.enqueue("commerce.remind_of_renewals")
        connected.work()


def test_who_pays_by_the_year_is_told_a_month_before_and_once(connected: Any, letters: Letters) -> None:
    connected.subscribe(amount=9000, interval="year")
    remind_of_renewals(connected)
    assert both_parts(letters, "renews soon") == []
    connected.simulator.advance(days=340)
    connected.deliver()
    remind_of_renewals(connected)
    ((text, page),) = both_parts(letters, "renews soon")
    assert "€90 a year is charged" in text
    assert "http://localhost/go/stripe/customer-portal\n" in text
    assert 'href="http://localhost/go/stripe/customer-portal"' in page
    for days in (30, 335):
        connected.simulator.advance(days=days)
        connected.deliver()
    remind_of_renewals(connected)
    assert len(both_parts(letters, "renews soon")) == 2


def test_nobody_is_told_of_a_renewal_that_does_not_come(connected: Any, letters: Letters) -> None:
    _person, _offer, ending = connected.subscribe(amount=9000, interval="year")
    connected.simulator.stripe().v1.subscriptions.update(ending, {"cancel_at_period_end": True})
    connected.subscribe()
    connected.simulator.advance(days=340)
    connected.deliver()
    remind_of_renewals(connected)
    assert both_parts(letters, "renews soon") == []


def guest_subscribes(connected: Any) -> str:
    """A guest who pays every month, and has not claimed anything; the id of the subscription."""
    offer, browser = connected.offer(), connected.site.client()
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(offer.checkout_path).text)[0]
    fields = {"csrf_token": token, "offer": offer.public_id, "email": "bruno@example.org"}
    testing.pay_checkout(browser.post(offer.checkout_path, data=fields).location)
    connected.deliver()
    return str(connected.simulator.stripe().v1.subscriptions.list({"limit": 1}).data[0].id)


@pytest.mark.parametrize("way", ["pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"])
def test_what_a_guest_reads_later_leads_to_the_claim_and_to_no_page_of_an_account(
    connected: Any, letters: Letters, way: str
) -> None:
    subscription_id = guest_subscribes(connected)
    next_charge_with(connected, subscription_id, way)
    connected.simulator.stripe().v1.subscriptions.cancel(subscription_id)
    connected.deliver()
    connected.work()
    later = [each for each in letters() if each["To"] == "bruno@example.org"][1:]
    assert len(later) == 2
    for each in later:
        for kind in ("plain", "html"):
            text = str(each.get_body((kind,)).get_content())
            assert re.search(r"http://localhost/claim[\s\"]", text), (each["Subject"], text)
            assert not re.search(r"http://localhost/(go|account|learn)", text), (each["Subject"], text)
    assert connected.site.client().get("/claim").status_code == 200
