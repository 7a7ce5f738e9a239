"""What is lost on the way is found again: dropped webhooks, sessions that nobody told about, drift."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import connections, health, polling, reconcile, simulator_clock
from lms_stripe.commands import stripe_group
from lms_stripe.models import Checkout, ReconcileRun, Subscription
from sqlalchemy import func, select, update

from lms.api import clock, db


def here() -> connections.Connection:
    db.rollback()
    found = connections.selling()
    assert found is not None
    db.rollback()
    return found


def runs(kind: str) -> list[ReconcileRun]:
    db.rollback()
    return list(db.session.scalars(select(ReconcileRun).where(ReconcileRun.kind == kind).order_by(ReconcileRun.id)))


def letters_to(person: Any) -> list[str]:
    mails = db.Model.metadata.tables["mail_message"]
    db.rollback()
    return sorted(db.session.scalars(select(mails.c.key).where(mails.c.recipient == person.email)))


def test_pitfall_36_webhooks_dropped_for_two_hours_are_healed_and_no_letter_comes_twice(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    connected.simulator.advance(hours=2)
    assert not connected.is_in(person, offer)
    reconcile.hourly()
    connected.work()
    assert connected.is_in(person, offer)
    assert runs("replay")[-1].drifted > 0
    written = letters_to(person)
    assert written
    connected.deliver()
    reconcile.hourly()
    connected.work()
    assert letters_to(person) == written
    assert runs("replay")[-1].drifted == 0


def test_a_subscription_that_changed_unheard_is_found_at_night_and_read_again(connected: Any) -> None:
    person, offer, subscription = connected.subscribe()
    connected.simulator.stripe().v1.subscriptions.cancel(subscription)
    connections.change(here().id, cursor=clock.now() + timedelta(minutes=20))
    db.commit()
    reconcile.nightly()
    assert (runs("everything")[-1].checked, runs("everything")[-1].drifted) == (1, 1)
    assert health._nothing_drifts().state == "advice"
    connected.work()
    assert not connected.is_in(person, offer)
    reconcile.nightly()
    assert runs("everything")[-1].drifted == 0
    assert health._nothing_drifts().state == "good"


def test_what_another_product_of_the_account_sells_is_counted_and_left_alone(connected: Any) -> None:
    stripe = connected.simulator.stripe()
    customer = stripe.v1.customers.create({"email": "other@example.org"})
    price = stripe.v1.prices.create(
        {"currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}, "product_data": {"name": "Other"}}
    )
    params = {"customer": customer.id, "items": [{"price": price.id}], "payment_behavior": "default_incomplete"}
    stripe.v1.subscriptions.create(params)
    reconcile.nightly()
    connected.work()
    assert (runs("everything")[-1].foreign_objects, runs("everything")[-1].drifted) == (1, 0)
    assert db.session.scalar(select(func.count(Subscription.id))) == 0


def test_a_session_that_nobody_told_about_is_read_after_half_an_hour(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer)
    reconcile.checkouts(here())
    connected.work()
    assert not connected.is_in(person, offer)
    an_hour_ago = clock.real_now() - timedelta(hours=1)
    db.session.execute(update(Checkout).values(created_at=an_hour_ago))
    db.commit()
    assert reconcile.checkouts(here()).checked == 1
    connected.work()
    assert connected.is_in(person, offer)


def test_a_renewal_that_nobody_told_about_is_read_before_access_ends(connected: Any) -> None:
    person, offer, _subscription = connected.subscribe()
    connected.simulator.advance(days=31)
    simulator_clock.follow()
    assert reconcile.due(here()).checked == 1
    connected.work()
    assert connected.is_in(person, offer)


def test_events_older_than_stripe_keeps_them_make_everything_be_looked_over(connected: Any) -> None:
    person, offer, _subscription = connected.subscribe()
    # As after a backup that was put back: no event is new, and what we know is old.
    known = here()
    db.session.execute(update(Subscription).values(status="incomplete"))
    connections.change(known.id, cursor=clock.now() - polling.KEPT - timedelta(days=3))
    db.commit()
    reconcile.ask(here(), "replay")
    # The subscription and its invoice.
    assert (runs("replay")[-1].checked, runs("replay")[-1].drifted) == (2, 1)
    connected.work()
    assert db.session.scalar(select(Subscription.status)) == "active"
    assert connected.is_in(person, offer)


def test_while_stripe_is_down_the_run_says_so_and_the_next_one_heals(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    connected.simulator.go_down()
    reconcile.hourly()
    assert "does not answer" in runs("replay")[-1].error
    connected.simulator.come_back()
    reconcile.hourly()
    connected.work()
    assert connected.is_in(person, offer)


def run(stage: Any, *words: str) -> Any:
    return stage.site.app.test_cli_runner().invoke(stripe_group, list(words))


def test_the_command_line_tells_how_it_stands_and_heals(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    db.rollback()
    told = run(connected, "status", "--json")
    assert told.exit_code == 0, told.output
    (only,) = json.loads(told.output)["connections"]
    assert (only["status"], only["mode"], only["selling"]) == ("active", "simulator", True)
    healed = run(connected, "sync", "--json")
    assert healed.exit_code == 0, healed.output
    assert json.loads(healed.output)["waiting"] == 0
    assert connected.is_in(person, offer)
    assert run(connected, "reconcile", "--everything").exit_code == 0
    assert "selling" in run(connected, "status").output


@pytest.mark.parametrize("state", ["degraded", "revoked"])
def test_the_command_ends_with_an_error_when_a_connection_needs_somebody(connected: Any, state: str) -> None:
    connections.degrade(here().id, "The key was revoked.", status=state)
    db.commit()
    told = run(connected, "status")
    assert told.exit_code == 1
    assert "The key was revoked." in told.output
