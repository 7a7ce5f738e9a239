"""The plugin's tables. Each row belongs to one connection: one Stripe account in one mode.

Persons, offers, products and orders are the core's; their ids stand here without a foreign key, so that neither side's
tables stop the other's from being rebuilt or removed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from lms.api.db import Json, Model, UtcDateTime
from lms_stripe.columns import connection as _connection
from lms_stripe.columns import stripe_id as _stripe_id
from lms_stripe.coupon_models import Coupon, PromotionCode
from lms_stripe.listed_models import ListedPrice

__all__ = [
    "Checkout",
    "ConnectionRow",
    "Coupon",
    "Customer",
    "Drift",
    "Event",
    "Import",
    "ImportLine",
    "ListedPrice",
    "Operation",
    "Payment",
    "PortalConfiguration",
    "Price",
    "PromotionCode",
    "ReconcileRun",
    "Subscription",
    "SubscriptionItem",
    "SyncTask",
    "WebhookEndpoint",
]


class ConnectionRow(Model):
    """One Stripe account in one mode, and how we stand with it."""

    __tablename__ = "stripe_connection"
    __table_args__ = (UniqueConstraint("account_id", "livemode"),)

    account_id: Mapped[str] = _stripe_id()
    livemode: Mapped[bool]
    mode: Mapped[str] = mapped_column(String(20))
    """simulator, test or live."""
    site_id: Mapped[str] = mapped_column(String(40), unique=True)
    """Our mark in the metadata of everything that we make at Stripe."""
    account_name: Mapped[str] = mapped_column(String(255), default="")
    auth: Mapped[str] = mapped_column(String(20), default="restricted_key")
    credential_ref: Mapped[str] = mapped_column(String(20), default="setting")
    """setting (sealed) or environment."""
    key_prefix: Mapped[str] = mapped_column(String(20), default="")
    last4: Mapped[str] = mapped_column(String(4), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    currency: Mapped[str] = mapped_column(String(3), default="")
    integration_version: Mapped[int] = mapped_column(default=0)
    is_selling: Mapped[bool] = mapped_column(default=False)
    portal_enabled: Mapped[bool] = mapped_column(default=True)
    portal_status: Mapped[str] = mapped_column(String(20), default="unknown")
    """unknown, inactive, activating, active or needs_attention."""
    delivery: Mapped[str] = mapped_column(String(20), default="webhook")
    """webhook or polling."""
    status: Mapped[str] = mapped_column(String(20), default="connecting")
    """connecting, active, degraded, revoked or disconnected."""
    reason: Mapped[str] = mapped_column(Text, default="")
    cursor: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Up to when Stripe's list of events has been read (polling)."""
    site_url: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Where the site was when its owner connected it, or last said so; another address means moved or copied."""
    portal_source: Mapped[str] = mapped_column(String(20), default="own", server_default="own")
    """own: our configuration of the portal; dashboard: the account's own default."""
    portal_choices: Mapped[Any] = mapped_column(Json, nullable=True)
    """What students may do in the portal; None: what we think best."""
    tax_enabled: Mapped[bool] = mapped_column(default=False, server_default=false())
    tax_status: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """active, pending or unregistered, as last read at Stripe; "" when nobody asked yet."""
    tested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the owner last sent a test event (real time)."""
    connected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disconnected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WebhookEndpoint(Model):
    """Where Stripe tells us what happened."""

    __tablename__ = "stripe_webhook_endpoint"

    connection_id: Mapped[int] = _connection()
    kind: Mapped[str] = mapped_column(String(20), default="snapshot")
    stripe_id: Mapped[str | None] = _stripe_id(unique=True)
    token: Mapped[str] = mapped_column(String(80), unique=True)
    url: Mapped[str] = mapped_column(Text)
    api_version: Mapped[str] = mapped_column(String(40), default="")
    events: Mapped[Any] = mapped_column(Json, default=list)
    secret: Mapped[str] = mapped_column(Text, default="")
    """Sealed, as is the previous one."""
    previous_secret: Mapped[str] = mapped_column(Text, default="")
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(20), default="active")
    """active or replaced."""
    failures: Mapped[int] = mapped_column(default=0)
    """Deliveries with a wrong signature since the last good one was looked at."""


class PortalConfiguration(Model):
    """What students may do in Stripe's customer portal."""

    __tablename__ = "stripe_portal_configuration"
    __table_args__ = (UniqueConstraint("connection_id", "purpose"),)

    connection_id: Mapped[int] = _connection()
    purpose: Mapped[str] = mapped_column(String(40), default="default")
    stripe_id: Mapped[str] = _stripe_id()
    features: Mapped[Any] = mapped_column(Json)
    features_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(20), default="active")


