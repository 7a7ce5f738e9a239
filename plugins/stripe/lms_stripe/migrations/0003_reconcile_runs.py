"""What looking everything over again found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stripe_0003"
down_revision = "stripe_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stripe_reconcile_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("drifted", sa.Integer(), nullable=False),
        sa.Column("foreign_objects", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_reconcile_run"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name="fk_stripe_reconcile_run_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_stripe_reconcile_run_connection_id", "stripe_reconcile_run", ["connection_id"])


def downgrade() -> None:
    op.drop_table("stripe_reconcile_run")
