"""What happened at Stripe while nobody listened for longer than Stripe keeps its events, and what finds it afterwards.

The connection was disconnected, or the site was down; then everything is looked over again, by itself or by Sync now.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import connections, health, leaving, polling, reconcile, simulator_clock
from lms_stripe.models import ReconcileRun
from sqlalchemy import func, select

from lms.api import clock, commerce, db

SETTINGS = "/admin/settings/stripe"


def press_sync_now(stage: Any, sign_in: Any) -> None:
    owner = sign_in(stage.make.person(role="owner"))
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', owner.get(SETTINGS).text)
    assert token
    action = f"/ext/stripe/connections/{connections.all_of_them()[0].id}/sync"
    db.rollback()
    assert owner.post(action, data={"csrf_token": token[1]}).status_code == 303


@pytest.fixture(params=["disconnected", "down"])
def away(request: pytest.FixtureRequest, connected: Any) -> Callable[[Callable[[], object]], None]:
    """``away(happens)``: something happens at Stripe, forty days go by, and then somebody listens again."""

    def leave(happens: Callable[[], object]) -> None:
        # What is known so far is known to the last event.
        reconcile.hourly()
        connected.work()
        if request.param == "disconnected":
            leaving.disconnect(connections.all_of_them()[0], actor_id=None)
        happens()
        connected.simulator.advance(days=40)
        simulator_clock.follow()
        if request.param == "disconnected":
            connected.connect()
        db.rollback()

    return leave


@pytest.fixture(params=["by_itself", "sync_now"])
def listen(request: pytest.FixtureRequest, connected: Any, sign_in: Any) -> Callable[[], None]:
    """Somebody looks: the hourly job, or the owner with a press."""

    def look() -> None:
        if request.param == "by_itself":
            reconcile.hourly()
        else:
            press_sync_now(connected, sign_in)
        connected.work()
        db.rollback()

    return look


def bought_once(stage: Any) -> tuple[Any, Any, str]:
    """A person who paid once: person, offer, id of the payment."""
    person, offer = stage.make.person(), stage.offer("one_time")
    session = stage.buy(person, offer)
    stage.deliver()
    assert stage.is_in(person, offer)
    found = stage.simulator.stripe().v1.checkout.sessions.retrieve(session)
    return person, offer, str(found.payment_intent)


# For what is found in the same way, one of the four ways there is enough.
once = [
    pytest.mark.parametrize("away", ["down"], indirect=True),
    pytest.mark.parametrize("listen", ["by_itself"], indirect=True),
]


def in_one_way(test: Any) -> Any:
    """Run the test after the site was down, and with the hourly job."""
    for mark in once:
        test = mark(test)
    return test


def test_a_refund_while_nobody_listened_shuts_the_door(connected: Any, away: Any, listen: Any) -> None:
    person, offer, intent = bought_once(connected)
    away(lambda: connected.simulator.stripe().v1.refunds.create({"payment_intent": intent}))
    listen()
    assert not connected.is_in(person, offer)
    drifted = db.session.scalar(select(ReconcileRun.drifted).order_by(ReconcileRun.drifted.desc()).limit(1))
    assert drifted == 1
    db.rollback()


def test_a_dispute_while_nobody_listened_shuts_the_door(connected: Any, away: Any, listen: Any) -> None:
    person, offer, intent = bought_once(connected)
    away(lambda: connected.simulator.running.dispute(intent))
    listen()
    assert not connected.is_in(person, offer)


def test_a_cancellation_while_nobody_listened_ends_the_subscription(connected: Any, away: Any, listen: Any) -> None:
    person, offer, subscription = connected.subscribe(interval="year", amount=9000)
    away(lambda: connected.simulator.stripe().v1.subscriptions.cancel(subscription))
    listen()
    assert not connected.is_in(person, offer)
    assert [each.state for each in commerce.subscriptions_of(person.id)] == ["ended"]
    db.rollback()


@in_one_way
def test_a_renewal_while_nobody_listened_is_booked_and_keeps_the_door_open(
    connected: Any, away: Any, listen: Any
) -> None:
    person, offer, _subscription = connected.subscribe()
    away(lambda: None)
    listen()
    assert connected.is_in(person, offer)
    assert payments() == 2


@in_one_way
def test_the_last_instalment_while_nobody_listened_makes_it_theirs_for_good(
    connected: Any, away: Any, listen: Any
) -> None:
    person, plan = connected.make.person(), connected.offer("instalments", instalments=2, interval="month", amount=1900)
    connected.buy(person, plan)
    connected.deliver()
    connected.deliver()
    # Long ago when the site listens again: the plan is over, and no event tells of it.
    away(lambda: connected.simulator.advance(days=40))
    listen()
    connected.work_after_a_rest()
    assert connected.is_in(person, plan)
    assert payments() == 2


@in_one_way
def test_a_refund_that_failed_while_nobody_listened_opens_the_door_again(
    connected: Any, away: Any, listen: Any
) -> None:
    person, offer, intent = bought_once(connected)
    refund = connected.simulator.stripe().v1.refunds.create({"payment_intent": intent})
    connected.deliver()
    assert not connected.is_in(person, offer)
    away(lambda: connected.simulator.running.end_refund(refund.id, "failed"))
    listen()
    assert connected.is_in(person, offer)


@in_one_way
def test_a_dispute_that_was_won_while_nobody_listened_opens_the_door_again(
    connected: Any, away: Any, listen: Any
) -> None:
    person, offer, intent = bought_once(connected)
    dispute = connected.simulator.running.dispute(intent)
    connected.deliver()
    assert not connected.is_in(person, offer)
    away(lambda: connected.simulator.running.decide(dispute["id"], "won"))
    listen()
    assert connected.is_in(person, offer)


def test_who_connects_again_need_not_wait_for_the_hour(connected: Any) -> None:
    person, offer, intent = bought_once(connected)
    reconcile.hourly()
    leaving.disconnect(connections.all_of_them()[0], actor_id=None)
    connected.simulator.stripe().v1.refunds.create({"payment_intent": intent})
    connected.simulator.advance(days=40)
    connected.connect()
    connected.work()
    assert not connected.is_in(person, offer)


def test_a_site_that_asks_for_events_every_five_minutes_finds_what_is_too_old_to_be_an_event(connected: Any) -> None:
    person, offer, intent = bought_once(connected)
    connections.change(connections.all_of_them()[0].id, delivery="polling")
    db.commit()
    polling.run()
    connected.simulator.stripe().v1.refunds.create({"payment_intent": intent})
    connected.simulator.advance(days=40)
    simulator_clock.follow()
    # Before the hourly look comes along.
    polling.run()
    connected.work()
    connected.work()
    assert not connected.is_in(person, offer)


def test_a_refund_that_nobody_told_of_is_found_at_night_and_shown_to_the_owner(connected: Any, sign_in: Any) -> None:
    person, offer, intent = bought_once(connected)
    refund = connected.simulator.stripe().v1.refunds.create({"payment_intent": intent})
    other = connected.simulator.stripe()
    charge = {"amount": 500, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"}
    of_another_product = other.v1.payment_intents.create(charge)
    other.v1.refunds.create({"payment_intent": of_another_product.id})
    # As after a backup that was put back: what happened counts as heard.
    connection = connections.all_of_them()[0]
    connections.change(connection.id, cursor=clock.now() + timedelta(minutes=20))
    db.commit()
    reconcile.nightly()
    run = db.session.scalars(select(ReconcileRun).where(ReconcileRun.kind == "money")).one()
    assert (run.drifted, run.foreign_objects) == (1, 1)
    assert health._nothing_drifts().state == "advice"
    connected.work()
    assert not connected.is_in(person, offer)
    page = sign_in(connected.make.person(role="owner")).get(f"/ext/stripe/connections/{connection.id}/drift").text
    assert "Payment of order" in page
    assert f"{refund.id}: we had –, Stripe had succeeded." in page
    reconcile.nightly()
    assert health._nothing_drifts().state == "good"


def test_a_failure_while_looking_leaves_the_long_time_to_be_looked_over_again(connected: Any) -> None:
    person, offer, intent = bought_once(connected)
    reconcile.hourly()
    connected.simulator.stripe().v1.refunds.create({"payment_intent": intent})
    connected.simulator.advance(days=300)
    simulator_clock.follow()
    connected.simulator.running.faults("500", "GET /v1/refunds")
    reconcile.hourly()
    connected.simulator.come_back()
    connected.work()
    assert connected.is_in(person, offer)
    reconcile.hourly()
    connected.work()
    assert not connected.is_in(person, offer)


def test_a_key_that_may_not_read_disputes_still_hears_the_events(connected: Any) -> None:
    """As one that was made before disputes were read: the connection says what to add, everything else goes on."""
    person, offer = connected.make.person(), connected.offer("one_time")
    reconcile.hourly()
    connected.connect(key=connected.simulator.key(deny=["dispute:read"]))
    connected.simulator.advance(days=40)
    simulator_clock.follow()
    connected.buy(person, offer)
    reconcile.hourly()
    connected.work()
    assert connected.is_in(person, offer)
    errors = dict(db.session.execute(select(ReconcileRun.kind, ReconcileRun.error).order_by(ReconcileRun.id)).all())
    db.rollback()
    assert "may not" in errors["replay"]
    assert errors["due"] == ""


def payments() -> int:
    table = db.Model.metadata.tables["commerce_payment"]
    found = db.session.scalar(select(func.count()).select_from(table))
    db.rollback()
    return int(found or 0)
