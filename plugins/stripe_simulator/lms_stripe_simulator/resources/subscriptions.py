"""Subscriptions as the API sees them. They are begun by Checkout only."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import changes, subscriptions
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.state import Object

ONE = "/v1/subscriptions/{subscription_exposed_id}"
KNOWN = (
    "items",
    "cancel_at",
    "cancel_at_period_end",
    "cancellation_details",
    "default_payment_method",
    "description",
    "metadata",
    "pause_collection",
    "payment_behavior",
    "proration_behavior",
    "trial_end",
    "trial_settings",
    "off_session",
)


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
    if params.get("items"):
        changes.change_items(
            scope, subscription, params["items"], params.get("proration_behavior", "create_prorations")
        )
    if "trial_end" in params:
        changes.move_trial(scope, subscription, params["trial_end"])
    return scope.known(subscription["id"], "subscription")


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
    subscription = call.target("subscription", "subscription_exposed_id")
    if subscription["status"] in subscriptions.OVER:
        identifier = subscription["id"]
        raise invalid(f"No such subscription: '{identifier}'", "id", "resource_missing")
    given = {name: value or None for name, value in call.params.get("cancellation_details", {}).items()}
    subscriptions.end(call.scope, subscription, "cancellation_requested", given)
    return subscription


@operation(
    "POST", "/v1/subscriptions/{subscription}/pause", params="SubscriptionPauseParams", permission="subscription"
)
def pause(call: Call) -> Object:
    """Pause a running subscription; what was paid for is not credited."""
    rules.modelled(call.params, ("type",), "pausing")
    subscription = call.target("subscription", "subscription")
    if subscription["status"] not in ("active", "trialing"):
        raise invalid(f"A subscription with the status {subscription['status']} cannot be paused.", "subscription")
    subscriptions.pause(call.scope, subscription)
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
    subscriptions.resume(call.scope, subscription, anchor=anchor["type"])
    return call.scope.known(subscription["id"], "subscription")
