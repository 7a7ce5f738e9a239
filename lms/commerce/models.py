"""Tables: what is offered, what was ordered, what was paid, and what runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, true
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
    instalments: Mapped[int | None]
    """After so many payments it is the buyer's to keep; None for what is not paid in instalments."""
    pause_closes: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether a pause shuts the door; else what is paused stays open."""
    trial_method: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether a trial begins with a way to pay; without one it ends by itself."""
    sale_amount: Mapped[int | None] = mapped_column(BigInteger)
    """What it costs from ``sale_from`` on and before ``sale_until`` (UTC); None where nothing is reduced."""
    sale_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sale_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    open_to_id: Mapped[int | None] = mapped_column(ForeignKey("access_product.id", ondelete="RESTRICT"))
    """Only whoever has this product may buy; None: everybody."""
    success_page: Mapped[str] = mapped_column(String(300), default="", server_default="")
    cancel_page: Mapped[str] = mapped_column(String(300), default="", server_default="")
    promotion: Mapped[str] = mapped_column(String(20), default="default", server_default="default")
    """default, none, customer_enters or fixed."""
    promotion_code: Mapped[str] = mapped_column(String(80), default="", server_default="")
    show_button: Mapped[bool | None]
    """Whether course pages show a button by themselves; None until somebody, or the first provider, decided."""
    button_text: Mapped[str] = mapped_column(String(80), default="")
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Order(Model):
    """One person's wish to buy, and what became of it."""

    __tablename__ = "commerce_order"
    __table_args__ = (Index(None, "person_id", "state"), Index(None, "state", "id"))

    number: Mapped[str] = mapped_column(String(40), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("accounts_person.id", ondelete="RESTRICT"))
    """None while nobody has claimed what a guest ordered."""
    provider: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(20))
    total: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(200), default="")
    test: Mapped[bool] = mapped_column(default=False)
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    promotion_code: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The code that the buyer came with, or that the offer has."""
    success_page: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """Where its buyer goes once it is paid, and where on giving up; "" for the usual pages."""
    cancel_page: Mapped[str] = mapped_column(String(300), default="", server_default="")
    purged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when a test purchase opens nothing any longer, whatever its provider goes on telling."""


class Claim(Model):
    """What ties a guest's order to whoever ordered it, until it is theirs. Only hashes of the two secrets are kept."""

    __tablename__ = "commerce_claim"

    order_id: Mapped[int] = mapped_column(ForeignKey("commerce_order.id", ondelete="CASCADE"), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), index=True)
    locale: Mapped[str] = mapped_column(String(16), default="")
    browser_hash: Mapped[str] = mapped_column(String(64), index=True)
    """Of the cookie that the browser got before it went to pay; counts until ``browser_until`` (real time)."""
    browser_until: Mapped[datetime] = mapped_column(UtcDateTime)
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of the newest mailed link; counts until ``link_until`` (real time)."""
    link_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    letters: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str] = mapped_column(String(20), default="")
    """What proved it: browser, link or account."""


class Consent(Model):
    """What the buyer agreed to with an order: the words that stood there, and of which document's version."""

    __tablename__ = "commerce_consent"
    __table_args__ = (UniqueConstraint("order_id", "kind"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("commerce_order.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    """terms or withdrawal."""
    words: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(String(300), default="")
    version: Mapped[str] = mapped_column(String(40), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class OrderLine(Model):
    """What is bought in an order, with its price and its free days of that day."""

    __tablename__ = "commerce_order_line"

    order_id: Mapped[int] = mapped_column(ForeignKey("commerce_order.id", ondelete="CASCADE"), index=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("commerce_offer.id", ondelete="RESTRICT"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    trial_days: Mapped[int | None]
    """None for orders that were placed before it was kept: then the offer says."""


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
    paid_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    test: Mapped[bool] = mapped_column(default=False)


class Refund(Model):
    """Money that went back, or is on its way."""

    __tablename__ = "commerce_refund"
    __table_args__ = (UniqueConstraint("payment_id", "provider_ref"),)

    payment_id: Mapped[int] = mapped_column(ForeignKey("commerce_payment.id", ondelete="RESTRICT"))
    provider_ref: Mapped[str] = mapped_column(String(255))
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))


class Dispute(Model):
    """A buyer's bank that asks a payment back, as last read at the provider."""

    __tablename__ = "commerce_dispute"
    __table_args__ = (UniqueConstraint("payment_id", "provider_ref"),)

    payment_id: Mapped[int] = mapped_column(ForeignKey("commerce_payment.id", ondelete="RESTRICT"))
    provider_ref: Mapped[str] = mapped_column(String(255))
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20), index=True)
    reason: Mapped[str] = mapped_column(String(80), default="")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RefundRequest(Model):
    """A refund that staff decided here. ``key`` is the form's, so that two presses are one decision."""

    __tablename__ = "commerce_refund_request"

    key: Mapped[str] = mapped_column(String(80), unique=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("commerce_payment.id", ondelete="RESTRICT"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    amount_left: Mapped[int] = mapped_column(BigInteger)
    """What was still there of the payment when it was decided."""
    reason: Mapped[str] = mapped_column(String(200))
    ends_access: Mapped[bool] = mapped_column(default=False)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("accounts_person.id", ondelete="SET NULL"), index=True)
    state: Mapped[str] = mapped_column(String(20), default="asked")
    """asked, done or refused."""
    provider_ref: Mapped[str] = mapped_column(String(255), default="")
    """Of the refund, once it is done: then its own row says what becomes of it."""
    sentence: Mapped[str] = mapped_column(String(500), default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FailedCharge(Model):
    """Money that should have come and did not: an order's, or a subscription's once for each unpaid time."""

    __tablename__ = "commerce_failed_charge"

    key: Mapped[str] = mapped_column(String(120), unique=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("commerce_order.id", ondelete="CASCADE"), index=True)
    subscription_id: Mapped[int | None] = mapped_column(
        ForeignKey("commerce_subscription.id", ondelete="CASCADE"), index=True
    )
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    reason: Mapped[str] = mapped_column(String(200), default="")
    test: Mapped[bool] = mapped_column(default=False)


class Subscription(Model):
    """What a provider charges again and again, as last read there."""

    __tablename__ = "commerce_subscription"
    __table_args__ = (UniqueConstraint("provider", "provider_ref"),)

    person_id: Mapped[int | None] = mapped_column(ForeignKey("accounts_person.id", ondelete="RESTRICT"), index=True)
    """None while nobody has claimed the order that it began with."""
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
    paid_off_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When its instalments end as agreed; nobody cancelled anything."""
    past_due_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    collection_paused: Mapped[bool] = mapped_column(default=False, server_default=false())
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    test: Mapped[bool] = mapped_column(default=False, server_default=false())
