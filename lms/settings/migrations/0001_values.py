"""Table of settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "settings_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settings_value",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(80), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settings_value"),
        sa.UniqueConstraint("section", "name", name="uq_settings_value_section"),
    )


def downgrade() -> None:
    op.drop_table("settings_value")