class Customer(Model):
    """Which person is which customer. Never found by e-mail."""

    __tablename__ = "stripe_customer"
    __table_args__ = (
        UniqueConstraint("connection_id", "stripe_id"),
        Index("ix_stripe_customer_person", "person_id", "connection_id"),
    )

    connection_id: Mapped[int] = _connection()
    person_id: Mapped[int | None]
    stripe_id: Mapped[str] = _stripe_id()
    email_seen: Mapped[str] = mapped_column(String(320), default="")
    linked_by: Mapped[str] = mapped_column(String(20), default="created")
    is_primary: Mapped[bool] = mapped_column(default=True)
    first_purchase_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    card_brand: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """The card that is charged unless a subscription has its own: brand, last digits, year and month."""
    card_last4: Mapped[str] = mapped_column(String(8), default="", server_default="")
    card_expires: Mapped[str] = mapped_column(String(7), default="", server_default="")


class Price(Model):
    """One price at Stripe for one offer. Amounts never change: another amount is another row."""

    __tablename__ = "stripe_price"
    __table_args__ = (
        UniqueConstraint("connection_id", "price_id"),
        Index("ix_stripe_price_offer", "connection_id", "offer_id"),
    )

    connection_id: Mapped[int] = _connection()
    offer_id: Mapped[int]
    local_product_id: Mapped[int]
    product_id: Mapped[str] = _stripe_id()
    price_id: Mapped[str] = _stripe_id()
    lookup_key: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    unit_amount: Mapped[int] = mapped_column(BigInteger)
    interval: Mapped[str] = mapped_column(String(10), default="")
    interval_count: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    picked: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Somebody tied the offer to it; not active then: it is archived at Stripe, or gone."""


class Checkout(Model):
    """One Checkout Session of ours."""

    __tablename__ = "stripe_checkout"
    __table_args__ = (
        UniqueConstraint("connection_id", "session_id"),
        Index("ix_stripe_checkout_order", "order_id"),
    )

    connection_id: Mapped[int] = _connection()
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    """What Stripe keeps as ``client_reference_id``."""
    order_id: Mapped[int]
    offer_id: Mapped[int]
    price_id: Mapped[str] = _stripe_id()
    customer_id: Mapped[str] = _stripe_id()
    """"" for a guest until Stripe has made one."""
    person_id: Mapped[int | None] = mapped_column(index=True)
    """None while a guest's order is not claimed."""
    session_id: Mapped[str | None] = _stripe_id()
    subscription_id: Mapped[str | None] = _stripe_id(index=True)
    invoice_id: Mapped[str | None] = _stripe_id(index=True)
    payment_intent_id: Mapped[str | None] = _stripe_id(index=True)
    mode: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), default="creating")
    """creating, open, awaiting_payment, fulfilled, expired, failed or duplicate."""
    params_hash: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text, default="")
    """Sealed; erased once the session is no longer open."""
    amount_total: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Subscription(Model):
    """A subscription as last read."""

    __tablename__ = "stripe_subscription"
    __table_args__ = (UniqueConstraint("connection_id", "stripe_id"),)

    connection_id: Mapped[int] = _connection()
    customer_id: Mapped[str | None] = _stripe_id(index=True)
    person_id: Mapped[int | None] = mapped_column(index=True)
    stripe_id: Mapped[str] = _stripe_id()
    offer_id: Mapped[int | None]
    order_id: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(40))
    cancel_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    canceled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trial_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    period_start: Mapped[datetime | None] = mapped_column(UtcDateTime)
    period_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pause_behavior: Mapped[str] = mapped_column(String(40), default="")
    pause_resumes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_reason: Mapped[str] = mapped_column(String(80), default="")
    past_due_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    latest_invoice_id: Mapped[str | None] = _stripe_id()
    latest_invoice_status: Mapped[str] = mapped_column(String(20), default="")
    hosted_invoice_url: Mapped[str] = mapped_column(Text, default="")
    card_brand: Mapped[str] = mapped_column(String(40), default="", server_default="")
    card_last4: Mapped[str] = mapped_column(String(8), default="", server_default="")
    card_expires: Mapped[str] = mapped_column(String(7), default="", server_default="")
    next_amount: Mapped[int | None] = mapped_column(BigInteger)
    """What a period costs before discounts and tax, in minor units of ``currency``; None where Stripe does not say."""
    currency: Mapped[str] = mapped_column(String(3), default="", server_default="")
    instalments: Mapped[int | None]
    """After so many payments it ends by itself; None for what goes on."""
    plan_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The end that we gave it for that; another one is somebody's wish."""
    plan_seen: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """What it was like when its end was last worked out."""
    synced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SubscriptionItem(Model):
    """An item of a subscription; one that Stripe no longer lists keeps its row."""

    __tablename__ = "stripe_subscription_item"
    __table_args__ = (UniqueConstraint("connection_id", "stripe_id"),)

    connection_id: Mapped[int] = _connection()
    subscription_id: Mapped[int] = mapped_column(ForeignKey("stripe_subscription.id", ondelete="CASCADE"), index=True)
    stripe_id: Mapped[str] = _stripe_id()
    price_id: Mapped[str] = _stripe_id()
    product_id: Mapped[str | None] = _stripe_id()
    quantity: Mapped[int | None]
    period_start: Mapped[datetime | None] = mapped_column(UtcDateTime)
    period_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Payment(Model):
    """A payment as last read: of an invoice, or of a PaymentIntent without one."""

    __tablename__ = "stripe_payment"
    __table_args__ = (
        UniqueConstraint("connection_id", "payment_intent_id"),
        UniqueConstraint("connection_id", "invoice_id"),
    )

    connection_id: Mapped[int] = _connection()
    order_id: Mapped[int | None]
    payment_intent_id: Mapped[str | None] = _stripe_id()
    charge_id: Mapped[str | None] = _stripe_id()
    invoice_id: Mapped[str | None] = _stripe_id()
    subscription_id: Mapped[str | None] = _stripe_id(index=True)
    customer_id: Mapped[str | None] = _stripe_id()
    person_id: Mapped[int | None] = mapped_column(index=True)
    number: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The invoice's number at Stripe."""
    hosted_invoice_url: Mapped[str] = mapped_column(Text, default="", server_default="")
    amount: Mapped[int] = mapped_column(BigInteger)
    amount_refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(40))
    disputed: Mapped[bool] = mapped_column(default=False)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Event(Model):
    """An event that arrived, once. Only a signal to read again: nothing of its body is kept."""

    __tablename__ = "stripe_event"
    __table_args__ = (
        UniqueConstraint("connection_id", "event_id"),
        Index("ix_stripe_event_object", "connection_id", "object_id", "status"),
    )

    connection_id: Mapped[int] = _connection()
    endpoint_id: Mapped[int | None]
    event_id: Mapped[str] = _stripe_id()
    type: Mapped[str] = mapped_column(String(120))
    object_type: Mapped[str] = mapped_column(String(40), default="")
    object_id: Mapped[str] = _stripe_id(default="")
    livemode: Mapped[bool]
    api_version: Mapped[str] = mapped_column(String(40), default="")
    created: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    status: Mapped[str] = mapped_column(String(20), default="queued")
    """queued, done, ignored or dead."""


