"""Reports of providers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Reports of providers."""
    op.create_table(
        "provider_event",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("native", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("hard", sa.Boolean(), nullable=False),
        sa.Column("campaign_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contact_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Text(), nullable=False),
        sa.Column("recipient_hash", sa.Text(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "event_id", name=op.f("pk_provider_event")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("provider_event", schema=None) as batch_op:
        batch_op.create_index("ix_provider_event_campaign", ["campaign_pk", "kind", "hard"], unique=False)
        batch_op.create_index(batch_op.f("ix_provider_event_contact_pk"), ["contact_pk"], unique=False)
        batch_op.create_index(batch_op.f("ix_provider_event_recipient_hash"), ["recipient_hash"], unique=False)
        batch_op.create_index("ix_provider_event_state", ["state", "received_at"], unique=False)

    with op.batch_alter_table("returned_mail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wish", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("done_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("done_by", sa.Text(), server_default="", nullable=False))
