"""Subscriptions: begun by a checkout or by the API, planned ahead, billed, ended."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from lms_stripe_simulator.billing import drafts, invoices
from lms_stripe_simulator.billing.discounts import running, used
from lms_stripe_simulator.billing.drafts import Draft, InvoiceLine, line_in_words
from lms_stripe_simulator.billing.periods import add
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank, page
from lms_stripe_simulator.state import Object

DAY = 86_400
REMINDER = 3 * DAY
UPCOMING = 7 * DAY
FIRST_PAYMENT_WITHIN = 23 * 3_600
"""https://docs.stripe.com/billing/subscriptions/overview#subscription-lifecycle"""
RUNNING = ("trialing", "active", "past_due", "unpaid")
OVER = ("canceled", "incomplete_expired")
UNCHANGING: Object = {
    "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
    "billing_schedules": [],
    "cancel_at_period_end": False,
    "default_tax_rates": [],
    "discounts": [],
    "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
    "payment_settings": {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    },
}
"""What each new subscription here begins with."""
DETAILS = {"comment": None, "feedback": None, "reason": None}


@dataclass(frozen=True)
class Start:
    """What a new subscription is made of."""

    customer: str
    currency: str
    items: list[tuple[Object, int]]
    """Price and quantity."""
    method: str | None
    metadata: Object = field(default_factory=dict)
    description: str | None = None
    trial_end: int | None = None
    missing_payment_method: str = "create_invoice"
    automatic_tax: bool = False
    anchor: int | None = None
    """When the first full period begins, where that is not now."""
    days_until_due: int | None = None
    """How long an invoice may stay open that is sent instead of charged."""
    item_metadata: list[Object] = field(default_factory=list)


def create(scope: Scope, start: Start) -> Object:
    """Store a subscription, not yet paid for, and emit ``customer.subscription.created``."""
    identifier = new_id("sub")
    trialing = start.trial_end is not None
    ends = start.trial_end or start.anchor
    items = [new_item(scope, identifier, price, quantity, ends) for price, quantity in start.items]
    for item, metadata in zip(items, start.item_metadata, strict=False):
        item["metadata"] = metadata
    subscription = blank(
        "subscription",
        id=identifier,
        automatic_tax={
            "disabled_reason": None,
            "enabled": start.automatic_tax,
            "liability": {"type": "self"} if start.automatic_tax else None,
        },
        billing_cycle_anchor=ends or scope.now,
        cancellation_details=dict(DETAILS),
        collection_method="send_invoice" if start.days_until_due is not None else "charge_automatically",
        created=scope.now,
        currency=start.currency,
        customer=start.customer,
        days_until_due=start.days_until_due,
        default_payment_method=start.method,
        description=start.description,
        items=page(f"/v1/subscription_items?subscription={identifier}", items),
        livemode=scope.livemode,
        metadata=dict(start.metadata),
        start_date=scope.now,
        status="trialing" if trialing else "incomplete",
        test_clock=scope.clock or None,
        trial_end=start.trial_end,
        trial_settings={"end_behavior": {"missing_payment_method": start.missing_payment_method}},
        trial_start=scope.now if trialing else None,
        **copy.deepcopy(UNCHANGING),
    )
    scope.add(subscription)
    scope.emit("customer.subscription.created", subscription)
    plan_ahead(scope, subscription)
    if not trialing:
        scope.schedule(scope.now + FIRST_PAYMENT_WITHIN, "subscription.first_payment_due", identifier)
    if start.trial_end is not None:
        scope.schedule(max(start.trial_end - REMINDER, scope.now), "subscription.trial_will_end", identifier)
    return subscription


def new_item(scope: Scope, subscription: str, price: Object, quantity: int, ends: int | None) -> Object:
    """Return a subscription item whose period begins now and lasts for its interval, or until a given moment."""
    recurring = price["recurring"]
    end = ends or add(scope.now, recurring["interval"], recurring["interval_count"])
    return blank(
        "subscription_item",
        id=new_id("si"),
        created=scope.now,
        current_period_end=end,
        current_period_start=scope.now,
        discounts=[],
        metadata={},
        plan=plan_of(price),
        price=price,
        quantity=quantity,
        subscription=subscription,
        tax_rates=[],
    )


