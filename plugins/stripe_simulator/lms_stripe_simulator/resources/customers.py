"""Customers."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import subscriptions
from lms_stripe_simulator.billing.clocks import delete_customer
from lms_stripe_simulator.billing.customers import create_customer, invoice_settings, living
from lms_stripe_simulator.expand import included
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.resources.payment_methods import attach_to, usable
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
CREATE_KNOWN = (*KNOWN, "payment_method", "test_clock")


def _checked(call: Call, known: tuple[str, ...]) -> dict[str, Any]:
    rules.modelled(call.params, known, "customers")
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
    """Store a customer, with a payment method and on a test clock where they are given."""
    params, scope = call.params, call.scope
    given = _checked(call, CREATE_KNOWN)
    given["metadata"] = rules.merged({}, params.get("metadata"))
    if clock := params.get("test_clock"):
        given["test_clock"] = scope.get("test_helpers.test_clock", clock, "test_clock")["id"]
        scope.clock = clock
        given["created"] = scope.now
    customer = create_customer(scope, given)
    if identifier := params.get("payment_method"):
        method = attach_to(scope, usable(scope, identifier), customer["id"])
        if (params.get("invoice_settings") or {}).get("default_payment_method") == identifier:
            params["invoice_settings"]["default_payment_method"] = method["id"]
    if params.get("invoice_settings"):
        scope.change(customer, invoice_settings=_invoice_settings(scope, customer, params["invoice_settings"]))
    return customer


def _invoice_settings(scope: Scope, customer: Object, given: Object) -> Object:
    """Return a customer's settings after a change; raises where the payment method is not theirs."""
    method = given.get("default_payment_method")
    if method and scope.get("payment_method", method, "default_payment_method")["customer"] != customer["id"]:
        raise invalid(
            f"The customer does not have a payment method with the ID {method}. The payment method must be attached "
            "to the customer.",
            "invoice_settings[default_payment_method]",
            "resource_missing",
        )
    settings: Object = customer["invoice_settings"]
    return invoice_settings() | settings | {name: value or None for name, value in given.items()}


@operation("GET", "/v1/customers/{customer}", params="CustomerRetrieveParams", permission="customer")
def retrieve(call: Call) -> Object:
    """Return a customer; a deleted one as a stub."""
    customer = call.target("customer", "customer")
    if customer.get("_deleted"):
        return {"id": customer["id"], "object": "customer", "deleted": True}
    return customer


@operation("POST", "/v1/customers/{customer}", params="CustomerUpdateParams", permission="customer")
def update(call: Call) -> Object:
    """Change a customer."""
    given = _checked(call, KNOWN)
    customer = living(call.scope, call.path["customer"], path=True)
    if "metadata" in call.params:
        given["metadata"] = rules.merged(customer["metadata"], call.params["metadata"])
    if settings := call.params.get("invoice_settings"):
        given["invoice_settings"] = _invoice_settings(call.scope, customer, settings)
    return call.scope.change(customer, "customer.updated", **given)


@operation("DELETE", "/v1/customers/{customer}", params="CustomerDeleteParams", permission="customer")
def delete(call: Call) -> Object:
    """Delete a customer; its subscriptions end at once."""
    customer = living(call.scope, call.path["customer"], path=True)
    delete_customer(call.scope, customer)
    return {"id": customer["id"], "object": "customer", "deleted": True}


@operation("GET", "/v1/customers", params="CustomerListParams", permission="customer")
def list_all(call: Call) -> Object:
    """List customers, those deleted left out, and those of test clocks unless one is named."""
    email, clock = call.params.get("email"), call.params.get("test_clock")
    return call.page(
        c
        for c in call.scope.each("customer")
        if not c.get("_deleted") and (email is None or c["email"] == email) and c["test_clock"] == clock
    )


@included("customer", "subscriptions")
def _subscriptions(scope: Scope, customer: Object) -> Object:
    found = scope.each("subscription", customer=customer["id"])
    running = [public(s) for s in found if s["status"] not in subscriptions.OVER]
    return page(f"/v1/customers/{customer['id']}/subscriptions", running[:10], has_more=len(running) > 10)
