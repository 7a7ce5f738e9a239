"""Payment intents and charges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lms_stripe_simulator.agenda import happening
from lms_stripe_simulator.billing.instruments import SETTLES_AFTER, details_for_charge, of_method
from lms_stripe_simulator.identifiers import new_id, token
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

DECLINED = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "lost_card": "Your card was declined.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}
OWN_CODES = ("expired_card", "incorrect_cvc", "processing_error")
"""Decline codes that are error codes of their own, not ``card_declined``."""
DEBITS = ("settles", "bounces", "settles_soon", "bounces_soon")


@dataclass(frozen=True)
class Payment:
    """What is to be paid, and for what."""

    amount: int
    currency: str
    customer: str | None
    description: str | None = None
    metadata: Object | None = None
    invoice: str | None = None
    session: str | None = None
    capture: str = "automatic"


def create_intent(scope: Scope, payment: Payment, method: Object | None) -> Object:
    """Store a payment intent that nothing has been tried on yet."""
    identifier = new_id("pi")
    kind = method["type"] if method else "card"
    intent = blank(
        "payment_intent",
        id=identifier,
        amount=payment.amount,
        amount_capturable=0,
        amount_details={"tip": {}},
        amount_received=0,
        automatic_payment_methods=None,
        capture_method=payment.capture,
        client_secret=f"{identifier}_secret_{token(25)}",
        confirmation_method="automatic",
        created=scope.now,
        currency=payment.currency,
        customer=payment.customer,
        description=payment.description,
        livemode=scope.livemode,
        metadata=dict(payment.metadata or {}),
        payment_method_options={},
        payment_method_types=[kind],
        setup_future_usage="off_session" if payment.invoice and not payment.session else None,
        status="requires_payment_method",
    )
    intent["_invoice"] = payment.invoice
    intent["_session"] = payment.session
    scope.add(intent)
    scope.emit("payment_intent.created", intent)
    return intent


def attempt(scope: Scope, intent: Object, method: Object, *, on_session: bool, authenticated: bool = False) -> str:
    """Try to pay an intent; return its status afterwards.

    ``succeeded``, ``processing`` (bank debits settle later), ``requires_action`` (3-D Secure, off session),
    or ``requires_payment_method`` (declined).
    """
    behaviour = of_method(method)
    scope.change(intent, payment_method=method["id"], payment_method_types=[method["type"]])
    if _is_declined(behaviour, on_session=on_session, authenticated=authenticated):
        decline(scope, intent, method, method.get("_decline_code") or "generic_decline")
    elif not authenticated and _asks_for_authentication(behaviour, on_session=on_session):
        scope.change(intent, status="requires_action", next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {}})
        scope.emit("payment_intent.requires_action", intent)
    elif behaviour in DEBITS:
        process(scope, intent, method)
    elif intent["capture_method"] == "manual":
        authorise(scope, intent, method)
    else:
        succeed(scope, intent, method)
    return str(intent["status"])


def _is_declined(behaviour: str, *, on_session: bool, authenticated: bool) -> bool:
    if behaviour == "declines_later":
        return not on_session
    return behaviour == "declines" or (behaviour == "declines_authenticated" and authenticated)


def _asks_for_authentication(behaviour: str, *, on_session: bool) -> bool:
    """Return whether the bank wants to see the buyer: with some cards also for renewals."""
    if behaviour in ("authenticates_always", "declines_authenticated"):
        return True
    return behaviour == "authenticates" and on_session


def authorise(scope: Scope, intent: Object, method: Object) -> None:
    """Hold the money until it is captured."""
    charge = _charge(scope, intent, method, "succeeded")
    scope.change(charge, captured=False, amount_captured=0)
    amount = intent["amount"]
    scope.change(intent, status="requires_capture", amount_capturable=amount, latest_charge=charge["id"])
    scope.emit("charge.succeeded", charge)
    scope.emit("payment_intent.amount_capturable_updated", intent)


def capture(scope: Scope, intent: Object, amount: int) -> None:
    """Take held money, all of it or less; the rest is let go."""
    charge = scope.known(intent["latest_charge"], "charge")
    left = charge["amount"] - amount
    scope.change(charge, captured=True, amount_captured=amount, amount_refunded=left)
    scope.change(intent, status="succeeded", amount_received=amount, amount_capturable=0)
    scope.emit("charge.captured", charge)
    scope.emit("payment_intent.succeeded", intent)


def succeed(scope: Scope, intent: Object, method: Object) -> Object:
    """Let a payment succeed; return its charge."""
    charge = scope.find(intent["latest_charge"] or "", "charge")
    if charge is None or charge["status"] == "failed":
        charge = _charge(scope, intent, method, "succeeded")
    else:
        scope.change(charge, status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
    scope.change(
        intent,
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        next_action=None,
        last_payment_error=None,
    )
    scope.unschedule("payment.settle", intent["id"])
    scope.emit("charge.succeeded", charge)
    scope.emit("payment_intent.succeeded", intent)
    for listener in PAID:
        listener(scope, intent, charge, method)
    return charge


def process(scope: Scope, intent: Object, method: Object) -> None:
    """Start a bank debit: money moves, or fails to, some days later."""
    charge = _charge(scope, intent, method, "pending")
    scope.change(intent, status="processing", latest_charge=charge["id"])
    scope.emit("charge.pending", charge)
    scope.emit("payment_intent.processing", intent)
    wait = 0 if of_method(method).endswith("_soon") else SETTLES_AFTER
    scope.schedule(scope.now + wait, "payment.settle", intent["id"])


def decline(scope: Scope, intent: Object, method: Object, decline_code: str) -> None:
    """Let a payment fail."""
    charge = scope.find(intent["latest_charge"] or "", "charge")
    message = DECLINED.get(decline_code, "The bank refused the debit.")
    code = decline_code if decline_code in OWN_CODES else "card_declined"
    failure: dict[str, Any] = {"status": "failed", "failure_message": message, "failure_code": code}
    if charge is not None and charge["status"] == "pending":
        scope.change(charge, paid=False, captured=False, **failure)
    else:
        charge = _charge(scope, intent, method, "failed")
        scope.change(charge, **failure)
    scope.unschedule("payment.settle", intent["id"])
    error = {
        "charge": charge["id"],
        "code": code if method["type"] == "card" else "payment_intent_payment_attempt_failed",
        "decline_code": decline_code,
        "message": message,
        "type": "card_error",
    }
    scope.change(
        intent,
        status="requires_payment_method",
        latest_charge=charge["id"],
        payment_method=None,
        next_action=None,
        last_payment_error=error,
    )
    scope.emit("charge.failed", charge)
    scope.emit("payment_intent.payment_failed", intent)


def cancel_intent(scope: Scope, intent: Object, reason: str | None) -> None:
    """Cancel an intent that is not paid."""
    if intent["status"] in ("succeeded", "canceled"):
        return
    charge = scope.find(intent["latest_charge"] or "", "charge")
    if intent["status"] == "requires_capture" and charge:
        scope.change(charge, refunded=True, amount_refunded=charge["amount"])
    scope.change(intent, status="canceled", canceled_at=scope.now, cancellation_reason=reason, amount_capturable=0)
    scope.unschedule("payment.settle", intent["id"])
    scope.emit("payment_intent.canceled", intent)


def _charge(scope: Scope, intent: Object, method: Object, status: str) -> Object:
    good = status == "succeeded"
    outcome = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if status == "failed" else "approved_by_network",
        "reason": method.get("_decline_code") if status == "failed" else None,
        "risk_level": "normal",
        "risk_score": 1,
        "seller_message": "Payment complete." if good else "The bank did not return any further details.",
        "type": "issuer_declined" if status == "failed" else "authorized",
    }
    charge = blank(
        "charge",
        id=new_id("ch" if method["type"] == "card" else "py"),
        amount=intent["amount"],
        amount_captured=intent["amount"] if good else 0,
        amount_refunded=0,
        balance_transaction=None,
        billing_details=dict(method["billing_details"]),
        captured=good,
        created=scope.now,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        fraud_details={},
        livemode=scope.livemode,
        metadata=dict(intent["metadata"]),
        outcome=outcome,
        paid=good,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=details_for_charge(method),
        receipt_email=intent["receipt_email"],
        refunded=False,
        status=status,
    )
    return scope.add(charge)


def settle(scope: Scope, intent: Object, *, succeeds: bool) -> None:
    """Let a bank debit arrive, or fail."""
    method = scope.known(intent["payment_method"], "payment_method")
    if succeeds:
        succeed(scope, intent, method)
    else:
        decline(scope, intent, method, "generic_decline" if method["type"] == "card" else "debit_not_authorized")
    for listener in SETTLED:
        listener(scope, intent)


# Who wants to know that a payment has succeeded: disputes.
PAID: list[Any] = []
# Who wants to know that a bank debit has arrived or failed: invoices, then checkout sessions.
SETTLED: list[Any] = []


@happening("payment.settle", "payment_intent")
def _settle_by_itself(scope: Scope, intent: Object) -> None:
    method = scope.known(intent["payment_method"], "payment_method")
    settle(scope, intent, succeeds=of_method(method).startswith("settles"))
