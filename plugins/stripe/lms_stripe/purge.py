"""Test purchases through Stripe: which there are, and doing away with them."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from lms.api import clock, commerce, db
from lms_stripe.models import Checkout, ConnectionRow

_PROVIDER = "stripe"


def found() -> commerce.TestPurchases:
    """What could be done away with; from our database only."""
    return commerce.find_test_purchases(_PROVIDER, clock.now(), known=_on_their_way())


def purge(actor_id: int) -> commerce.TestPurchases:
    """Shut what test purchases opened, and tell what that was; at Stripe nothing changes. Does not commit."""
    return commerce.purge_test_purchases(_PROVIDER, clock.now(), actor_id=actor_id, known=_on_their_way())


def _on_their_way() -> tuple[int, ...]:
    """Orders whose test money has not arrived: only the mode of their sessions tells that they are tests."""
    real = aliased(Checkout)
    also_real = exists().where(
        real.order_id == Checkout.order_id, real.connection_id == ConnectionRow.id, ConnectionRow.livemode.is_(True)
    )
    query = (
        select(Checkout.order_id)
        .where(Checkout.status == "awaiting_payment", ~also_real)
        .where(Checkout.connection_id.in_(select(ConnectionRow.id).where(ConnectionRow.livemode.is_(False))))
    )
    return tuple(db.session.scalars(query.distinct()))
