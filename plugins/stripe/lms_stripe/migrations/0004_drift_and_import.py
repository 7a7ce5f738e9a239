"""What differed when things were looked over again, and the import of an account that was in use before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stripe_0004"
down_revision = "stripe_0003"
branch_labels = None
depends_on = None


def _create(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        *parts,
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["stripe_connection.id"],
            name=f"fk_{name}_connection_id_stripe_connection",
            ondelete="CASCADE",
        ),
    )
    op.create_index(f"ix_{name}_connection_id", name, ["connection_id"])


def upgrade() -> None:
    _create(
        "stripe_drift",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("object_type", sa.String(40), nullable=False),
        sa.Column("object_id", sa.String(255), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["stripe_reconcile_run.id"],
            name="fk_stripe_drift_run_id_stripe_reconcile_run",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_stripe_drift_run_id", "stripe_drift", ["run_id"])
    _create(
        "stripe_import",
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("after", sa.String(255), nullable=False),
        sa.Column("people_rule", sa.String(20), nullable=False),
        sa.Column("invites", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("scanned_at", sa.DateTime(), nullable=True),
    )
    _create(
        "stripe_import_line",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("stripe_id", sa.String(255), nullable=False),
        sa.Column("price_id", sa.String(255), nullable=False),
        sa.Column("customer_id", sa.String(255), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("decision", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.UniqueConstraint("import_id", "stripe_id", name="uq_stripe_import_line_import_id_stripe_id"),
        sa.ForeignKeyConstraint(
            ["import_id"], ["stripe_import.id"], name="fk_stripe_import_line_import_id_stripe_import",
            ondelete="CASCADE",
        ),
    )  # fmt: skip
    op.create_index("ix_stripe_import_line_state", "stripe_import_line", ["import_id", "kind", "state"])


def downgrade() -> None:
    for name in ("stripe_import_line", "stripe_import", "stripe_drift"):
        op.drop_table(name)
