"""What the room access can do: decide, and keep products and grants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, column, or_, select, table

from lms.access.decision import (
    NO_GRANT,
    PREVIEW,
    SIGN_IN_NEEDED,
    STAFF,
    UNPUBLISHED,
    Decision,
    GrantState,
    Held,
    NextStep,
    Person,
    Reason,
    Thing,
    judge,
)
from lms.access.grants import (
    GrantChange,
    GrantView,
    find_grant,
    grants_from,
    grants_of,
    histories,
    history,
    revoke_grant,
    set_grant,
)
from lms.access.models import Grant, Product, ProductItem
from lms.access.policies import is_staff_of_courses
from lms.access.products import (
    COURSE,
    EVERYTHING,
    ProductView,
    archive_product,
    change_product,
    create_product,
    product,
    product_by_slug,
    product_names,
    products,
    products_by_id,
    products_by_slug,
    products_for_course,
    products_named,
)
from lms.db import rows

__all__ = [
    "COURSE",
    "EVERYTHING",
    "NO_GRANT",
    "Decision",
    "GrantChange",
    "GrantState",
    "GrantView",
    "NextStep",
    "Person",
    "ProductView",
    "Reason",
    "Thing",
    "archive_product",
    "change_product",
    "course_decisions",
    "courses_open_to",
    "create_product",
    "decide",
    "decide_product",
    "decide_products",
    "find_grant",
    "grants_from",
    "grants_of",
    "histories",
    "history",
    "product",
    "product_by_slug",
    "product_decisions",
    "product_names",
    "products",
    "products_by_id",
    "products_by_slug",
    "products_for_course",
    "products_named",
    "revoke_grant",
    "set_grant",
]

_grant: Any = Grant.__table__
_item: Any = ProductItem.__table__
_product: Any = Product.__table__
_HELD = (_grant.c.id, _grant.c.product_id, _grant.c.state, _grant.c.starts_at, _grant.c.ends_at, _grant.c.reason)
_FOR_COURSE = (
    select(*_HELD)
    .join(_item, _item.c.product_id == _grant.c.product_id)
    .where(
        _grant.c.person_id == bindparam("person_id"),
        or_(_item.c.course_id == bindparam("course_id"), _item.c.kind == EVERYTHING),
    )
)
_FOR_PRODUCT = select(*_HELD).where(
    _grant.c.person_id == bindparam("person_id"), _grant.c.product_id == bindparam("product_id")
)
_FOR_PRODUCTS = select(*_HELD).where(
    _grant.c.person_id == bindparam("person_id"), _grant.c.product_id.in_(bindparam("product_ids", expanding=True))
)
_FOR_ALL_PRODUCTS = (
    select(_product.c.slug, *_HELD)
    .select_from(_grant)
    .join(_product, _product.c.id == _grant.c.product_id)
    .where(_grant.c.person_id == bindparam("person_id"))
)
# Of the courses only the ids are read; what they are is the room courses' business.
_courses = table("courses_course", column("id"))
_FOR_ALL_COURSES = (
    select(_courses.c.id, *_HELD)
    .select_from(_grant)
    .join(_item, _item.c.product_id == _grant.c.product_id)
    .join(_courses, or_(_item.c.course_id == _courses.c.id, _item.c.kind == EVERYTHING))
    .where(_grant.c.person_id == bindparam("person_id"))
    .order_by(_courses.c.id)
)


def _held(row: Sequence[Any]) -> Held:
    return Held(*row)


def decide(person: Person | None, thing: Thing, now: datetime) -> Decision:
    """Whether ``person`` may open ``thing`` at ``now`` (domain time, UTC), and what to offer if not.

    One indexed query, none for a guest and none for staff. Never raises for a refusal.
    """
    if is_staff_of_courses(person):
        return STAFF
    if not thing.published:
        return UNPUBLISHED
    if thing.is_preview:
        return PREVIEW
    if person is None:
        return SIGN_IN_NEEDED
    held = rows(_FOR_COURSE, {"person_id": person.id, "course_id": thing.course_id})
    return judge(map(_held, held), now)


def decide_product(person_id: int, product_id: int, now: datetime) -> Decision:
    """Whether the person holds the product itself at ``now`` (UTC), whatever else opens the same courses.

    One indexed query. Roles play no part: staff can buy like anybody.
    """
    held = rows(_FOR_PRODUCT, {"person_id": person_id, "product_id": product_id})
    return judge(map(_held, held), now)


def decide_products(person_id: int, product_ids: Collection[int], now: datetime) -> dict[int, Decision]:
    """``decide_product`` for each of the products, by its id. One query, none for no products."""
    grants: dict[int, list[Held]] = {each: [] for each in product_ids}
    if grants:
        for row in rows(_FOR_PRODUCTS, {"person_id": person_id, "product_ids": list(grants)}):
            held = _held(row)
            grants[held.product_id].append(held)
    return {product_id: judge(of_product, now) for product_id, of_product in grants.items()}


def product_decisions(person_id: int, now: datetime) -> dict[str, Decision]:
    """For each product that the person ever held, by its short name: the decision at ``now`` (UTC). One query."""
    grants: dict[str, list[Held]] = defaultdict(list)
    for row in rows(_FOR_ALL_PRODUCTS, {"person_id": person_id}):
        grants[row[0]].append(_held(row[1:]))
    return {slug: judge(held, now) for slug, held in grants.items()}


def course_decisions(person_id: int, now: datetime) -> dict[int, Decision]:
    """For each course that any grant of the person concerns, by its id: the decision at ``now`` (UTC).

    One query. Roles and whether a course is published play no part.
    """
    grants: dict[int, list[Held]] = defaultdict(list)
    for row in rows(_FOR_ALL_COURSES, {"person_id": person_id}):
        grants[row[0]].append(_held(row[1:]))
    return {course_id: judge(held, now) for course_id, held in grants.items()}


def courses_open_to(person_id: int, now: datetime) -> dict[int, Decision]:
    """Those of ``course_decisions`` that are open at ``now`` (UTC)."""
    return {course_id: found for course_id, found in course_decisions(person_id, now).items() if found.allowed}
