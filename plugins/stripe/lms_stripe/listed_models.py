"""What is there in the account's catalogue, whoever made it: mirrored, so that people can choose from it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.api.db import Model, UtcDateTime
from lms_stripe import columns


class ListedPrice(Model):
    """A price at Stripe with its product, as last read."""

    __tablename__ = "stripe_listed_price"
    __table_args__ = (
        UniqueConstraint("connection_id", "stripe_id"),
        Index("ix_stripe_listed_price_product", "connection_id", "product_id"),
    )

    connection_id: Mapped[int] = columns.connection()
    stripe_id: Mapped[str] = columns.stripe_id()
    product_id: Mapped[str] = columns.stripe_id()
    product_name: Mapped[str] = mapped_column(String(300), default="")
    product_active: Mapped[bool] = mapped_column(default=True)
    nickname: Mapped[str] = mapped_column(String(300), default="")
    currency: Mapped[str] = mapped_column(String(3))
    unit_amount: Mapped[int | None] = mapped_column(BigInteger)
    """None for what no offer can be tied to: tiers, usage, an amount that the buyer chooses."""
    interval: Mapped[str] = mapped_column(String(10), default="")
    interval_count: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the reading began that the row is from (real time): an older one never overwrites it."""
