"""Documents and their revisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "content_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_document",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("owner_kind", sa.String(40), nullable=False),
        sa.Column("owner_id", sa.Integer, nullable=False),
        sa.Column("published_id", sa.Integer, nullable=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_document"),
        sa.UniqueConstraint("owner_kind", "owner_id", name="uq_content_document_owner_kind_owner_id"),
    )
    op.create_index("ix_content_document_published_id", "content_document", ["published_id"])
    op.create_table(
        "content_revision",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("document_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("tree", sa.JSON, nullable=False),
        sa.Column("published_at", sa.DateTime, nullable=True),
        sa.Column("author_id", sa.Integer, nullable=True),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_revision"),
        sa.UniqueConstraint("document_id", "number", name="uq_content_revision_document_id_number"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["content_document.id"],
            name="fk_content_revision_document_id_content_document",
            ondelete="CASCADE",
        ),
    )
    # The two tables point at each other, so this key comes when both are there.
    with op.batch_alter_table("content_document") as table:
        table.create_foreign_key(
            "fk_content_document_published_id_content_revision",
            "content_revision",
            ["published_id"],
            ["id"],
            ondelete="SET NULL",
        )


def downgrade() -> None:
    with op.batch_alter_table("content_document") as table:
        table.drop_constraint("fk_content_document_published_id_content_revision", type_="foreignkey")
    op.drop_table("content_revision")
    op.drop_table("content_document")
