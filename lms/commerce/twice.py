"""Who pays twice for one thing: found in the books, whichever way it came about and whoever took the money."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, select

from lms.commerce.facts import RUNNING
from lms.commerce.ledger import GONE
from lms.commerce.models import Offer, Order, OrderLine, Payment, Refund, Subscription
from lms.commerce.offer_view import ONE_TIME
from lms.db import session


@dataclass(frozen=True, slots=True)
class Twice:
    """How many pay twice, and the order of one of them, where staff see what to send back or to cancel."""

    count: int
    order_number: str


def subscriptions() -> Twice:
    """People with two subscriptions to one product that run at the same time. One query."""
    both = (
        select(func.max(Subscription.order_id).label("order_id"))
        .join(Offer, Offer.id == Subscription.offer_id)
        .outerjoin(Order, Order.id == Subscription.order_id)
        .where(Subscription.state.in_(RUNNING), Subscription.person_id.is_not(None), Order.purged_at.is_(None))
        .group_by(Subscription.person_id, Offer.product_id)
        .having(func.count() > 1)
        .subquery()
    )
    query = select(func.count(), func.max(Order.number)).select_from(both)
    count, number = session.execute(query.outerjoin(Order, Order.id == both.c.order_id)).one()
    return Twice(count, number or "")


def orders() -> Twice:
    """Orders of something that is paid once, for which money came twice and has not been sent back. One query."""
    back = (
        select(Refund.payment_id, func.sum(Refund.amount).label("amount"))
        .where(Refund.state.in_(GONE))
        .group_by(Refund.payment_id)
        .subquery()
    )
    both = (
        select(Order.number.label("number"))
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Offer, and_(Offer.id == OrderLine.offer_id, Offer.kind == ONE_TIME))
        .join(Payment, Payment.order_id == Order.id)
        .outerjoin(back, back.c.payment_id == Payment.id)
        .where(Payment.amount > func.coalesce(back.c.amount, 0), Order.purged_at.is_(None))
        .group_by(Order.id, Order.number)
        .having(func.count() > 1)
        .subquery()
    )
    count, number = session.execute(select(func.count(), func.max(both.c.number)).select_from(both)).one()
    return Twice(count, number or "")
