"""Orders of guests, the claims that tie them to people, and what buyers agreed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "commerce_0003"
down_revision = "commerce_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _let_nobody_own(nullable=True)
    op.create_table(
        "commerce_claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("browser_hash", sa.String(64), nullable=False),
        sa.Column("browser_until", sa.DateTime(), nullable=False),
        sa.Column("link_hash", sa.String(64), nullable=True),
        sa.Column("link_until", sa.DateTime(), nullable=True),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(), nullable=True),
        sa.Column("claimed_by", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commerce_claim"),
        sa.UniqueConstraint("order_id", name="uq_commerce_claim_order_id"),
        sa.UniqueConstraint("link_hash", name="uq_commerce_claim_link_hash"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["commerce_order.id"],
            name="fk_commerce_claim_order_id_commerce_order",
            ondelete="CASCADE",
        ),
    )
    for column in ("email_key", "browser_hash"):
        op.create_index(f"ix_commerce_claim_{column}", "commerce_claim", [column])
    op.create_table(
        "commerce_consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("document", sa.String(300), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commerce_consent"),
        sa.UniqueConstraint("order_id", "kind", name="uq_commerce_consent_order_id_kind"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["commerce_order.id"],
            name="fk_commerce_consent_order_id_commerce_order",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("commerce_consent")
    op.drop_table("commerce_claim")
    # The older tables have no place for an order that belongs to nobody.
    guests = "(SELECT id FROM commerce_order WHERE person_id IS NULL)"
    # Said one by one: on SQLite nothing cascades while tables are rebuilt.
    op.execute(f"DELETE FROM commerce_failed_charge WHERE order_id IN {guests}")  # noqa: S608
    op.execute("DELETE FROM commerce_subscription WHERE person_id IS NULL")
    op.execute(
        "DELETE FROM commerce_refund_request WHERE payment_id IN"  # noqa: S608
        f" (SELECT id FROM commerce_payment WHERE order_id IN {guests})"
    )
    op.execute(
        f"DELETE FROM commerce_refund WHERE payment_id IN (SELECT id FROM commerce_payment WHERE order_id IN {guests})"  # noqa: S608
    )
    op.execute(f"DELETE FROM commerce_payment WHERE order_id IN {guests}")  # noqa: S608
    op.execute(f"DELETE FROM commerce_order_line WHERE order_id IN {guests}")  # noqa: S608
    op.execute("DELETE FROM commerce_order WHERE person_id IS NULL")
    _let_nobody_own(nullable=False)


def _let_nobody_own(*, nullable: bool) -> None:
    for table in ("commerce_order", "commerce_subscription"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column("person_id", existing_type=sa.Integer(), nullable=nullable)
