"""Courses, sections, lessons and their placements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "courses_0001"
down_revision = None
branch_labels = None
depends_on = None


def _stamps() -> tuple[sa.Column, sa.Column]:
    return sa.Column("created_at", sa.DateTime(), nullable=False), sa.Column(
        "updated_at", sa.DateTime(), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "courses_course",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("subtitle", sa.String(400), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("cover", sa.String(40), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("teacher_name", sa.String(120), nullable=False),
        sa.Column("teacher_title", sa.String(200), nullable=False),
        sa.Column("teacher_bio", sa.Text(), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lesson_count", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name="pk_courses_course"),
        sa.UniqueConstraint("slug", name="uq_courses_course_slug"),
    )
    op.create_index("ix_courses_course_status_published_at", "courses_course", ["status", "published_at"])
    op.create_table(
        "courses_old_slug",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name="pk_courses_old_slug"),
        sa.UniqueConstraint("slug", name="uq_courses_old_slug_slug"),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses_course.id"],
            ondelete="CASCADE",
            name="fk_courses_old_slug_course_id_courses_course",
        ),
    )
    op.create_index("ix_courses_old_slug_course_id", "courses_old_slug", ["course_id"])
    op.create_table(
        "courses_section",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name="pk_courses_section"),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses_course.id"],
            ondelete="CASCADE",
            name="fk_courses_section_course_id_courses_course",
        ),
    )
    op.create_index("ix_courses_section_course_id", "courses_section", ["course_id"])
    op.create_table(
        "courses_lesson",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name="pk_courses_lesson"),
    )
    op.create_table(
        "courses_placement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("section_id", sa.Integer(), nullable=False),
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("preview", sa.Boolean(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name="pk_courses_placement"),
        sa.UniqueConstraint("course_id", "slug", name="uq_courses_placement_course_id_slug"),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses_course.id"],
            ondelete="CASCADE",
            name="fk_courses_placement_course_id_courses_course",
        ),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["courses_section.id"],
            ondelete="CASCADE",
            name="fk_courses_placement_section_id_courses_section",
        ),
        sa.ForeignKeyConstraint(
            ["lesson_id"],
            ["courses_lesson.id"],
            ondelete="RESTRICT",
            name="fk_courses_placement_lesson_id_courses_lesson",
        ),
    )
    op.create_index("ix_courses_placement_section_id", "courses_placement", ["section_id"])
    op.create_index("ix_courses_placement_lesson_id", "courses_placement", ["lesson_id"])


def downgrade() -> None:
    for table in ("placement", "lesson", "section", "old_slug", "course"):
        op.drop_table(f"courses_{table}")