def plan_of(price: Object) -> Object:
    """Return a recurring price in the older shape that subscription items still carry."""
    recurring = price["recurring"]
    names = ("active", "billing_scheme", "created", "currency", "id", "livemode", "nickname", "product", "tiers_mode")
    return {name: price[name] for name in names} | {
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "metadata": dict(price["metadata"]),
        "meter": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def period_end(subscription: Object) -> int:
    """Return when the earliest of the current periods ends."""
    return min(int(item["current_period_end"]) for item in subscription["items"]["data"])


def plan_ahead(scope: Scope, subscription: Object) -> None:
    """Put the next renewal, and the planned end, on the agenda."""
    identifier = subscription["id"]
    for name in ("subscription.cycle", "subscription.cancel", "subscription.upcoming"):
        scope.unschedule(name, identifier)
    if subscription["status"] in OVER or subscription["status"] == "paused":
        return
    if subscription["cancel_at"]:  # first, so that an end at the period's end comes before its renewal
        scope.schedule(subscription["cancel_at"], "subscription.cancel", identifier)
    end = period_end(subscription)
    scope.schedule(end, "subscription.cycle", identifier)
    notice = end - UPCOMING
    if notice > scope.now and subscription["status"] in RUNNING and not 0 < (subscription["cancel_at"] or 0) <= end:
        scope.schedule(notice, "subscription.upcoming", identifier)


def lines_for(scope: Scope, subscription: Object, items: list[Object], *, free: bool = False) -> list[InvoiceLine]:
    """Return the lines of an invoice for the current periods of items; ``free`` during a trial."""
    lines = []
    for item in items:
        product = scope.known(item["price"]["product"], "product")
        text = line_in_words(item["price"], product, item["quantity"])
        lines.append(
            InvoiceLine(
                item["price"],
                item["quantity"],
                item["current_period_start"],
                item["current_period_end"],
                f"Trial period for {product['name']}" if free else text,
                subscription["id"],
                item["id"],
                amount=0 if free else None,
                metadata=subscription["metadata"],
            )
        )
    return lines


def bill(scope: Scope, subscription: Object, lines: list[InvoiceLine], reason: str, *, first: bool = False) -> Object:
    """Draft an invoice for a subscription, discounts and pending prorations included."""
    pending = [InvoiceLine(**line) for line in subscription.pop("_pending", [])]
    days = subscription["days_until_due"]
    invoice = drafts.create(
        scope,
        Draft(
            customer=subscription["customer"],
            currency=subscription["currency"],
            reason=reason,
            lines=lines + pending,
            subscription=subscription,
            discounts=running(scope, subscription["discounts"], first=first),
            description=subscription["description"],
            automatic_tax=subscription["automatic_tax"]["enabled"],
            due_date=None if days is None else scope.now + days * DAY,
        ),
    )
    used(scope, invoice["discounts"])
    scope.change(subscription, latest_invoice=invoice["id"])
    return invoice


def set_status(scope: Scope, subscription: Object, status: str, **changes: Any) -> None:
    """Change a subscription's status and emit ``customer.subscription.updated``."""
    scope.change(subscription, "customer.subscription.updated", status=status, **changes)


def plan_end(
    scope: Scope, subscription: Object, at: int | None, details: Object | None = None, *, at_period_end: bool = False
) -> None:
    """Set or take back the moment at which a subscription ends.

    Under flexible billing, which Checkout uses, only ``cancel_at`` tells; ``cancel_at_period_end`` is for requests
    that set it by name.
    """
    reason = "cancellation_requested" if at else None
    scope.change(
        subscription,
        "customer.subscription.updated",
        cancel_at=at,
        cancel_at_period_end=at_period_end,
        canceled_at=scope.now if at else None,
        cancellation_details=DETAILS | (details or {}) | {"reason": reason},
    )
    plan_ahead(scope, subscription)


def end(scope: Scope, subscription: Object, reason: str, details: Object | None = None) -> None:
    """End a subscription now."""
    scope.change(
        subscription,
        status="canceled",
        ended_at=scope.now,
        canceled_at=subscription["canceled_at"] or scope.now,
        cancellation_details=(subscription["cancellation_details"] or DETAILS) | (details or {}) | {"reason": reason},
        pause_collection=None,
        pending_update=None,
        next_pending_invoice_item_invoice=None,
    )
    subscription.pop("status_details", None)
    scope.save(subscription)
    plan_ahead(scope, subscription)
    for name in ("subscription.trial_will_end", "subscription.resume", "subscription.first_payment_due"):
        scope.unschedule(name, subscription["id"])
    invoice = scope.find(subscription["latest_invoice"] or "", "invoice")
    if invoice and invoice["status"] in ("draft", "open"):
        scope.unschedule("invoice.finalize", invoice["id"])
        scope.unschedule("invoice.retry", invoice["id"])
        scope.change(invoice, auto_advance=False, next_payment_attempt=None)
    scope.emit("customer.subscription.deleted", subscription)


def expire(scope: Scope, subscription: Object) -> None:
    """End a subscription whose first payment never came."""
    set_status(scope, subscription, "incomplete_expired", ended_at=scope.now, canceled_at=scope.now)
    plan_ahead(scope, subscription)
    scope.unschedule("subscription.first_payment_due", subscription["id"])
    invoice = scope.find(subscription["latest_invoice"] or "", "invoice")
    if invoice and invoice["status"] == "open":
        invoices.void(scope, invoice)
