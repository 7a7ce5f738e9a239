"""Subscriptions as the API sees them."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import changes, invoices, pausing, starting, subscriptions
from lms_stripe_simulator.billing.discounts import redeem, resolve
from lms_stripe_simulator.billing.instruments import default_method
from lms_stripe_simulator.billing.prorations import unused
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

ONE = "/v1/subscriptions/{subscription_exposed_id}"
KNOWN = (
    "items",
    "automatic_tax",
    "billing_cycle_anchor",
    "cancel_at",
    "cancel_at_period_end",
    "cancellation_details",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
    "discounts",
    "metadata",
    "off_session",
    "pause_collection",
    "payment_behavior",
    "payment_settings",
    "proration_behavior",
    "proration_date",
    "trial_end",
    "trial_settings",
)
CREATE_KNOWN = (
    "add_invoice_items",
    "automatic_tax",
    "billing_cycle_anchor",
    "billing_mode",
    "cancel_at",
    "cancel_at_period_end",
    "collection_method",
    "currency",
    "customer",
    "days_until_due",
    "default_payment_method",
    "description",
    "discounts",
    "items",
    "metadata",
    "off_session",
    "payment_behavior",
    "payment_settings",
    "proration_behavior",
    "trial_end",
    "trial_period_days",
    "trial_settings",
)
MOST_DISCOUNTS = 20


@operation("POST", "/v1/subscriptions", params="SubscriptionCreateParams", permission="subscription")
def create(call: Call) -> Object:
    """Store a subscription, and collect its first invoice."""
    params, scope = call.params, call.scope
    rules.modelled(params, CREATE_KNOWN, "subscriptions")
    rules.metadata(params.get("metadata"))
    rules.only_one(params, "cancel_at", "cancel_at_period_end")
    if (params.get("billing_mode") or {}).get("type", "flexible") != "flexible":
        message = "The simulator models the flexible billing mode only."
        raise invalid(message, "billing_mode[type]", "simulator_unsupported")
    subscription = starting.start(scope, params)
    if "payment_settings" in params:
        settings = subscription["payment_settings"] | params["payment_settings"]
        scope.change(subscription, payment_settings=settings)
    if params.get("cancel_at") or params.get("cancel_at_period_end"):
        _plan_end(call, subscription)
    return scope.known(subscription["id"], "subscription")


@operation("GET", ONE, params="SubscriptionRetrieveParams", permission="subscription")
def retrieve(call: Call) -> Object:
    """Return a subscription."""
    return call.target("subscription", "subscription_exposed_id")


@operation("GET", "/v1/subscriptions", params="SubscriptionListParams", permission="subscription")
def list_all(call: Call) -> Object:
    """List subscriptions; those canceled only where the status asks for them."""
    params = call.params
    status = params.get("status")
    if "customer" in params:
        call.scope.get("customer", params["customer"], "customer")
    return call.page(
        s
        for s in call.scope.each("subscription", customer=params.get("customer"))
        if _has_status(s, status)
        and ("customer" in params or s["test_clock"] == params.get("test_clock"))
        and ("price" not in params or any(i["price"]["id"] == params["price"] for i in s["items"]["data"]))
    )


def _has_status(subscription: Object, status: str | None) -> bool:
    if status == "all":
        return True
    if status == "ended":
        return subscription["status"] in subscriptions.OVER
    if status is None:
        return subscription["status"] not in subscriptions.OVER
    return bool(subscription["status"] == status)


@operation("POST", ONE, params="SubscriptionUpdateParams", permission="subscription")
def update(call: Call) -> Object:
    """Change a subscription."""
    params, scope = call.params, call.scope
    rules.modelled(params, KNOWN, "subscriptions")
    rules.metadata(params.get("metadata"))
    subscription = call.target("subscription", "subscription_exposed_id")
    if subscription["status"] in subscriptions.OVER and params.keys() - {"metadata", "cancellation_details", "expand"}:
        raise invalid(
            "A canceled subscription can only update its cancellation_details and metadata.", code="resource_missing"
        )
    rules.only_one(params, "cancel_at", "cancel_at_period_end")
    plain = _plain_changes(call, subscription)
    if plain:
        scope.change(subscription, "customer.subscription.updated", **plain)
    if "cancel_at" in params or "cancel_at_period_end" in params:
        _plan_end(call, subscription)
    if params.get("items") or changes.begins_anew(params.get("billing_cycle_anchor")):
        changes.change_items(scope, subscription, params.get("items", []), _terms(params))
    if "trial_end" in params:
        changes.move_trial(scope, scope.known(subscription["id"], "subscription"), params["trial_end"])
    return scope.known(subscription["id"], "subscription")


def _terms(params: dict[str, Any]) -> changes.Terms:
    return changes.Terms(
        params.get("proration_behavior", "create_prorations"),
        params.get("payment_behavior", "allow_incomplete"),
        moment=params.get("proration_date"),
        new_period=changes.begins_anew(params.get("billing_cycle_anchor")),
    )


def _plain_changes(call: Call, subscription: Object) -> dict[str, Any]:
    params, scope = call.params, call.scope
    plain = rules.picked(params, "description")
    if "metadata" in params:
        plain["metadata"] = rules.merged(subscription["metadata"], params["metadata"])
    if identifier := params.get("default_payment_method"):
        method = scope.get("payment_method", identifier, "default_payment_method")
        if method["customer"] != subscription["customer"]:
            raise invalid(
                f"The customer does not have a payment method with the ID {identifier}. The payment method must be "
                "attached to the customer.",
                "default_payment_method",
                "resource_missing",
            )
        plain["default_payment_method"] = identifier
    if "discounts" in params:
        plain["discounts"] = _discounts(scope, subscription, params["discounts"] or [])
    if "automatic_tax" in params:
        plain["automatic_tax"] = subscription["automatic_tax"] | {"enabled": params["automatic_tax"]["enabled"]}
    if "payment_settings" in params:
        plain["payment_settings"] = subscription["payment_settings"] | params["payment_settings"]
    for name in ("collection_method", "days_until_due"):
        if name in params:
            plain[name] = params[name]
    if plain.get("collection_method") == "charge_automatically":
        plain["days_until_due"] = None
    if "trial_settings" in params:
        plain["trial_settings"] = params["trial_settings"]
    if "cancellation_details" in params:
        given = {name: value or None for name, value in params["cancellation_details"].items()}
        plain["cancellation_details"] = subscription["cancellation_details"] | given
    if "pause_collection" in params:
        collection: Object = params["pause_collection"] or {}
        plain["pause_collection"] = {"resumes_at": None} | collection if collection else None
        scope.unschedule("collection.resume", subscription["id"])
        if collection.get("resumes_at"):
            scope.schedule(collection["resumes_at"], "collection.resume", subscription["id"])
    return plain


def _discounts(scope: Scope, subscription: Object, given: list[Object]) -> list[str]:
    """Return a subscription's discounts: those named are kept, coupons and codes are redeemed, the rest is gone."""
    kept = [str(entry["discount"]) for entry in given if entry.get("discount")]
    for identifier in kept:
        if identifier not in subscription["discounts"]:
            raise invalid(f"No such discount: '{identifier}'", "discounts", "resource_missing")
    for entry in resolve(scope, given):
        made = redeem(scope, entry, customer=subscription["customer"], subscription=subscription["id"])
        scope.change(made, _once=False, _until_used=made.get("_once", False))
        kept.append(made["id"])
    return kept


