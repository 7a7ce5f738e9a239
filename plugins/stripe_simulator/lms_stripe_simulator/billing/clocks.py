"""Test clocks: customers who live by a time of their own. https://docs.stripe.com/billing/testing/test-clocks"""

from __future__ import annotations

from lms_stripe_simulator import agenda
from lms_stripe_simulator.billing import subscriptions
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

KIND = "test_helpers.test_clock"
LIVES_FOR = 30 * 86_400


def create(scope: Scope, frozen_time: int, name: str | None) -> Object:
    """Store a test clock that stands at a time (UTC seconds)."""
    clock = {
        "id": new_id("clock"),
        "object": KIND,
        "created": scope.now,
        "deletes_after": scope.now + LIVES_FOR,
        "frozen_time": frozen_time,
        "livemode": scope.livemode,
        "name": name,
        "status": "ready",
        "status_details": {},
    }
    scope.add(clock)
    scope.emit(f"{KIND}.created", clock)
    return clock


def advance(scope: Scope, clock: Object, target: int) -> Object:
    """Let a clock reach a time, with everything that is due on the way; return it as it was while it did."""
    details = {"advancing": {"target_frozen_time": target}}
    scope.change(clock, status="advancing", status_details=details)
    scope.emit(f"{KIND}.advancing", clock)
    shown = dict(clock)
    agenda.run_until(scope.state, target, clock["id"])
    scope.change(clock, status="ready", status_details={}, frozen_time=target)
    scope.emit(f"{KIND}.ready", clock)
    return shown


def delete(scope: Scope, clock: Object) -> None:
    """Forget a clock; its customers are deleted, and their subscriptions end."""
    for customer in list(scope.each("customer")):
        if customer["test_clock"] == clock["id"] and not customer.get("_deleted"):
            scope.clock = clock["id"]
            delete_customer(scope, customer)
    scope.clock = ""
    scope.remove(clock)
    scope.state.write("DELETE FROM agenda WHERE clock = ?", clock["id"])
    scope.emit(f"{KIND}.deleted", clock)


def delete_customer(scope: Scope, customer: Object) -> None:
    """Delete a customer; its subscriptions end at once."""
    for subscription in scope.each("subscription", customer=customer["id"]):
        if subscription["status"] not in subscriptions.OVER:
            subscriptions.end(scope, subscription, "cancellation_requested")
    scope.emit("customer.deleted", customer)
    scope.change(customer, _deleted=True)
