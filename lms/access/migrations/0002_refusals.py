"""Words for people who may not enter, of a product or of a course."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "access_0002"
down_revision = "access_0001"
branch_labels = None
depends_on = None


def _points_at(column: str, table: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_access_refusal_{column}_{table}"
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "access_refusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("course_id", sa.Integer(), nullable=True),
        sa.Column("context", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sign_in", sa.Boolean(), nullable=False),
        sa.Column("page", sa.String(300), nullable=False),
        sa.Column("offered_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_refusal"),
        _points_at("product_id", "access_product", "CASCADE"),
        _points_at("course_id", "courses_course", "CASCADE"),
        _points_at("offered_id", "access_product", "SET NULL"),
        sa.CheckConstraint("(product_id IS NULL) <> (course_id IS NULL)", name="ck_access_refusal_of_one_thing"),
        sa.UniqueConstraint("product_id", "context", name="uq_access_refusal_product_id_context"),
        sa.UniqueConstraint("course_id", "context", name="uq_access_refusal_course_id_context"),
    )


def downgrade() -> None:
    op.drop_table("access_refusal")
