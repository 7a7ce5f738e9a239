"""Subscriptions as a provider tells them, and the doors that follow."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lms import db
from lms.access import services as access
from lms.access.services import GrantView, NextStep, Reason, Thing
from lms.commerce import services as commerce
from lms.commerce.events import SubscriptionChanged
from lms.commerce.services import OrderView, SubscriptionState
from lms.extend import On
from lms.host import registry
from lms.testing.sites import TestSite

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop

DAY = timedelta(days=1)


@pytest.fixture
def order(shop: Shop) -> OrderView:
    """A monthly order whose first payment is there."""
    return shop.paid(shop.order(shop.monthly))


@pytest.fixture
def told(site: TestSite) -> list[SubscriptionChanged]:
    """What listeners hear."""
    heard: list[SubscriptionChanged] = []
    current = registry.current()
    current._add(On(SubscriptionChanged, heard.append, plugin="commerce"))
    current._listeners.clear()
    return heard


def only_grant(shop: Shop) -> GrantView:
    (grant,) = access.grants_of(shop.anna.id)
    return grant


def test_a_running_subscription_opens_until_its_period_and_two_days(
    both_databases: str, shop: Shop, order: OrderView
) -> None:
    shop.subscribed(order)
    end = shop.now + 32 * DAY
    assert shop.door(end - timedelta(seconds=1)).allowed
    assert shop.door(end).reason is Reason.ENDED


def test_a_provider_whose_clock_is_ahead_keeps_nobody_waiting(shop: Shop, order: OrderView) -> None:
    shop.subscribed(order, started_at=shop.now + timedelta(minutes=3))
    assert shop.door().allowed


def test_a_renewal_moves_the_end_of_the_same_grant(shop: Shop, order: OrderView) -> None:
    shop.subscribed(order)
    first = only_grant(shop)
    shop.subscribed(order, period_end=shop.now + 60 * DAY)
    assert (only_grant(shop).id, only_grant(shop).ends_at) == (first.id, shop.now + 62 * DAY)


def test_the_same_fact_twice_is_one_grant_one_history_line_one_event(
    both_databases: str, site: TestSite, shop: Shop, order: OrderView, told: list[SubscriptionChanged]
) -> None:
    for _ in range(3):
        made = shop.subscribed(order)
        site.commit()
    assert len(access.history(only_grant(shop).id)) == 1
    assert told == [SubscriptionChanged(made.id, shop.anna.id, "", "active")]


def test_eight_workers_with_one_fact_make_one_grant(
    both_databases: str, site: TestSite, shop: Shop, order: OrderView
) -> None:
    db.commit()
    ready, errors = threading.Barrier(8), []

    def work() -> None:
        try:
            with site.app.app_context():
                ready.wait(timeout=20)
                with db.writes():
                    shop.subscribed(order)
        except Exception as error:  # a thread's exception is lost unless it is carried out
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    db.rollback()
    assert errors == []
    assert len(access.history(only_grant(shop).id)) == 1


def test_a_planned_end_is_kept_until_it_is_taken_back(shop: Shop, order: OrderView) -> None:
    end = shop.now + 30 * DAY
    ending = shop.subscribed(order, cancel_at=end)
    assert (ending.ends_on, ending.next_charge, shop.door().until) == (end, None, end)
    running = shop.subscribed(order)
    assert (running.ends_on, running.next_charge, shop.door().until) == (None, end, end + 2 * DAY)


@pytest.mark.feature("B-12")
def test_a_failed_charge_leaves_days_of_grace_then_asks_for_a_card(shop: Shop, order: OrderView) -> None:
    unpaid = shop.subscribed(order, "past_due", past_due_since=shop.now)
    assert unpaid.open_until == shop.now + 7 * DAY
    assert shop.door(shop.now + 7 * DAY - timedelta(seconds=1)).allowed
    shut = shop.door(shop.now + 7 * DAY)
    assert (shut.allowed, shut.reason, shut.next_step) == (False, Reason.SUSPENDED, NextStep.PAY)


def test_the_days_of_grace_do_not_begin_again_with_each_reading(shop: Shop, order: OrderView) -> None:
    first = shop.subscribed(order, "past_due")
    shop.now += 3 * DAY
    assert shop.subscribed(order, "past_due").open_until == first.open_until


@pytest.mark.feature("B-12")
def test_a_payment_opens_at_once_what_was_suspended(shop: Shop, order: OrderView) -> None:
    shop.subscribed(order, "suspended")
    assert shop.door().reason is Reason.SUSPENDED
    shop.subscribed(order)
    assert shop.door().allowed


def test_the_end_shuts_the_door_with_a_way_to_renew(shop: Shop, order: OrderView) -> None:
    shop.subscribed(order)
    ended = shop.subscribed(order, "ended", ended_at=shop.now)
    shut = shop.door()
    assert (ended.is_running, ended.ends_on) == (False, shop.now)
    assert (shut.reason, shut.next_step, shut.until) == (Reason.ENDED, NextStep.RENEW, shop.now)


@pytest.mark.parametrize("state", ["pending", "ended"])
def test_what_never_began_makes_no_grant(shop: Shop, state: str) -> None:
    shop.subscribed(shop.order(shop.monthly), state)
    assert shop.door().reason is Reason.NO_GRANT


def test_what_never_began_is_not_on_the_billing_page(shop: Shop) -> None:
    shop.subscribed(shop.order(shop.monthly), "pending")
    assert commerce.subscriptions_of(shop.anna.id) == ()


def test_a_trial_opens_without_any_payment(shop: Shop) -> None:
    order = shop.order(shop.offer(kind="subscription", amount=900, interval="month", trial_days=14))
    shop.paid(order, subtotal=0, total=0)
    trial = shop.subscribed(order, "trialing", trial_end=shop.now + 14 * DAY)
    assert (trial.next_charge, shop.door().until) == (shop.now + 14 * DAY, shop.now + 16 * DAY)


@pytest.mark.parametrize("first", ["order", "subscription"])
def test_while_the_money_is_on_its_way_nothing_opens_whoever_tells_first(shop: Shop, first: str) -> None:
    order = shop.order(shop.monthly)
    steps = [
        lambda: commerce.record_order_state(order.id, "awaiting"),
        lambda: shop.subscribed(order),
    ]
    for step in steps if first == "order" else reversed(steps):
        step()
    assert not shop.door().allowed
    shop.paid(order)
    assert shop.door().allowed


def test_a_first_payment_that_fails_opens_nothing_even_if_the_subscription_runs(shop: Shop) -> None:
    order = shop.order(shop.monthly)
    shop.subscribed(order)
    commerce.record_order_state(order.id, "awaiting")
    commerce.record_order_state(order.id, "failed")
    shop.subscribed(order)
    assert not shop.door().allowed


def test_the_fact_may_come_before_the_payment_or_after(shop: Shop) -> None:
    order = shop.order(shop.monthly)
    shop.subscribed(order)
    shop.paid(order)
    assert len(access.history(only_grant(shop).id)) == 1


def test_another_plan_of_the_same_product_keeps_the_grant(shop: Shop, order: OrderView) -> None:
    shop.subscribed(order)
    yearly = shop.offer(kind="subscription", amount=9000, interval="year")
    changed = shop.subscribed(order, offer_id=yearly.id, period_end=shop.now + 365 * DAY)
    assert (changed.offer, only_grant(shop).ends_at) == (yearly, shop.now + 367 * DAY)


def test_a_plan_of_another_product_shuts_the_old_one(shop: Shop, order: OrderView) -> None:
    shop.subscribed(order)
    everything = access.create_product(slug="all", name="All", items=[("everything", None)])
    other = shop.offer(product_id=everything.id, kind="subscription", amount=1900, interval="month")
    shop.subscribed(order, offer_id=other.id)
    assert not access.decide_product(shop.anna.id, shop.product_id, shop.now).allowed
    assert access.decide_product(shop.anna.id, everything.id, shop.now).allowed


@pytest.mark.parametrize("wrong", ["person", "order"])
def test_a_subscription_never_changes_hands(shop: Shop, order: OrderView, wrong: str) -> None:
    shop.subscribed(order)
    stranger = shop.person()
    theirs: dict[str, Any] = {"person_id": stranger.id}
    if wrong == "order":
        theirs["order_id"] = shop.order(shop.monthly, stranger).id
    with pytest.raises(ValueError, match="somebody else"):
        shop.subscribed(order, provider_ref=f"sub-{order.number}", **theirs)
    db.rollback()


def test_a_bought_course_outlives_the_membership(shop: Shop, order: OrderView) -> None:
    shop.paid(commerce.place_order(shop.person().id, shop.once.id, "bank", shop.now))
    shop.subscribed(order)
    access.set_grant(
        person_id=shop.anna.id, product_id=shop.product_id, source="manual", source_ref="", state="active",
        actor_id=shop.person("owner").id,
    )  # fmt: skip
    shop.subscribed(order, "ended", ended_at=shop.now)
    assert shop.door().allowed


def test_the_running_subscription_is_found_by_offer_and_product(shop: Shop, order: OrderView) -> None:
    made = shop.subscribed(order)
    assert commerce.running_subscription(shop.anna.id, offer_id=shop.monthly.id) == made
    assert commerce.running_subscription(shop.anna.id, product_id=shop.product_id) == made
    assert commerce.running_subscription(shop.anna.id, offer_id=shop.once.id) is None
    shop.subscribed(order, "ended")
    assert commerce.running_subscription(shop.anna.id) is None


def test_a_subscription_made_elsewhere_needs_no_order(shop: Shop) -> None:
    order = shop.order(shop.monthly)
    made = shop.subscribed(order, order_id=None, provider_ref="imported")
    assert (made.order_id, made.state) == (None, SubscriptionState.ACTIVE)
    assert access.decide(shop.anna, Thing(shop.course_id), shop.now).allowed
