"""Customers and their payment methods."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import subscriptions
from lms_stripe_simulator.billing.customers import create_customer, invoice_settings
from lms_stripe_simulator.expand import included
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.shapes import page
from lms_stripe_simulator.state import Object

PLAIN = (
    "description",
    "email",
    "name",
    "phone",
    "business_name",
    "individual_name",
    "shipping",
    "preferred_locales",
    "tax_exempt",
    "balance",
)
KNOWN = (*PLAIN, "address", "metadata", "invoice_settings", "next_invoice_sequence")


def _checked(call: Call) -> dict[str, Any]:
    rules.modelled(call.params, KNOWN, "customers")
    rules.lengths(call.params, {"name": 256})
    rules.metadata(call.params.get("metadata"))
    given = rules.picked(call.params, *PLAIN)
    rules.email(given.get("email"))
    if "address" in call.params:
        names = ("city", "country", "line1", "line2", "postal_code", "state")
        address = call.params["address"]
        given["address"] = dict.fromkeys(names) | address if address else None
    return given


@operation("POST", "/v1/customers", params="CustomerCreateParams", permission="customer")
def create(call: Call) -> Object:
    """Store a customer."""
    given = _checked(call)
    given["metadata"] = rules.merged({}, call.params.get("metadata"))
    return create_customer(call.scope, given)


@operation("GET", "/v1/customers/{customer}", params="CustomerRetrieveParams", permission="customer")
def retrieve(call: Call) -> Object:
    """Return a customer; a deleted one as a stub."""
    customer = call.target("customer", "customer")
    if customer.get("_deleted"):
        return {"id": customer["id"], "object": "customer", "deleted": True}
    return customer


def living(scope: Scope, identifier: str, param: str = "customer", *, path: bool = False) -> Object:
    """Return a customer that is not deleted; raises ``resource_missing``."""
    customer = scope.get("customer", identifier, param, path=path)
    if customer.get("_deleted"):
        raise invalid(f"No such customer: '{identifier}'", param, "resource_missing")
    return customer


@operation("POST", "/v1/customers/{customer}", params="CustomerUpdateParams", permission="customer")
def update(call: Call) -> Object:
    """Change a customer."""
    given = _checked(call)
    customer = living(call.scope, call.path["customer"], path=True)
    if "metadata" in call.params:
        given["metadata"] = rules.merged(customer["metadata"], call.params["metadata"])
    if settings := call.params.get("invoice_settings"):
        method = settings.get("default_payment_method")
        if method and call.scope.get("payment_method", method, "default_payment_method")["customer"] != customer["id"]:
            raise invalid(
                "The customer does not have a payment method with the ID " + method + ". The payment method must be "
                "attached to the customer.",
                "invoice_settings[default_payment_method]",
                "resource_missing",
            )
        given["invoice_settings"] = invoice_settings() | customer["invoice_settings"] | settings
    return call.scope.change(customer, "customer.updated", **given)


@operation("DELETE", "/v1/customers/{customer}", params="CustomerDeleteParams", permission="customer")
def delete(call: Call) -> Object:
    """Delete a customer; its subscriptions end at once."""
    customer = living(call.scope, call.path["customer"], path=True)
    for subscription in call.scope.each("subscription", customer=customer["id"]):
        if subscription["status"] not in subscriptions.OVER:
            subscriptions.end(call.scope, subscription, "cancellation_requested")
    call.scope.emit("customer.deleted", customer)
    call.scope.change(customer, _deleted=True)
    return {"id": customer["id"], "object": "customer", "deleted": True}


@operation("GET", "/v1/customers", params="CustomerListParams", permission="customer")
def list_all(call: Call) -> Object:
    """List customers, those deleted left out."""
    email = call.params.get("email")
    return call.page(
        c for c in call.scope.each("customer") if not c.get("_deleted") and (email is None or c["email"] == email)
    )


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


@operation("GET", "/v1/payment_methods", params="PaymentMethodListParams", permission="payment_method")
def list_methods(call: Call) -> Object:
    """List the payment methods of a customer."""
    rules.required(call.params, "customer")
    living(call.scope, call.params["customer"])
    return call.page(_methods(call, call.params["customer"]))


def _methods(call: Call, customer: str) -> list[Object]:
    kind = call.params.get("type")
    found = call.scope.each("payment_method", customer=customer)
    return [method for method in found if kind is None or method["type"] == kind]


@operation(
    "GET", "/v1/payment_methods/{payment_method}", params="PaymentMethodRetrieveParams", permission="payment_method"
)
def retrieve_method(call: Call) -> Object:
    """Return a payment method."""
    return call.target("payment_method", "payment_method")


@operation(
    "POST",
    "/v1/payment_methods/{payment_method}/detach",
    params="PaymentMethodDetachParams",
    permission="payment_method",
)
def detach(call: Call) -> Object:
    """Take a payment method away from its customer."""
    method = call.target("payment_method", "payment_method")
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    before = {"customer": method["customer"]}
    call.scope.change(method, customer=None)
    call.scope.emit("payment_method.detached", method, before)
    return method


@included("customer", "subscriptions")
def _subscriptions(scope: Scope, customer: Object) -> Object:
    found = scope.each("subscription", customer=customer["id"])
    running = [public(s) for s in found if s["status"] not in subscriptions.OVER]
    return page(f"/v1/customers/{customer['id']}/subscriptions", running[:10], has_more=len(running) > 10)
