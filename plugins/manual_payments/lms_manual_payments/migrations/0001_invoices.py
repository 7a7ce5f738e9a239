"""Invoices, refunds, and the numbers that were used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "manual_payments_0001"
down_revision = None
branch_labels = None
depends_on = None


def _times() -> tuple[sa.Column[object], sa.Column[object]]:
    return sa.Column("created_at", sa.DateTime(), nullable=False), sa.Column(
        "updated_at", sa.DateTime(), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "manual_payments_invoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("order_number", sa.String(40), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("item", sa.String(300), nullable=False),
        sa.Column("item_detail", sa.String(300), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("buyer_name", sa.String(200), nullable=False),
        sa.Column("buyer_email", sa.String(320), nullable=False),
        sa.Column("buyer_address", sa.Text(), nullable=False),
        sa.Column("buyer_tax_number", sa.String(40), nullable=False),
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("account_holder", sa.String(120), nullable=False),
        sa.Column("iban", sa.String(34), nullable=False),
        sa.Column("bank_details", sa.Text(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("tax_note", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("marked_on", sa.Date(), nullable=True),
        sa.Column("paid_amount", sa.BigInteger(), nullable=True),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_manual_payments_invoice"),
        sa.UniqueConstraint("number", name="uq_manual_payments_invoice_number"),
        sa.UniqueConstraint("order_id", name="uq_manual_payments_invoice_order_id"),
    )
    op.create_index("ix_manual_payments_invoice_state_due_on", "manual_payments_invoice", ["state", "due_on"])
    op.create_index("ix_manual_payments_invoice_person_id_id", "manual_payments_invoice", ["person_id", "id"])
    op.create_table(
        "manual_payments_refund",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("refunded_on", sa.Date(), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_manual_payments_refund"),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["manual_payments_invoice.id"],
            name="fk_manual_payments_refund_invoice_id_manual_payments_invoice",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("invoice_id", "position", name="uq_manual_payments_refund_invoice_id_position"),
    )
    op.create_table(
        "manual_payments_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_manual_payments_series"),
        sa.UniqueConstraint("prefix", name="uq_manual_payments_series_prefix"),
    )


def downgrade() -> None:
    op.drop_table("manual_payments_series")
    op.drop_table("manual_payments_refund")
    op.drop_table("manual_payments_invoice")
