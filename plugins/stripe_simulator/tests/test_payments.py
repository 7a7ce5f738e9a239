"""Payment methods, payment intents and setup intents, as a program uses them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from lms_stripe_simulator.billing.instruments import INSTRUMENTS


def pay(client: Any, method: str, **changes: Any) -> Any:
    """Create and confirm a payment."""
    params = {"amount": 2000, "currency": "eur", "payment_method": method, "confirm": True}
    return client.v1.payment_intents.create(params | changes)


def test_method_is_made_attached_listed_and_detached(client: Any) -> None:
    v1 = client.v1
    customer = v1.customers.create({"email": "anna@example.org"}).id
    method = v1.payment_methods.create(
        {
            "type": "card",
            "card": {"token": "tok_visa"},
            "billing_details": {"name": "Anna", "address": {"city": "Bonn"}},
        }
    )
    assert (method.customer, method.card.last4, method.billing_details.address.city) == (None, "4242", "Bonn")
    v1.payment_methods.attach(method.id, {"customer": customer})
    assert [m.id for m in v1.payment_methods.list({"customer": customer}).data] == [method.id]
    assert v1.customers.payment_methods.retrieve(customer, method.id).id == method.id
    v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    assert v1.payment_methods.detach(method.id).customer is None
    assert v1.customers.retrieve(customer).invoice_settings.default_payment_method is None
    assert v1.payment_methods.list({"customer": customer}).data == []


def test_method_of_one_customer_is_not_attached_to_another(client: Any) -> None:
    v1 = client.v1
    first, second = (v1.customers.create({}).id for _ in range(2))
    method = v1.payment_methods.attach("pm_card_visa", {"customer": first}).id
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        v1.payment_methods.attach(method, {"customer": second})


def test_declined_card_is_not_attached(client: Any) -> None:
    customer = client.v1.customers.create({}).id
    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer})
    assert client.v1.payment_methods.list({"customer": customer}).data == []


def test_customer_is_made_with_a_card(client: Any) -> None:
    settings = {"default_payment_method": "pm_card_visa"}
    made = client.v1.customers.create({"payment_method": "pm_card_visa", "invoice_settings": settings})
    method = client.v1.payment_methods.list({"customer": made.id}).data[0]
    assert made.invoice_settings.default_payment_method == method.id


@pytest.mark.parametrize("number", ["4111111111111111", "tok_unknown"])
def test_number_that_is_no_test_number_is_refused(client: Any, number: str) -> None:
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_methods.create({"type": "card", "card": {"token": number}})
    assert caught.value.code == "incorrect_number"


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("pm_card_visa", "succeeded"),
        ("pm_card_authenticationRequired", "requires_action"),
        ("pm_card_createDispute", "succeeded"),
    ],
)
def test_payment_ends_as_its_card_says(client: Any, method: str, status: str) -> None:
    intent = pay(client, method)
    assert (intent.status, intent.amount_received) == (status, 2000 if status == "succeeded" else 0)
    disputed = method == "pm_card_createDispute"
    assert len(client.v1.disputes.list({"payment_intent": intent.id}).data) == disputed


@pytest.mark.parametrize("found", [i for i in INSTRUMENTS if i.behaviour == "declines"], ids=lambda found: found.name)
def test_declined_payment_is_a_402_that_keeps_its_trace(client: Any, found: Any) -> None:
    with pytest.raises(stripe.CardError) as caught:
        pay(client, f"pm_card_{found.aliases[0]}")
    error = caught.value.error
    assert caught.value.http_status == 402
    assert found.decline_code in (error.decline_code, error.code)
    intent = client.v1.payment_intents.list().data[0]
    assert (intent.status, intent.last_payment_error.charge) == ("requires_payment_method", error.charge)


def test_off_session_payment_that_needs_the_customer_is_declined(client: Any) -> None:
    with pytest.raises(stripe.CardError, match="requires authentication"):
        pay(client, "pm_card_authenticationRequired", off_session=True)


def test_intent_is_confirmed_later_and_once(client: Any) -> None:
    intent = client.v1.payment_intents.create({"amount": 2000, "currency": "eur"})
    assert intent.status == "requires_payment_method"
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        client.v1.payment_intents.confirm(intent.id)
    assert client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="could not be confirmed"):
        client.v1.payment_intents.confirm(intent.id)


def test_held_money_is_captured_in_part_or_let_go(client: Any) -> None:
    v1 = client.v1
    intent = pay(client, "pm_card_visa", capture_method="manual")
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 2000)
    with pytest.raises(stripe.InvalidRequestError):
        v1.payment_intents.capture(intent.id, {"amount_to_capture": 2001})
    captured = v1.payment_intents.capture(intent.id, {"amount_to_capture": 1500})
    assert (captured.status, captured.amount_received) == ("succeeded", 1500)
    other = pay(client, "pm_card_visa", capture_method="manual")
    assert v1.payment_intents.cancel(other.id).status == "canceled"


def test_too_small_amount_is_refused(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay(client, "pm_card_visa", amount=49)
    assert caught.value.code == "amount_too_small"


def test_setup_keeps_a_card_for_later(client: Any) -> None:
    customer = client.v1.customers.create({}).id
    intent = client.v1.setup_intents.create({"customer": customer, "payment_method": "pm_card_visa", "confirm": True})
    assert intent.status == "succeeded"
    assert client.v1.payment_methods.retrieve(intent.payment_method).customer == customer


@pytest.mark.parametrize(
    ("method", "status"),
    [("pm_card_chargeDeclined", "requires_payment_method"), ("pm_card_authenticationRequired", "requires_action")],
)
def test_setup_may_fail_or_ask(client: Any, method: str, status: str) -> None:
    params = {"payment_method": method, "confirm": True}
    if status == "requires_payment_method":
        with pytest.raises(stripe.CardError):
            client.v1.setup_intents.create(params)
    else:
        client.v1.setup_intents.create(params)
    intent = client.v1.setup_intents.list().data[0]
    assert intent.status == status
    assert client.v1.setup_intents.cancel(intent.id).status == "canceled"
