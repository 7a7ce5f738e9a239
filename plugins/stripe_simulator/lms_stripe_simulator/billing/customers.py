"""Customers."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator.identifiers import new_id, token
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object


def create_customer(scope: Scope, given: dict[str, Any]) -> Object:
    """Store a customer with the given fields and emit ``customer.created``."""
    fields: dict[str, Any] = {
        "balance": 0,
        "created": scope.now,
        "delinquent": False,
        "invoice_prefix": token(8).upper(),
        "invoice_settings": invoice_settings(),
        "livemode": scope.livemode,
        "metadata": {},
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    }
    customer = scope.add(blank("customer", id=new_id("cus"), **(fields | given)))
    scope.emit("customer.created", customer)
    return customer


def invoice_settings() -> Object:
    """Return ``invoice_settings`` in which nothing is set."""
    return {"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None}


def detach_method(scope: Scope, method: Object) -> None:
    """Take a payment method away from its customer; nothing that used it as default goes on doing so."""
    identifier = method["customer"]
    customer = scope.known(identifier, "customer")
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        settings = customer["invoice_settings"] | {"default_payment_method": None}
        scope.change(customer, "customer.updated", invoice_settings=settings)
    for subscription in scope.each("subscription", customer=identifier):
        if subscription["default_payment_method"] == method["id"]:
            scope.change(subscription, "customer.subscription.updated", default_payment_method=None)
    scope.change(method, customer=None)
    scope.emit("payment_method.detached", method, {"customer": identifier})


def living(scope: Scope, identifier: str, param: str = "customer", *, path: bool = False) -> Object:
    """Return a customer that is not deleted; raises ``resource_missing``."""
    customer = scope.get("customer", identifier, param, path=path)
    if customer.get("_deleted"):
        raise invalid(f"No such customer: '{identifier}'", param, "resource_missing")
    return customer
