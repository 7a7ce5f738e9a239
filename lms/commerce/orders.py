"""Orders: placing them, and reading them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, column, select, table, update

from lms.access import services as access
from lms.access.models import Product
from lms.base import ids
from lms.base.problem import Conflict, NotFound
from lms.commerce import offer_view, offers
from lms.commerce.facts import RUNNING, OrderState, SubscriptionState
from lms.commerce.models import Claim, Offer, Order, OrderLine, Subscription
from lms.commerce.offer_view import OfferView
from lms.db import session

BILLING_PATH = "/account/billing"
# Where a guest reads what became of an order, and makes it theirs.
CLAIM_PATH = "/claim"
# Reasons of orders: held because another amount came; over because that money went back.
AMOUNT_DIFFERS, WENT_BACK = "amount_differs", "went_back"
ADOPTED = "adopted"
"""The reason of an order whose subscription began elsewhere."""


class UnknownOrder(LookupError):
    """A fact about an order that is not here."""


class AlreadyOwned(Conflict):
    """The person has this already. ``path`` leads to it: the course, or the subscription to mend."""

    def __init__(self, sentence: str, path: str) -> None:
        super().__init__(sentence)
        self.path = path


class NotForYou(Conflict):
    """The offer is for people who own another product. ``path`` leads to where that one is told about."""

    def __init__(self, sentence: str, next_step: str, path: str) -> None:
        super().__init__(sentence, next_step=next_step)
        self.path = path


class PaymentOnItsWay(AlreadyOwned):
    """The person has paid for this, and the money is on its way or being looked at."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an order keeps besides its offer: a promotion code, and where its buyer goes afterwards; "" as usual."""

    promotion_code: str = ""
    success_page: str = ""
    cancel_page: str = ""


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order of one offer, as it was agreed. ``total`` in minor units of ``currency``; times in UTC.

    ``person_id`` is None while nobody has claimed what a guest ordered; ``guest_email`` is the address that the guest
    gave, and stays afterwards; "" for an order that somebody with an account placed. ``is_purged``: it was a test,
    and opens nothing any longer.
    """

    id: int
    number: str
    person_id: int | None
    offer: OfferView
    total: int
    currency: str
    state: OrderState
    provider: str
    reason: str
    test: bool
    placed_at: datetime
    paid_at: datetime | None
    guest_email: str = ""
    promotion_code: str = ""
    success_page: str = ""
    cancel_page: str = ""
    is_purged: bool = False

    @property
    def path(self) -> str:
        """The page on which the buyer reads how it stands."""
        return f"/account/orders/{self.number}" if self.person_id is not None else CLAIM_PATH

    @property
    def went_back(self) -> bool:
        """Whether money came, nothing was opened for it, and it was sent back."""
        return self.state is OrderState.FAILED and self.reason == WENT_BACK


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
    Claim.email,
    Order.promotion_code,
    Order.success_page,
    Order.cancel_page,
    Order.purged_at,
    OrderLine.amount,
    OrderLine.trial_days,
)


def place_order(
    person_id: int, offer_id: int, provider: str, now: datetime, *, wishes: Wishes = NO_WISHES
) -> OrderView:
    """The open order of this person for this offer with this provider: a new one, or the one that is open already.

    It is for what the offer costs ``now`` (domain time, UTC), and carries the ``wishes`` of this press. One at a time
    per person, so that any number of presses of Buy makes one order. Raises ``NotFound`` for an offer that is not sold,
    ``AlreadyOwned`` and ``PaymentOnItsWay`` for what would be bought twice, ``NotForYou`` for an offer to others,
    ``LookupError`` for an unknown person.
    """
    offer = _may_buy(person_id, offer_id, now)
    terms = agreed(person_id, offer, now)
    found = _open_order(person_id, offer_id, provider)
    return renew(found, terms, wishes) if found is not None else make(person_id, terms, provider, now, wishes)


def _may_buy(person_id: int, offer_id: int, now: datetime) -> OfferView:
    """The offer, while the person is held until the commit. Raises as ``place_order`` does."""
    _lock_person(person_id)
    offer = offers.find_offer(offer_id)
    if offer is None or not is_sold(offer):
        raise NotFound(_("This offer is not sold any longer."), next_step=_("The course page shows what is."))
    refusal = already(person_id, offer, now) or not_for(person_id, offer, now)
    if refusal is not None:
        raise refusal
    return offer


def _open_order(person_id: int, offer_id: int, provider: str) -> OrderView | None:
    query = (
        select_orders()
        .where(Order.person_id == person_id, Order.state == OrderState.OPEN, Order.provider == provider)
        .where(Offer.id == offer_id)
        .order_by(Order.id)
    )
    row = session.execute(query).first()
    return view(row) if row else None


def agreed(person_id: int | None, offer: OfferView, now: datetime) -> OfferView:
    """The offer as this person (None: a guest) orders it at ``now`` (UTC): on sale or not, free days only once."""
    terms = offer.at(now)
    return terms.agreed(terms.amount, 0) if terms.trial_days and _had_days(person_id) else terms


def without_used_days(person_id: int | None, found: Iterable[OfferView]) -> tuple[OfferView, ...]:
    """The offers as this person (None: a guest) reads them: without free days that they have had."""
    offered = tuple(found)
    if not any(each.trial_days for each in offered) or not _had_days(person_id):
        return offered
    return tuple(replace(each, trial_days=0) for each in offered)


def _had_days(person_id: int | None) -> bool:
    """Whether the person has had a subscription before: free days are for the first."""
    if person_id is None:
        return False
    query = select(Subscription.id).outerjoin(Order, Order.id == Subscription.order_id)
    began = Subscription.person_id == person_id, Subscription.state != SubscriptionState.PENDING
    return session.scalar(query.where(*began, Order.purged_at.is_(None)).limit(1)) is not None


def not_for(person_id: int | None, offer: OfferView, now: datetime) -> NotForYou | None:
    """Why the person (None: a guest) may not buy an offer that is kept for owners of a product; None if they may."""
    if offer.open_to_id is None or offers.open_to((offer,), person_id, now):
        return None
    product = access.product(offer.open_to_id)
    name = product.name if product is not None else ""
    return NotForYou(
        _("This price is for people who have %(product)s.", product=name),
        _("Get %(product)s first, or choose another price.", product=name),
        sales_path(offer.open_to_id),
    )


def still_open(order_id: int, now: datetime) -> OrderView:
    """The open order, held until the commit together with its buyer, if it can still be paid.

    For providers that make what is paid after ``start``. Raises ``Conflict`` for an order that is settled, or was
    bought otherwise meanwhile; ``AlreadyOwned``; ``NotFound`` for an offer that is not sold any longer;
    ``UnknownOrder``. ``now`` is domain time, UTC.
    """
    order = find_order(order_id)
    if order is None:
        raise UnknownOrder(f"no order {order_id}")
    if order.person_id is not None:
        _may_buy(order.person_id, order.offer.id, now)
        current = _open_order(order.person_id, order.offer.id, order.provider) or order
    else:
        if not is_sold(order.offer):
            raise NotFound(_("This offer is not sold any longer."), next_step=_("The course page shows what is."))
        lock_order(order_id)
        found = find_order(order_id)
        assert found is not None  # noqa: S101  its row is held
        current = found
    if current.id != order_id or current.state is not OrderState.OPEN:
        raise Conflict(_("This order is not open any longer."), next_step=_("Your orders stand under Billing."))
    return current


def is_sold(offer: OfferView) -> bool:
    """Whether the offer can be bought now: it and its product are active."""
    product = access.product(offer.product_id)
    return offer.active and product is not None and product.active


def find_order(order_id: int) -> OrderView | None:
    """The order with this id."""
    row = session.execute(select_orders().where(Order.id == order_id)).one_or_none()
    return view(row) if row else None


def order_by_number(number: str) -> OrderView | None:
    """The order with this number."""
    row = session.execute(select_orders().where(Order.number == number)).one_or_none()
    return view(row) if row else None


def order_numbers(order_ids: Iterable[int]) -> dict[int, str]:
    """The numbers of these orders. One query, none for no orders."""
    wanted = set(order_ids)
    rows = session.execute(select(Order.id, Order.number).where(Order.id.in_(wanted))) if wanted else ()
    return {row.id: row.number for row in rows}


def orders_of(person_id: int, *, before: int | None = None, limit: int = 50) -> tuple[OrderView, ...]:
    """The person's orders, newest first, older than ``before``; without those that were never carried out, and without
    tests that were done away with."""
    unfinished = (OrderState.OPEN, OrderState.EXPIRED)
    query = select_orders().where(Order.person_id == person_id, Order.state.not_in(unfinished))
    query = query.where(Order.purged_at.is_(None))
    if before is not None:
        query = query.where(Order.id < before)
    return tuple(view(row) for row in session.execute(query.order_by(Order.id.desc()).limit(limit)))


def last_provider(person_id: int) -> str:
    """The provider that the person chose for the newest order; "" before the first."""
    query = select(Order.provider).where(Order.person_id == person_id).order_by(Order.id.desc())
    return session.scalar(query.limit(1)) or ""


def order_path(order: OrderView) -> str:
    """The page on which the buyer reads how the order stands."""
    return order.path


def after_purchase_path(order_id: int) -> str:
    """Where the buyer goes once the order is paid: to its own page, else into the course; a guest, to claim it.

    A path of this site, or an https address. Raises ``UnknownOrder``.
    """
    order = find_order(order_id)
    if order is None:
        raise UnknownOrder(f"no order {order_id}")
    if order.person_id is None:
        return CLAIM_PATH
    return order.success_page or product_path(order.offer.product_id)


def product_path(product_id: int) -> str:
    """Where somebody who holds the product begins: in its course, or at the list of their courses."""
    return product_paths((product_id,))[product_id]


def product_paths(product_ids: Collection[int]) -> dict[int, str]:
    """``product_path`` of each of the products, by its id. Three queries at most, none for no products."""
    slugs = _only_courses(product_ids)
    return {each: f"/learn/{slugs[each]}" if each in slugs else "/account" for each in product_ids}


def sales_path(product_id: int) -> str:
    """The page that tells about the product: its course's, or the catalogue."""
    return sales_paths((product_id,))[product_id]


