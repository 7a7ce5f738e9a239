"""Terms of selling: sales, trials without a card, owners' prices, pages, coupons, buttons; and what an order keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "commerce_0005"
down_revision = "commerce_0004"
branch_labels = None
depends_on = None

_OF_OFFER = (
    "show_button", "promotion_code", "promotion", "cancel_page", "success_page", "open_to_id", "sale_until",
    "sale_from", "sale_amount", "trial_method",
)  # fmt: skip
_OF_ORDER = ("purged_at", "cancel_page", "success_page", "promotion_code")


def upgrade() -> None:
    with op.batch_alter_table("commerce_offer") as batch:
        batch.add_column(sa.Column("trial_method", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch.add_column(sa.Column("sale_amount", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("sale_from", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("sale_until", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("open_to_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("success_page", sa.String(300), nullable=False, server_default=""))
        batch.add_column(sa.Column("cancel_page", sa.String(300), nullable=False, server_default=""))
        batch.add_column(sa.Column("promotion", sa.String(20), nullable=False, server_default="default"))
        batch.add_column(sa.Column("promotion_code", sa.String(80), nullable=False, server_default=""))
        batch.add_column(sa.Column("show_button", sa.Boolean(), nullable=True))
        batch.create_foreign_key(
            "fk_commerce_offer_open_to_id_access_product", "access_product", ["open_to_id"], ["id"], ondelete="RESTRICT"
        )
    with op.batch_alter_table("commerce_order") as batch:
        batch.add_column(sa.Column("promotion_code", sa.String(80), nullable=False, server_default=""))
        batch.add_column(sa.Column("success_page", sa.String(300), nullable=False, server_default=""))
        batch.add_column(sa.Column("cancel_page", sa.String(300), nullable=False, server_default=""))
        batch.add_column(sa.Column("purged_at", sa.DateTime(), nullable=True))
    with op.batch_alter_table("commerce_order_line") as batch:
        batch.add_column(sa.Column("trial_days", sa.Integer(), nullable=True))
    with op.batch_alter_table("commerce_subscription") as batch:
        batch.add_column(sa.Column("paid_off_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("commerce_subscription") as batch:
        batch.drop_column("paid_off_at")
    with op.batch_alter_table("commerce_order_line") as batch:
        batch.drop_column("trial_days")
    with op.batch_alter_table("commerce_order") as batch:
        for column in _OF_ORDER:
            batch.drop_column(column)
    with op.batch_alter_table("commerce_offer") as batch:
        batch.drop_constraint("fk_commerce_offer_open_to_id_access_product", type_="foreignkey")
        for column in _OF_OFFER:
            batch.drop_column(column)
