"""The invoice that would come: made in a rehearsal whose traces are rolled back."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import changes, subscriptions
from lms_stripe_simulator.billing.customers import living
from lms_stripe_simulator.billing.discounts import redeem, resolve
from lms_stripe_simulator.billing.renewals import as_preview, upcoming
from lms_stripe_simulator.billing.starting import start
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

KNOWN = ("customer", "subscription", "subscription_details", "discounts", "preview_mode", "currency", "automatic_tax")
DETAILS = (
    "items",
    "proration_behavior",
    "proration_date",
    "trial_end",
    "cancel_at",
    "billing_cycle_anchor",
    "metadata",
)
NOTHING = "No upcoming invoices for customer."


def preview(scope: Scope, params: dict[str, Any]) -> Object:
    """Return what the next invoice would be; raises ``invoice_upcoming_none`` where none would come."""
    rules.modelled(params, KNOWN, "previews")
    details = params.get("subscription_details") or {}
    rules.modelled(details, DETAILS, "subscription_details")
    with scope.state.rehearsal():
        ask = _of_running if "subscription" in params else _of_new
        found = ask(scope, params, details)
    if found is None:
        raise invalid(NOTHING, code="invoice_upcoming_none")
    return found


def _of_running(scope: Scope, params: dict[str, Any], details: Object) -> Object | None:
    subscription = scope.get("subscription", params["subscription"], "subscription")
    if params.get("customer", subscription["customer"]) != subscription["customer"]:
        raise invalid("The subscription does not belong to this customer.", "subscription")
    before = subscription["latest_invoice"]
    _discount(scope, subscription, params)
    if details.get("cancel_at"):
        scope.change(subscription, cancel_at=_moment(subscription, details["cancel_at"]))
    if details.get("items") or changes.begins_anew(details.get("billing_cycle_anchor")):
        terms = changes.Terms(
            details.get("proration_behavior", "create_prorations"),
            moment=details.get("proration_date"),
            new_period=changes.begins_anew(details.get("billing_cycle_anchor")),
        )
        changes.change_items(scope, subscription, details.get("items", []), terms)
        subscription = scope.known(subscription["id"], "subscription")
    if "trial_end" in details:
        changes.move_trial(scope, subscription, details["trial_end"])
        subscription = scope.known(subscription["id"], "subscription")
    if subscription["latest_invoice"] != before:
        return as_preview(scope.known(subscription["latest_invoice"], "invoice"))
    return upcoming(scope, subscription)


def _moment(subscription: Object, given: int | str) -> int:
    if isinstance(given, int):
        return given
    return subscriptions.period_end(subscription)


def _discount(scope: Scope, subscription: Object, params: dict[str, Any]) -> None:
    if params.get("discounts") is None:
        return
    marks = [
        redeem(scope, entry, customer=subscription["customer"], subscription=subscription["id"])
        for entry in resolve(scope, params["discounts"] or [])
    ]
    for mark in marks:
        scope.change(mark, _once=False)
    scope.change(subscription, discounts=[mark["id"] for mark in marks])


def _of_new(scope: Scope, params: dict[str, Any], details: Object) -> Object | None:
    """Return the first invoice of a subscription that would be made of the given items."""
    if not details.get("items"):
        if "customer" not in params:
            raise rules.missing_param("customer")
        customer = living(scope, params["customer"])
        running = (
            s for s in scope.each("subscription", customer=customer["id"]) if s["status"] in subscriptions.RUNNING
        )
        subscription = next(running, None)
        return upcoming(scope, subscription) if subscription else None
    rules.required(params, "customer")
    wanted: dict[str, Any] = {
        name: params[name] for name in ("customer", "discounts", "currency", "automatic_tax") if name in params
    }
    wanted |= {name: details[name] for name in ("items", "trial_end") if name in details}
    subscription = start(scope, wanted | {"payment_behavior": "default_incomplete"})
    return as_preview(scope.known(subscription["latest_invoice"], "invoice"))
