"""People, roles, sessions and mailed links."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "accounts_0001"
down_revision = None
branch_labels = None
depends_on = None


def _person_id(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return sa.Column("person_id", sa.Integer(), nullable=False), sa.ForeignKeyConstraint(
        ["person_id"],
        ["accounts_person.id"],
        name=f"fk_{table}_person_id_accounts_person",
        ondelete="CASCADE",
    )


def _times() -> tuple[sa.Column[datetime], sa.Column[datetime]]:
    return (
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "accounts_person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(), nullable=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_person"),
        sa.UniqueConstraint("email_key", name="uq_accounts_person_email_key"),
    )
    op.create_table(
        "accounts_role",
        sa.Column("id", sa.Integer(), nullable=False),
        *_person_id("accounts_role"),
        sa.Column("role", sa.String(32), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_role"),
        sa.UniqueConstraint("person_id", "role", name="uq_accounts_role_person_id_role"),
    )
    op.create_index("ix_accounts_role_role", "accounts_role", ["role"])
    op.create_table(
        "accounts_session",
        sa.Column("id", sa.Integer(), nullable=False),
        *_person_id("accounts_session"),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(400), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_session"),
        sa.UniqueConstraint("token_hash", name="uq_accounts_session_token_hash"),
    )
    op.create_index("ix_accounts_session_person_id", "accounts_session", ["person_id"])
    op.create_index("ix_accounts_session_expires_at", "accounts_session", ["expires_at"])
    op.create_table(
        "accounts_token",
        sa.Column("id", sa.Integer(), nullable=False),
        *_person_id("accounts_token"),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("next_path", sa.String(1000), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_token"),
        sa.UniqueConstraint("token_hash", name="uq_accounts_token_token_hash"),
    )
    op.create_index("ix_accounts_token_person_id", "accounts_token", ["person_id"])
    op.create_index("ix_accounts_token_expires_at", "accounts_token", ["expires_at"])


def downgrade() -> None:
    op.drop_table("accounts_token")
    op.drop_table("accounts_session")
    op.drop_table("accounts_role")
    op.drop_table("accounts_person")
