"""Conversions and links with click ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Conversions and links with click ids."""
    op.create_table(
        "conversion",
        sa.Column("pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("contact_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("value_milli", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("attributed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_conversion")),
        sa.UniqueConstraint("id", name=op.f("uq_conversion_id")),
        sa.UniqueConstraint("key", name=op.f("uq_conversion_key")),
    )
    with op.batch_alter_table("conversion", schema=None) as batch_op:
        batch_op.create_index("ix_conversion_campaign_pk_variant", ["campaign_pk", "variant"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversion_contact_pk"), ["contact_pk"], unique=False)

    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email_sha256", sa.Text(), nullable=True))
        batch_op.create_index(batch_op.f("ix_contact_email_sha256"), ["email_sha256"], unique=False)

    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.add_column(sa.Column("click_id", sa.Boolean(), server_default=sa.false(), nullable=False))
