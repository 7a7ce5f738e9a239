"""Which events we ask Stripe for, and what has to be read again when one arrives. Pure.

Only ids are taken from an event's body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lms_stripe import facts

Task = tuple[str, str]
# What Stripe's ids and types are made of. Nothing else is kept or asked for: a database takes not every text.
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TYPE = re.compile(r"[a-z0-9_.]{1,120}")

_CHECKOUT = ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
_SUBSCRIPTION = (
    "created",
    "updated",
    "deleted",
    "paused",
    "resumed",
    "pending_update_applied",
    "pending_update_expired",
    "trial_will_end",
)
_INVOICE = (
    "paid",
    "payment_failed",
    "payment_action_required",
    "voided",
    "marked_uncollectible",
    "finalization_failed",
    "upcoming",
)
# Those of an invoice whose own reading matters besides its subscription's.
_READ_THE_INVOICE = ("invoice.paid", "invoice.finalization_failed")

TYPES: tuple[str, ...] = (
    *(f"checkout.session.{word}" for word in _CHECKOUT),
    *(f"customer.subscription.{word}" for word in _SUBSCRIPTION),
    *(f"invoice.{word}" for word in _INVOICE),
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "customer.updated",
    "customer.deleted",
    *(f"{kind}.{word}" for kind in ("product", "price") for word in ("created", "updated", "deleted")),
    *(f"coupon.{word}" for word in ("created", "updated", "deleted")),
    *(f"promotion_code.{word}" for word in ("created", "updated")),
    "billing_portal.configuration.updated",
)


def is_event(value: Any) -> bool:
    """Whether it has the id and the type of an event."""
    if not isinstance(value, Mapping):
        return False
    event_id, kind = value.get("id"), value.get("type")
    return bool(
        isinstance(event_id, str) and _ID.fullmatch(event_id) and isinstance(kind, str) and _TYPE.fullmatch(kind)
    )


def tasks_of(event: Mapping[str, Any]) -> list[Task]:
    """What to read again: pairs of object type and id. Empty for an event that does not concern us."""
    kind = str(event.get("type") or "").removeprefix("v1.")
    related = event.get("related_object")
    if event.get("object") == "v2.core.event" and isinstance(related, Mapping):
        # A thin event names its object and nothing else.
        value: Mapping[str, Any] = {"id": related.get("id")}
    else:
        data = event.get("data")
        found = data.get("object") if isinstance(data, Mapping) else None
        value = found if isinstance(found, Mapping) else {}
    return [task for task in _wanted(kind, value) if _ID.fullmatch(task[1])]


def _wanted(kind: str, value: Mapping[str, Any]) -> list[Task]:
    stripe_id = facts.identifier(value)
    if kind == "invoice.upcoming":
        # The invoice does not exist yet, and its id means nothing.
        subscription = facts.subscription_of_invoice(value)
        return [("subscription", subscription)] if subscription else []
    if kind not in TYPES or stripe_id is None:
        return []
    return _tasks(kind, stripe_id, value)


def _tasks(kind: str, stripe_id: str, value: Mapping[str, Any]) -> list[Task]:
    if kind.startswith("checkout.session."):
        return [("checkout", stripe_id)]
    if kind.startswith("customer.subscription."):
        return [("subscription", stripe_id)]
    if kind.startswith("invoice."):
        subscription = facts.subscription_of_invoice(value)
        tasks: list[Task] = [("payment", stripe_id)] if kind in _READ_THE_INVOICE else []
        return [("subscription", subscription), *tasks] if subscription else tasks
    if kind.startswith(("charge.", "refund.")):
        # A refund and a dispute name the payment; a charge is named by its own id where it has no PaymentIntent.
        payment = facts.identifier(value.get("payment_intent")) or facts.identifier(value.get("charge"))
        return [("payment", payment or stripe_id)]
    if kind.startswith("customer."):
        return [("customer", stripe_id)]
    if kind.startswith(("product.", "price.", "coupon.", "promotion_code.")):
        return [(kind.partition(".")[0], stripe_id)]
    return [("portal", stripe_id)]
