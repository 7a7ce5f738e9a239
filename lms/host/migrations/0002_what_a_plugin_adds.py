"""What a plugin adds, as its trial told: shown while the plugin is off, or gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "host_0002"
down_revision = "host_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("host_plugin", sa.Column("inventory", sa.JSON, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("host_plugin") as table:
        table.drop_column("inventory")
