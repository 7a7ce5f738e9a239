"""Disputed payments, offers paid in instalments, and subscriptions whose charges pause."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "commerce_0004"
down_revision = "commerce_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "commerce_dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("provider_ref", sa.String(255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commerce_dispute"),
        sa.UniqueConstraint("payment_id", "provider_ref", name="uq_commerce_dispute_payment_id_provider_ref"),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["commerce_payment.id"],
            name="fk_commerce_dispute_payment_id_commerce_payment",
            ondelete="RESTRICT",
        ),
    )
    op.create_index("ix_commerce_dispute_state", "commerce_dispute", ["state"])
    with op.batch_alter_table("commerce_offer") as batch:
        batch.add_column(sa.Column("instalments", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("pause_closes", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("commerce_subscription") as batch:
        batch.add_column(sa.Column("collection_paused", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("paused_until", sa.DateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("commerce_subscription") as batch:
        for column in ("paused_until", "collection_paused"):
            batch.drop_column(column)
    with op.batch_alter_table("commerce_offer") as batch:
        batch.drop_column("pause_closes")
        batch.drop_column("instalments")
    op.drop_table("commerce_dispute")
