"""What courses cost: of one, and of all courses of a list in one query. Prepared, since these pages are asked most."""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select

from lms.access.models import Product, ProductItem
from lms.access.services import EVERYTHING
from lms.base import clock
from lms.commerce.models import Offer
from lms.commerce.offer_view import COLUMNS, OfferView, view
from lms.commerce.offers import note_changes
from lms.db import rows

_OFFERS = (
    select(ProductItem.course_id, *COLUMNS)
    .join(Product, Product.id == ProductItem.product_id)
    .join(Offer, Offer.product_id == Product.id)
    .where(
        Offer.active.is_(True),
        Product.status == "active",
        or_(ProductItem.course_id.in_(bindparam("course_ids", expanding=True)), ProductItem.kind == EVERYTHING),
    )
    .order_by(Offer.id)
)


def of_course(course_id: int) -> tuple[OfferView, ...]:
    """What opens the course and can be bought, as ``commerce`` orders it: own products first, then those for all."""
    own: dict[int, OfferView] = {}
    for_all: dict[int, OfferView] = {}
    for opens, *columns in rows(_OFFERS, {"course_ids": [course_id]}):
        offer = view(columns)
        (for_all if opens is None else own)[offer.id] = offer
    ordered = (*sorted(own.values(), key=_place), *sorted(for_all.values(), key=_place))
    return tuple({offer.id: offer for offer in ordered}.values())


def _place(offer: OfferView) -> tuple[int, int, int]:
    return offer.product_id, offer.position, offer.id


def lowest(course_ids: list[int]) -> dict[int, OfferView]:
    """For each course the offer that the catalogue names: the cheapest made for the course, and rather one paid once
    than a subscription; else the cheapest of those that open everything. Courses that nothing sells are left out."""
    now = clock.now()
    read = [(course_id, view(columns)) for course_id, *columns in rows(_OFFERS, {"course_ids": course_ids})]
    note_changes((offer for _course, offer in read), now)
    # What is kept for owners of something is no price for everybody.
    found = sorted((pair for pair in read if pair[1].open_to_id is None), key=lambda pair: pair[1].at(now).amount)
    for_all = next((offer for course_id, offer in found if course_id is None), None)
    chosen: dict[int, OfferView] = {} if for_all is None else dict.fromkeys(course_ids, for_all)
    own: dict[int, OfferView] = {}
    for course_id, offer in found:
        if course_id is None:
            continue
        if course_id not in own or (own[course_id].is_subscription and not offer.is_subscription):
            own[course_id] = offer
    return chosen | own
