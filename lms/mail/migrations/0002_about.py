"""What a letter is about, and its subject, for whoever reads what was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "mail_0002"
down_revision = "mail_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("mail_message") as batch:
        batch.add_column(sa.Column("subject", sa.String(300), nullable=False, server_default=""))
        batch.add_column(sa.Column("about", sa.String(80), nullable=False, server_default=""))
        batch.create_index("ix_mail_message_about", ["about"])


def downgrade() -> None:
    with op.batch_alter_table("mail_message") as batch:
        batch.drop_index("ix_mail_message_about")
        batch.drop_column("about")
        batch.drop_column("subject")
