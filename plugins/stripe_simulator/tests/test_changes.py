"""Changes in the middle of a period: what is credited, what is charged, when, and what waits for its payment."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from lms_stripe_simulator import testing

DAY = 86_400


@pytest.fixture
def dear(shop: Any) -> str:
    """A price of twice as much a month."""
    params = {"product": shop.product, "currency": "eur", "unit_amount": 1800, "recurring": {"interval": "month"}}
    return str(shop.client.v1.prices.create(params).id)


def halfway(simulator: Any, subscription: Any) -> None:
    """Move to the middle of the period."""
    end = subscription["items"].data[0].current_period_end
    simulator.advance((end - simulator.state()["clock"]["epoch"]) / 2)


def change(shop: Any, subscription: Any, price: str, **more: Any) -> Any:
    item = subscription["items"].data[0].id
    return shop.client.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": price}], **more})


def test_prorations_wait_for_the_next_invoice_unless_told_otherwise(simulator: Any, shop: Any, dear: str) -> None:
    subscription = shop.subscribe()
    halfway(simulator, subscription)
    change(shop, subscription, dear)
    assert len(shop.invoices()) == 1
    simulator.advance(17 * DAY)
    lines = [(line.amount, line.parent.subscription_item_details.proration) for line in shop.invoices()[0].lines.data]
    assert lines == [(1800, False), (-450, True), (900, True)]


def test_cheaper_plan_leaves_credit_that_later_invoices_use(simulator: Any, shop: Any, dear: str) -> None:
    subscription = shop.subscribe(price=dear)
    halfway(simulator, subscription)
    change(shop, subscription, shop.monthly, proration_behavior="always_invoice")
    invoice = shop.invoices()[0]
    assert (invoice.total, invoice.amount_due, invoice.status, invoice.ending_balance) == (-450, 0, "paid", -450)
    assert shop.client.v1.customers.retrieve(shop.customer).balance == -450
    simulator.advance(17 * DAY)
    renewal = shop.invoices()[0]
    assert (renewal.total, renewal.starting_balance, renewal.amount_due, renewal.amount_paid) == (900, -450, 450, 450)
    assert shop.client.v1.customers.retrieve(shop.customer).balance == 0


def test_proration_counts_what_was_paid_after_the_coupon(simulator: Any, shop: Any, dear: str) -> None:
    shop.client.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "forever"})
    subscription = shop.subscribe(discounts=[{"coupon": "HALF"}])
    halfway(simulator, subscription)
    change(shop, subscription, dear, proration_behavior="always_invoice")
    assert [line.amount for line in shop.invoices()[0].lines.data] == [-225, 450]


def test_items_are_added_changed_and_taken_away(simulator: Any, shop: Any, dear: str) -> None:
    subscription, v1 = shop.subscribe(), shop.client.v1
    added = v1.subscription_items.create({"subscription": subscription.id, "price": dear, "metadata": {"a": "1"}})
    assert (added.price.id, added.quantity, added.metadata.to_dict()) == (dear, 1, {"a": "1"})
    assert added.current_period_end == subscription["items"].data[0].current_period_end
    assert v1.subscription_items.update(added.id, {"quantity": 3}).quantity == 3
    assert len(v1.subscription_items.list({"subscription": subscription.id}).data) == 2
    assert v1.subscription_items.delete(added.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="at least one active item"):
        v1.subscription_items.delete(subscription["items"].data[0].id)
    simulator.advance(32 * DAY)
    assert [i.status for i in shop.invoices()] == ["paid", "paid"]


def test_change_that_is_not_paid_waits_until_it_is(simulator: Any, shop: Any, dear: str) -> None:
    subscription = shop.subscribe("declines_later")
    halfway(simulator, subscription)
    terms = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    waiting = change(shop, subscription, dear, **terms)
    assert (waiting.status, waiting["items"].data[0].price.id) == ("active", shop.monthly)
    assert waiting.pending_update.subscription_items[0].price.id == dear
    testing.fetch(shop.invoices()[0].hosted_invoice_url, {"method": "pays"})
    applied = shop.subscription(subscription.id)
    assert (applied.pending_update, applied["items"].data[0].price.id) == (None, dear)
    assert len(shop.events("customer.subscription.pending_update_applied")) == 1


def test_waiting_change_expires_after_23_hours(simulator: Any, shop: Any, dear: str) -> None:
    subscription = shop.subscribe("declines_later")
    halfway(simulator, subscription)
    terms = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    change(shop, subscription, dear, **terms)
    simulator.advance(DAY)
    found = shop.subscription(subscription.id)
    assert (found.pending_update, found["items"].data[0].price.id, found.status) == (None, shop.monthly, "active")
    assert shop.invoices()[0].status == "void"
    assert len(shop.events("customer.subscription.pending_update_expired")) == 1


def test_change_that_must_be_paid_is_undone_when_it_is_not(simulator: Any, shop: Any, dear: str) -> None:
    subscription = shop.subscribe("declines_later")
    halfway(simulator, subscription)
    terms = {"proration_behavior": "always_invoice", "payment_behavior": "error_if_incomplete"}
    with pytest.raises(stripe.CardError):
        change(shop, subscription, dear, **terms)
    assert shop.subscription(subscription.id)["items"].data[0].price.id == shop.monthly
    assert len(shop.invoices()) == 1


def test_preview_shows_what_a_change_would_cost_and_stores_nothing(simulator: Any, shop: Any, dear: str) -> None:
    subscription = shop.subscribe()
    halfway(simulator, subscription)
    before = shop.events()
    item = subscription["items"].data[0].id
    details = {"items": [{"id": item, "price": dear}], "proration_behavior": "always_invoice"}
    params = {"subscription": subscription.id, "subscription_details": details}
    found = shop.client.v1.invoices.create_preview(params)
    assert (found.total, found.status, found.id.startswith("upcoming_in_")) == (450, "draft", True)
    assert (shop.events(), len(shop.invoices())) == (before, 1)
    assert shop.subscription(subscription.id)["items"].data[0].price.id == shop.monthly


def test_preview_of_the_next_renewal_and_of_a_new_subscription(simulator: Any, shop: Any) -> None:
    subscription, v1 = shop.subscribe(), shop.client.v1
    end = subscription["items"].data[0].current_period_end
    renewal = v1.invoices.create_preview({"subscription": subscription.id})
    assert (renewal.total, renewal.created) == (900, end)
    details = {"items": [{"price": shop.monthly, "quantity": 2}]}
    fresh = v1.invoices.create_preview({"customer": shop.customer, "subscription_details": details})
    assert fresh.total == 1800
    v1.subscriptions.update(subscription.id, {"cancel_at": "min_period_end"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        v1.invoices.create_preview({"subscription": subscription.id})
    assert caught.value.code == "invoice_upcoming_none"


def test_renewal_is_announced_a_week_before(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    end = subscription["items"].data[0].current_period_end
    simulator.advance(end - 7 * DAY + 60 - simulator.state()["clock"]["epoch"])
    event = shop.events("invoice.upcoming")[0]
    assert (event.data.object.total, "id" in event.data.object) == (900, False)


def test_pause_credits_unused_time_on_the_next_invoice(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    halfway(simulator, subscription)
    shop.client.v1.subscriptions.pause(subscription.id)
    simulator.advance(60 * DAY)
    shop.client.v1.subscriptions.resume(subscription.id)
    assert [line.amount for line in shop.invoices()[0].lines.data] == [900, -450]


def test_pause_without_credit_lets_the_period_go_on(simulator: Any, shop: Any) -> None:
    subscription, v1 = shop.subscribe(), shop.client.v1
    v1.subscriptions.pause(subscription.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    simulator.advance(5 * DAY)
    back = v1.subscriptions.resume(subscription.id, {"billing_cycle_anchor": {"type": "unchanged"}})
    before, after = subscription["items"].data[0], back["items"].data[0]
    assert (back.status, after.current_period_end) == ("active", before.current_period_end)
    assert len(shop.invoices()) == 1


def test_end_at_once_can_credit_and_bill(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    halfway(simulator, subscription)
    ended = shop.client.v1.subscriptions.cancel(subscription.id, {"invoice_now": True, "prorate": True})
    invoice = shop.invoices()[0]
    assert (ended.status, invoice.total, invoice.status) == ("canceled", -450, "paid")
    assert shop.client.v1.customers.retrieve(shop.customer).balance == -450


def test_coupon_can_be_given_to_a_running_subscription_for_one_invoice(simulator: Any, shop: Any) -> None:
    shop.client.v1.coupons.create({"id": "STAY", "percent_off": 50, "duration": "once"})
    subscription = shop.subscribe()
    shop.client.v1.subscriptions.update(subscription.id, {"discounts": [{"coupon": "STAY"}]})
    simulator.advance(64 * DAY)
    assert [i.total for i in shop.invoices()] == [900, 450, 900]


def test_new_period_can_begin_now(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    halfway(simulator, subscription)
    shop.client.v1.subscriptions.update(subscription.id, {"billing_cycle_anchor": {"type": "now"}})
    assert [line.amount for line in shop.invoices()[0].lines.data] == [-450, 900]


@pytest.mark.parametrize("ending", ["unpaid", "paused"])
def test_each_account_has_its_own_end_of_retries(simulator: Any, shop: Any, ending: str) -> None:
    account = simulator.state()["accounts"][0]["id"]
    simulator.control("POST", "settings", {"retries_end": "canceled"})
    simulator.control("POST", "settings", {"retries_end": ending, "account": account})
    subscription = shop.subscribe("declines_later")
    simulator.advance(50 * DAY)
    assert shop.subscription(subscription.id).status == ending


def test_card_that_always_asks_stops_renewals_until_the_customer_comes(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe("4000002760003184")
    simulator.advance(31 * DAY + 7200)
    assert shop.subscription(subscription.id).status == "past_due"
    assert len(shop.events("invoice.payment_action_required")) == 1
    url = shop.invoices()[0].hosted_invoice_url
    asked = testing.fetch(url, {"method": "3ds"})
    assert "Confirm with your bank" in asked.text
    assert testing.fetch(url, {"method": "3ds", "authentication": "confirmed"}).status == 303
    assert shop.subscription(subscription.id).status == "active"
