"""Payment methods: made of test numbers, tokens and Stripe's own test names; attached to customers and taken away."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import instruments
from lms_stripe_simulator.billing.customers import detach_method, living
from lms_stripe_simulator.billing.instruments import Instrument, create_method
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

METHODS = "/v1/payment_methods"
ONE = f"{METHODS}/{{payment_method}}"
KNOWN = ("type", "card", "sepa_debit", "billing_details", "metadata", "allow_redisplay")


@operation("POST", METHODS, params="PaymentMethodCreateParams", permission="payment_method")
def create(call: Call) -> Object:
    """Store a payment method, attached to nobody yet."""
    rules.modelled(call.params, KNOWN, "payment methods")
    rules.metadata(call.params.get("metadata"))
    return of_data(call.scope, call.params, "")


def of_data(scope: Scope, data: dict[str, Any], prefix: str) -> Object:
    """Store a payment method of checked parameters; ``prefix`` is where they stood in the request."""
    rules.required(data, "type")
    found = _instrument(data, prefix)
    billing = dict(data.get("billing_details") or {})
    if "address" in billing:
        names = ("city", "country", "line1", "line2", "postal_code", "state")
        billing["address"] = dict.fromkeys(names) | billing["address"] if billing["address"] else None
    billing = {name: None if value == "" else value for name, value in billing.items()}
    method = create_method(scope, found, email=billing.get("email"), customer=None, billing=billing)
    changes = {name: data[name] for name in ("metadata", "allow_redisplay") if data.get(name)}
    return scope.change(method, **changes)


def _instrument(data: dict[str, Any], prefix: str) -> Instrument:
    kind = data["type"]
    where = f"{prefix}[{kind}]" if prefix else kind
    if kind not in ("card", "sepa_debit"):
        raise invalid(f"The simulator does not model payments by {kind}.", "type", "simulator_unsupported")
    details = data.get(kind)
    if not isinstance(details, dict):
        raise rules.missing_param(where)
    text = str(details.get("token") or details.get("number") or details.get("iban") or "")
    found = instruments.special(text) or instruments.instrument(text)
    if found is None or found.is_debit is not (kind == "sepa_debit"):
        raise ApiError(
            "This number or token is none of the simulator's test numbers; they are on its page of test cards.",
            status=402 if kind == "card" else 400,
            kind="card_error" if kind == "card" else "invalid_request_error",
            code="incorrect_number" if kind == "card" else "invalid_bank_account_iban",
            param=where,
        )
    return found


def usable(scope: Scope, identifier: str, param: str = "payment_method", *, path: bool = False) -> Object:
    """Return a payment method by its id; one of Stripe's test names, such as ``pm_card_visa``, is made now."""
    if (found := instruments.special(identifier)) and identifier.startswith("pm_"):
        return create_method(scope, found, email=None, customer=None)
    return scope.get("payment_method", identifier, param, path=path)


def attach_to(scope: Scope, method: Object, customer: str) -> Object:
    """Attach a payment method to a customer; raises where it belongs to another."""
    if method["customer"] not in (None, customer):
        raise invalid("The payment method you provided has already been attached to a customer.", "payment_method")
    if method["customer"] is None:
        if method.get("_behaviour") == "declines":
            code = method["_decline_code"]
            raise ApiError(
                "Your card was declined.", status=402, kind="card_error", code="card_declined", decline_code=code
            )
        scope.change(method, customer=customer)
        scope.emit("payment_method.attached", method)
    return method


@operation("POST", f"{ONE}/attach", params="PaymentMethodAttachParams", permission="payment_method")
def attach(call: Call) -> Object:
    """Attach a payment method to a customer."""
    rules.required(call.params, "customer")
    customer = living(call.scope, call.params["customer"])
    method = usable(call.scope, call.path["payment_method"], path=True)
    return attach_to(call.scope, method, customer["id"])


@operation("POST", f"{ONE}/detach", params="PaymentMethodDetachParams", permission="payment_method")
def detach(call: Call) -> Object:
    """Take a payment method away from its customer."""
    method = call.target("payment_method", "payment_method")
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    detach_method(call.scope, method)
    return method


@operation("POST", ONE, params="PaymentMethodUpdateParams", permission="payment_method")
def update(call: Call) -> Object:
    """Change a payment method's metadata or what it says about its owner."""
    params = call.params
    rules.modelled(params, ("metadata", "billing_details", "allow_redisplay"), "payment methods")
    rules.metadata(params.get("metadata"))
    method = call.target("payment_method", "payment_method")
    changes = rules.picked(params, "allow_redisplay")
    if "metadata" in params:
        changes["metadata"] = rules.merged(method["metadata"], params["metadata"])
    if "billing_details" in params:
        given = {name: None if value == "" else value for name, value in params["billing_details"].items()}
        changes["billing_details"] = method["billing_details"] | given
    return call.scope.change(method, "payment_method.updated", **changes)


@operation("GET", ONE, params="PaymentMethodRetrieveParams", permission="payment_method")
def retrieve(call: Call) -> Object:
    """Return a payment method."""
    return call.target("payment_method", "payment_method")


@operation("GET", METHODS, params="PaymentMethodListParams", permission="payment_method")
def list_all(call: Call) -> Object:
    """List the payment methods of a customer."""
    rules.required(call.params, "customer")
    living(call.scope, call.params["customer"])
    return call.page(_methods(call, call.params["customer"]))


@operation(
    "GET",
    "/v1/customers/{customer}/payment_methods",
    params="CustomerPaymentMethodListParams",
    permission="payment_method",
)
def list_of_customer(call: Call) -> Object:
    """List a customer's payment methods."""
    customer = living(call.scope, call.path["customer"], path=True)
    return call.page(_methods(call, customer["id"]))


@operation(
    "GET",
    "/v1/customers/{customer}/payment_methods/{payment_method}",
    params="CustomerPaymentMethodRetrieveParams",
    permission="payment_method",
)
def retrieve_of_customer(call: Call) -> Object:
    """Return one of a customer's payment methods."""
    customer, method = (
        living(call.scope, call.path["customer"], path=True),
        call.target("payment_method", "payment_method"),
    )
    if method["customer"] != customer["id"]:
        raise invalid(f"No such payment_method: '{method['id']}'", "payment_method", "resource_missing")
    return method


def _methods(call: Call, customer: str) -> list[Object]:
    kind = call.params.get("type")
    found = call.scope.each("payment_method", customer=customer)
    return [method for method in found if kind is None or method["type"] == kind]
