"""Staff opened a grant again that they had closed: its order's facts say anew what it is, as they are now."""

from __future__ import annotations

from sqlalchemy import select

from lms.access.events import GrantReopened
from lms.base import clock
from lms.commerce import payments, subscriptions
from lms.commerce.models import Order, Subscription
from lms.commerce.orders import lock_order
from lms.db import session


def follow(event: GrantReopened) -> None:
    """What was refunded, left unpaid or ended meanwhile does not open again."""
    if event.source != "order":
        return
    order_id = session.scalar(select(Order.id).where(Order.number == event.source_ref))
    if order_id is not None:
        payments.apply_money(lock_order(order_id))
        return
    provider, _colon, reference = event.source_ref.partition(":")
    query = select(Subscription.order_id).filter_by(provider=provider, provider_ref=reference)
    order_id = session.scalar(query)
    if order_id is not None:
        subscriptions.apply_grants_of_order(lock_order(order_id), clock.now())
