"""Subscriptions that end by themselves after the last instalment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stripe_0006"
down_revision = "stripe_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("stripe_subscription") as batch:
        batch.add_column(sa.Column("instalments", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("plan_end", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("plan_seen", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("stripe_subscription") as batch:
        for column in ("plan_seen", "plan_end", "instalments"):
            batch.drop_column(column)
