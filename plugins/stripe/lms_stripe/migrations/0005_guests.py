"""Checkouts of guests belong to nobody until they are claimed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stripe_0005"
down_revision = "stripe_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _change(nullable=True)


def downgrade() -> None:
    # The older table has no place for them; what came of them stands in the core's tables.
    op.execute("DELETE FROM stripe_checkout WHERE person_id IS NULL")
    _change(nullable=False)


def _change(*, nullable: bool) -> None:
    with op.batch_alter_table("stripe_checkout") as batch:
        batch.alter_column("person_id", existing_type=sa.Integer(), nullable=nullable)
