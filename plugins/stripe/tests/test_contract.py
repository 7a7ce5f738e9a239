"""Stripe keeps what every payment provider keeps; the simulator stands at the other end."""

from __future__ import annotations

from typing import Any

import pytest
from lms_stripe import client, connections, simulator_clock, sync
from lms_stripe.checkout import StripePayments
from lms_stripe.models import Checkout
from sqlalchemy import select

from lms.api import db
from lms.testing.payments import Hands, PaymentProviderContract


class StripeHands(Hands):
    """The buyer pays on the hosted page; the site is told by webhooks, and by buyers who come back."""

    provider = StripePayments()
    unsold = {"kind": "free", "amount": 0}

    def __init__(self, connected: Any) -> None:
        self.stage = connected
        self.paid: dict[int, str] = {}

    @property
    def stripe(self) -> Any:
        return self.stage.simulator.stripe()

    def open_payments(self) -> list[tuple[int, str]]:
        listed = self.stripe.v1.checkout.sessions.list({"limit": 100}).data
        return [(session.amount_total, session.currency) for session in listed if session.status == "open"]

    def pay(self, order: Any, address: str, way: str = "4242424242424242") -> None:
        self.stage.simulator.running.pay_checkout(address, way)
        self.paid[order.id] = self.stage.session_of(address)

    def pay_otherwise(self, order: Any, address: str, amount: int) -> None:
        # A program that copies our marks makes a session for our order, with its own idea of the price.
        ours = self.stripe.v1.checkout.sessions.retrieve(self.stage.session_of(address))
        price = {"currency": order.currency, "unit_amount": amount, "product_data": {"name": "Something"}}
        theirs = self.stripe.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "customer": ours.customer,
                "client_reference_id": ours.client_reference_id,
                "metadata": client.plain(ours.metadata),
                "line_items": [{"price_data": price, "quantity": 1}],
                "success_url": ours.success_url,
            }
        )
        self.pay(order, theirs.url)

    def pay_confusingly(self, order: Any, address: str) -> None:
        self.pay(order, address)
        for event in reversed(self.stage.undelivered()):
            self.stage.post(event)
            self.stage.work()

    def fail(self, order: Any, address: str) -> None:
        self.pay(order, address, "sepa_fails")
        self.stage.simulator.settle(self.paid[order.id], "failed")

    def refund(self, order: Any, amount: int) -> None:
        session = self.stripe.v1.checkout.sessions.retrieve(self.paid[order.id])
        self.stripe.v1.refunds.create({"payment_intent": session.payment_intent, "amount": amount})

    disputes: str = ""

    def dispute(self, order: Any) -> bool:
        session = self.stripe.v1.checkout.sessions.retrieve(self.paid[order.id])
        self.disputes = self.stage.simulator.running.dispute(session.payment_intent)["id"]
        return True

    def decide_dispute(self, outcome: str) -> None:
        self.stage.simulator.running.decide(self.disputes, outcome)

    def tell(self) -> None:
        self.stage.seen.clear()
        self.stage.deliver()
        # An event that was had before is not read again; a buyer who comes back has everything read anew.
        known = set(db.session.scalars(select(Checkout.session_id).where(Checkout.session_id.is_not(None))))
        connection_id = connections.selling().id
        db.commit()
        for session_id in sorted(known):
            sync.checkout(connection_id, session_id)
        db.commit()

    def go_down(self) -> None:
        self.stage.simulator.go_down()

    def come_back(self) -> None:
        self.stage.simulator.come_back()

    def wait(self, days: int) -> None:
        self.stage.simulator.advance(days=days)
        simulator_clock.follow()


class TestStripe(PaymentProviderContract):
    @pytest.fixture
    def hands(self, connected: Any) -> StripeHands:
        return StripeHands(connected)