class SyncTask(Model):
    """What has to be read again: one row per object, however many events ask for it."""

    __tablename__ = "stripe_sync_task"
    __table_args__ = (
        UniqueConstraint("connection_id", "object_type", "object_id"),
        Index("ix_stripe_sync_task_due", "not_before", "lease_until"),
    )

    connection_id: Mapped[int] = _connection()
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = _stripe_id()
    wanted: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_token: Mapped[str] = mapped_column(String(40), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    first_failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(Text, default="")


class Operation(Model):
    """Something that we make at Stripe, with the key that makes it once (or a step of connecting)."""

    __tablename__ = "stripe_operation"
    __table_args__ = (UniqueConstraint("connection_id", "op", "business_key", "attempt"),)

    connection_id: Mapped[int] = _connection()
    op: Mapped[str] = mapped_column(String(60))
    business_key: Mapped[str] = mapped_column(String(120))
    attempt: Mapped[int] = mapped_column(default=1)
    idempotency_key: Mapped[str] = mapped_column(String(120))
    params_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20), default="pending")
    """pending, succeeded, unknown or failed."""
    stripe_id: Mapped[str | None] = _stripe_id()
    request_id: Mapped[str] = mapped_column(String(80), default="")
    error: Mapped[str] = mapped_column(Text, default="")
    """One sentence for the owner."""
    first_sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_token: Mapped[str] = mapped_column(String(40), default="")