def sales_paths(product_ids: Collection[int]) -> dict[int, str]:
    """``sales_path`` of each of the products, by its id. Three queries at most, none for no products."""
    slugs = _only_courses(product_ids)
    return {each: f"/courses/{slugs[each]}" if each in slugs else "/courses" for each in product_ids}


def _only_courses(product_ids: Collection[int]) -> dict[int, str]:
    """For each product that opens one course and nothing else: that course's address."""
    found = access.products_by_id(product_ids)
    only = {each.id: each.course_ids[0] for each in found.values() if not each.everything and len(each.course_ids) == 1}
    courses = table("courses_course", column("id"), column("slug"))
    query = select(courses.c.id, courses.c.slug).where(courses.c.id.in_(set(only.values())))
    slugs = {row.id: row.slug for row in session.execute(query)} if only else {}
    return {product_id: slugs[course_id] for product_id, course_id in only.items() if course_id in slugs}


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
        .outerjoin(Order, Order.id == Subscription.order_id)
        .where(Subscription.person_id == person_id, Subscription.state.in_(RUNNING))
        .where(Offer.product_id == offer.product_id, Order.purged_at.is_(None))
    )
    if session.scalar(running.limit(1)) is not None:
        return AlreadyOwned(_("Your subscription is still there, and waits for its payment."), BILLING_PATH)
    on_its_way = (
        select_orders()
        .where(Order.person_id == person_id, Order.state.in_((OrderState.AWAITING, OrderState.HELD)))
        .where(Order.purged_at.is_(None))
        .where(Offer.product_id == offer.product_id)
    )
    row = session.execute(on_its_way.limit(1)).first()
    return PaymentOnItsWay(_("Your payment for this is on its way."), view(row).path) if row else None


