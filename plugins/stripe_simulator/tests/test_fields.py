"""What a checkout page asks for besides money, and what the session remembers."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from lms_stripe_simulator import testing

PAY = {"action": "pay", "method": "pays", "email": "guest@example.org"}
PLACE = {"name": "Anna Berg", "line1": "Am Hof 1", "postal_code": "53111", "city": "Bonn", "country": "DE"}


def done(shop: Any, session: Any) -> Any:
    return shop.client.v1.checkout.sessions.retrieve(session.id)


def test_terms_must_be_accepted(shop: Any) -> None:
    session = shop.session("payment", consent_collection={"terms_of_service": "required", "promotions": "auto"})
    refused = testing.fetch(session.url, PAY)
    assert (refused.status, "Accept the terms to go on." in refused.text) == (422, True)
    testing.pay_checkout(session.url, terms="1")
    assert done(shop, session).consent.to_dict() == {"promotions": "opt_out", "terms_of_service": "accepted"}


def test_phone_and_address_are_asked_for_and_kept(shop: Any) -> None:
    session = shop.session(
        "payment",
        customer=None,
        customer_creation="always",
        billing_address_collection="required",
        phone_number_collection={"enabled": True},
    )
    refused = testing.fetch(session.url, PAY)
    for words in ("Enter a telephone number.", "Enter a street.", "Choose a country.", "Enter a name."):
        assert words in refused.text
    testing.pay_checkout(session.url, phone="+49 228 1", **PLACE)
    found = done(shop, session)
    assert (found.customer_details.phone, found.customer_details.address.city) == ("+49 228 1", "Bonn")
    customer = shop.client.v1.customers.retrieve(found.customer)
    assert (customer.name, customer.phone, customer.address.line1) == ("Anna Berg", "+49 228 1", "Am Hof 1")


def test_custom_fields_are_checked_and_kept(shop: Any) -> None:
    fields = [
        {
            "key": "size",
            "label": {"type": "custom", "custom": "Size"},
            "type": "dropdown",
            "dropdown": {"options": [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}]},
        },
        {"key": "vip", "label": {"type": "custom", "custom": "Number"}, "type": "numeric", "optional": True},
        {"key": "who", "label": {"type": "custom", "custom": "For"}, "type": "text", "text": {"maximum_length": 5}},
    ]
    session = shop.session("payment", custom_fields=fields)
    form = PAY | {"custom_size": "xl", "custom_vip": "seven", "custom_who": "Anna Berg"}
    refused = testing.fetch(session.url, form)
    for words in ("Choose one of these.", "Enter digits only.", "Enter at most 5 characters."):
        assert words in refused.text
    testing.pay_checkout(session.url, custom_size="l", custom_who="Anna")
    kept = {entry.key: entry[entry.type].value for entry in done(shop, session).custom_fields}
    assert kept == {"size": "l", "vip": None, "who": "Anna"}


def test_what_was_filled_in_survives_3d_secure_but_no_number_does(shop: Any) -> None:
    session = shop.session("payment", customer=None, consent_collection={"terms_of_service": "required"})
    form = {"action": "pay", "method": "typed", "number": "4000 0025 0000 3155", "email": "g@example.org", "terms": "1"}
    asked = testing.fetch(session.url, form)
    assert ("g@example.org" in asked.text, "4000" in asked.text) == (True, False)
    testing.fetch(session.url, {"method": "3ds", "email": "g@example.org", "terms": "1", "authentication": "confirmed"})
    assert (done(shop, session).payment_status, done(shop, session).consent.terms_of_service) == ("paid", "accepted")


def test_card_that_is_declined_after_authentication_leaves_the_session_open(shop: Any) -> None:
    session = shop.session("payment")
    with pytest.raises(testing.Declined):
        testing.pay_checkout(session.url, "4000008400001629")
    assert done(shop, session).status == "open"


@pytest.mark.parametrize("customer", [True, False])
def test_setup_mode_keeps_a_card_and_charges_nothing(shop: Any, customer: bool) -> None:
    v1 = shop.client.v1
    params: dict[str, Any] = {"mode": "setup", "currency": "eur", "success_url": "http://127.0.0.1:9/done"}
    params |= {"customer": shop.customer} if customer else {"customer_creation": "always"}
    session = v1.checkout.sessions.create(params)
    assert "Save payment method" in testing.fetch(session.url).text
    testing.pay_checkout(session.url)
    found = v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert (found.status, found.payment_status) == ("complete", "no_payment_required")
    assert v1.payment_methods.retrieve(found.setup_intent.payment_method).customer == found.customer
    assert v1.charges.list().data == []


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"mode": "setup"}, "line_items"),
    (
        {"custom_fields": [{"key": "a b", "label": {"type": "custom", "custom": "x"}, "type": "text"}]},
        "custom_fields[0][key]",
    ),
    (
        {"custom_fields": [{"key": "a", "label": {"type": "custom", "custom": "x"}, "type": "dropdown"}]},
        "custom_fields[0][dropdown][options]",
    ),
    ({"after_expiration": {"recovery": {"enabled": True}}}, "after_expiration"),
]


@pytest.mark.parametrize(("change", "param"), WRONG)
def test_checkout_refuses_fields(shop: Any, change: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.session(**({"mode": "payment"} | change))
    assert caught.value.param == param
