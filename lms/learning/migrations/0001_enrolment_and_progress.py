"""Enrolments and progress."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "learning_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learning_enrolment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("completed_at", sa.DateTime(), nullable=True),
        sa.Column("last_active_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_learning_enrolment"),
        sa.UniqueConstraint("person_id", "course_id", name="uq_learning_enrolment_person_id_course_id"),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["accounts_person.id"],
            ondelete="CASCADE",
            name="fk_learning_enrolment_person_id_accounts_person",
        ),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses_course.id"],
            ondelete="CASCADE",
            name="fk_learning_enrolment_course_id_courses_course",
        ),
    )
    op.create_index("ix_learning_enrolment_course_id", "learning_enrolment", ["course_id"])
    op.create_table(
        "learning_progress",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enrolment_id", sa.Integer(), nullable=False),
        sa.Column("placement_id", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.DateTime(), nullable=False),
        sa.Column("completed_by", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_learning_progress"),
        sa.UniqueConstraint("enrolment_id", "placement_id", name="uq_learning_progress_enrolment_id_placement_id"),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["learning_enrolment.id"],
            ondelete="CASCADE",
            name="fk_learning_progress_enrolment_id_learning_enrolment",
        ),
        sa.ForeignKeyConstraint(
            ["placement_id"],
            ["courses_placement.id"],
            ondelete="CASCADE",
            name="fk_learning_progress_placement_id_courses_placement",
        ),
    )
    op.create_index("ix_learning_progress_placement_id", "learning_progress", ["placement_id"])


def downgrade() -> None:
    op.drop_table("learning_progress")
    op.drop_table("learning_enrolment")
