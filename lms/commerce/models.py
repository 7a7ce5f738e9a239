"""Tables: what is offered, what was ordered, what was paid, and what runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, UtcDateTime


class Offer(Model):
    """A price for a product. The price never changes: a new one is a new offer, so that old orders stay true."""

    __tablename__ = "commerce_offer"
    __table_args__ = (CheckConstraint("amount >= 0", name="amount_not_negative"),)

    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("access_product.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    interval: Mapped[str] = mapped_column(String(10), default="")
    interval_count: Mapped[int] = mapped_column(default=1)
    access_days: Mapped[int | None]
    grace_days: Mapped[int] = mapped_column(default=7)
    trial_days: Mapped[int] = mapped_column(default=0)
    button_text: Mapped[str] = mapped_column(String(80), default="")
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Order(Model):
    """One person's wish to buy, and what became of it."""

    __tablename__ = "commerce_order"
    __table_args__ = (Index(None, "person_id", "state"), Index(None, "state", "id"))

    number: Mapped[str] = mapped_column(String(40), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("accounts_person.id", ondelete="RESTRICT"))
    provider: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(20))
    total: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(200), default="")
    test: Mapped[bool] = mapped_column(default=False)
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OrderLine(Model):
    """What is bought in an order, with its price of that day."""

    __tablename__ = "commerce_order_line"

    order_id: Mapped[int] = mapped_column(ForeignKey("commerce_order.id", ondelete="CASCADE"), index=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("commerce_offer.id", ondelete="RESTRICT"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)


class Payment(Model):
    """Money that a provider says has arrived, the provider's reference once."""

    __tablename__ = "commerce_payment"
    __table_args__ = (UniqueConstraint("provider", "provider_ref"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("commerce_order.id", ondelete="RESTRICT"), index=True)
    provider: Mapped[str] = mapped_column(String(80))
    provider_ref: Mapped[str] = mapped_column(String(255))
    amount: Mapped[int] = mapped_column(BigInteger)
    subtotal: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    paid_at: Mapped[datetime] = mapped_column(UtcDateTime)
    test: Mapped[bool] = mapped_column(default=False)


class Refund(Model):
    """Money that went back, or is on its way."""

    __tablename__ = "commerce_refund"
    __table_args__ = (UniqueConstraint("payment_id", "provider_ref"),)

    payment_id: Mapped[int] = mapped_column(ForeignKey("commerce_payment.id", ondelete="RESTRICT"))
    provider_ref: Mapped[str] = mapped_column(String(255))
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))


class Subscription(Model):
    """What a provider charges again and again, as last read there."""

    __tablename__ = "commerce_subscription"
    __table_args__ = (UniqueConstraint("provider", "provider_ref"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("accounts_person.id", ondelete="RESTRICT"), index=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("commerce_offer.id", ondelete="RESTRICT"), index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("commerce_order.id", ondelete="RESTRICT"), index=True)
    provider: Mapped[str] = mapped_column(String(80))
    provider_ref: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200), default="")
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    period_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trial_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    past_due_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
