"""Automatic tax: set up, collected where there is a registration, seen by the buyer."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from lms_stripe_simulator import testing

BONN = {"country": "DE", "postal_code": "53111", "city": "Bonn", "line1": "Am Hof 1"}
DAY = 86_400


@pytest.fixture
def taxed(shop: Any) -> Any:
    """The shop with a head office in Germany, exclusive prices by default, registered there."""
    v1 = shop.client.v1
    assert v1.tax.settings.retrieve().status == "pending"
    settings = {"head_office": {"address": {"country": "DE"}}, "defaults": {"tax_behavior": "exclusive"}}
    assert v1.tax.settings.update(settings).status == "active"
    register(shop)
    v1.customers.update(shop.customer, {"address": BONN})
    return shop


def register(shop: Any, country: str = "DE", **options: Any) -> Any:
    chosen = {country.lower(): options or {"type": "standard"}}
    return shop.client.v1.tax.registrations.create(
        {"country": country, "active_from": "now", "country_options": chosen}
    )


def test_tax_comes_on_top_of_exclusive_prices(taxed: Any) -> None:
    session = taxed.session("payment", automatic_tax={"enabled": True}, invoice_creation={"enabled": True})
    assert (session.amount_subtotal, session.total_details.amount_tax, session.amount_total) == (4900, 931, 5831)
    page = testing.fetch(session.url).text
    assert "VAT, 19 %" in page
    assert "€9.31" in page
    testing.pay_checkout(session.url, country="DE")
    done = taxed.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice", "payment_intent"]})
    assert (done.payment_intent.amount, done.automatic_tax.status) == (5831, "complete")
    invoice = done.invoice
    assert (invoice.total, invoice.total_excluding_tax, invoice.total_taxes[0].amount) == (5831, 4900, 931)
    line = taxed.client.v1.checkout.sessions.line_items.list(session.id).data[0]
    assert (line.amount_tax, line.amount_total) == (931, 5831)


def test_inclusive_price_holds_its_tax(taxed: Any) -> None:
    price = taxed.client.v1.prices.create(
        {"product": taxed.product, "currency": "eur", "unit_amount": 4900, "tax_behavior": "inclusive"}
    )
    session = taxed.session("payment", price=price.id, automatic_tax={"enabled": True})
    assert (session.total_details.amount_tax, session.amount_total) == (782, 4900)
    assert "in the price" in testing.fetch(session.url).text


def test_guest_chooses_a_country_first(taxed: Any) -> None:
    session = taxed.session("payment", customer=None, automatic_tax={"enabled": True})
    assert (session.automatic_tax.status, session.amount_total) == ("requires_location_inputs", 4900)
    assert testing.fetch(session.url, {"action": "pay", "method": "pays", "email": "a@example.org"}).status == 422
    page = testing.fetch(session.url, {"action": "tax", "country": "DE"})
    assert (page.status, "€58.31" in page.text) == (200, True)
    testing.pay_checkout(session.url, country="DE", postal_code="53111")
    done = taxed.client.v1.checkout.sessions.retrieve(session.id)
    assert (done.amount_total, done.customer_details.address.country) == (5831, "DE")


def test_nothing_is_collected_without_a_registration(taxed: Any) -> None:
    registration = taxed.client.v1.tax.registrations.list({"status": "active"}).data[0]
    assert taxed.client.v1.tax.registrations.update(registration.id, {"expires_at": "now"}).status == "expired"
    session = taxed.session("payment", automatic_tax={"enabled": True})
    assert (session.automatic_tax.status, session.total_details.amount_tax) == ("complete", 0)
    testing.pay_checkout(session.url, country="DE")


def test_one_stop_shop_covers_the_union_but_nothing_else(taxed: Any) -> None:
    register(taxed, "FR", type="oss_union")
    totals = {}
    for country in ("AT", "CH"):
        session = taxed.session("payment", customer=None, automatic_tax={"enabled": True})
        testing.pay_checkout(session.url, country=country)
        totals[country] = taxed.client.v1.checkout.sessions.retrieve(session.id).amount_total
    assert totals == {"AT": 5880, "CH": 4900}


def test_renewals_are_taxed_too(simulator: Any, taxed: Any) -> None:
    session = taxed.session(automatic_tax={"enabled": True})
    testing.pay_checkout(session.url, country="DE")
    simulator.advance(32 * DAY)
    assert [(i.total, i.status) for i in taxed.invoices()] == [(1071, "paid"), (1071, "paid")]


def test_discount_comes_before_tax(taxed: Any) -> None:
    taxed.client.v1.coupons.create({"id": "HALF", "percent_off": 50})
    session = taxed.session("payment", automatic_tax={"enabled": True}, discounts=[{"coupon": "HALF"}])
    assert (session.total_details.amount_discount, session.total_details.amount_tax) == (2450, 466)


def test_customer_without_a_place_needs_customer_update(taxed: Any) -> None:
    nowhere = taxed.client.v1.customers.create({}).id
    with pytest.raises(stripe.InvalidRequestError) as caught:
        taxed.session("payment", customer=nowhere, automatic_tax={"enabled": True})
    assert caught.value.code == "customer_tax_location_invalid"
    update = {"address": "auto", "name": "auto"}
    session = taxed.session("payment", customer=nowhere, automatic_tax={"enabled": True}, customer_update=update)
    testing.pay_checkout(session.url, country="DE", postal_code="53111")
    assert taxed.client.v1.customers.retrieve(nowhere).address.country == "DE"


def test_tax_needs_a_head_office_and_a_behaviour(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="head office address"):
        shop.session("payment", automatic_tax={"enabled": True})
    shop.client.v1.tax.settings.update({"head_office": {"address": {"country": "DE"}}})
    with pytest.raises(stripe.InvalidRequestError, match="must specify a `tax_behavior`"):
        shop.session("payment", automatic_tax={"enabled": True})


def test_second_registration_of_a_country_is_refused(taxed: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="already have an active registration"):
        register(taxed)
