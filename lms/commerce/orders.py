"""Orders: placing them, and reading them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, column, select, table, update

from lms.access import services as access
from lms.access.models import Product
from lms.base import ids
from lms.base.problem import Conflict, NotFound
from lms.commerce import offers
from lms.commerce.facts import RUNNING, OrderState
from lms.commerce.models import Offer, Order, OrderLine, Subscription
from lms.commerce.offers import OfferView
from lms.db import session

BILLING_PATH = "/account/billing"


class UnknownOrder(LookupError):
    """A fact about an order that is not here."""


class AlreadyOwned(Conflict):
    """The person has this already. ``path`` leads to it: the course, or the subscription to mend."""

    def __init__(self, sentence: str, path: str) -> None:
        super().__init__(sentence)
        self.path = path


class PaymentOnItsWay(AlreadyOwned):
    """The person has paid for this, and the money is on its way or being looked at."""


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order of one offer. ``total`` in minor units of ``currency``; times in UTC."""

    id: int
    number: str
    person_id: int
    offer: OfferView
    total: int
    currency: str
    state: OrderState
    provider: str
    reason: str
    test: bool
    placed_at: datetime
    paid_at: datetime | None

    @property
    def path(self) -> str:
        """The page on which the buyer reads how it stands."""
        return f"/account/orders/{self.number}"


# Only the lock is taken on it; what people are is the room accounts' business.
_people = table("accounts_person", column("id"), column("name"), column("email"))
_COLUMNS = (
    Order.id,
    Order.number,
    Order.person_id,
    Order.total,
    Order.currency,
    Order.state,
    Order.provider,
    Order.reason,
    Order.test,
    Order.placed_at,
    Order.paid_at,
)


def place_order(person_id: int, offer_id: int, provider: str, now: datetime) -> OrderView:
    """The open order of this person for this offer with this provider: a new one, or the one that is open already.

    One at a time per person, so that any number of presses of Buy makes one order. Raises ``NotFound`` for an offer
    that is not sold, ``AlreadyOwned`` and ``PaymentOnItsWay`` for what would be bought twice, ``LookupError`` for an
    unknown person. ``now`` is domain time, UTC.
    """
    _lock_person(person_id)
    offer = offers.find_offer(offer_id)
    if offer is None or not is_sold(offer):
        raise NotFound(_("This offer is not sold any longer."), next_step=_("The course page shows what is."))
    refusal = already(person_id, offer, now)
    if refusal is not None:
        raise refusal
    query = (
        _select()
        .where(Order.person_id == person_id, Order.state == OrderState.OPEN, Order.provider == provider)
        .where(Offer.id == offer_id)
        .order_by(Order.id)
    )
    row = session.execute(query).first()
    return _view(row) if row else _make(person_id, offer, provider, now)


def is_sold(offer: OfferView) -> bool:
    """Whether the offer can be bought now: it and its product are active."""
    product = access.product(offer.product_id)
    return offer.active and product is not None and product.active


def find_order(order_id: int) -> OrderView | None:
    """The order with this id."""
    row = session.execute(_select().where(Order.id == order_id)).one_or_none()
    return _view(row) if row else None


def order_by_number(number: str) -> OrderView | None:
    """The order with this number."""
    row = session.execute(_select().where(Order.number == number)).one_or_none()
    return _view(row) if row else None


def orders_of(person_id: int, *, before: int | None = None, limit: int = 50) -> tuple[OrderView, ...]:
    """The person's orders, newest first, older than ``before``; without those that were never carried out."""
    unfinished = (OrderState.OPEN, OrderState.EXPIRED)
    query = _select().where(Order.person_id == person_id, Order.state.not_in(unfinished))
    if before is not None:
        query = query.where(Order.id < before)
    return tuple(_view(row) for row in session.execute(query.order_by(Order.id.desc()).limit(limit)))


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """A line of the staff's list: the order, and who placed it."""

    order: OrderView
    person_name: str
    person_email: str


def list_orders(
    *, before: int | None = None, states: tuple[OrderState, ...] = (), limit: int = 50
) -> tuple[ListedOrder, ...]:
    """All orders, newest first, older than the order ``before``; only those in ``states`` where given."""
    query = _select(_people.c.name, _people.c.email).join(_people, _people.c.id == Order.person_id)
    if before is not None:
        query = query.where(Order.id < before)
    if states:
        query = query.where(Order.state.in_(states))
    rows = session.execute(query.order_by(Order.id.desc()).limit(limit))
    return tuple(ListedOrder(_view(row[:-2]), row[-2], row[-1]) for row in rows)


