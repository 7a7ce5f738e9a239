"""Pauses: no renewals, no access. https://docs.stripe.com/billing/subscriptions/pausing"""

from __future__ import annotations

from dataclasses import asdict

from lms_stripe_simulator.billing import invoices
from lms_stripe_simulator.billing.instruments import default_method
from lms_stripe_simulator.billing.periods import add
from lms_stripe_simulator.billing.prorations import unused
from lms_stripe_simulator.billing.subscriptions import bill, lines_for, period_end, plan_ahead
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object


def pause(
    scope: Scope,
    subscription: Object,
    kind: str = "pause_requested",
    *,
    resumes_at: int | None = None,
    credits_unused: bool = True,
) -> None:
    """Pause a subscription; what was paid for and not used is credited on the next invoice."""
    if credits_unused and subscription["status"] == "active" and kind == "pause_requested":
        lines = [unused(scope, subscription, item) for item in subscription["items"]["data"]]
        subscription["_pending"] = subscription.get("_pending", []) + [asdict(line) for line in lines]
        subscription["_credited"] = True
    paused = {"subscription": {"type": kind}, "transitioned_at": scope.now, "type": "subscription"}
    scope.change(subscription, status="paused", status_details={"paused": paused})
    plan_ahead(scope, subscription)
    if resumes_at:
        scope.schedule(resumes_at, "subscription.resume", subscription["id"])
    scope.emit("customer.subscription.paused", subscription)


def resume(scope: Scope, subscription: Object, *, anchor: str = "now") -> None:
    """Resume a paused subscription.

    With anchor ``now`` a new period begins, and it is paused until that is paid for; otherwise the old period goes on.
    """
    scope.unschedule("subscription.resume", subscription["id"])
    if anchor != "now" and period_end(subscription) > scope.now and not subscription.get("_credited"):
        run_again(scope, subscription)
        return
    for item in subscription["items"]["data"]:
        recurring = item["price"]["recurring"]
        item["current_period_start"] = scope.now
        item["current_period_end"] = add(scope.now, recurring["interval"], recurring["interval_count"])
    scope.change(subscription, billing_cycle_anchor=scope.now)
    give_up_open_invoice(scope, subscription)
    lines = lines_for(scope, subscription, subscription["items"]["data"])
    invoice = invoices.finalize(scope, bill(scope, subscription, lines, "subscription_cycle"))
    scope.save(subscription)
    invoices.collect(scope, invoice, default_method(scope, subscription), on_session=False)


def give_up_open_invoice(scope: Scope, subscription: Object) -> None:
    """Void the invoice of an earlier attempt to resume, or of the failed renewal that led to the pause."""
    invoice = scope.find(subscription["latest_invoice"] or "", "invoice")
    if invoice and invoice["status"] == "open":
        invoices.void(scope, invoice)


def run_again(scope: Scope, subscription: Object) -> None:
    """Let a paused subscription be active."""
    for name in ("status_details", "_credited"):
        subscription.pop(name, None)
    scope.change(subscription, status="active")
    scope.emit("customer.subscription.resumed", subscription)
    plan_ahead(scope, subscription)
