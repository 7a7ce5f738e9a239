"""Refunds: most arrive at once, some wait, some fail later and give the charge back what they took.

https://docs.stripe.com/refunds#failed-refunds
"""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator.agenda import happening
from lms_stripe_simulator.billing.instruments import of_method
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

DAY = 86_400
DECIDED_AFTER = 2 * DAY
"""When a refund that waits arrives, and one that will fail does so. The length is our assumption."""
OPEN = ("pending", "requires_action")


def refund(scope: Scope, charge: Object, amount: int, *, reason: str | None, metadata: Object) -> Object:
    """Give money back; the amount has been checked."""
    method = scope.find(charge["payment_method"] or "", "payment_method") or {}
    behaviour = of_method(method)
    waits = behaviour == "refunds_late"
    made = blank(
        "refund",
        id=new_id("re"),
        amount=amount,
        charge=charge["id"],
        created=scope.now,
        currency=charge["currency"],
        customer=charge["customer"],
        destination_details=_destination(charge, waits=waits),
        metadata=metadata,
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        pending_reason="processing" if waits else None,
        reason=reason,
        status="pending" if waits else "succeeded",
    )
    scope.add(made)
    if waits or behaviour == "refunds_fail":
        scope.schedule(scope.now + DECIDED_AFTER, "refund.decide", made["id"])
    scope.emit("refund.created", made)
    _count(scope, charge, amount)
    return made


def _destination(charge: Object, *, waits: bool) -> Object:
    if charge["payment_method_details"]["type"] != "card":
        return {"type": charge["payment_method_details"]["type"]}
    state = {"reference_status": "pending" if waits else "available", "reference_type": "acquirer_reference_number"}
    return {"card": {"type": "refund"} | state, "type": "card"}


def _count(scope: Scope, charge: Object, amount: int) -> None:
    """Let a charge know that so much more of it has been given back; a negative amount comes back to it."""
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    refunded = charge["amount_refunded"] + amount
    scope.change(charge, amount_refunded=refunded, refunded=refunded == charge["amount"])
    previous = {name: old for name, old in before.items() if old != charge[name]}
    scope.emit("charge.refunded" if amount > 0 else "charge.updated", charge, previous)


def arrive(scope: Scope, found: Object) -> None:
    """Let a pending refund arrive."""
    scope.unschedule("refund.decide", found["id"])
    _change(scope, found, status="succeeded", pending_reason=None)


def fail(scope: Scope, found: Object, reason: str = "lost_or_stolen_card") -> None:
    """Let a refund fail: its amount belongs to the charge again."""
    _undo(scope, found, status="failed", failure_reason=reason, pending_reason=None)
    scope.emit("refund.failed", found)


def cancel(scope: Scope, found: Object) -> None:
    """Take a refund back that has not arrived."""
    _undo(scope, found, status="canceled", pending_reason=None)


def _undo(scope: Scope, found: Object, **changes: Any) -> None:
    scope.unschedule("refund.decide", found["id"])
    _change(scope, found, **changes)
    _count(scope, scope.known(found["charge"], "charge"), -found["amount"])


def _change(scope: Scope, found: Object, **changes: Any) -> None:
    before = {name: found[name] for name in changes}
    scope.change(found, **changes)
    previous = {name: old for name, old in before.items() if old != found[name]}
    scope.emit("refund.updated", found, previous)
    scope.emit("charge.refund.updated", found, previous)


@happening("refund.decide", "refund")
def _decide(scope: Scope, found: Object) -> None:
    method = scope.find(found["payment_method"] or "", "payment_method") or {}
    if of_method(method) == "refunds_fail" and found["status"] != "failed":
        fail(scope, found)
    elif found["status"] in OPEN:
        arrive(scope, found)
