"""Refunds that arrive, wait, fail, or are taken back."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from lms_stripe_simulator import testing

DAY = 86_400


def refund(shop: Any, card: str, amount: int | None = None) -> Any:
    """Buy once with a card and refund it."""
    session = shop.session("payment")
    testing.pay_checkout(session.url, card)
    intent = shop.client.v1.checkout.sessions.retrieve(session.id).payment_intent
    params: dict[str, Any] = {"payment_intent": intent} | ({"amount": amount} if amount else {})
    return shop.client.v1.refunds.create(params)


def charge_of(shop: Any, found: Any) -> tuple[int, bool]:
    charge = shop.client.v1.charges.retrieve(found.charge)
    return charge.amount_refunded, charge.refunded


def test_late_refund_waits_and_arrives(simulator: Any, shop: Any) -> None:
    found = refund(shop, "4000000000007726")
    assert (found.status, found.pending_reason, charge_of(shop, found)) == ("pending", "processing", (4900, True))
    simulator.advance(2 * DAY + 60)
    assert shop.client.v1.refunds.retrieve(found.id).status == "succeeded"
    assert [k for k in shop.events() if "refund" in k] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
    ]


def test_failed_refund_gives_the_charge_its_money_back(simulator: Any, shop: Any) -> None:
    found = refund(shop, "4000000000005126", 900)
    assert (found.status, charge_of(shop, found)) == ("succeeded", (900, False))
    simulator.advance(2 * DAY + 60)
    failed = shop.client.v1.refunds.retrieve(found.id)
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    assert charge_of(shop, found) == (0, False)
    assert len(shop.events("refund.failed")) == 1
    event = shop.events("charge.updated")[-1]
    assert event.data.previous_attributes.to_dict() == {"amount_refunded": 900}


def test_waiting_refund_can_be_taken_back_once(shop: Any) -> None:
    found, v1 = refund(shop, "4000000000007726"), shop.client.v1
    assert (v1.refunds.cancel(found.id).status, charge_of(shop, found)) == ("canceled", (0, False))
    with pytest.raises(stripe.InvalidRequestError, match="canceled"):
        v1.refunds.cancel(found.id)


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "canceled"])
def test_a_person_decides_a_waiting_refund(simulator: Any, shop: Any, outcome: str) -> None:
    found = refund(shop, "4000000000007726")
    assert simulator.end_refund(found.id, outcome)["status"] == outcome
    simulator.advance(3 * DAY)
    assert shop.client.v1.refunds.retrieve(found.id).status == outcome


def test_refunds_metadata_changes_and_is_told(shop: Any) -> None:
    found = refund(shop, "4242424242424242")
    changed = shop.client.v1.refunds.update(found.id, {"metadata": {"order": "7"}})
    assert changed.metadata.to_dict() == {"order": "7"}
    assert len(shop.events("refund.updated")) == 1


def test_more_than_was_paid_is_refused(shop: Any) -> None:
    found = refund(shop, "4242424242424242", 4000)
    with pytest.raises(stripe.InvalidRequestError, match=r"greater than unrefunded amount on charge \(900\)"):
        shop.client.v1.refunds.create({"charge": found.charge, "amount": 901})


def test_refund_of_a_debit_on_its_way_is_refused(shop: Any) -> None:
    session = shop.session("payment")
    testing.pay_checkout(session.url, "sepa")
    intent = shop.client.v1.checkout.sessions.retrieve(session.id).payment_intent
    with pytest.raises(stripe.InvalidRequestError, match="has not been paid"):
        shop.client.v1.refunds.create({"payment_intent": intent})
