"""Counters of the rate limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "web_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_rate_count",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_web_rate_count"),
        sa.UniqueConstraint("key", name="uq_web_rate_count_key"),
    )
    op.create_index("ix_web_rate_count_expires", "web_rate_count", ["expires"])


def downgrade() -> None:
    op.drop_table("web_rate_count")
