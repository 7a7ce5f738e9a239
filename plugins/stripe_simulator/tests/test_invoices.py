"""Invoices that a program writes."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

DAY = 86_400


def item(shop: Any, **changes: Any) -> Any:
    params = {"customer": shop.customer, "amount": 2000, "currency": "eur", "description": "A lesson"} | changes
    return shop.client.v1.invoice_items.create({n: v for n, v in params.items() if v is not None})


def draft(shop: Any, **changes: Any) -> Any:
    params = {"customer": shop.customer, "pending_invoice_items_behavior": "include"} | changes
    return shop.client.v1.invoices.create(params)


def test_pending_items_are_invoiced_and_paid(shop: Any) -> None:
    item(shop)
    item(shop, amount=None, currency=None, pricing={"price": shop.once})
    made = draft(shop)
    assert (made.status, made.total, made.lines.data[0].description) == ("draft", 6900, "A lesson")
    method = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": shop.customer}).id
    paid = shop.client.v1.invoices.pay(made.id, {"payment_method": method})
    assert (paid.status, paid.amount_paid) == ("paid", 6900)
    found = shop.client.v1.invoice_payments.list({"invoice": made.id, "status": "paid"})
    assert [payment.amount_paid for payment in found.data] == [6900]


def test_deleted_draft_gives_its_items_back(shop: Any) -> None:
    item(shop)
    made = draft(shop)
    assert shop.client.v1.invoices.delete(made.id).deleted is True
    assert len(shop.client.v1.invoice_items.list({"pending": True}).data) == 1
    assert draft(shop).total == 2000


def test_item_on_an_invoice_is_not_deleted(shop: Any) -> None:
    first = item(shop)
    draft(shop)
    with pytest.raises(stripe.InvalidRequestError, match="attached to an invoice"):
        shop.client.v1.invoice_items.delete(first.id)
    second = item(shop)
    assert shop.client.v1.invoice_items.delete(second.id).deleted is True


def test_sent_invoice_becomes_overdue(simulator: Any, shop: Any) -> None:
    item(shop)
    made = draft(shop, collection_method="send_invoice", days_until_due=7)
    sent = shop.client.v1.invoices.send_invoice(made.id)
    assert (sent.status, sent.hosted_invoice_url is not None) == ("open", True)
    simulator.advance(8 * DAY)
    assert [e for e in shop.events() if e in ("invoice.sent", "invoice.overdue")] == ["invoice.sent", "invoice.overdue"]


def test_card_that_needs_its_owner_answers_402_with_its_own_code(shop: Any) -> None:
    item(shop)
    made = draft(shop)
    method = shop.client.v1.payment_methods.attach("pm_card_authenticationRequired", {"customer": shop.customer}).id
    with pytest.raises(stripe.CardError) as caught:
        shop.client.v1.invoices.pay(made.id, {"payment_method": method})
    assert caught.value.code == "invoice_payment_intent_requires_action"


def test_uncollectible_invoice_can_still_be_voided(shop: Any) -> None:
    item(shop)
    made = draft(shop)
    shop.client.v1.invoices.finalize_invoice(made.id, {"auto_advance": False})
    assert shop.client.v1.invoices.mark_uncollectible(made.id).status == "uncollectible"
    assert shop.client.v1.invoices.void_invoice(made.id).status == "void"


def test_void_invoice_gives_credit_back(shop: Any) -> None:
    shop.client.v1.customers.update(shop.customer, {"balance": -500})
    item(shop)
    made = draft(shop)
    finalised = shop.client.v1.invoices.finalize_invoice(made.id, {"auto_advance": False})
    assert (finalised.amount_due, shop.client.v1.customers.retrieve(shop.customer).balance) == (1500, 0)
    shop.client.v1.invoices.void_invoice(made.id)
    assert shop.client.v1.customers.retrieve(shop.customer).balance == -500


def test_coupon_takes_its_share(shop: Any) -> None:
    shop.client.v1.coupons.create({"id": "HALF", "percent_off": 50})
    item(shop)
    assert draft(shop, discounts=[{"coupon": "HALF"}]).total == 1000
