"""Coupons and promotion codes that are there at Stripe."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stripe_0008"
down_revision = "stripe_0007"
branch_labels = None
depends_on = None


def _create(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("stripe_id", sa.String(255), nullable=False),
        *parts,
        sa.Column("max_redemptions", sa.Integer(), nullable=True),
        sa.Column("times_redeemed", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name=f"fk_{name}_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "stripe_id", name=f"uq_{name}_connection_id_stripe_id"),
    )
    op.create_index(f"ix_{name}_connection_id", name, ["connection_id"])


def upgrade() -> None:
    _create(
        "stripe_coupon",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("percent_off", sa.Integer(), nullable=True),
        sa.Column("amount_off", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("duration", sa.String(20), nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("redeem_by", sa.DateTime(), nullable=True),
        sa.Column("products", sa.JSON(), nullable=False),
        sa.Column("created_there", sa.DateTime(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
    )
    _create(
        "stripe_promotion_code",
        sa.Column("coupon_id", sa.String(255), nullable=False),
        sa.Column("code", sa.String(500), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("first_purchase", sa.Boolean(), nullable=False),
        sa.Column("minimum_amount", sa.BigInteger(), nullable=True),
        sa.Column("minimum_currency", sa.String(3), nullable=False),
    )
    op.create_index("ix_stripe_promotion_code_coupon", "stripe_promotion_code", ["connection_id", "coupon_id"])


def downgrade() -> None:
    op.drop_table("stripe_promotion_code")
    op.drop_table("stripe_coupon")
