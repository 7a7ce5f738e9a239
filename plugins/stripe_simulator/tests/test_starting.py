"""Subscriptions that a program begins, and the ways in which their first payment goes."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

DAY, HOUR = 86_400, 3_600


@pytest.fixture
def buyer(shop: Any) -> Any:
    """Makes customers whose default is one of Stripe's test cards."""

    def make(card: str = "pm_card_visa") -> str:
        settings = {"default_payment_method": card}
        return str(shop.client.v1.customers.create({"payment_method": card, "invoice_settings": settings}).id)

    return make


def start(shop: Any, customer: str, **changes: Any) -> Any:
    params = {"customer": customer, "items": [{"price": shop.monthly}]} | changes
    return shop.client.v1.subscriptions.create({n: v for n, v in params.items() if v is not None})


def test_paid_subscription_is_active(shop: Any, buyer: Any) -> None:
    found = start(shop, buyer(), metadata={"order": "7"}, expand=["latest_invoice.payments"])
    assert (found.status, found.latest_invoice.status, found.metadata.to_dict()) == ("active", "paid", {"order": "7"})
    assert found.latest_invoice.billing_reason == "subscription_create"


@pytest.mark.parametrize(
    ("card", "behaviour", "status"),
    [
        ("pm_card_chargeCustomerFail", "allow_incomplete", "incomplete"),
        ("pm_card_authenticationRequired", "allow_incomplete", "incomplete"),
        ("pm_card_visa", "default_incomplete", "incomplete"),
    ],
)
def test_unpaid_subscription_is_incomplete_and_expires_after_23_hours(
    simulator: Any, shop: Any, buyer: Any, card: str, behaviour: str, status: str
) -> None:
    found = start(shop, buyer(card), payment_behavior=behaviour)
    assert found.status == status
    simulator.advance(22 * HOUR)
    assert shop.subscription(found.id).status == status
    simulator.advance(2 * HOUR)
    assert shop.subscription(found.id).status == "incomplete_expired"
    assert shop.client.v1.invoices.retrieve(found.latest_invoice).status == "void"


def test_incomplete_subscription_becomes_active_once_paid(simulator: Any, shop: Any, buyer: Any) -> None:
    customer = buyer("pm_card_chargeCustomerFail")
    found = start(shop, customer)
    good = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    shop.client.v1.invoices.pay(found.latest_invoice, {"payment_method": good})
    simulator.advance(24 * HOUR)
    assert shop.subscription(found.id).status == "active"


def test_error_if_incomplete_leaves_nothing(shop: Any, buyer: Any) -> None:
    customer = buyer("pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        start(shop, customer, payment_behavior="error_if_incomplete")
    assert shop.client.v1.subscriptions.list({"status": "all"}).data == []
    assert shop.client.v1.invoices.list({"customer": customer}).data == []


def test_customer_without_a_card_is_refused(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        start(shop, shop.customer)


def test_trial_needs_no_card_and_announces_its_end(simulator: Any, shop: Any) -> None:
    found = start(shop, shop.customer, trial_period_days=7)
    assert found.status == "trialing"
    simulator.advance(4 * DAY + 60)
    assert len(shop.events("customer.subscription.trial_will_end")) == 1


@pytest.mark.parametrize(
    ("behaviour", "status"), [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")]
)
def test_trial_that_ends_without_a_card(simulator: Any, shop: Any, behaviour: str, status: str) -> None:
    settings = {"end_behavior": {"missing_payment_method": behaviour}}
    found = start(shop, shop.customer, trial_period_days=7, trial_settings=settings)
    simulator.advance(7 * DAY + 2 * HOUR)
    assert shop.subscription(found.id).status == status


def test_paused_trial_resumes_once_it_can_be_paid(simulator: Any, shop: Any) -> None:
    settings = {"end_behavior": {"missing_payment_method": "pause"}}
    found = start(shop, shop.customer, trial_period_days=7, trial_settings=settings)
    simulator.advance(7 * DAY + HOUR)
    v1 = shop.client.v1
    assert v1.subscriptions.resume(found.id).status == "paused"
    method = v1.payment_methods.attach("pm_card_visa", {"customer": shop.customer}).id
    v1.customers.update(shop.customer, {"invoice_settings": {"default_payment_method": method}})
    assert v1.subscriptions.resume(found.id).status == "active"
    assert sorted(i.status for i in shop.invoices()) == ["paid", "paid", "void"]


def test_instalments_end_at_their_date_without_proration(simulator: Any, shop: Any, buyer: Any) -> None:
    customer = buyer()
    found = start(shop, customer, metadata={"instalments": "3"})
    end = found["items"].data[0].current_period_end + 60 * DAY
    changed = shop.client.v1.subscriptions.update(found.id, {"cancel_at": end, "proration_behavior": "none"})
    assert changed.cancel_at == end
    simulator.advance(120 * DAY)
    invoices = shop.client.v1.invoices.list({"customer": customer}).data
    assert ([i.total for i in invoices], shop.subscription(found.id).status) == ([900] * 3, "canceled")


def test_coupons_and_extra_items_are_on_the_first_invoice(simulator: Any, shop: Any, buyer: Any) -> None:
    shop.client.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "once"})
    customer = buyer()
    start(shop, customer, discounts=[{"coupon": "HALF"}], add_invoice_items=[{"price": shop.once}])
    simulator.advance(32 * DAY)
    assert [i.total for i in shop.client.v1.invoices.list({"customer": customer}).data] == [900, 2900]


def test_later_anchor_makes_a_shorter_first_period(simulator: Any, shop: Any, buyer: Any) -> None:
    now = simulator.state()["clock"]["epoch"]
    found = start(shop, buyer(), billing_cycle_anchor=now + 15 * DAY, expand=["latest_invoice"])
    assert found["items"].data[0].current_period_end == now + 15 * DAY
    assert 400 <= found.latest_invoice.total <= 500


def test_sent_invoices_are_paid_by_hand_or_become_overdue(simulator: Any, shop: Any) -> None:
    found = start(shop, shop.customer, collection_method="send_invoice", days_until_due=14)
    invoice = shop.client.v1.invoices.retrieve(found.latest_invoice)
    assert (found.status, invoice.status, invoice.collection_method) == ("active", "open", "send_invoice")
    simulator.advance(15 * DAY)
    assert (shop.subscription(found.id).status, len(shop.events("invoice.overdue"))) == ("past_due", 1)
    shop.client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert shop.subscription(found.id).status == "active"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"items": None}, "items"),
    ({"items": [{"price": "price_none"}]}, "items[0][price]"),
    ({"items": [{"quantity": 1}]}, "items[0][price]"),
    ({"default_payment_method": "pm_none"}, "default_payment_method"),
    ({"trial_period_days": 731}, "trial_period_days"),
    ({"trial_end": 1}, "trial_end"),
    ({"collection_method": "send_invoice"}, "days_until_due"),
    ({"discounts": [{"coupon": "none"}]}, "discounts[0][coupon]"),
    ({"billing_cycle_anchor": 1}, "billing_cycle_anchor"),
    ({"transfer_data": {"destination": "acct_1"}}, "transfer_data"),
]


@pytest.mark.parametrize(
    ("change", "param"), WRONG, ids=[str(next(iter(c))) + str(n) for n, (c, _) in enumerate(WRONG)]
)
def test_subscription_refuses(shop: Any, change: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        start(shop, shop.customer, **change)
    assert caught.value.param == param


def test_one_time_price_is_no_subscription(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="only accepts `type=recurring`"):
        start(shop, shop.customer, items=[{"price": shop.once}])
