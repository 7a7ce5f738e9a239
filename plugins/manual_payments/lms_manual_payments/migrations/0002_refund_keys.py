"""Which decision a refund carries out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "manual_payments_0002"
down_revision = "manual_payments_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("manual_payments_refund") as batch:
        batch.add_column(sa.Column("key", sa.String(80), nullable=True))
        batch.create_unique_constraint("uq_manual_payments_refund_key", ["key"])


def downgrade() -> None:
    with op.batch_alter_table("manual_payments_refund") as batch:
        batch.drop_constraint("uq_manual_payments_refund_key", type_="unique")
        batch.drop_column("key")
