"""What the settings page decides per connection, and what Billing shows without asking Stripe."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stripe_0002"
down_revision = "stripe_0001"
branch_labels = None
depends_on = None


def _columns() -> dict[str, tuple[sa.Column, ...]]:
    def words(name: str, length: int, default: str = "") -> sa.Column:
        return sa.Column(name, sa.String(length), nullable=False, server_default=default)

    def card() -> tuple[sa.Column, ...]:
        return words("card_brand", 40), words("card_last4", 8), words("card_expires", 7)

    return {
        "stripe_connection": (
            sa.Column("site_url", sa.Text(), nullable=False, server_default=""),
            words("portal_source", 20, "own"),
            sa.Column("portal_choices", sa.JSON(), nullable=True),
            sa.Column("tax_enabled", sa.Boolean(), nullable=False, server_default=sa.false()),
            words("tax_status", 20),
            sa.Column("tested_at", sa.DateTime(), nullable=True),
        ),
        "stripe_customer": card(),
        "stripe_subscription": (
            *card(),
            sa.Column("next_amount", sa.BigInteger(), nullable=True),
            words("currency", 3),
        ),
        "stripe_payment": (
            sa.Column("customer_id", sa.String(255), nullable=True),
            sa.Column("person_id", sa.Integer(), nullable=True),
            words("number", 80),
            sa.Column("hosted_invoice_url", sa.Text(), nullable=False, server_default=""),
        ),
    }


def upgrade() -> None:
    for table, columns in _columns().items():
        with op.batch_alter_table(table) as change:
            for column in columns:
                change.add_column(column)
    op.create_index("ix_stripe_payment_person_id", "stripe_payment", ["person_id"])
    # A connection so far belongs to the site that its webhook endpoint leads to.
    found = op.get_bind().execute(
        sa.text("SELECT connection_id, url FROM stripe_webhook_endpoint WHERE status = 'active' ORDER BY id")
    )
    for connection_id, url in found.all():
        op.get_bind().execute(
            sa.text("UPDATE stripe_connection SET site_url = :site WHERE id = :id"),
            {"site": url.partition("/ext/")[0], "id": connection_id},
        )
    # Payments so far belong to whoever made the checkout that they came from.
    op.execute(
        sa.text(
            "UPDATE stripe_payment SET person_id = (SELECT c.person_id FROM stripe_checkout c"
            " WHERE c.order_id = stripe_payment.order_id AND c.connection_id = stripe_payment.connection_id LIMIT 1)"
        )
    )


def downgrade() -> None:
    op.drop_index("ix_stripe_payment_person_id", "stripe_payment")
    for table, columns in _columns().items():
        with op.batch_alter_table(table) as change:
            for column in columns:
                change.drop_column(column.name)
