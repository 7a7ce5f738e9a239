"""Charges that failed: kept once for each, for an order's story and for the figures."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

from lms.base import clock
from lms.commerce.facts import SubscriptionState
from lms.commerce.models import FailedCharge
from lms.db import session

if TYPE_CHECKING:
    from lms.commerce.orders import OrderView
    from lms.commerce.subscriptions import SubscriptionView


def of_order(order: OrderView) -> None:
    """An order's payment did not arrive."""
    _keep(
        key=f"order:{order.id}",
        order_id=order.id,
        subscription_id=None,
        amount=order.total,
        currency=order.currency,
        failed_at=clock.now(),
        reason=order.reason,
        test=order.test,
    )


def of_subscription(subscription: SubscriptionView) -> None:
    """A subscription's charge is open: one for each unpaid time, however often the provider tries."""
    since = subscription.past_due_since
    if subscription.state is not SubscriptionState.PAST_DUE or since is None:
        return
    _keep(
        key=f"subscription:{subscription.id}:{since.isoformat()}",
        order_id=subscription.order_id,
        subscription_id=subscription.id,
        amount=subscription.offer.amount,
        currency=subscription.offer.currency,
        failed_at=since,
        reason=subscription.reason,
        test=subscription.test,
    )


def _keep(*, failed_at: datetime, **values: Any) -> None:
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    now = clock.real_now()
    row = {**values, "failed_at": failed_at, "created_at": now, "updated_at": now}
    session.execute(dialect.insert(FailedCharge).values(row).on_conflict_do_nothing(index_elements=("key",)))