def _plan_end(call: Call, subscription: Object) -> None:
    params, scope = call.params, call.scope
    details = {n: v for n, v in subscription["cancellation_details"].items() if n != "reason"}
    if "cancel_at_period_end" in params:
        wanted = params["cancel_at_period_end"]
        at = subscriptions.period_end(subscription) if wanted else None
        subscriptions.plan_end(scope, subscription, at, details, at_period_end=wanted)
        return
    given = params["cancel_at"]
    ends = [int(item["current_period_end"]) for item in subscription["items"]["data"]]
    named = {"min_period_end": min(ends), "max_period_end": max(ends), "max_billed_until": max(ends), "": None}
    at = named[given] if isinstance(given, str) else int(given)
    if at is not None and at <= scope.now:
        raise invalid("The `cancel_at` timestamp must be in the future.", "cancel_at")
    subscriptions.plan_end(scope, subscription, at, details)


@operation("DELETE", ONE, params="SubscriptionCancelParams", permission="subscription")
def cancel(call: Call) -> Object:
    """End a subscription at once."""
    rules.modelled(call.params, ("cancellation_details", "invoice_now", "prorate"), "cancelling")
    params, scope = call.params, call.scope
    subscription = call.target("subscription", "subscription_exposed_id")
    if subscription["status"] in subscriptions.OVER:
        identifier = subscription["id"]
        raise invalid(f"No such subscription: '{identifier}'", "id", "resource_missing")
    given = {name: value or None for name, value in call.params.get("cancellation_details", {}).items()}
    lines = []
    if params.get("prorate") and subscription["status"] == "active":
        lines = [unused(scope, subscription, item) for item in subscription["items"]["data"]]
    if params.get("invoice_now") and (lines or subscription.get("_pending")):
        invoices.finalize(scope, subscriptions.bill(scope, subscription, lines, "subscription_update"))
        scope.save(subscription)
    subscriptions.end(scope, subscription, "cancellation_requested", given)
    if params.get("invoice_now"):
        _collect_last(scope, subscription)
    return scope.known(subscription["id"], "subscription")


def _collect_last(scope: Scope, subscription: Object) -> None:
    """Collect the invoice that an ended subscription left open, if any."""
    invoice = scope.find(subscription["latest_invoice"] or "", "invoice")
    if invoice and invoice["status"] == "open":
        invoices.collect(scope, invoice, default_method(scope, subscription), on_session=False)


@operation(
    "POST", "/v1/subscriptions/{subscription}/pause", params="SubscriptionPauseParams", permission="subscription"
)
def pause(call: Call) -> Object:
    """Pause a running subscription; what was paid for and not used is credited unless ``bill_for`` says no."""
    rules.modelled(call.params, ("type", "bill_for", "invoicing_behavior"), "pausing")
    credit = call.params.get("bill_for", {}).get("unused_time_from", {"type": "now"})["type"]
    if credit == "item_current_period_start" or call.params.get("invoicing_behavior") == "invoice":
        raise invalid(
            "The simulator credits unused time from now on, on the next invoice.", code="simulator_unsupported"
        )
    subscription = call.target("subscription", "subscription")
    if subscription["status"] not in ("active", "trialing"):
        raise invalid(f"A subscription with the status {subscription['status']} cannot be paused.", "subscription")
    pausing.pause(call.scope, subscription, credits_unused=credit == "now")
    return subscription


@operation(
    "POST", "/v1/subscriptions/{subscription}/resume", params="SubscriptionResumeParams", permission="subscription"
)
def resume(call: Call) -> Object:
    """Resume a paused subscription."""
    rules.modelled(call.params, ("billing_cycle_anchor", "proration_behavior", "payment_behavior"), "resuming")
    subscription = call.target("subscription", "subscription")
    if subscription["status"] != "paused":
        raise invalid("Only paused subscriptions can be resumed.", "subscription")
    anchor = call.params.get("billing_cycle_anchor", {"type": "now"})
    pausing.resume(call.scope, subscription, anchor=anchor["type"])
    return call.scope.known(subscription["id"], "subscription")
