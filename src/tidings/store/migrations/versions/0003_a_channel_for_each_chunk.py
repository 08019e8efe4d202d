"""A channel for each chunk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A channel for each chunk."""
    with op.batch_alter_table("chunk", schema=None) as batch_op:
        batch_op.add_column(sa.Column("channel", sa.Text(), server_default="email", nullable=False))

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("link_base", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_contact")
        batch_op.create_index("ix_delivery_contact", ["contact_pk"], unique=False)

    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_contact_purpose_at")
        batch_op.create_index(
            "ix_consent_contact_purpose_at", ["contact_pk", "purpose", "at", "state", "expires_at"], unique=False
        )
