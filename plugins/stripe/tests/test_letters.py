"""What students are told by mail about charges at Stripe, with links that open the right page of the portal."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

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
