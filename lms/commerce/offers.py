"""Offers: prices for products, any number for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from lms.access import services as access
from lms.access.models import Product, ProductItem
from lms.audit import services as audit
from lms.base import ids
from lms.commerce import offer_rules
from lms.commerce.events import OfferChanged
from lms.commerce.models import Offer
from lms.commerce.offer_view import CHARGED_AGAIN, COLUMNS, INSTALMENTS, OfferView, view
from lms.db import rows, session
from lms.host import state
from lms.host.bus import emit
from lms.web.pagecache import good_until


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
    instalments: int | None = None,
    pause_closes: bool = False,
    button_text: str = "",
    actor_id: int | None = None,
    **changeable: Any,
) -> OfferView:
    """A new offer, shown after those that the product has. ``amount`` in minor units of ``currency`` (ISO 4217).

    ``changeable`` are further terms that ``change_offer`` takes. Raises ``Problem`` for terms that fit nobody,
    ``LookupError`` for an unknown product.
    """
    if access.product(product_id) is None:
        raise LookupError(f"no product {product_id}")
    offer_rules.check_price(kind, amount, currency, interval, interval_count, instalments)
    offer_rules.check_days(grace_days, access_days)
    is_charged_again = kind in CHARGED_AGAIN
    last = session.scalar(select(func.max(Offer.position)).where(Offer.product_id == product_id))
    offer = Offer(
        public_id=ids.short_id(),
        product_id=product_id,
        kind=kind,
        amount=amount,
        currency=currency.lower(),
        interval=interval if is_charged_again else "",
        interval_count=interval_count if is_charged_again else 1,
        access_days=None if is_charged_again else access_days,
        grace_days=grace_days,
        instalments=instalments if kind == INSTALMENTS else None,
        pause_closes=pause_closes and is_charged_again,
        position=0 if last is None else last + 1,
    )
    given = {"trial_days": trial_days, "button_text": button_text, **changeable}
    for name, value in offer_rules.changeable(kind, amount, given).items():
        setattr(offer, name, value)
    session.add(offer)
    session.flush()  # its id goes into the record
    detail = {"product": product_id, "kind": kind, "amount": amount, "currency": offer.currency}
    audit.record("offer.created", actor_id=actor_id, subject=f"offer/{offer.id}", detail=detail)
    return _changed(offer.id)


def change_offer(offer_id: int, *, actor_id: int | None = None, **changes: Any) -> OfferView:
    """Give the offer other terms for whoever orders from now on: those of ``offer_rules.DEFAULTS``.

    What was ordered keeps what was agreed, and what runs goes on. Raises ``LookupError``, ``Problem`` for terms that
    fit nobody, ``TypeError`` for what does not change.
    """
    offer = session.get(Offer, offer_id, with_for_update=True)
    if offer is None:
        raise LookupError(f"no offer {offer_id}")
    now = {name: getattr(offer, name) for name in offer_rules.DEFAULTS}
    wanted = offer_rules.changeable(offer.kind, offer.amount, {**now, **changes})
    moved = {name: value for name, value in wanted.items() if value != now[name]}
    for name, value in moved.items():
        setattr(offer, name, value)
    if moved:
        detail = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in moved.items()}
        audit.record("offer.changed", actor_id=actor_id, subject=f"offer/{offer_id}", detail=detail)
        session.flush()  # the view below reads it
        return _changed(offer_id)
    return _found(offer_id)


def settle_button(offer_id: int, shown: bool) -> bool:
    """Decide for good whether course pages show the offer's button, unless that was decided; whether it was now.

    A default of a provider's settings is copied like this when the offer is first tied to it, and moves nothing later.
    """
    offer = session.get(Offer, offer_id, with_for_update=True, populate_existing=True)
    if offer is None or offer.show_button is not None:
        return False
    offer.show_button = shown
    session.flush()  # readers of columns see it
    state.bump_content_version()
    return True


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
        return _changed(offer_id)
    return _found(offer_id)


def move_offer(offer_id: int, step: int, *, actor_id: int | None = None) -> None:
    """Put the offer before (``step`` below 0) or behind its neighbour; at the end of the row nothing changes.

    Raises ``LookupError``.
    """
    offer = session.get(Offer, offer_id)
    if offer is None:
        raise LookupError(f"no offer {offer_id}")
    query = select(Offer).where(Offer.product_id == offer.product_id).order_by(Offer.position, Offer.id)
    beside = list(session.scalars(query.with_for_update()))
    here = beside.index(offer)
    there = here + (-1 if step < 0 else 1)
    if not 0 <= there < len(beside):
        return
    beside.insert(there, beside.pop(here))
    for position, each in enumerate(beside):
        each.position = position
    session.flush()  # the next query reads it
    audit.record("offer.moved", actor_id=actor_id, subject=f"offer/{offer_id}")
    _announce(offer_id)


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
    return tuple(view(row) for row in rows(_ON_SALE, {}))


def open_to(found: Iterable[OfferView], person_id: int | None, now: datetime) -> tuple[OfferView, ...]:
    """Those of the offers that the person may buy; nobody knows what a guest (None) owns.

    One query, none where no offer is kept for owners of another product.
    """
    offered = tuple(found)
    kept = {each.open_to_id for each in offered if each.open_to_id is not None}
    decided = access.decide_products(person_id, kept, now) if person_id is not None else {}
    owned = {product_id for product_id, decision in decided.items() if decision.allowed}
    return tuple(each for each in offered if each.open_to_id is None or each.open_to_id in owned)


def note_changes(found: Iterable[OfferView], now: datetime) -> None:
    """Tell the page that is being drawn when one of the prices on it changes by itself (domain time, UTC)."""
    good_until(min((at for each in found if (at := each.changes_at(now)) is not None), default=None))


_ORDER = (Offer.product_id, Offer.position, Offer.id)


def _select() -> Select[*tuple[Any, ...]]:
    return select(*COLUMNS).join(Product, Product.id == Offer.product_id)


def _sold() -> Any:
    return Offer.active.is_(True) & (Product.status == "active")


_ON_SALE = _select().where(_sold()).order_by(*_ORDER)


def _changed(offer_id: int) -> OfferView:
    _announce(offer_id)
    return _found(offer_id)


def _found(offer_id: int) -> OfferView:
    found = find_offer(offer_id)
    assert found is not None  # noqa: S101  its row is there
    return found


def _announce(offer_id: int) -> None:
    state.bump_content_version()
    emit(OfferChanged(offer_id))
