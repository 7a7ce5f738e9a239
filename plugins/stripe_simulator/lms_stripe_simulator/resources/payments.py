"""Payment intents and charges."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import payments
from lms_stripe_simulator.billing.customers import living
from lms_stripe_simulator.money import least
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.resources.payment_methods import attach_to, of_data, usable
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

INTENTS = "/v1/payment_intents"
ONE = f"{INTENTS}/{{intent}}"
KNOWN = (
    "amount",
    "automatic_payment_methods",
    "capture_method",
    "confirm",
    "confirmation_method",
    "currency",
    "customer",
    "description",
    "error_on_requires_action",
    "mandate_data",
    "metadata",
    "off_session",
    "payment_method",
    "payment_method_data",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "allowed_payment_method_types",
    "excluded_payment_method_types",
)
PLAIN = ("description", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor")
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


@operation("POST", INTENTS, params="PaymentIntentCreateParams", permission="payment_intent")
def create_intent(call: Call) -> Object:
    """Store a payment intent; with ``confirm``, pay it."""
    params, scope = call.params, call.scope
    rules.modelled(params, KNOWN, "payment intents")
    rules.metadata(params.get("metadata"))
    currency = rules.currency(params["currency"]) or ""
    rules.amount(params["amount"], "amount", least=1)
    if params["amount"] < least(currency):
        raise invalid("Amount must convert to at least 50 minor units.", "amount", "amount_too_small")
    customer = living(scope, params["customer"])["id"] if "customer" in params else None
    method = _method(scope, params)
    payment = payments.Payment(
        params["amount"],
        currency,
        customer,
        metadata=params.get("metadata") or {},
        capture="manual" if params.get("capture_method") == "manual" else "automatic",
    )
    intent = payments.create_intent(scope, payment, method)
    changes = rules.picked(params, *PLAIN)
    if method:
        changes |= {"payment_method": method["id"], "status": "requires_confirmation"}
    scope.change(intent, **changes)
    return _confirm(scope, intent, method, params) if params.get("confirm") else intent


def _method(scope: Scope, params: dict[str, Any]) -> Object | None:
    if data := params.get("payment_method_data"):
        return of_data(scope, data, "payment_method_data")
    return usable(scope, params["payment_method"]) if params.get("payment_method") else None


def _confirm(scope: Scope, intent: Object, method: Object | None, params: dict[str, Any]) -> Object:
    """Pay an intent; raises a 402 for a declined card, and keeps what it left behind."""
    if method is None:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method."
        raise invalid(message, code="payment_intent_unexpected_state")
    off_session = bool(params.get("off_session", False))
    status = payments.attempt(scope, intent, method, on_session=not off_session)
    if status == "requires_action" and (off_session or params.get("error_on_requires_action")):
        payments.decline(scope, intent, method, "authentication_required")
        status = intent["status"]
    if status == "requires_payment_method":
        raise declined(intent)
    if intent["customer"] and intent["setup_future_usage"]:
        attach_to(scope, method, intent["customer"])
    return intent


def declined(intent: Object) -> ApiError:
    """Return the 402 of a payment that failed."""
    error = intent["last_payment_error"] or {}
    details = {name: error[name] for name in ("charge", "decline_code") if error.get(name)}
    return ApiError(
        error.get("message", "The payment failed."),
        status=402,
        kind="card_error",
        code=error.get("code", "card_declined"),
        keeps_changes=True,
        **details,
    )


@operation("POST", f"{ONE}/confirm", params="PaymentIntentConfirmParams", permission="payment_intent")
def confirm_intent(call: Call) -> Object:
    """Pay a payment intent."""
    params, scope = call.params, call.scope
    known = {*KNOWN} - {"amount", "currency", "customer", "confirm", "metadata"}
    rules.modelled(params, known, "confirming")
    intent = call.target("payment_intent", "intent")
    if intent["status"] not in CONFIRMABLE:
        raise _unexpected(intent, "confirm")
    method = _method(scope, params)
    if method is None and intent["payment_method"]:
        method = scope.known(intent["payment_method"], "payment_method")
    scope.change(intent, **rules.picked(params, "receipt_email", "setup_future_usage", "shipping"))
    return _confirm(scope, intent, method, params)


def _unexpected(intent: Object, what: str) -> ApiError:
    message = f"This PaymentIntent could not be {what}ed because it has a status of {intent['status']}."
    return invalid(message.replace("captureed", "captured"), code="payment_intent_unexpected_state")


@operation("POST", f"{ONE}/capture", params="PaymentIntentCaptureParams", permission="payment_intent")
def capture_intent(call: Call) -> Object:
    """Take the money that a payment intent holds."""
    rules.modelled(call.params, ("amount_to_capture", "metadata"), "capturing")
    intent = call.target("payment_intent", "intent")
    if intent["status"] != "requires_capture":
        raise _unexpected(intent, "capture")
    amount = int(call.params.get("amount_to_capture") or intent["amount_capturable"])
    if not 0 < amount <= intent["amount_capturable"]:
        raise invalid("The amount to capture must be above zero and at most what is held.", "amount_to_capture")
    payments.capture(call.scope, intent, amount)
    return intent


@operation("POST", f"{ONE}/cancel", params="PaymentIntentCancelParams", permission="payment_intent")
def cancel_intent(call: Call) -> Object:
    """Give up a payment that has not succeeded."""
    intent = call.target("payment_intent", "intent")
    if intent["status"] in ("succeeded", "canceled", "processing"):
        raise invalid(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    payments.cancel_intent(call.scope, intent, call.params.get("cancellation_reason"))
    return intent


@operation("POST", ONE, params="PaymentIntentUpdateParams", permission="payment_intent")
def update_intent(call: Call) -> Object:
    """Change a payment intent."""
    params, scope = call.params, call.scope
    rules.modelled(params, ("amount", "metadata", "customer", "payment_method", *PLAIN), "payment intents")
    rules.metadata(params.get("metadata"))
    intent = call.target("payment_intent", "intent")
    if params.keys() & {"amount", "customer", "payment_method"} and intent["status"] not in CONFIRMABLE:
        raise _unexpected(intent, "chang")
    changes = rules.picked(params, "amount", *PLAIN)
    rules.amount(params.get("amount"), "amount", least=1)
    if "metadata" in params:
        changes["metadata"] = rules.merged(intent["metadata"], params["metadata"])
    if "customer" in params:
        changes["customer"] = living(scope, params["customer"])["id"]
    if params.get("payment_method"):
        changes |= {"payment_method": usable(scope, params["payment_method"])["id"], "status": "requires_confirmation"}
    return scope.change(intent, **changes)


@operation("GET", ONE, params="PaymentIntentRetrieveParams", permission="payment_intent")
def retrieve_intent(call: Call) -> Object:
    """Return a payment intent."""
    rules.modelled(call.params, (), "payment intents")
    return call.target("payment_intent", "intent")


@operation("GET", INTENTS, params="PaymentIntentListParams", permission="payment_intent")
def list_intents(call: Call) -> Object:
    """List payment intents."""
    return call.page(call.scope.each("payment_intent", customer=call.params.get("customer")))


@operation("GET", "/v1/charges/{charge}", params="ChargeRetrieveParams", permission="charge")
def retrieve_charge(call: Call) -> Object:
    """Return a charge."""
    return call.target("charge", "charge")


@operation("POST", "/v1/charges/{charge}", params="ChargeUpdateParams", permission="charge")
def update_charge(call: Call) -> Object:
    """Change a charge's description or metadata."""
    rules.modelled(call.params, ("description", "metadata", "receipt_email"), "charges")
    rules.metadata(call.params.get("metadata"))
    charge = call.target("charge", "charge")
    changes = rules.picked(call.params, "description", "receipt_email")
    if "metadata" in call.params:
        changes["metadata"] = rules.merged(charge["metadata"], call.params["metadata"])
    return call.scope.change(charge, "charge.updated", **changes)


@operation("GET", "/v1/charges", params="ChargeListParams", permission="charge")
def list_charges(call: Call) -> Object:
    """List charges."""
    wanted = call.params.get("payment_intent")
    found = call.scope.each("charge", customer=call.params.get("customer"))
    return call.page(charge for charge in found if wanted in (None, charge["payment_intent"]))
