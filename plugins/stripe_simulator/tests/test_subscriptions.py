"""What happens to subscriptions when time passes, and when people change them."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from lms_stripe_simulator import testing
from lms_stripe_simulator.billing.periods import add

DAY, HOUR = 86_400, 3_600


def until_period_end(simulator: Any, subscription: Any) -> float:
    """Seconds from now to the end of the subscription's period."""
    return subscription["items"].data[0].current_period_end - simulator.state()["clock"]["epoch"]


def test_renewal_is_a_draft_for_an_hour_then_paid(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    end = subscription["items"].data[0].current_period_end
    simulator.advance(until_period_end(simulator, subscription) + 60)
    assert [invoice.status for invoice in shop.invoices()] == ["draft", "paid"]
    simulator.advance(HOUR)
    renewal = shop.invoices()[0]
    assert (renewal.status, renewal.billing_reason, renewal.created) == ("paid", "subscription_cycle", end)
    assert shop.subscription(subscription.id)["items"].data[0].current_period_start == end


def test_a_year_in_one_step_renews_twelve_times_each_at_its_own_time(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    simulator.advance(366 * DAY)
    renewals = [i for i in shop.invoices() if i.billing_reason == "subscription_cycle"]
    assert len(renewals) == 12
    created = [event.created for event in shop.events("invoice.created")]
    anchor = subscription.billing_cycle_anchor
    assert created[1:] == [add(anchor, "month", n, anchor=anchor) for n in range(1, 13)]


def test_events_come_in_order_of_simulated_time(simulator: Any, shop: Any) -> None:
    shop.subscribe()
    shop.subscribe(subscription_data={"trial_period_days": 5})
    simulator.advance(100 * DAY)
    created = [
        event.created for event in shop.events("invoice.created", "invoice.paid", "customer.subscription.updated")
    ]
    assert created == sorted(created)


def test_small_steps_and_one_long_step_end_alike(simulator: Any, shop: Any) -> None:
    first = shop.subscribe()
    for _ in range(40):
        simulator.advance(2 * DAY, deliver=False)
    second = shop.subscribe()
    renewals = [i.created for i in shop.invoices() if i.parent.subscription_details.subscription == first.id]
    simulator.advance(80 * DAY)
    again = [i.created for i in shop.invoices() if i.parent.subscription_details.subscription == second.id]
    assert len(renewals) == len(again) == 3


def test_cancel_at_period_end_by_name_sets_both_fields_and_ends_then(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    changed = shop.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    end = subscription["items"].data[0].current_period_end
    assert (changed.cancel_at_period_end, changed.cancel_at, changed.status) == (True, end, "active")
    simulator.advance(until_period_end(simulator, subscription) + 60)
    ended = shop.subscription(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", end)
    assert [invoice.status for invoice in shop.invoices()] == ["paid"]
    assert len(shop.events("customer.subscription.deleted")) == 1


def test_planned_end_can_be_taken_back(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    v1 = shop.client.v1
    v1.subscriptions.update(subscription.id, {"cancel_at": "min_period_end"})
    back = v1.subscriptions.update(subscription.id, {"cancel_at": ""})
    assert (back.cancel_at, back.canceled_at) == (None, None)
    simulator.advance(32 * DAY)
    assert shop.subscription(subscription.id).status == "active"


def test_lists_leave_ended_subscriptions_out_unless_asked(shop: Any) -> None:
    subscription = shop.subscribe()
    shop.client.v1.subscriptions.cancel(subscription.id)
    v1 = shop.client.v1
    assert v1.subscriptions.list().data == []
    assert [s.status for s in v1.subscriptions.list({"status": "all"}).data] == ["canceled"]
    assert len(v1.subscriptions.list({"status": "ended"}).data) == 1
    with pytest.raises(stripe.InvalidRequestError):
        v1.subscriptions.cancel(subscription.id)
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription can only update"):
        v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})


def test_update_event_says_what_was_there_before(shop: Any) -> None:
    subscription = shop.subscribe()
    shop.client.v1.subscriptions.update(subscription.id, {"metadata": {"a": "1"}})
    event = shop.events("customer.subscription.updated")[-1]
    assert event.data.previous_attributes.to_dict() == {"metadata": {}}
    assert event.request.id.startswith("req_")


def test_card_that_fails_later_leads_through_retries_to_the_end(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe("declines_later")
    simulator.advance(until_period_end(simulator, subscription) + HOUR + 60)
    failing = shop.subscription(subscription.id)
    invoice = shop.invoices()[0]
    assert (failing.status, invoice.status, invoice.attempt_count) == ("past_due", "open", 1)
    assert invoice.next_payment_attempt is not None
    simulator.advance(3 * DAY)
    assert shop.invoices()[0].attempt_count == 2
    simulator.advance(13 * DAY)
    ended = shop.subscription(subscription.id)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert (shop.invoices()[0].attempt_count, len(shop.events("invoice.payment_failed"))) == (4, 4)


@pytest.mark.parametrize("ending", ["unpaid", "past_due", "paused"])
def test_retries_end_as_the_account_is_set(simulator: Any, shop: Any, ending: str) -> None:
    simulator.control("POST", "settings", {"retries_end": ending})
    subscription = shop.subscribe("declines_later")
    simulator.advance(50 * DAY)
    assert shop.subscription(subscription.id).status == ending


def test_paying_the_open_invoice_restores(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe("declines_later")
    simulator.advance(until_period_end(simulator, subscription) + HOUR + 60)
    invoice = shop.invoices()[0]
    answer = testing.fetch(invoice.hosted_invoice_url, {"method": "pays"})
    assert answer.status == 303
    assert shop.client.v1.invoices.retrieve(invoice.id).status == "paid"
    assert shop.subscription(subscription.id).status == "active"


def test_declined_payment_of_an_invoice_is_a_402_and_leaves_its_trace(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe("declines_later")
    simulator.advance(until_period_end(simulator, subscription) + HOUR + 60)
    invoice = shop.invoices()[0]
    with pytest.raises(stripe.CardError) as caught:
        shop.client.v1.invoices.pay(invoice.id)
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")
    assert shop.client.v1.invoices.retrieve(invoice.id).attempt_count == 2


def test_void_invoice_cannot_be_paid(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe("declines_later")
    simulator.advance(until_period_end(simulator, subscription) + HOUR + 60)
    invoice = shop.client.v1.invoices.void_invoice(shop.invoices()[0].id)
    assert invoice.status == "void"
    with pytest.raises(stripe.InvalidRequestError, match="void"):
        shop.client.v1.invoices.pay(invoice.id)


def test_pause_takes_renewals_away_and_resume_begins_a_new_period(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    paused = shop.client.v1.subscriptions.pause(subscription.id)
    assert (paused.status, paused.status_details.paused.subscription.type) == ("paused", "pause_requested")
    simulator.advance(90 * DAY)
    assert len(shop.invoices()) == 1
    resumed = shop.client.v1.subscriptions.resume(subscription.id)
    assert (resumed.status, [i.status for i in shop.invoices()]) == ("active", ["paid", "paid"])
    assert len(shop.events("customer.subscription.paused", "customer.subscription.resumed")) == 2


@pytest.mark.parametrize(
    ("behaviour", "status"), [("void", "void"), ("mark_uncollectible", "uncollectible"), ("keep_as_draft", "draft")]
)
def test_paused_collection_treats_invoices_as_asked(simulator: Any, shop: Any, behaviour: str, status: str) -> None:
    subscription = shop.subscribe()
    shop.client.v1.subscriptions.update(subscription.id, {"pause_collection": {"behavior": behaviour}})
    simulator.advance(32 * DAY)
    assert (shop.invoices()[0].status, shop.subscription(subscription.id).status) == (status, "active")


def test_dearer_plan_is_prorated_at_once_where_asked(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    dear = shop.client.v1.prices.create(
        {"product": shop.product, "currency": "eur", "unit_amount": 1800, "recurring": {"interval": "month"}}
    )
    simulator.advance(until_period_end(simulator, subscription) / 2)
    item = subscription["items"].data[0].id
    changed = shop.client.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price": dear.id}], "proration_behavior": "always_invoice"}
    )
    invoice = shop.invoices()[0]
    assert changed["items"].data[0].price.id == dear.id
    assert (invoice.billing_reason, [line.amount for line in invoice.lines.data]) == (
        "subscription_update",
        [-450, 900],
    )


def test_other_interval_begins_a_new_period(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    yearly = shop.client.v1.prices.create(
        {"product": shop.product, "currency": "eur", "unit_amount": 9000, "recurring": {"interval": "year"}}
    )
    item = subscription["items"].data[0].id
    changed = shop.client.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": yearly.id}]})
    period = changed["items"].data[0]
    assert period.current_period_end - period.current_period_start in (365 * DAY, 366 * DAY)
    assert shop.invoices()[0].status == "paid"


def test_trial_can_be_ended_now(shop: Any) -> None:
    subscription = shop.subscribe(subscription_data={"trial_period_days": 30})
    ended = shop.client.v1.subscriptions.update(subscription.id, {"trial_end": "now"})
    assert ended.status == "active"


def test_deleting_the_customer_ends_subscriptions(shop: Any) -> None:
    subscription = shop.subscribe()
    shop.client.v1.customers.delete(shop.customer)
    assert shop.subscription(subscription.id).status == "canceled"


@given(day=st.integers(1, 31), months=st.integers(1, 48))
def test_months_keep_the_anchors_day(day: int, months: int) -> None:
    anchor = int(datetime(2026, 1, day, 12, 30, tzinfo=UTC).timestamp())
    moment = anchor
    for _ in range(months):
        moment = add(moment, "month", 1, anchor=anchor)
    found = datetime.fromtimestamp(moment, UTC)
    last = calendar.monthrange(found.year, found.month)[1]
    assert (found.day, found.hour, found.minute) == (min(day, last), 12, 30)
