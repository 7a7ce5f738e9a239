"""Offers, orders with their lines, payments, refunds, subscriptions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "commerce_0001"
down_revision = None
branch_labels = None
depends_on = None


def _create(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        *parts,
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )


def _key(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}_{target}", ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    _create_offers()
    _create_orders()
    _create_payments()
    _create_subscriptions()


def _create_offers() -> None:
    _create(
        "commerce_offer",
        sa.Column("public_id", sa.String(40), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("interval", sa.String(10), nullable=False),
        sa.Column("interval_count", sa.Integer(), nullable=False),
        sa.Column("access_days", sa.Integer(), nullable=True),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("button_text", sa.String(80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("public_id", name="uq_commerce_offer_public_id"),
        sa.CheckConstraint("amount >= 0", name="ck_commerce_offer_amount_not_negative"),
        _key("commerce_offer", "product_id", "access_product", "RESTRICT"),
    )
    _index("commerce_offer", "product_id")


def _create_orders() -> None:
    _create(
        "commerce_order",
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(80), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("placed_at", sa.DateTime(), nullable=False),
        sa.Column("paid_at", sa.DateTime(), nullable=True),
        sa.UniqueConstraint("number", name="uq_commerce_order_number"),
        _key("commerce_order", "person_id", "accounts_person", "RESTRICT"),
    )
    _index("commerce_order", "person_id", "state")
    _index("commerce_order", "state", "id")
    _create(
        "commerce_order_line",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        _key("commerce_order_line", "order_id", "commerce_order", "CASCADE"),
        _key("commerce_order_line", "offer_id", "commerce_offer", "RESTRICT"),
    )
    _index("commerce_order_line", "order_id")
    _index("commerce_order_line", "offer_id")


def _create_payments() -> None:
    _create(
        "commerce_payment",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(80), nullable=False),
        sa.Column("provider_ref", sa.String(255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("paid_at", sa.DateTime(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("provider", "provider_ref", name="uq_commerce_payment_provider_provider_ref"),
        _key("commerce_payment", "order_id", "commerce_order", "RESTRICT"),
    )
    _index("commerce_payment", "order_id")
    _create(
        "commerce_refund",
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("provider_ref", sa.String(255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.UniqueConstraint("payment_id", "provider_ref", name="uq_commerce_refund_payment_id_provider_ref"),
        _key("commerce_refund", "payment_id", "commerce_payment", "RESTRICT"),
    )


def _create_subscriptions() -> None:
    times = ("started_at", "period_end", "trial_end", "cancel_at", "past_due_since", "ended_at")
    _create(
        "commerce_subscription",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(80), nullable=False),
        sa.Column("provider_ref", sa.String(255), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        *(sa.Column(name, sa.DateTime(), nullable=True) for name in times),
        sa.UniqueConstraint("provider", "provider_ref", name="uq_commerce_subscription_provider_provider_ref"),
        _key("commerce_subscription", "person_id", "accounts_person", "RESTRICT"),
        _key("commerce_subscription", "offer_id", "commerce_offer", "RESTRICT"),
        _key("commerce_subscription", "order_id", "commerce_order", "RESTRICT"),
    )
    for column in ("person_id", "offer_id", "order_id"):
        _index("commerce_subscription", column)


def downgrade() -> None:
    for name in ("subscription", "refund", "payment", "order_line", "order", "offer"):
        op.drop_table(f"commerce_{name}")
