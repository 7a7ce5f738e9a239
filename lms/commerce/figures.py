"""What came in during a time, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from lms.base.money import Money
from lms.commerce.models import Order, Payment, Refund
from lms.db import session

# What failed or was called off at the provider never went back.
_WENT_BACK = ("pending", "succeeded")


@dataclass(frozen=True, slots=True)
class Figures:
    """``orders`` that were paid, and ``revenue``: what was paid less what went back of it, for each currency."""

    orders: int
    revenue: tuple[Money, ...]


def figures(since: datetime, until: datetime, *, test: bool = False) -> Figures:
    """The figures from ``since`` up to before ``until`` (domain time, UTC). Three queries.

    ``test`` counts orders and payments of a provider's test mode too, in which no money moves.
    """
    orders = select(func.count()).where(Order.paid_at >= since, Order.paid_at < until)
    paid = (
        select(Payment.currency, func.sum(Payment.amount))
        .where(Payment.paid_at >= since, Payment.paid_at < until)
        .group_by(Payment.currency)
    )
    back = (
        select(Payment.currency, func.sum(Refund.amount))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.paid_at >= since, Payment.paid_at < until, Refund.state.in_(_WENT_BACK))
        .group_by(Payment.currency)
    )
    if not test:
        orders = orders.where(Order.test.is_(False))
        paid, back = paid.where(Payment.test.is_(False)), back.where(Payment.test.is_(False))
    returned = {currency: int(amount) for currency, amount in session.execute(back)}
    revenue = [Money(currency, int(amount) - returned.get(currency, 0)) for currency, amount in session.execute(paid)]
    return Figures(
        orders=session.scalar(orders) or 0,
        revenue=tuple(sorted(revenue)),
    )
