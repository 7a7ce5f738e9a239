"""Announcements, and who has dismissed which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "announcements_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcements_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("words", sa.String(400), nullable=False),
        sa.Column("link", sa.JSON(), nullable=True),
        sa.Column("link_words", sa.String(60), nullable=False),
        sa.Column("tone", sa.String(12), nullable=False),
        sa.Column("where", sa.String(12), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("dismissible", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=True),
        sa.Column("ends_at", sa.DateTime(), nullable=True),
        sa.Column("told_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_announcements_entry"),
    )
    op.create_table(
        "announcements_dismissal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_announcements_dismissal"),
        sa.UniqueConstraint(
            "person_id", "announcement_id", name="uq_announcements_dismissal_person_id_announcement_id"
        ),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcements_entry.id"],
            name="fk_announcements_dismissal_announcement_id_announcements_entry",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_announcements_dismissal_announcement_id", "announcements_dismissal", ["announcement_id"])


def downgrade() -> None:
    op.drop_table("announcements_dismissal")
    op.drop_table("announcements_entry")
