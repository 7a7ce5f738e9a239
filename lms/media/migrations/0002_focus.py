"""Which part of a picture stays in sight where it is cut."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "media_0002"
down_revision = "media_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("media_file") as table:
        table.add_column(sa.Column("focus", sa.String(12), nullable=False, server_default="center"))


def downgrade() -> None:
    with op.batch_alter_table("media_file") as table:
        table.drop_column("focus")
