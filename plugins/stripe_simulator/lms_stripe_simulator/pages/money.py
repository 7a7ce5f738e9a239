"""The page of payments: debits, refunds and disputes that wait for a decision, and payments to refund or dispute."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from lms_stripe_simulator import steering
from lms_stripe_simulator.billing import disputes, refunds
from lms_stripe_simulator.pages.common import back, state
from lms_stripe_simulator.state import Object

blueprint = Blueprint("money", __name__, template_folder="templates")
NEWEST = 25
STATES = ("needs_response", "warning_needs_response", "prevented")
OUTCOMES = {
    **dict.fromkeys(disputes.OPEN, (("won", "Win"), ("lost", "Lose"), ("prevented", "Prevent"))),
    **dict.fromkeys(disputes.INQUIRY, (("warning_closed", "Close"), ("escalate", "Escalate"))),
    "lost": (("appeal", "Appeal"),),
}


@blueprint.get("/money")
def show() -> str:
    """Show payments and what can happen to them."""
    scopes = steering.scopes(state())
    charges = [charge for scope in scopes for charge in scope.each("charge") if charge["paid"]]
    return render_template(
        "simulator/money.html",
        waiting=[p for scope in scopes for p in scope.each("payment_intent") if p["status"] == "processing"],
        refunds=[refund for scope in scopes for refund in scope.each("refund")][:NEWEST],
        disputes=[dispute for scope in scopes for dispute in scope.each("dispute")][:NEWEST],
        charges=sorted(charges, key=_created, reverse=True)[:NEWEST],
        outcomes=OUTCOMES,
        reasons=[(reason, reason.replace("_", " ").capitalize()) for reason in disputes.REASONS],
        states=[(status, status.replace("_", " ").capitalize()) for status in STATES],
    )


def _created(charge: Object) -> int:
    return int(charge["created"])


@blueprint.post("/payments/<identifier>/settle")
def settle(identifier: str) -> Response:
    """Let a bank debit arrive or fail."""
    steering.settle_payment(state(), identifier, succeeds=request.form.get("outcome") == "succeeded")
    return _done()


@blueprint.post("/refunds/<identifier>")
def end_refund(identifier: str) -> Response:
    """Let a refund arrive or fail."""
    steering.end_refund(state(), identifier, request.form.get("outcome", ""))
    return _done()


@blueprint.post("/disputes/<identifier>")
def end_dispute(identifier: str) -> Response:
    """Let a dispute end."""
    steering.decide_dispute(state(), identifier, request.form.get("outcome", ""))
    return _done()


@blueprint.post("/charges/<identifier>/dispute")
def dispute(identifier: str) -> Response:
    """Dispute a payment."""
    reason, status = request.form.get("reason", "fraudulent"), request.form.get("status", "needs_response")
    steering.open_dispute(state(), identifier, reason=reason, status=status)
    return _done()


@blueprint.post("/charges/<identifier>/refund")
def refund(identifier: str) -> Response:
    """Refund a payment, all of it or an amount in minor units."""
    scope, charge = steering.locate(state(), identifier, "charge")
    left, text = charge["amount"] - charge["amount_refunded"], request.form.get("amount", "")
    amount = int(text) if text.isdigit() else left
    if charge["disputed"] or not 0 < amount <= left:
        raise BadRequest(f"At most {left} minor units can be refunded, and nothing that is disputed.")
    with state().change():
        refunds.refund(scope, charge, amount, reason="requested_by_customer", metadata={})
    return _done()


def _done() -> Response:
    steering.control().delivery.settle()
    return back("/money")
