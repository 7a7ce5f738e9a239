"""Refunds that staff decided, charges that failed, and which subscriptions move no money."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "commerce_0002"
down_revision = "commerce_0001"
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


def upgrade() -> None:
    _create(
        "commerce_refund_request",
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_left", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("ends_access", sa.Boolean(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("provider_ref", sa.String(255), nullable=False),
        sa.Column("sentence", sa.String(500), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.UniqueConstraint("key", name="uq_commerce_refund_request_key"),
        _key("commerce_refund_request", "payment_id", "commerce_payment", "RESTRICT"),
        _key("commerce_refund_request", "actor_id", "accounts_person", "SET NULL"),
    )
    op.create_index("ix_commerce_refund_request_payment_id", "commerce_refund_request", ["payment_id"])
    op.create_index("ix_commerce_refund_request_actor_id", "commerce_refund_request", ["actor_id"])
    _create(
        "commerce_failed_charge",
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("subscription_id", sa.Integer(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("failed_at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("key", name="uq_commerce_failed_charge_key"),
        _key("commerce_failed_charge", "order_id", "commerce_order", "CASCADE"),
        _key("commerce_failed_charge", "subscription_id", "commerce_subscription", "CASCADE"),
    )
    for column in ("order_id", "subscription_id", "failed_at"):
        op.create_index(f"ix_commerce_failed_charge_{column}", "commerce_failed_charge", [column])
    with op.batch_alter_table("commerce_subscription") as batch:
        batch.add_column(sa.Column("test", sa.Boolean(), nullable=False, server_default=sa.false()))
    # A subscription that began with a test order moves no money either.
    op.execute(
        "UPDATE commerce_subscription SET test = (SELECT o.test FROM commerce_order AS o"
        " WHERE o.id = commerce_subscription.order_id) WHERE order_id IS NOT NULL"
    )
    op.create_index("ix_commerce_payment_paid_at", "commerce_payment", ["paid_at"])


def downgrade() -> None:
    op.drop_index("ix_commerce_payment_paid_at", "commerce_payment")
    with op.batch_alter_table("commerce_subscription") as batch:
        batch.drop_column("test")
    op.drop_table("commerce_failed_charge")
    op.drop_table("commerce_refund_request")
