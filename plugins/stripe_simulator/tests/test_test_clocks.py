"""Customers who live by a time of their own."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from lms_stripe_simulator import testing

DAY = 86_400
NOON = 1_900_000_000


@pytest.fixture
def clock(client: Any) -> Any:
    return client.v1.test_helpers.test_clocks.create({"frozen_time": NOON, "name": "Anna's year"})


def customer_on(shop: Any, clock: Any) -> str:
    made = shop.client.v1.customers.create(
        {
            "email": "anna@example.org",
            "test_clock": clock.id,
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    assert (made.test_clock, made.created) == (clock.id, NOON)
    return str(made.id)


def test_subscription_renews_by_its_test_clock_only(simulator: Any, shop: Any, clock: Any) -> None:
    v1 = shop.client.v1
    customer = customer_on(shop, clock)
    subscription = v1.subscriptions.create({"customer": customer, "items": [{"price": shop.monthly}]})
    assert (subscription.status, subscription.start_date, subscription.test_clock) == ("active", NOON, clock.id)
    simulator.advance(40 * DAY)
    assert len(v1.invoices.list({"customer": customer}).data) == 1
    told = v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": NOON + 32 * DAY})
    assert told.status == "advancing"
    ready = v1.test_helpers.test_clocks.retrieve(clock.id)
    assert (ready.status, ready.frozen_time) == ("ready", NOON + 32 * DAY)
    invoices = v1.invoices.list({"customer": customer}).data
    assert [invoice.status for invoice in invoices] == ["paid", "paid"]
    assert invoices[0].created == subscription["items"].data[0].current_period_end


def test_checkout_and_portal_live_by_the_clock_too(shop: Any, clock: Any) -> None:
    customer = customer_on(shop, clock)
    session = shop.session(customer=customer, subscription_data={"trial_period_days": 7})
    testing.pay_checkout(session.url)
    subscription = shop.client.v1.subscriptions.list({"customer": customer}).data[0]
    assert subscription.trial_end == NOON + 7 * DAY
    portal = shop.portal(customer=customer)
    testing.portal_cancel(portal.url)
    assert shop.subscription(subscription.id).cancel_at == NOON + 7 * DAY


def test_events_are_dated_by_the_simulators_clock(simulator: Any, shop: Any, clock: Any) -> None:
    customer_on(shop, clock)
    event = shop.events("customer.created")[-1]
    assert abs(event.created - simulator.state()["clock"]["epoch"]) < 10
    kinds = [kind for kind in shop.events() if kind.startswith("test_helpers")]
    assert kinds == ["test_helpers.test_clock.created"]


def test_lists_leave_customers_of_test_clocks_out_unless_asked(shop: Any, clock: Any) -> None:
    customer, v1 = customer_on(shop, clock), shop.client.v1
    assert customer not in [c.id for c in v1.customers.list().data]
    assert [c.id for c in v1.customers.list({"test_clock": clock.id}).data] == [customer]


def test_deleted_clock_takes_its_customers_along(shop: Any, clock: Any) -> None:
    customer, v1 = customer_on(shop, clock), shop.client.v1
    subscription = v1.subscriptions.create({"customer": customer, "items": [{"price": shop.monthly}]})
    assert v1.test_helpers.test_clocks.delete(clock.id).deleted is True
    assert v1.customers.retrieve(customer).deleted is True
    assert v1.subscriptions.retrieve(subscription.id).status == "canceled"


def test_clock_goes_forward_and_exists_in_test_mode_only(
    simulator: Any, client: Any, connecting: Any, clock: Any
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="must be after"):
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": NOON})
    with pytest.raises(stripe.InvalidRequestError, match="test mode"):
        connecting(simulator.key(mode="live")).v1.test_helpers.test_clocks.create({"frozen_time": NOON})
