"""The lists of staff: orders and subscriptions, searched, filtered, paged by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, or_, select, table

from lms.access.models import Product
from lms.commerce import orders, subscriptions
from lms.commerce.facts import SubscriptionState
from lms.commerce.models import Claim, Offer, Order, OrderLine, Payment, Refund, Subscription
from lms.commerce.orders import OrderView
from lms.commerce.subscriptions import SubscriptionView
from lms.db import session

# What people are is the room accounts' business; a list says who it was.
_people = table("accounts_person", column("id"), column("name"), column("email"))
WENT_BACK = ("pending", "succeeded")
"""States of a refund in which money left, or is about to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is narrowed to; every part is optional. Times in UTC; ``until`` itself is not wanted any longer.

    ``search``: a number, a part of a name or address, or a provider's reference. ``known``: ids of orders that a
    provider found for ``search`` in its own tables. ``test``: only test orders, or only those that are not.
    """

    search: str = ""
    states: tuple[str, ...] = ()
    refunded: bool = False
    product_id: int | None = None
    provider: str = ""
    test: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    known: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """A line of the list: the order, and who placed it ("" for somebody without an account)."""

    order: OrderView
    person_name: str
    person_email: str


@dataclass(frozen=True, slots=True)
class ListedSubscription:
    """A line of the list: the subscription, who has it, and the order that it began with."""

    subscription: SubscriptionView
    person_name: str
    person_email: str
    order_number: str
    test: bool


NOTHING_SPECIAL = Wanted()


def list_orders(
    *, wanted: Wanted = NOTHING_SPECIAL, before: int | None = None, limit: int = 50
) -> tuple[ListedOrder, ...]:
    """Orders, newest first, older than the order ``before``. One query."""
    query = orders.select_orders(_people.c.name, _people.c.email).outerjoin(_people, _people.c.id == Order.person_id)
    query = query.where(*_orders(wanted))
    if before is not None:
        query = query.where(Order.id < before)
    rows = session.execute(query.order_by(Order.id.desc()).limit(limit))
    found = ((orders.view(row[:-2]), row[-2], row[-1]) for row in rows)
    return tuple(ListedOrder(order, name or "", email or order.guest_email) for order, name, email in found)


def count_orders(wanted: Wanted) -> int:
    """How many orders there are in the whole list."""
    query = select(func.count()).select_from(Order).outerjoin(_people, _people.c.id == Order.person_id)
    return session.scalar(query.where(*_orders(wanted))) or 0


def list_subscriptions(
    *, wanted: Wanted = NOTHING_SPECIAL, before: int | None = None, limit: int = 50
) -> tuple[ListedSubscription, ...]:
    """Subscriptions that began, newest first, older than the subscription ``before``. One query."""
    query = subscriptions.select_subscriptions(_people.c.name, _people.c.email, Order.number, Order.test)
    query = _joined(query).where(*_subscriptions(wanted))
    if before is not None:
        query = query.where(Subscription.id < before)
    rows = session.execute(query.order_by(Subscription.id.desc()).limit(limit))
    return tuple(
        ListedSubscription(
            subscriptions.view(row[:-4]), row[-4] or "", row[-3] or "", row[-2] or "", bool(row[-1])
        )
        for row in rows
    )  # fmt: skip


def count_subscriptions(wanted: Wanted) -> int:
    """How many subscriptions there are in the whole list."""
    query = select(func.count()).select_from(Subscription).join(Offer, Offer.id == Subscription.offer_id)
    return session.scalar(_joined(query).where(*_subscriptions(wanted))) or 0


def refunded_of(order_ids: list[int]) -> dict[int, int]:
    """What went back of each order, in minor units of its currency; orders of which nothing did are left out."""
    query = (
        select(Payment.order_id, func.sum(Refund.amount))
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Payment.order_id.in_(order_ids), Refund.state.in_(WENT_BACK))
        .group_by(Payment.order_id)
    )
    # PostgreSQL sums whole numbers into decimals.
    return {order_id: int(amount) for order_id, amount in session.execute(query) if amount}


def _joined(query: Select[Any]) -> Select[Any]:
    return query.outerjoin(_people, _people.c.id == Subscription.person_id).outerjoin(
        Order, Order.id == Subscription.order_id
    )


def _orders(wanted: Wanted) -> list[ColumnElement[bool]]:
    parts = _common(wanted, Order.provider, Order.placed_at, Order.test)
    if wanted.states:
        parts.append(Order.state.in_(wanted.states))
    if wanted.refunded:
        back = select(Payment.order_id).join(Refund, Refund.payment_id == Payment.id)
        parts.append(Order.id.in_(back.where(Refund.state.in_(WENT_BACK), Refund.amount > 0)))
    if wanted.product_id is not None:
        lines = select(OrderLine.order_id).join(Offer, Offer.id == OrderLine.offer_id)
        parts.append(Order.id.in_(lines.where(Offer.product_id == wanted.product_id)))
    if wanted.search:
        paid = select(Payment.order_id).where(Payment.provider_ref == wanted.search)
        subscribed = select(Subscription.order_id).where(Subscription.provider_ref == wanted.search)
        parts.append(
            or_(
                Order.number.istartswith(wanted.search, autoescape=True),
                *_who(wanted.search),
                Order.id.in_(_of_guests(wanted.search)),
                Order.id.in_(paid),
                Order.id.in_(subscribed),
                Order.id.in_(wanted.known),
            )
        )
    return parts


def _subscriptions(wanted: Wanted) -> list[ColumnElement[bool]]:
    parts = _common(wanted, Subscription.provider, Subscription.started_at, func.coalesce(Order.test, False))
    parts.append(Subscription.state != SubscriptionState.PENDING)
    if wanted.states:
        parts.append(Subscription.state.in_(wanted.states))
    if wanted.product_id is not None:
        parts.append(Offer.product_id == wanted.product_id)
    if wanted.search:
        parts.append(
            or_(
                Order.number.istartswith(wanted.search, autoescape=True),
                *_who(wanted.search),
                Order.id.in_(_of_guests(wanted.search)),
                Subscription.provider_ref == wanted.search,
                Order.id.in_(wanted.known),
            )
        )
    return parts


def _common(wanted: Wanted, provider: Any, at: Any, test: Any) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = []
    if wanted.provider:
        parts.append(provider == wanted.provider)
    if wanted.since is not None:
        parts.append(at >= wanted.since)
    if wanted.until is not None:
        parts.append(at < wanted.until)
    if wanted.test is not None:
        parts.append(test.is_(wanted.test))
    return parts


def _who(search: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        _people.c.name.icontains(search, autoescape=True),
        _people.c.email.icontains(search, autoescape=True),
    )


def _of_guests(search: str) -> Select[Any]:
    """Orders of guests whose address holds the words."""
    return select(Claim.order_id).where(Claim.email.icontains(search, autoescape=True))


def known_providers() -> tuple[str, ...]:
    """The names of all providers that ever had an order, also of those whose plugin is gone."""
    return tuple(session.scalars(select(Order.provider).distinct().order_by(Order.provider)))


def product_names() -> tuple[tuple[int, str], ...]:
    """All products with an offer, by name, for a choice."""
    query = select(Product.id, Product.name).where(Product.id.in_(select(Offer.product_id))).order_by(Product.name)
    return tuple((id_, name) for id_, name in session.execute(query.limit(500)))
