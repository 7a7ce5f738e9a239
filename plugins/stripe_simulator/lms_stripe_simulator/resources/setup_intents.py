"""Setup intents: a payment method kept for later, with nothing paid."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing.customers import living
from lms_stripe_simulator.billing.instruments import of_method
from lms_stripe_simulator.identifiers import new_id, token
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.resources.payment_methods import attach_to, of_data, usable
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

INTENTS = "/v1/setup_intents"
ONE = f"{INTENTS}/{{intent}}"
KNOWN = (
    "allowed_payment_method_types",
    "automatic_payment_methods",
    "confirm",
    "customer",
    "description",
    "mandate_data",
    "metadata",
    "payment_method",
    "payment_method_data",
    "return_url",
    "usage",
)
ASKING = ("authenticates", "authenticates_always", "declines_authenticated")


@operation("POST", INTENTS, params="SetupIntentCreateParams", permission="setup_intent")
def create(call: Call) -> Object:
    """Store a setup intent; with ``confirm``, keep its payment method."""
    params, scope = call.params, call.scope
    rules.modelled(params, KNOWN, "setup intents")
    rules.metadata(params.get("metadata"))
    customer = living(scope, params["customer"])["id"] if "customer" in params else None
    identifier, method = new_id("seti"), _method(scope, params)
    intent = blank(
        "setup_intent",
        id=identifier,
        client_secret=f"{identifier}_secret_{token(25)}",
        created=scope.now,
        customer=customer,
        livemode=scope.livemode,
        metadata=params.get("metadata") or {},
        payment_method=method["id"] if method else None,
        payment_method_options={},
        payment_method_types=["card", "sepa_debit"],
        status="requires_confirmation" if method else "requires_payment_method",
        usage=params.get("usage", "off_session"),
        **rules.picked(params, "description"),
    )
    scope.add(intent)
    scope.emit("setup_intent.created", intent)
    return _confirm(scope, intent, method) if params.get("confirm") else intent


def _method(scope: Scope, params: dict[str, Any]) -> Object | None:
    if data := params.get("payment_method_data"):
        return of_data(scope, data, "payment_method_data")
    return usable(scope, params["payment_method"]) if params.get("payment_method") else None


def _confirm(scope: Scope, intent: Object, method: Object | None) -> Object:
    if method is None:
        message = "You cannot confirm this SetupIntent because it's missing a payment method."
        raise invalid(message, code="setup_intent_unexpected_state")
    behaviour = of_method(method)
    scope.change(intent, payment_method=method["id"])
    if behaviour == "declines":
        error = {"code": "card_declined", "message": "Your card was declined.", "type": "card_error"}
        scope.change(intent, status="requires_payment_method", last_setup_error=error, payment_method=None)
        scope.emit("setup_intent.setup_failed", intent)
        raise ApiError(error["message"], status=402, kind="card_error", code="card_declined", keeps_changes=True)
    if behaviour in ASKING:
        scope.change(intent, status="requires_action", next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {}})
        scope.emit("setup_intent.requires_action", intent)
        return intent
    if intent["customer"]:
        attach_to(scope, method, intent["customer"])
    scope.change(intent, status="succeeded", next_action=None)
    scope.emit("setup_intent.succeeded", intent)
    return intent


@operation("POST", f"{ONE}/confirm", params="SetupIntentConfirmParams", permission="setup_intent")
def confirm(call: Call) -> Object:
    """Keep a setup intent's payment method."""
    rules.modelled(call.params, ("payment_method", "payment_method_data", "mandate_data", "return_url"), "confirming")
    intent = call.target("setup_intent", "intent")
    if intent["status"] in ("succeeded", "canceled"):
        raise _unexpected(intent)
    method = _method(call.scope, call.params)
    if method is None and intent["payment_method"]:
        method = call.scope.known(intent["payment_method"], "payment_method")
    return _confirm(call.scope, intent, method)


@operation("POST", f"{ONE}/cancel", params="SetupIntentCancelParams", permission="setup_intent")
def cancel(call: Call) -> Object:
    """Give up a setup intent."""
    intent = call.target("setup_intent", "intent")
    if intent["status"] in ("succeeded", "canceled"):
        raise _unexpected(intent)
    call.scope.change(intent, status="canceled", cancellation_reason=call.params.get("cancellation_reason"))
    call.scope.emit("setup_intent.canceled", intent)
    return intent


def _unexpected(intent: Object) -> ApiError:
    return invalid(
        f"You cannot do this with a SetupIntent that is {intent['status']}.", code="setup_intent_unexpected_state"
    )


@operation("GET", ONE, params="SetupIntentRetrieveParams", permission="setup_intent")
def retrieve(call: Call) -> Object:
    """Return a setup intent."""
    rules.modelled(call.params, (), "setup intents")
    return call.target("setup_intent", "intent")


@operation("GET", INTENTS, params="SetupIntentListParams", permission="setup_intent")
def list_all(call: Call) -> Object:
    """List setup intents."""
    return call.page(call.scope.each("setup_intent", customer=call.params.get("customer")))
