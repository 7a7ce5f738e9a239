"""Connections, endpoints, customers, prices, checkouts, and the rows that mirror Stripe."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stripe_0001"
down_revision = None
branch_labels = None
depends_on = None


def _connection() -> None:
    op.create_table(
        "stripe_connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(255), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("site_id", sa.String(40), nullable=False),
        sa.Column("account_name", sa.String(255), nullable=False),
        sa.Column("auth", sa.String(20), nullable=False),
        sa.Column("credential_ref", sa.String(20), nullable=False),
        sa.Column("key_prefix", sa.String(20), nullable=False),
        sa.Column("last4", sa.String(4), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("integration_version", sa.Integer(), nullable=False),
        sa.Column("is_selling", sa.Boolean(), nullable=False),
        sa.Column("portal_enabled", sa.Boolean(), nullable=False),
        sa.Column("portal_status", sa.String(20), nullable=False),
        sa.Column("delivery", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cursor", sa.DateTime(), nullable=True),
        sa.Column("connected_at", sa.DateTime(), nullable=True),
        sa.Column("disconnected_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_connection"),
        sa.UniqueConstraint("account_id", "livemode", name="uq_stripe_connection_account_id_livemode"),
        sa.UniqueConstraint("site_id", name="uq_stripe_connection_site_id"),
    )


def _checkout() -> None:
    op.create_table(
        "stripe_checkout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("price_id", sa.String(255), nullable=False),
        sa.Column("customer_id", sa.String(255), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(255), nullable=True),
        sa.Column("subscription_id", sa.String(255), nullable=True),
        sa.Column("invoice_id", sa.String(255), nullable=True),
        sa.Column("payment_intent_id", sa.String(255), nullable=True),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("params_hash", sa.String(64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("amount_total", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_checkout"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_checkout_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "session_id", name="uq_stripe_checkout_connection_id_session_id"),
        sa.UniqueConstraint("reference", name="uq_stripe_checkout_reference"),
    )
    op.create_index("ix_stripe_checkout_connection_id", "stripe_checkout", ["connection_id"])
    op.create_index("ix_stripe_checkout_invoice_id", "stripe_checkout", ["invoice_id"])
    op.create_index("ix_stripe_checkout_order", "stripe_checkout", ["order_id"])
    op.create_index("ix_stripe_checkout_payment_intent_id", "stripe_checkout", ["payment_intent_id"])
    op.create_index("ix_stripe_checkout_person_id", "stripe_checkout", ["person_id"])
    op.create_index("ix_stripe_checkout_subscription_id", "stripe_checkout", ["subscription_id"])


def _customer() -> None:
    op.create_table(
        "stripe_customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("stripe_id", sa.String(255), nullable=False),
        sa.Column("email_seen", sa.String(320), nullable=False),
        sa.Column("linked_by", sa.String(20), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("first_purchase_at", sa.DateTime(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_customer"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_customer_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "stripe_id", name="uq_stripe_customer_connection_id_stripe_id"),
    )
    op.create_index("ix_stripe_customer_connection_id", "stripe_customer", ["connection_id"])
    op.create_index("ix_stripe_customer_person", "stripe_customer", ["person_id", "connection_id"])


def _event() -> None:
    op.create_table(
        "stripe_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.String(255), nullable=False),
        sa.Column("type", sa.String(120), nullable=False),
        sa.Column("object_type", sa.String(40), nullable=False),
        sa.Column("object_id", sa.String(255), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("api_version", sa.String(40), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=True),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_event"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_event_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "event_id", name="uq_stripe_event_connection_id_event_id"),
    )
    op.create_index("ix_stripe_event_connection_id", "stripe_event", ["connection_id"])
    op.create_index("ix_stripe_event_object", "stripe_event", ["connection_id", "object_id", "status"])
    op.create_index("ix_stripe_event_received_at", "stripe_event", ["received_at"])


def _operation() -> None:
    op.create_table(
        "stripe_operation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("op", sa.String(60), nullable=False),
        sa.Column("business_key", sa.String(120), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(120), nullable=False),
        sa.Column("params_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("stripe_id", sa.String(255), nullable=True),
        sa.Column("request_id", sa.String(80), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("first_sent_at", sa.DateTime(), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("lease_token", sa.String(40), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_operation"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_operation_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "connection_id",
            "op",
            "business_key",
            "attempt",
            name="uq_stripe_operation_connection_id_op_business_key_attempt",
        ),
    )
    op.create_index("ix_stripe_operation_connection_id", "stripe_operation", ["connection_id"])


def _payment() -> None:
    op.create_table(
        "stripe_payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("payment_intent_id", sa.String(255), nullable=True),
        sa.Column("charge_id", sa.String(255), nullable=True),
        sa.Column("invoice_id", sa.String(255), nullable=True),
        sa.Column("subscription_id", sa.String(255), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_refunded", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("paid_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_payment"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_payment_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "invoice_id", name="uq_stripe_payment_connection_id_invoice_id"),
        sa.UniqueConstraint(
            "connection_id", "payment_intent_id", name="uq_stripe_payment_connection_id_payment_intent_id"
        ),
    )
    op.create_index("ix_stripe_payment_connection_id", "stripe_payment", ["connection_id"])
    op.create_index("ix_stripe_payment_subscription_id", "stripe_payment", ["subscription_id"])


def _portal_configuration() -> None:
    op.create_table(
        "stripe_portal_configuration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("stripe_id", sa.String(255), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("features_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_portal_configuration"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_portal_configuration_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "purpose", name="uq_stripe_portal_configuration_connection_id_purpose"),
    )
    op.create_index("ix_stripe_portal_configuration_connection_id", "stripe_portal_configuration", ["connection_id"])


def _price() -> None:
    op.create_table(
        "stripe_price",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("local_product_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(255), nullable=False),
        sa.Column("price_id", sa.String(255), nullable=False),
        sa.Column("lookup_key", sa.String(200), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("unit_amount", sa.BigInteger(), nullable=False),
        sa.Column("interval", sa.String(10), nullable=False),
        sa.Column("interval_count", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_price"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_price_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "price_id", name="uq_stripe_price_connection_id_price_id"),
    )
    op.create_index("ix_stripe_price_connection_id", "stripe_price", ["connection_id"])
    op.create_index("ix_stripe_price_offer", "stripe_price", ["connection_id", "offer_id"])


def _subscription() -> None:
    op.create_table(
        "stripe_subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.String(255), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("stripe_id", sa.String(255), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("cancel_at", sa.DateTime(), nullable=True),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("canceled_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("trial_end", sa.DateTime(), nullable=True),
        sa.Column("period_start", sa.DateTime(), nullable=True),
        sa.Column("period_end", sa.DateTime(), nullable=True),
        sa.Column("pause_behavior", sa.String(40), nullable=False),
        sa.Column("pause_resumes_at", sa.DateTime(), nullable=True),
        sa.Column("paused_reason", sa.String(80), nullable=False),
        sa.Column("past_due_since", sa.DateTime(), nullable=True),
        sa.Column("latest_invoice_id", sa.String(255), nullable=True),
        sa.Column("latest_invoice_status", sa.String(20), nullable=False),
        sa.Column("hosted_invoice_url", sa.Text(), nullable=False),
        sa.Column("synced_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_subscription"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_subscription_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "stripe_id", name="uq_stripe_subscription_connection_id_stripe_id"),
    )
    op.create_index("ix_stripe_subscription_connection_id", "stripe_subscription", ["connection_id"])
    op.create_index("ix_stripe_subscription_customer_id", "stripe_subscription", ["customer_id"])
    op.create_index("ix_stripe_subscription_person_id", "stripe_subscription", ["person_id"])


def _sync_task() -> None:
    op.create_table(
        "stripe_sync_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("object_type", sa.String(40), nullable=False),
        sa.Column("object_id", sa.String(255), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(), nullable=False),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("lease_token", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_failed_at", sa.DateTime(), nullable=True),
        sa.Column("dead_at", sa.DateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_sync_task"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_sync_task_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "connection_id", "object_type", "object_id", name="uq_stripe_sync_task_connection_id_object_type_object_id"
        ),
    )
    op.create_index("ix_stripe_sync_task_connection_id", "stripe_sync_task", ["connection_id"])
    op.create_index("ix_stripe_sync_task_due", "stripe_sync_task", ["not_before", "lease_until"])


def _webhook_endpoint() -> None:
    op.create_table(
        "stripe_webhook_endpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("stripe_id", sa.String(255), nullable=True),
        sa.Column("token", sa.String(80), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("api_version", sa.String(40), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text(), nullable=False),
        sa.Column("previous_until", sa.DateTime(), nullable=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_webhook_endpoint"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_webhook_endpoint_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("stripe_id", name="uq_stripe_webhook_endpoint_stripe_id"),
        sa.UniqueConstraint("token", name="uq_stripe_webhook_endpoint_token"),
    )
    op.create_index("ix_stripe_webhook_endpoint_connection_id", "stripe_webhook_endpoint", ["connection_id"])


def _subscription_item() -> None:
    op.create_table(
        "stripe_subscription_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("stripe_id", sa.String(255), nullable=False),
        sa.Column("price_id", sa.String(255), nullable=False),
        sa.Column("product_id", sa.String(255), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("period_start", sa.DateTime(), nullable=True),
        sa.Column("period_end", sa.DateTime(), nullable=True),
        sa.Column("removed_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_subscription_item"),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["stripe_subscription.id"],
            name="fk_stripe_subscription_item_subscription_id_stripe_subscription",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_subscription_item_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "stripe_id", name="uq_stripe_subscription_item_connection_id_stripe_id"),
    )
    op.create_index("ix_stripe_subscription_item_connection_id", "stripe_subscription_item", ["connection_id"])
    op.create_index("ix_stripe_subscription_item_subscription_id", "stripe_subscription_item", ["subscription_id"])


def upgrade() -> None:
    _connection()
    _checkout()
    _customer()
    _event()
    _operation()
    _payment()
    _portal_configuration()
    _price()
    _subscription()
    _sync_task()
    _webhook_endpoint()
    _subscription_item()


def downgrade() -> None:
    op.drop_table("stripe_subscription_item")
    op.drop_table("stripe_webhook_endpoint")
    op.drop_table("stripe_sync_task")
    op.drop_table("stripe_subscription")
    op.drop_table("stripe_price")
    op.drop_table("stripe_portal_configuration")
    op.drop_table("stripe_payment")
    op.drop_table("stripe_operation")
    op.drop_table("stripe_event")
    op.drop_table("stripe_customer")
    op.drop_table("stripe_checkout")
    op.drop_table("stripe_connection")
