"""What students may do in the customer portal: the owner's choices, and how they are said to Stripe. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

CANCEL = ("period_end", "immediately", "off")
PAUSE_MONTHS = (0, 1, 2, 3)
MOST_PRODUCTS = 10
"""Stripe takes no more in one configuration (docs.stripe.com/api/customer_portal/configurations)."""

_REASONS = ["too_expensive", "missing_features", "unused", "too_complex", "low_quality", "other"]


@dataclass(frozen=True, slots=True)
class Choices:
    """The owner's choices, with what we think best as defaults. ``pause_months`` 0: no pausing."""

    cancel: str = "period_end"
    reasons: bool = True
    update_card: bool = True
    invoices: bool = True
    details: bool = True
    pause_months: int = 0
    change_plan: bool = False

    def as_stored(self) -> dict[str, Any]:
        """For the connection's row."""
        return asdict(self)


def read(stored: Any) -> Choices:
    """The choices as stored; anything unknown, missing or of another type falls back to its default."""
    if not isinstance(stored, Mapping):
        return Choices()
    kept = {}
    for each in fields(Choices):
        value = stored.get(each.name)
        if type(value) is type(each.default):
            kept[each.name] = value
    choices = Choices(**kept)
    is_known = choices.cancel in CANCEL and choices.pause_months in PAUSE_MONTHS
    return choices if is_known else Choices()


@dataclass(frozen=True, slots=True)
class Plan:
    """A product at Stripe, and the recurring prices that a student may move to."""

    product_id: str
    price_ids: tuple[str, ...]


def features(choices: Choices, plans: Sequence[Plan] = ()) -> dict[str, Any]:
    """The parameter ``features`` of a portal configuration. Each is named, so that switching off is said too."""
    return {
        # Not the e-mail: who somebody is here does not follow from what they type there.
        "customer_update": {
            "enabled": choices.details,
            "allowed_updates": ["address", "name", "phone", "tax_id"] if choices.details else "",
        },
        "invoice_history": {"enabled": choices.invoices},
        "payment_method_update": {"enabled": choices.update_card},
        "subscription_cancel": _cancel(choices),
        "subscription_pause": _pause(choices.pause_months),
        "subscription_update": _update(plans if choices.change_plan else ()),
    }


def _cancel(choices: Choices) -> dict[str, Any]:
    if choices.cancel == "off":
        return {"enabled": False}
    return {
        "enabled": True,
        "mode": "immediately" if choices.cancel == "immediately" else "at_period_end",
        "cancellation_reason": {"enabled": choices.reasons, "options": _REASONS if choices.reasons else ""},
    }


def _pause(months: int) -> dict[str, Any]:
    if not months:
        return {"enabled": False}
    options = [{"interval": "month", "interval_count": count} for count in range(1, months + 1)]
    return {"enabled": True, "duration": {"type": "interval_options", "interval_options": options}}


def _update(plans: Sequence[Plan]) -> dict[str, Any]:
    offered = [plan for plan in plans if plan.price_ids][:MOST_PRODUCTS]
    if sum(len(plan.price_ids) for plan in offered) < 2:
        # With one price there is nothing to change to, and Stripe refuses an empty list.
        return {"enabled": False}
    return {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "proration_behavior": "create_prorations",
        "products": [{"product": plan.product_id, "prices": list(plan.price_ids)} for plan in offered],
    }


def allows(stored: Any, feature: str) -> bool:
    """Whether a configuration with these features lets students do it."""
    found = stored.get(feature) if isinstance(stored, Mapping) else None
    return isinstance(found, Mapping) and bool(found.get("enabled"))
