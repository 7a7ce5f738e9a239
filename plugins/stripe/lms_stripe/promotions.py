"""Coupons at checkout: none, a field for buyers, or a code that is taken off; as the offer says, else the settings."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from lms.api import db, settings
from lms.api.problem import Conflict
from lms_stripe import client, connections
from lms_stripe.connections import Connection

NOTHING: dict[str, Any] = {}


def way_of(offer: Any) -> str:
    """none, customer_enters or fixed: what the offer says, else the default of the settings page."""
    if offer.promotion != "default":
        return str(offer.promotion)
    allowed = bool(settings.get(connections.SECTION, "allow_coupons", True))
    return "customer_enters" if allowed else "none"


def params_of(connection: Connection, order: Any) -> dict[str, Any]:
    """What a Checkout Session of the order says about discounts: Stripe takes a field or a discount, never both.

    May call Stripe, and commits then. Raises ``Conflict`` for a buyer's own code that does not count any longer,
    ``StripeFailure``.
    """
    way = way_of(order.offer)
    if way == "none":
        return NOTHING
    code = order.promotion_code or order.offer.promotion_code
    if not code:
        return {"allow_promotion_codes": True} if way == "customer_enters" else NOTHING
    found = _find(connection, code)
    if found is None and way == "fixed":
        # The buyer was promised nothing, and the price is the offer's.
        return NOTHING
    if found is None:
        raise refusal(order)
    return {"discounts": [{"promotion_code": found}]}


def refusal(order: Any) -> Conflict:
    """That the buyer's code does not count, and what to do."""
    return Conflict(
        _("The code %(code)s does not count here, or not any longer.", code=order.promotion_code),
        next_step=_("Go on without it, or use another one."),
    )


def _find(connection: Connection, code: str) -> str | None:
    stripe = connections.client_of(connection)
    asked: Any = {"code": code, "active": True, "limit": 1}
    db.commit()
    with client.outside():
        listed = stripe.v1.promotion_codes.list(asked)
    return listed.data[0].id if listed.data else None
