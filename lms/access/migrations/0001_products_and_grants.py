"""Products, what they open, grants and their history."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "access_0001"
down_revision = None
branch_labels = None
depends_on = None


def _times() -> list[sa.Column[datetime]]:
    return [
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "access_product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(120), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_access_product"),
        sa.UniqueConstraint("slug", name="uq_access_product_slug"),
    )
    _create_items()
    _create_grants()


def _create_items() -> None:
    op.create_table(
        "access_product_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=True),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_access_product_item"),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["access_product.id"],
            name="fk_access_product_item_product_id_access_product",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses_course.id"],
            name="fk_access_product_item_course_id_courses_course",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "(kind = 'course' AND course_id IS NOT NULL) OR (kind = 'everything' AND course_id IS NULL)",
            name="ck_access_product_item_kind_fits_ref",
        ),
        sa.UniqueConstraint("product_id", "course_id", name="uq_access_product_item_product_id_course_id"),
    )
    op.create_index("ix_access_product_item_product_id", "access_product_item", ["product_id"])
    op.create_index("ix_access_product_item_course_id_product_id", "access_product_item", ["course_id", "product_id"])


def _create_grants() -> None:
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("source_ref", sa.String(300), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=True),
        sa.Column("ends_at", sa.DateTime(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("revoked_by_staff", sa.Boolean(), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_access_grant"),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["accounts_person.id"],
            name="fk_access_grant_person_id_accounts_person",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["access_product.id"],
            name="fk_access_grant_product_id_access_product",
            ondelete="RESTRICT",
        ),
        sa.UniqueConstraint(
            "person_id",
            "product_id",
            "source",
            "source_ref",
            name="uq_access_grant_person_id_product_id_source_source_ref",
        ),
    )
    op.create_index("ix_access_grant_product_id", "access_grant", ["product_id"])
    op.create_table(
        "access_grant_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_access_grant_event"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["access_grant.id"], name="fk_access_grant_event_grant_id_access_grant", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"],
            ["accounts_person.id"],
            name="fk_access_grant_event_actor_id_accounts_person",
            ondelete="SET NULL",
        ),
    )
    op.create_index("ix_access_grant_event_grant_id", "access_grant_event", ["grant_id"])
    op.create_index("ix_access_grant_event_actor_id", "access_grant_event", ["actor_id"])


def downgrade() -> None:
    op.drop_table("access_grant_event")
    op.drop_table("access_grant")
    op.drop_table("access_product_item")
    op.drop_table("access_product")
