"""Pages and the addresses they had before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pages_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pages_page",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pages_page"),
        sa.UniqueConstraint("slug", name="uq_pages_page_slug"),
    )
    op.create_index("ix_pages_page_title_id", "pages_page", ["title", "id"])
    op.create_table(
        "pages_old_slug",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("page_id", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pages_old_slug"),
        sa.UniqueConstraint("slug", name="uq_pages_old_slug_slug"),
        sa.ForeignKeyConstraint(
            ["page_id"], ["pages_page.id"], name="fk_pages_old_slug_page_id_pages_page", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_pages_old_slug_page_id", "pages_old_slug", ["page_id"])


def downgrade() -> None:
    op.drop_table("pages_old_slug")
    op.drop_table("pages_page")
