"""Tables: products, what they open, who holds them, and the history of every grant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Json, Model, UtcDateTime


class Product(Model):
    """What can be held: a course, several, or everything."""

    __tablename__ = "access_product"

    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20), default="active")
    """active or archived. An archived product is not sold; it still opens what it opened."""


class ProductItem(Model):
    """One thing that a product opens."""

    __tablename__ = "access_product_item"
    __table_args__ = (
        CheckConstraint(
            "(kind = 'course' AND course_id IS NOT NULL) OR (kind = 'everything' AND course_id IS NULL)",
            name="kind_fits_ref",
        ),
        UniqueConstraint("product_id", "course_id"),
        Index(None, "course_id", "product_id"),
    )

    product_id: Mapped[int] = mapped_column(ForeignKey("access_product.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses_course.id", ondelete="CASCADE"))


class Grant(Model):
    """That a person holds a product, and why. Ended is not a state: it is ``ends_at <= now``."""

    __tablename__ = "access_grant"
    __table_args__ = (UniqueConstraint("person_id", "product_id", "source", "source_ref"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("accounts_person.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("access_product.id", ondelete="RESTRICT"), index=True)
    source: Mapped[str] = mapped_column(String(20))
    source_ref: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(20))
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(200), default="")
    revoked_by_staff: Mapped[bool] = mapped_column(default=False)
    """Then only staff can open it again, however often an old order is read."""


class GrantEvent(Model):
    """One change of a grant. Rows are added, never changed."""

    __tablename__ = "access_grant_event"

    grant_id: Mapped[int] = mapped_column(ForeignKey("access_grant.id", ondelete="CASCADE"), index=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any]] = mapped_column(Json)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("accounts_person.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Refusal(Model):
    """What a product, or a course, has to say to people who may not enter, in one of the cases."""

    __tablename__ = "access_refusal"
    __table_args__ = (
        CheckConstraint("(product_id IS NULL) <> (course_id IS NULL)", name="of_one_thing"),
        UniqueConstraint("product_id", "context"),
        UniqueConstraint("course_id", "context"),
    )

    product_id: Mapped[int | None] = mapped_column(ForeignKey("access_product.id", ondelete="CASCADE"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses_course.id", ondelete="CASCADE"))
    context: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text, default="")
    sign_in: Mapped[bool] = mapped_column(default=False)
    page: Mapped[str] = mapped_column(String(300), default="")
    offered_id: Mapped[int | None] = mapped_column(ForeignKey("access_product.id", ondelete="SET NULL"))
    """The product that is offered instead; None for what opens the course."""
