"""Refunds."""

from __future__ import annotations

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import refunds
from lms_stripe_simulator.expand import included
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.shapes import page
from lms_stripe_simulator.state import Object


@operation("POST", "/v1/refunds", params="RefundCreateParams", permission="charge")
def create_refund(call: Call) -> Object:
    """Give back all or some of a charge."""
    params, scope = call.params, call.scope
    rules.modelled(params, ("charge", "payment_intent", "amount", "reason", "metadata"), "refunds")
    rules.metadata(params.get("metadata"))
    rules.amount(params.get("amount"), "amount", least=1)
    charge = _charge(call)
    if charge["refunded"]:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not charge["paid"] or not charge["captured"]:
        raise invalid("This charge has not been paid, so it cannot be refunded.", "charge")
    if charge["disputed"] and _is_gone(scope, charge):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise invalid(message, code="charge_disputed")
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if amount > left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", "amount")
    return refunds.refund(scope, charge, amount, reason=params.get("reason"), metadata=params.get("metadata") or {})


def _is_gone(scope: Scope, charge: Object) -> bool:
    """Return whether a dispute has taken a charge's money."""
    found = (dispute for dispute in scope.each("dispute") if dispute["charge"] == charge["id"])
    return any(
        dispute["status"] not in ("won", "warning_closed") and not dispute["is_charge_refundable"] for dispute in found
    )


def _charge(call: Call) -> Object:
    params, scope = call.params, call.scope
    if "charge" in params:
        return scope.get("charge", params["charge"], "charge")
    if "payment_intent" not in params:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    intent = scope.get("payment_intent", params["payment_intent"], "payment_intent")
    if not intent["latest_charge"]:
        raise invalid("This PaymentIntent does not have a successful charge to refund.", "payment_intent")
    return scope.known(intent["latest_charge"], "charge")


@operation("GET", "/v1/refunds/{refund}", params="RefundRetrieveParams", permission="charge")
def retrieve_refund(call: Call) -> Object:
    """Return a refund."""
    return call.target("refund", "refund")


@operation("GET", "/v1/refunds", params="RefundListParams", permission="charge")
def list_refunds(call: Call) -> Object:
    """List refunds by charge or payment intent."""
    wanted = {name: call.params[name] for name in ("charge", "payment_intent") if name in call.params}
    found = call.scope.each("refund")
    return call.page(refund for refund in found if all(refund[name] == value for name, value in wanted.items()))


@operation("POST", "/v1/refunds/{refund}", params="RefundUpdateParams", permission="charge")
def update_refund(call: Call) -> Object:
    """Change a refund's metadata."""
    rules.metadata(call.params.get("metadata"))
    refund = call.target("refund", "refund")
    metadata = rules.merged(refund["metadata"], call.params.get("metadata"))
    before = {"metadata": refund["metadata"]}
    call.scope.change(refund, metadata=metadata)
    for kind in ("refund.updated", "charge.refund.updated"):
        call.scope.emit(kind, refund, before)
    return refund


@operation("POST", "/v1/refunds/{refund}/cancel", params="RefundCancelParams", permission="charge")
def cancel_refund(call: Call) -> Object:
    """Take back a refund that has not arrived."""
    refund = call.target("refund", "refund")
    if refund["status"] not in refunds.OPEN:
        raise invalid(f"A refund with the status {refund['status']} cannot be canceled.", "refund")
    refunds.cancel(call.scope, refund)
    return refund


@included("charge", "refunds")
def _refunds(scope: Scope, charge: Object) -> Object:
    found = [public(refund) for refund in scope.each("refund") if refund["charge"] == charge["id"]]
    return page(f"/v1/charges/{charge['id']}/refunds", found[:10], has_more=len(found) > 10)
