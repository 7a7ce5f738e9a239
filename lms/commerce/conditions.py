"""Conditions about paying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.commerce import subscriptions
from lms.extend import Condition, LinkContext


def _failed(ctx: LinkContext, _args: Mapping[str, Any]) -> bool:
    person = ctx.person
    if person is None:
        return False
    found = ctx.once(("commerce.unpaid", person.id), lambda: subscriptions.unpaid_of(person.id))
    return found is not None


def _subscribes(ctx: LinkContext, _args: Mapping[str, Any]) -> bool:
    return any(each.is_running for each in subscriptions_of(ctx))


def subscriptions_of(ctx: LinkContext) -> tuple[subscriptions.SubscriptionView, ...]:
    """Those of who looks, newest first. One query for a page."""
    person = ctx.person
    if person is None:
        return ()
    found: tuple[subscriptions.SubscriptionView, ...] = ctx.once(
        ("commerce.subscriptions", person.id), lambda: subscriptions.subscriptions_of(person.id)
    )
    return found


ALL = (
    Condition(
        name="failed",
        source="payment",
        source_label=_l("Payment"),
        label=_l("Has a payment that failed"),
        help=_l("A subscription's charge did not go through and is still open."),
        states=("purchased", "lapsed"),
        attention=("past_due",),
        holds=_failed,
        order=10,
    ),
    Condition(
        name="subscribed",
        source="payment",
        source_label=_l("Payment"),
        label=_l("Has a running subscription"),
        help=_l("To whatever it is; also while a charge is open."),
        states=("purchased",),
        holds=_subscribes,
        order=20,
    ),
)
