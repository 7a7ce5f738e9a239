"""Disputes: how they begin, how they end, and what the site hears."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from lms_stripe_simulator import testing

DAY = 86_400


def paid(shop: Any, card: str = "4242424242424242") -> Any:
    """Buy once; return the charge."""
    session = shop.session("payment")
    testing.pay_checkout(session.url, card)
    done = shop.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    return done.payment_intent.latest_charge


def disputes(shop: Any) -> list[Any]:
    return list(shop.client.v1.disputes.list().data)


@pytest.mark.parametrize(
    ("card", "reason", "status"),
    [
        ("4000000000000259", "fraudulent", "needs_response"),
        ("4000000000002685", "product_not_received", "needs_response"),
        ("4000000000001976", "fraudulent", "warning_needs_response"),
    ],
)
def test_card_disputes_the_day_after(simulator: Any, shop: Any, card: str, reason: str, status: str) -> None:
    charge = paid(shop, card)
    assert (charge.disputed, disputes(shop)) == (False, [])
    simulator.advance(DAY + 60)
    found = disputes(shop)[0]
    assert (found.reason, found.status, found.charge, found.amount) == (reason, status, charge.id, 4900)
    assert shop.client.v1.charges.retrieve(charge.id).disputed is True
    told = [kind for kind in shop.events() if kind.startswith("charge.dispute")]
    inquiry = status.startswith("warning")
    assert told == ["charge.dispute.created"] + ([] if inquiry else ["charge.dispute.funds_withdrawn"])


@pytest.mark.parametrize(("evidence", "outcome"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_decides_by_its_words(simulator: Any, shop: Any, evidence: str, outcome: str) -> None:
    dispute = simulator.dispute(paid(shop).id)["id"]
    found = shop.client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": evidence}})
    assert (found.status, found.evidence.uncategorized_text) == (outcome, evidence)
    assert (found.evidence_details.submission_count, found.evidence_details.has_evidence) == (1, True)
    assert len(shop.events("charge.dispute.closed")) == 1
    assert len(shop.events("charge.dispute.funds_reinstated")) == (outcome == "won")


def test_evidence_can_be_kept_and_sent_later(simulator: Any, shop: Any) -> None:
    dispute, v1 = simulator.dispute(paid(shop).id)["id"], shop.client.v1
    kept = v1.disputes.update(dispute, {"evidence": {"customer_name": "Anna"}, "submit": False})
    assert (kept.status, kept.evidence_details.submission_count) == ("needs_response", 0)
    sent = v1.disputes.update(dispute, {"evidence": {"product_description": "A course"}})
    assert (sent.status, sent.evidence.customer_name) == ("under_review", "Anna")
    simulator.advance(31 * DAY)
    assert v1.disputes.retrieve(dispute).status == "won"


def test_silence_loses_after_nine_days(simulator: Any, shop: Any) -> None:
    dispute = simulator.dispute(paid(shop).id)["id"]
    simulator.advance(9 * DAY + 60)
    found = shop.client.v1.disputes.retrieve(dispute)
    assert (found.status, found.evidence_details.past_due) == ("lost", True)


def test_accepted_dispute_is_lost_and_closed_for_good(simulator: Any, shop: Any) -> None:
    dispute, v1 = simulator.dispute(paid(shop).id)["id"], shop.client.v1
    assert v1.disputes.close(dispute).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        v1.disputes.close(dispute)
    with pytest.raises(stripe.InvalidRequestError, match="takes no evidence"):
        v1.disputes.update(dispute, {"evidence": {"customer_name": "Anna"}})


def test_inquiry_escalates_or_is_closed(simulator: Any, shop: Any) -> None:
    first = simulator.dispute(paid(shop).id, status="warning_needs_response")["id"]
    escalated = shop.client.v1.disputes.update(first, {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}})
    assert (escalated.status, escalated.is_charge_refundable) == ("needs_response", False)
    second = simulator.dispute(paid(shop).id, status="warning_needs_response")["id"]
    assert shop.client.v1.disputes.close(second).status == "warning_closed"


def test_outcomes_can_be_chosen(simulator: Any, shop: Any) -> None:
    dispute = simulator.dispute(paid(shop).id)["id"]
    assert simulator.decide(dispute, "lost")["status"] == "lost"
    assert simulator.decide(dispute, "appeal")["status"] == "appeal_needs_response"
    assert simulator.decide(dispute, "won")["status"] == "won"
    with pytest.raises(ValueError, match="nothing else"):
        simulator.decide(dispute, "lost")


def test_prevented_dispute_is_closed_from_the_start(simulator: Any, shop: Any) -> None:
    found = simulator.dispute(paid(shop).id, status="prevented")
    assert (found["status"], found["payment_method_details"]["card"]["case_type"]) == ("prevented", "resolution")
    assert len(shop.events("charge.dispute.closed")) == 1


def test_disputed_charge_cannot_be_refunded_but_an_inquirys_can(simulator: Any, shop: Any) -> None:
    gone, asked = paid(shop), paid(shop)
    simulator.dispute(gone.id)
    simulator.dispute(asked.payment_intent, status="warning_needs_response")
    with pytest.raises(stripe.InvalidRequestError, match="charged back") as caught:
        shop.client.v1.refunds.create({"charge": gone.id})
    assert caught.value.code == "charge_disputed"
    assert shop.client.v1.refunds.create({"charge": asked.id}).status == "succeeded"


def test_nothing_that_was_never_paid_is_disputed(simulator: Any, shop: Any) -> None:
    charge = paid(shop)
    shop.client.v1.refunds.create({"charge": charge.id})
    with pytest.raises(ValueError, match="not refunded"):
        simulator.dispute(charge.id)
    with pytest.raises(ValueError, match="reason"):
        simulator.dispute(paid(shop).id, reason="boredom")