class ReconcileRun(Model):
    """One time of looking things over again, and what it found."""

    __tablename__ = "stripe_reconcile_run"

    connection_id: Mapped[int] = _connection()
    kind: Mapped[str] = mapped_column(String(20))
    """replay, due, checkouts, everything or money."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked: Mapped[int] = mapped_column(default=0)
    drifted: Mapped[int] = mapped_column(default=0)
    """Events that had not arrived, or objects that were not as we knew them."""
    foreign_objects: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")


class Drift(Model):
    """An object that was not as we knew it. ``wanted`` is the wish for a reading that was made then."""

    __tablename__ = "stripe_drift"

    connection_id: Mapped[int] = _connection()
    run_id: Mapped[int] = mapped_column(ForeignKey("stripe_reconcile_run.id", ondelete="CASCADE"), index=True)
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = _stripe_id()
    differences: Mapped[Any] = mapped_column(Json)
    """Of each value that differed: what we knew, and what Stripe said; empty for an object that we did not know."""
    wanted: Mapped[int]


class Import(Model):
    """Taking over an account that was in use before: what was found there, and the rules that a person confirmed."""

    __tablename__ = "stripe_import"

    connection_id: Mapped[int] = _connection()
    state: Mapped[str] = mapped_column(String(20), default="looking")
    """looking, found, running or done."""
    stage: Mapped[str] = mapped_column(String(20), default="price")
    """What is being listed: price or subscription; then done."""
    after: Mapped[str] = _stripe_id(default="")
    """The last object of the stage that is kept, so that looking goes on where it stopped."""
    people_rule: Mapped[str] = mapped_column(String(20), default="")
    """leave, match or create; "" while nobody has confirmed one."""
    invites: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str] = mapped_column(Text, default="")
    scanned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportLine(Model):
    """A price or a running subscription that was found, and what becomes of it."""

    __tablename__ = "stripe_import_line"
    __table_args__ = (
        UniqueConstraint("import_id", "stripe_id"),
        Index("ix_stripe_import_line_state", "import_id", "kind", "state"),
    )

    connection_id: Mapped[int] = _connection()
    import_id: Mapped[int] = mapped_column(ForeignKey("stripe_import.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    """price or subscription."""
    stripe_id: Mapped[str] = _stripe_id()
    price_id: Mapped[str] = _stripe_id(default="")
    customer_id: Mapped[str] = _stripe_id(default="")
    facts: Mapped[Any] = mapped_column(Json)
    decision: Mapped[str] = mapped_column(String(40), default="")
    """Of a price: "" (nobody decided), leave, offer:<id> or product:<id>."""
    state: Mapped[str] = mapped_column(String(20), default="found")
    """found, done or skipped."""
    note: Mapped[str] = mapped_column(String(300), default="")
    target_id: Mapped[int | None]
