"""Edits that are in no revision yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "content_0002"
down_revision = "content_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("content_document") as table:
        table.add_column(sa.Column("edited_at", sa.DateTime, nullable=True))
        table.add_column(sa.Column("edited_by", sa.Integer, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("content_document") as table:
        table.drop_column("edited_by")
        table.drop_column("edited_at")
