"""How the pieces of plugins do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "host_0003"
down_revision = "host_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "host_piece",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("plugin", sa.String(80), nullable=False),
        sa.Column("piece", sa.String(200), nullable=False),
        sa.Column("counted_since", sa.DateTime, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("total_us", sa.BigInteger, nullable=False),
        sa.Column("slowest_us", sa.BigInteger, nullable=False),
        sa.Column("worked_at", sa.DateTime, nullable=True),
        sa.Column("failures", sa.BigInteger, nullable=False),
        sa.Column("first_failed_at", sa.DateTime, nullable=True),
        sa.Column("failed_at", sa.DateTime, nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_host_piece"),
        sa.UniqueConstraint("plugin", "piece", name="uq_host_piece_plugin_piece"),
    )


def downgrade() -> None:
    op.drop_table("host_piece")
