"""The label that only Stripe knows: which card is charged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.extend import DynamicLabel, LinkContext
from lms_stripe import own


def _card(ctx: LinkContext, _args: Mapping[str, Any]) -> str | None:
    """The last four digits of the first customer's card that we know."""
    return next((each.card.last4 for each in own.customers(ctx) if each.card.last4), None)


ALL = (
    DynamicLabel(
        name="card-last4",
        label=_l("Card, last four digits"),
        help=_l("Of the card that is charged."),
        source_label="Stripe",
        states=("purchased", "lapsed"),
        value=_card,
        example="4242",
    ),
)
