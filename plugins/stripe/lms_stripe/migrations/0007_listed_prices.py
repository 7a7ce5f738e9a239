"""Prices that are there at Stripe, and offers that somebody tied to one of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stripe_0007"
down_revision = "stripe_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("stripe_price") as batch:
        batch.add_column(sa.Column("picked", sa.Boolean(), nullable=False, server_default=sa.false()))
    # What was taken over from the account before has no lookup key of ours.
    price = sa.table("stripe_price", sa.column("picked"), sa.column("lookup_key"), sa.column("active"))
    taken_over = (price.c.lookup_key == "") & price.c.active.is_(True)
    op.execute(price.update().where(taken_over).values(picked=sa.true()))
    op.create_table(
        "stripe_listed_price",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("stripe_id", sa.String(255), nullable=False),
        sa.Column("product_id", sa.String(255), nullable=False),
        sa.Column("product_name", sa.String(300), nullable=False),
        sa.Column("product_active", sa.Boolean(), nullable=False),
        sa.Column("nickname", sa.String(300), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("unit_amount", sa.BigInteger(), nullable=True),
        sa.Column("interval", sa.String(10), nullable=False),
        sa.Column("interval_count", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_listed_price_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_listed_price"),
        sa.UniqueConstraint("connection_id", "stripe_id", name="uq_stripe_listed_price_connection_id_stripe_id"),
    )
    op.create_index("ix_stripe_listed_price_connection_id", "stripe_listed_price", ["connection_id"])
    op.create_index("ix_stripe_listed_price_product", "stripe_listed_price", ["connection_id", "product_id"])


def downgrade() -> None:
    op.drop_table("stripe_listed_price")
    with op.batch_alter_table("stripe_price") as batch:
        batch.drop_column("picked")