def order_path(order: OrderView) -> str:
    """The page on which the buyer reads how the order stands."""
    return order.path


def after_purchase_path(order_id: int) -> str:
    """Where the buyer goes once the order is paid: into the course. Raises ``UnknownOrder``."""
    order = find_order(order_id)
    if order is None:
        raise UnknownOrder(f"no order {order_id}")
    return product_path(order.offer.product_id)


def product_path(product_id: int) -> str:
    """Where somebody who holds the product begins: in its course, or at the list of their courses."""
    slug = _only_course(product_id)
    return f"/learn/{slug}" if slug else "/account"


def sales_path(product_id: int) -> str:
    """The page that tells about the product: its course's, or the catalogue."""
    slug = _only_course(product_id)
    return f"/courses/{slug}" if slug else "/courses"


def _only_course(product_id: int) -> str | None:
    product = access.product(product_id)
    if product is None or product.everything or len(product.course_ids) != 1:
        return None
    courses = table("courses_course", column("id"), column("slug"))
    return session.scalar(select(courses.c.slug).where(courses.c.id == product.course_ids[0]))


def lock_order(order_id: int) -> Order:
    """The order's row, held until the commit. Raises ``UnknownOrder``.

    Facts lock the order first and everything else after it, so that two of them never wait for each other.
    """
    query = select(Order).where(Order.id == order_id).with_for_update()
    order = session.scalar(query.execution_options(populate_existing=True))
    if order is None:
        raise UnknownOrder(f"no order {order_id}")
    return order


def _lock_person(person_id: int) -> None:
    """One purchase of a person at a time.

    PostgreSQL holds the person's row, weakly enough that rows may go on pointing at it; SQLite has one writer anyway.
    """
    query = select(_people.c.id).where(_people.c.id == person_id).with_for_update(key_share=True)
    if session.scalar(query) is None:
        raise LookupError(f"no person {person_id}")


def already(person_id: int, offer: OfferView, now: datetime) -> AlreadyOwned | None:
    """Why the person would buy the offer's product a second time, and where to go instead; None if all is well."""
    if access.decide_product(person_id, offer.product_id, now).allowed:
        return AlreadyOwned(
            _("%(product)s is yours already.", product=offer.product_name), product_path(offer.product_id)
        )
    running = (
        select(Subscription.id)
        .join(Offer, Offer.id == Subscription.offer_id)
        .where(Subscription.person_id == person_id, Subscription.state.in_(RUNNING))
        .where(Offer.product_id == offer.product_id)
    )
    if session.scalar(running.limit(1)) is not None:
        return AlreadyOwned(_("Your subscription is still there, and waits for its payment."), BILLING_PATH)
    on_its_way = (
        _select()
        .where(Order.person_id == person_id, Order.state.in_((OrderState.AWAITING, OrderState.HELD)))
        .where(Offer.product_id == offer.product_id)
    )
    row = session.execute(on_its_way.limit(1)).first()
    return PaymentOnItsWay(_("Your payment for this is on its way."), _view(row).path) if row else None


def _make(person_id: int, offer: OfferView, provider: str, now: datetime) -> OrderView:
    order = Order(
        number=ids.short_id(20),
        person_id=person_id,
        provider=provider,
        state=OrderState.OPEN.value,
        total=offer.amount,
        currency=offer.currency,
        placed_at=now,
    )
    session.add(order)
    session.flush()  # the number that people read is made of the id
    number = f"{now.year}-{order.id:04d}"
    session.execute(update(Order).where(Order.id == order.id).values(number=number))
    session.add(OrderLine(order_id=order.id, offer_id=offer.id, amount=offer.amount))
    session.flush()  # the view reads the line
    placed = find_order(order.id)
    assert placed is not None  # noqa: S101  it was written above
    return placed


def _select(*more: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*_COLUMNS, *offers.COLUMNS, *more)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Offer, Offer.id == OrderLine.offer_id)
        .join(Product, Product.id == Offer.product_id)
    )


def _view(row: Any) -> OrderView:
    id_, number, person_id, total, currency, state, provider, reason, test, placed_at, paid_at = row[: len(_COLUMNS)]
    offer = offers.view(row[len(_COLUMNS) :])
    return OrderView(
        id_, number, person_id, offer, total, currency, OrderState(state), provider, reason, test, placed_at, paid_at
    )
