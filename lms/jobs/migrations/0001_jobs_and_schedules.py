"""Tables of jobs and schedules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "jobs_0001"
down_revision = None
branch_labels = None
depends_on = None


def _one_of(state: str) -> None:
    only = sa.text(f"state = '{state}' AND key IS NOT NULL")
    op.create_index(
        f"uq_jobs_job_{state}_key",
        "jobs_job",
        ["name", "key"],
        unique=True,
        sqlite_where=only,
        postgresql_where=only,
    )


def upgrade() -> None:
    op.create_table(
        "jobs_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(200), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(64), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs_job"),
    )
    op.create_index("ix_jobs_job_due_at", "jobs_job", ["due_at"])
    op.create_index("ix_jobs_job_state", "jobs_job", ["state", "updated_at"])
    _one_of("queued")
    _one_of("running")
    op.create_table(
        "jobs_schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs_schedule"),
        sa.UniqueConstraint("name", name="uq_jobs_schedule_name"),
    )


def downgrade() -> None:
    op.drop_table("jobs_schedule")
    op.drop_table("jobs_job")
