"""What the room access can do: decide, and keep products and grants."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

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
    grants_of,
    history,
    revoke_grant,
    set_grant,
)
from lms.access.models import Grant, ProductItem
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
    products,
    products_for_course,
)
from lms.db import session

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
    "find_grant",
    "grants_of",
    "history",
    "product",
    "product_by_slug",
    "products",
    "products_for_course",
    "revoke_grant",
    "set_grant",
]

_HELD = (Grant.id, Grant.product_id, Grant.state, Grant.starts_at, Grant.ends_at, Grant.reason)
_FOR_COURSE = (
    select(*_HELD)
    .join(ProductItem, ProductItem.product_id == Grant.product_id)
    .where(
        Grant.person_id == bindparam("person_id"),
        or_(ProductItem.course_id == bindparam("course_id"), ProductItem.kind == EVERYTHING),
    )
)
_FOR_PRODUCT = select(*_HELD).where(
    Grant.person_id == bindparam("person_id"), Grant.product_id == bindparam("product_id")
)
# Of the courses only the ids are read; what they are is the room courses' business.
_courses = table("courses_course", column("id"))
_FOR_ALL_COURSES = (
    select(_courses.c.id, *_HELD)
    .select_from(Grant)
    .join(ProductItem, ProductItem.product_id == Grant.product_id)
    .join(_courses, or_(ProductItem.course_id == _courses.c.id, ProductItem.kind == EVERYTHING))
    .where(Grant.person_id == bindparam("person_id"))
    .order_by(_courses.c.id)
)


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
    rows = session.execute(_FOR_COURSE, {"person_id": person.id, "course_id": thing.course_id})
    return judge((Held(*row) for row in rows), now)


def decide_product(person_id: int, product_id: int, now: datetime) -> Decision:
    """Whether the person holds the product itself at ``now`` (UTC), whatever else opens the same courses.

    One indexed query. Roles play no part: staff can buy like anybody.
    """
    rows = session.execute(_FOR_PRODUCT, {"person_id": person_id, "product_id": product_id})
    return judge((Held(*row) for row in rows), now)


def course_decisions(person_id: int, now: datetime) -> dict[int, Decision]:
    """For each course that any grant of the person concerns, by its id: the decision at ``now`` (UTC).

    One query. Roles and whether a course is published play no part.
    """
    grants: dict[int, list[Held]] = defaultdict(list)
    for course_id, *held in session.execute(_FOR_ALL_COURSES, {"person_id": person_id}):
        grants[course_id].append(Held(*held))
    return {course_id: judge(held, now) for course_id, held in grants.items()}


def courses_open_to(person_id: int, now: datetime) -> dict[int, Decision]:
    """Those of ``course_decisions`` that are open at ``now`` (UTC)."""
    return {course_id: found for course_id, found in course_decisions(person_id, now).items() if found.allowed}
