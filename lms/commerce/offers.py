"""Offers: prices for products, any number for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, select

from lms.access import services as access
from lms.access.models import Product, ProductItem
from lms.audit import services as audit
from lms.base import ids, money
from lms.base.problem import Problem
from lms.commerce import words
from lms.commerce.events import OfferChanged
from lms.commerce.models import Offer
from lms.db import session
from lms.host import state
from lms.host.bus import emit

FREE, ONE_TIME, SUBSCRIPTION = "free", "one_time", "subscription"
KINDS = (FREE, ONE_TIME, SUBSCRIPTION)
INTERVALS = ("day", "week", "month", "year")
# Far above any course, far below what a column or a provider cannot hold.
LARGEST_AMOUNT = 99_999_999


@dataclass(frozen=True, slots=True)
class OfferView:
    """A price for a product: ``amount`` in minor units of ``currency`` (lower case).

    A subscription is charged every ``interval_count`` of ``interval`` (day, week, month, year).
    """

    id: int
    public_id: str
    product_id: int
    product_name: str
    kind: str
    amount: int
    currency: str
    interval: str = ""
    interval_count: int = 1
    access_days: int | None = None
    grace_days: int = 7
    trial_days: int = 0
    button_text: str = ""
    position: int = 0
    active: bool = True

    @property
    def is_subscription(self) -> bool:
        """Whether it is charged again and again."""
        return self.kind == SUBSCRIPTION

    @property
    def checkout_path(self) -> str:
        """The page on which it is bought."""
        return f"/checkout/{self.public_id}"

    @property
    def price(self) -> str:
        """The amount alone as the reader writes it: "€9"."""
        return words.price(self)

    @property
    def rhythm(self) -> str:
        """How often the price is paid, for the reader: "once", "a month"; "" for what is free."""
        return words.rhythm(self)

    @property
    def label(self) -> str:
        """The price in words for the reader: "€49 once", "€9 a month"."""
        return words.price_label(self)

    @property
    def way(self) -> str:
        """How it is paid, as the name of a choice: "One payment", "Subscription"."""
        return words.way(self)

    @property
    def terms(self) -> str:
        """What is agreed, in one sentence for the reader."""
        return words.terms(self)

    @property
    def button(self) -> str:
        """What the button says."""
        return self.button_text or words.button(self)


COLUMNS = (
    Offer.id,
    Offer.public_id,
    Offer.product_id,
    Product.name,
    Offer.kind,
    Offer.amount,
    Offer.currency,
    Offer.interval,
    Offer.interval_count,
    Offer.access_days,
    Offer.grace_days,
    Offer.trial_days,
    Offer.button_text,
    Offer.position,
    Offer.active,
)
"""The columns of an ``OfferView``, in its order; ``view`` makes one of them."""


def view(row: Iterable[Any]) -> OfferView:
    """The offer in a row of ``COLUMNS``."""
    return OfferView(*row)


def create_offer(
    *,
    product_id: int,
    kind: str,
    amount: int = 0,
    currency: str = "eur",
    interval: str = "",
    interval_count: int = 1,
    access_days: int | None = None,
    grace_days: int = 7,
    trial_days: int = 0,
    button_text: str = "",
    actor_id: int | None = None,
) -> OfferView:
    """A new offer, shown after those that the product has. ``amount`` in minor units of ``currency`` (ISO 4217).

    Raises ``Problem`` for terms that fit nobody, ``LookupError`` for an unknown product.
    """
    if access.product(product_id) is None:
        raise LookupError(f"no product {product_id}")
    _check(kind, amount, currency, interval, interval_count, access_days, grace_days, trial_days)
    is_subscription = kind == SUBSCRIPTION
    last = session.scalar(select(func.max(Offer.position)).where(Offer.product_id == product_id))
    offer = Offer(
        public_id=ids.short_id(),
        product_id=product_id,
        kind=kind,
        amount=amount,
        currency=currency.lower(),
        interval=interval if is_subscription else "",
        interval_count=interval_count if is_subscription else 1,
        access_days=None if is_subscription else access_days,
        grace_days=grace_days,
        trial_days=trial_days if is_subscription else 0,
        button_text=button_text.strip()[:80],
        position=0 if last is None else last + 1,
    )
    session.add(offer)
    session.flush()  # its id goes into the record
    detail = {"product": product_id, "kind": kind, "amount": amount, "currency": offer.currency}
    audit.record("offer.created", actor_id=actor_id, subject=f"offer/{offer.id}", detail=detail)
    _announce(offer.id)
    found = find_offer(offer.id)
    assert found is not None  # noqa: S101  it was written four lines above
    return found


def set_offer_active(offer_id: int, active: bool, *, actor_id: int | None = None) -> OfferView:
    """Sell the offer, or no longer. Subscriptions that run on it go on. Raises ``LookupError``."""
    offer = session.get(Offer, offer_id)
    if offer is None:
        raise LookupError(f"no offer {offer_id}")
    if offer.active != active:
        offer.active = active
        session.flush()  # the view below reads it
        action = "offer.activated" if active else "offer.deactivated"
        audit.record(action, actor_id=actor_id, subject=f"offer/{offer_id}")
        _announce(offer_id)
    found = find_offer(offer_id)
    assert found is not None  # noqa: S101  its row was just read
    return found


def find_offer(offer_id: int) -> OfferView | None:
    """The offer, sold or not."""
    row = session.execute(_select().where(Offer.id == offer_id)).one_or_none()
    return view(row) if row else None


def offer_by_public_id(public_id: str) -> OfferView | None:
    """The offer at this address, sold or not."""
    row = session.execute(_select().where(Offer.public_id == public_id)).one_or_none()
    return view(row) if row else None


def offers_of_product(product_id: int, *, with_inactive: bool = False) -> tuple[OfferView, ...]:
    """What the product can be bought for, in the order of the course page."""
    query = _select().where(Offer.product_id == product_id)
    if not with_inactive:
        query = query.where(_sold())
    return tuple(view(row) for row in session.execute(query.order_by(*_ORDER)))


def offers_of_products(product_ids: Sequence[int]) -> dict[int, tuple[OfferView, ...]]:
    """What each of the products can be bought for, in one query; products without an offer are missing."""
    query = _select().where(Offer.product_id.in_(product_ids), _sold()).order_by(*_ORDER)
    found: dict[int, tuple[OfferView, ...]] = {}
    for offer in map(view, session.execute(query)):
        found[offer.product_id] = (*found.get(offer.product_id, ()), offer)
    return found


def offers_for_course(course_id: int) -> tuple[OfferView, ...]:
    """What opens the course and can be bought: offers of its own products first, then of those for everything."""
    own = Offer.product_id.in_(select(ProductItem.product_id).where(ProductItem.course_id == course_id))
    everything = Offer.product_id.in_(select(ProductItem.product_id).where(ProductItem.kind == access.EVERYTHING))
    query = _select().where(_sold(), own | everything).order_by(everything, *_ORDER)
    return tuple(view(row) for row in session.execute(query))


def active_offers() -> tuple[OfferView, ...]:
    """Everything that can be bought."""
    return tuple(view(row) for row in session.execute(_select().where(_sold()).order_by(*_ORDER)))


_ORDER = (Offer.product_id, Offer.position, Offer.id)


def _select() -> Select[*tuple[Any, ...]]:
    return select(*COLUMNS).join(Product, Product.id == Offer.product_id)


def _sold() -> Any:
    return Offer.active.is_(True) & (Product.status == "active")


def _announce(offer_id: int) -> None:
    state.bump_content_version()
    emit(OfferChanged(offer_id))


def _check(
    kind: str,
    amount: int,
    currency: str,
    interval: str,
    interval_count: int,
    access_days: int | None,
    grace_days: int,
    trial_days: int,
) -> None:
    if kind not in KINDS:
        raise ValueError(f"no such kind of offer: {kind!r}")
    try:
        money.decimals(currency)
    except money.UnknownCurrency as error:
        raise Problem(_("%(code)s is not a currency.", code=currency.upper()), status=422) from error
    if (amount == 0) != (kind == FREE) or not 0 <= amount <= LARGEST_AMOUNT:
        raise Problem(
            _("A price is above zero and not out of all proportion; only a free offer costs nothing."), status=422
        )
    if kind == SUBSCRIPTION and (interval not in INTERVALS or not 1 <= interval_count <= 52):
        raise Problem(_("Say how often a subscription is charged."), status=422)
    if min(grace_days, trial_days, access_days if access_days is not None else 1) < 0 or access_days == 0:
        raise Problem(_("Days are counted from one upwards."), status=422)