def make(
    person_id: int | None, offer: OfferView, provider: str, now: datetime, wishes: Wishes = NO_WISHES
) -> OrderView:
    """A new open order for the offer as it was agreed; of a guest where there is no person."""
    order = Order(
        number=ids.short_id(20),
        person_id=person_id,
        provider=provider,
        state=OrderState.OPEN.value,
        total=offer.amount,
        currency=offer.currency,
        placed_at=now,
        **_kept(wishes),
    )
    session.add(order)
    session.flush()  # the number that people read is made of the id
    number = f"{now.year}-{order.id:04d}"
    session.execute(update(Order).where(Order.id == order.id).values(number=number))
    session.add(OrderLine(order_id=order.id, offer_id=offer.id, amount=offer.amount, trial_days=offer.trial_days))
    session.flush()  # the view reads the line
    placed = find_order(order.id)
    assert placed is not None  # noqa: S101  it was written above
    return placed


def renew(order: OrderView, offer: OfferView, wishes: Wishes) -> OrderView:
    """The open order for what its offer costs by now, and with other wishes: its buyer has just agreed to that."""
    was = Wishes(order.promotion_code, order.success_page, order.cancel_page)
    if (order.total, order.offer.trial_days, was) == (offer.amount, offer.trial_days, wishes):
        return order
    if lock_order(order.id).state == OrderState.OPEN:
        values = {"total": offer.amount, **_kept(wishes)}
        session.execute(update(Order).where(Order.id == order.id).values(values))
        line = update(OrderLine).where(OrderLine.order_id == order.id)
        session.execute(line.values(amount=offer.amount, trial_days=offer.trial_days))
    renewed = find_order(order.id)
    assert renewed is not None  # noqa: S101  its row was just read
    return renewed


def _kept(wishes: Wishes) -> dict[str, Any]:
    return {
        "promotion_code": wishes.promotion_code, "success_page": wishes.success_page,
        "cancel_page": wishes.cancel_page,
    }  # fmt: skip


def select_orders(*more: Any) -> Select[*tuple[Any, ...]]:
    """A query for orders as ``view`` reads them, with ``more`` columns behind."""
    return (
        select(*_COLUMNS, *offer_view.COLUMNS, *more)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Offer, Offer.id == OrderLine.offer_id)
        .join(Product, Product.id == Offer.product_id)
        .outerjoin(Claim, Claim.order_id == Order.id)
    )


def view(row: Any) -> OrderView:
    """The order in a row of ``select_orders``."""
    id_, number, person_id, total, currency, state, provider, reason, test, placed_at, paid_at, guest, *kept = row[
        : len(_COLUMNS)
    ]
    promotion_code, success_page, cancel_page, purged_at, amount, trial_days = kept
    offer = offer_view.view(row[len(_COLUMNS) :])
    return OrderView(
        id_, number, person_id, offer.agreed(amount, offer.trial_days if trial_days is None else trial_days), total,
        currency, OrderState(state), provider, reason, test, placed_at, paid_at, guest or "", promotion_code,
        success_page, cancel_page, purged_at is not None,
    )  # fmt: skip
