"""Drafts, and the log of operations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "editor_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "editor_draft",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("document_id", sa.Integer, nullable=False),
        sa.Column("rev", sa.Integer, nullable=False),
        sa.Column("saved_rev", sa.Integer, nullable=False),
        sa.Column("tree", sa.JSON, nullable=False),
        sa.Column("based_on", sa.Integer, nullable=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_editor_draft"),
        sa.UniqueConstraint("document_id", name="uq_editor_draft_document_id"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["content_document.id"],
            name="fk_editor_draft_document_id_content_document",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "editor_op",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("document_id", sa.Integer, nullable=False),
        sa.Column("rev", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("ops", sa.JSON, nullable=False),
        sa.Column("inverse", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_editor_op"),
        sa.UniqueConstraint("document_id", "rev", name="uq_editor_op_document_id_rev"),
        sa.UniqueConstraint("document_id", "key", name="uq_editor_op_document_id_key"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["content_document.id"],
            name="fk_editor_op_document_id_content_document",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("editor_op")
    op.drop_table("editor_draft")
