"""Invoices of guests belong to nobody until their order is claimed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "manual_payments_0003"
down_revision = "manual_payments_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _change(nullable=True)


def downgrade() -> None:
    # The older table has no place for them.
    guests = "(SELECT id FROM manual_payments_invoice WHERE person_id IS NULL)"
    op.execute(f"DELETE FROM manual_payments_refund WHERE invoice_id IN {guests}")  # noqa: S608
    op.execute("DELETE FROM manual_payments_invoice WHERE person_id IS NULL")
    _change(nullable=False)


def _change(*, nullable: bool) -> None:
    with op.batch_alter_table("manual_payments_invoice") as batch:
        batch.alter_column("person_id", existing_type=sa.Integer(), nullable=nullable)
