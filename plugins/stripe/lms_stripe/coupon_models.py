"""Coupons and promotion codes of the account, whoever made them: mirrored, so that people see what there is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.api.db import Json, Model, UtcDateTime
from lms_stripe import columns


class Coupon(Model):
    """What is taken off, as last read."""

    __tablename__ = "stripe_coupon"
    __table_args__ = (UniqueConstraint("connection_id", "stripe_id"),)

    connection_id: Mapped[int] = columns.connection()
    stripe_id: Mapped[str] = columns.stripe_id()
    name: Mapped[str] = mapped_column(String(80), default="")
    percent_off: Mapped[int | None]
    """In hundredths of a percent: 2050 is 20.5 %; None for an amount."""
    amount_off: Mapped[int | None] = mapped_column(BigInteger)
    """In minor units of ``currency``; None for a percentage."""
    currency: Mapped[str] = mapped_column(String(3), default="")
    duration: Mapped[str] = mapped_column(String(20))
    """once, repeating (for ``months``) or forever."""
    months: Mapped[int | None]
    max_redemptions: Mapped[int | None]
    times_redeemed: Mapped[int] = mapped_column(default=0)
    redeem_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    products: Mapped[Any] = mapped_column(Json, default=list)
    """Ids of the products at Stripe that it counts for; empty: for all."""
    created_there: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted: Mapped[bool] = mapped_column(default=False)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the reading began that the row is from (real time): an older one never overwrites it."""


class PromotionCode(Model):
    """What buyers type for a coupon, as last read."""

    __tablename__ = "stripe_promotion_code"
    __table_args__ = (
        UniqueConstraint("connection_id", "stripe_id"),
        Index("ix_stripe_promotion_code_coupon", "connection_id", "coupon_id"),
    )

    connection_id: Mapped[int] = columns.connection()
    stripe_id: Mapped[str] = columns.stripe_id()
    coupon_id: Mapped[str] = columns.stripe_id()
    code: Mapped[str] = mapped_column(String(500))
    active: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    max_redemptions: Mapped[int | None]
    times_redeemed: Mapped[int] = mapped_column(default=0)
    first_purchase: Mapped[bool] = mapped_column(default=False)
    minimum_amount: Mapped[int | None] = mapped_column(BigInteger)
    minimum_currency: Mapped[str] = mapped_column(String(3), default="")
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
