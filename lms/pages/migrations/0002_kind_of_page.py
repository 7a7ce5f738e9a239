"""The kind of a page, which chooses its template."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pages_0002"
down_revision = "pages_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pages_page", sa.Column("kind", sa.String(40), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("pages_page") as table:
        table.drop_column("kind")
