"""What Stripe's objects mean, as a table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lms_stripe import events, facts

DAY = 86_400
NOON = 1_800_000_000


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def item(stripe_id: str = "si_1", start: int = NOON, end: int = NOON + 30 * DAY) -> dict[str, Any]:
    price = {"id": "price_1", "product": "prod_1"}
    return {"id": stripe_id, "price": price, "quantity": 1, "current_period_start": start, "current_period_end": end}


def subscription(**changes: Any) -> dict[str, Any]:
    made = {
        "id": "sub_1",
        "customer": "cus_1",
        "status": "active",
        "items": {"data": [item()]},
        "cancel_at": None,
        "cancel_at_period_end": False,
        "start_date": NOON,
        "metadata": {},
        "livemode": False,
    }
    return made | changes


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("trialing", "trialing"),
        ("active", "active"),
        ("past_due", "past_due"),
        ("unpaid", "suspended"),
        ("paused", "suspended"),
        ("incomplete", "pending"),
        ("incomplete_expired", "ended"),
        ("canceled", "ended"),
        ("a_word_of_next_year", None),
    ],
)
def test_each_status_has_its_state_and_an_unknown_one_has_none(status: str, state: str | None) -> None:
    assert facts.read_subscription(subscription(status=status)).state == state


def test_pitfall_08_the_period_ends_with_the_last_item_and_nothing_is_read_from_the_top() -> None:
    items = {"data": [item("si_1", NOON, NOON + 30 * DAY), item("si_2", NOON - DAY, NOON + 365 * DAY)]}
    reading = facts.read_subscription(subscription(items=items))
    assert (reading.period_start, reading.period_end) == (at(NOON - DAY), at(NOON + 365 * DAY))


def test_pitfall_08_a_subscription_without_items_has_no_period_and_raises_nothing() -> None:
    assert facts.read_subscription(subscription(items={"data": []})).period_end is None


@pytest.mark.parametrize(
    ("changes", "ends_on"),
    [
        ({}, None),
        ({"cancel_at": NOON + 5 * DAY}, at(NOON + 5 * DAY)),
        ({"cancel_at_period_end": True}, at(NOON + 30 * DAY)),
        ({"cancel_at": NOON + 60 * DAY, "cancel_at_period_end": True}, at(NOON + 30 * DAY)),
    ],
)
def test_it_ends_on_the_earlier_of_both_ways_to_cancel(changes: dict[str, Any], ends_on: datetime | None) -> None:
    assert facts.read_subscription(subscription(**changes)).ends_on == ends_on


@pytest.mark.parametrize("invoice_status", ["open", "draft"])
def test_a_first_invoice_that_is_not_paid_yet_opens_nothing(invoice_status: str) -> None:
    invoice = {"id": "in_1", "status": invoice_status, "billing_reason": "subscription_create", "created": NOON}
    assert facts.read_subscription(subscription(latest_invoice=invoice)).state == "pending"


def test_an_open_renewal_leaves_the_subscription_active() -> None:
    invoice = {"id": "in_2", "status": "open", "billing_reason": "subscription_cycle", "created": NOON}
    assert facts.read_subscription(subscription(latest_invoice=invoice)).state == "active"


def test_the_reason_of_a_pause_is_read_from_its_details() -> None:
    details = {"type": "subscription", "paused": {"subscription": {"type": "pause_requested"}}}
    assert facts.read_subscription(subscription(status="paused", status_details=details)).reason == "pause_requested"


def test_unpaid_time_begins_with_the_open_invoice_and_is_kept() -> None:
    invoice = {"id": "in_2", "status": "open", "billing_reason": "subscription_cycle", "created": NOON + DAY}
    reading = facts.read_subscription(subscription(status="past_due", latest_invoice=invoice))
    first = facts.past_due_since(reading, "active", None)
    assert first == at(NOON + DAY)
    later = facts.read_subscription(
        subscription(status="past_due", latest_invoice=invoice | {"id": "in_3", "created": NOON + 9 * DAY})
    )
    assert facts.past_due_since(later, "past_due", first) == first


def test_unpaid_time_is_over_with_the_status() -> None:
    reading = facts.read_subscription(subscription())
    assert facts.past_due_since(reading, "past_due", at(NOON)) is None


def session(**changes: Any) -> dict[str, Any]:
    made = {"id": "cs_1", "mode": "payment", "status": "complete", "payment_status": "paid", "metadata": {}}
    return made | changes


@pytest.mark.parametrize(
    ("status", "payment_status", "intent_status", "state"),
    [
        ("open", "unpaid", None, "open"),
        ("expired", "unpaid", None, "expired"),
        ("complete", "paid", "succeeded", "paid"),
        ("complete", "no_payment_required", None, "paid"),
        ("complete", "unpaid", "processing", "awaiting"),
        ("complete", "unpaid", None, "awaiting"),
        ("complete", "unpaid", "requires_payment_method", "failed"),
        ("complete", "unpaid", "canceled", "failed"),
        ("complete", "a_new_word", None, None),
        ("a_new_word", "paid", None, None),
    ],
)
def test_a_session_and_its_payment_say_how_the_order_stands(
    status: str, payment_status: str, intent_status: str | None, state: str | None
) -> None:
    intent = {"id": "pi_1", "status": intent_status} if intent_status else None
    reading = facts.read_checkout(session(status=status, payment_status=payment_status), intent)
    assert reading.state == state


def invoice(**changes: Any) -> dict[str, Any]:
    made = {
        "id": "in_1",
        "status": "paid",
        "amount_paid": 900,
        "subtotal": 900,
        "currency": "eur",
        "created": NOON,
        "status_transitions": {"paid_at": NOON + 5},
        "parent": {"subscription_details": {"subscription": "sub_1", "metadata": {"order": "7"}}},
        "metadata": {},
    }
    return made | changes


@pytest.mark.parametrize(
    ("changes", "is_money"),
    [
        ({}, True),
        ({"amount_paid": 0}, True),
        ({"amount_paid": 0, "subtotal": 0}, False),
        ({"status": "open"}, False),
    ],
)
def test_a_free_trial_is_no_payment_but_a_full_discount_is(changes: dict[str, Any], is_money: bool) -> None:
    assert facts.read_invoice(invoice(**changes)).is_money is is_money


def test_a_renewal_finds_its_order_in_the_metadata_of_the_subscription() -> None:
    reading = facts.read_invoice(invoice())
    assert (reading.subscription_id, reading.metadata) == ("sub_1", {"order": "7"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)
)


@given(st.dictionaries(st.sampled_from(["type", "object", "data", "related_object", "id"]), JSON))
def test_no_event_body_makes_the_reader_of_events_fail(body: dict[str, Any]) -> None:
    assert isinstance(events.tasks_of(body), list)
