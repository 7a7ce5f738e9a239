"""Charges that a buyer's bank disputes, and charges that rest: what Stripe says is what is open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from lms_stripe import facts
from lms_stripe.models import ConnectionRow

from lms.api import commerce, db


def of_statuses() -> list[tuple[str, str | None]]:
    """STRIPE.md, section 8, and a word of next year."""
    told = {"needs_response": "open", "under_review": "open", "won": "won", "lost": "lost", "prevented": "lost"}
    told |= {f"appeal_{word}": "open" for word in ("needs_response", "under_review")}
    told |= {"warning_needs_response": "inquiry", "warning_under_review": "inquiry", "warning_closed": "closed"}
    return [*told.items(), ("a_word_of_next_year", None)]


@pytest.mark.parametrize(("status", "state"), of_statuses())
def test_a_disputes_status_is_a_state_that_no_provider_owns(status: str, state: str | None) -> None:
    value = {"id": "dp_1", "amount": 4900, "status": status, "reason": "fraudulent", "created": 1_800_000_000}
    opened = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    assert facts.read_dispute(value) == facts.DisputeReading("dp_1", 4900, status, state, "fraudulent", opened)


def test_pitfall_28_a_dispute_rests_what_it_paid_won_restores_it_and_nobody_elses_moves(connected: Any) -> None:
    stage, running = connected, connected.simulator.running
    offer = stage.offer("one_time")
    anna, berta = stage.make.person(), stage.make.person()
    intents = []
    for person in (anna, berta):
        stage.buy(person, offer)
        intents.append(stage.simulator.stripe().v1.payment_intents.list({"limit": 1}).data[0].id)
    stage.deliver()
    dispute = running.dispute(intents[0])["id"]
    stage.deliver()
    assert (stage.is_in(anna, offer), stage.is_in(berta, offer)) == (False, True)
    running.decide(dispute, "won")
    stage.deliver()
    assert (stage.is_in(anna, offer), stage.is_in(berta, offer)) == (True, True)


def test_an_inquiry_shuts_nothing_until_it_becomes_a_dispute(connected: Any) -> None:
    stage, running = connected, connected.simulator.running
    person, offer = stage.make.person(), stage.offer("one_time")
    stage.buy(person, offer)
    stage.deliver()
    intent = stage.simulator.stripe().v1.payment_intents.list().data[0].id
    dispute = running.dispute(intent, status="warning_needs_response")["id"]
    stage.deliver()
    assert stage.is_in(person, offer)
    running.decide(dispute, "escalate")
    stage.deliver()
    assert not stage.is_in(person, offer)


def test_a_dispute_of_one_months_charge_rests_the_subscription_and_a_later_charge_opens_what_was_lost(
    connected: Any,
) -> None:
    stage, running = connected, connected.simulator.running
    person, offer, _subscription = stage.subscribe()
    intent = stage.simulator.stripe().v1.payment_intents.list().data[0].id
    dispute = running.dispute(intent)["id"]
    stage.deliver()
    assert not stage.is_in(person, offer)
    running.decide(dispute, "lost")
    stage.deliver()
    assert not stage.is_in(person, offer)
    stage.simulator.advance(days=32)
    stage.deliver()
    assert stage.is_in(person, offer)


@pytest.mark.parametrize(("closes", "is_open"), [(False, True), (True, False)])
def test_while_charges_pause_the_offer_says_whether_its_courses_stay_open(
    connected: Any, closes: bool, is_open: bool
) -> None:
    person, offer, subscription_id = connected.subscribe(pause_closes=closes)
    stripe = connected.simulator.stripe()
    stripe.v1.subscriptions.update(subscription_id, {"pause_collection": {"behavior": "void"}})
    connected.deliver()
    assert connected.is_in(person, offer) is is_open
    (told,) = commerce.subscriptions_of(person.id)
    assert (told.state, told.collection_paused) == ("active", True)
    stripe.v1.subscriptions.update(subscription_id, {"pause_collection": ""})
    connected.deliver()
    assert connected.is_in(person, offer)
    assert db.session.query(ConnectionRow).one().status == "active"
