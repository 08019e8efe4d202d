"""Sequences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sequences."""
    op.create_table(
        "sequence",
        sa.Column(
            "campaign_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("wanted", sa.Text(), nullable=True),
        sa.Column("proposed_id", sa.Text(), nullable=True),
        sa.Column("variants", sa.JSON(), nullable=False),
        sa.Column("segment_id", sa.Text(), nullable=True),
        sa.Column("enter_at", sa.BigInteger(), nullable=True),
        sa.Column("entered_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("known_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seen_event", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_pk"], ["campaign.pk"], name=op.f("fk_sequence_campaign_pk_campaign"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_pk", name=op.f("pk_sequence")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sequence_person",
        sa.Column(
            "campaign_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "contact_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_step", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("exited_at", sa.BigInteger(), nullable=True),
        sa.Column("exit_reason", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_pk"], ["campaign.pk"], name=op.f("fk_sequence_person_campaign_pk_campaign"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_pk"], ["contact.pk"], name=op.f("fk_sequence_person_contact_pk_contact"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_pk", "contact_pk", name=op.f("pk_sequence_person")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("sequence_person", schema=None) as batch_op:
        batch_op.create_index("ix_sequence_person_campaign_due", ["campaign_pk", "due_at"], unique=False)
        batch_op.create_index("ix_sequence_person_campaign_entered", ["campaign_pk", "entered_at"], unique=False)
        batch_op.create_index("ix_sequence_person_contact", ["contact_pk"], unique=False)

    op.create_table(
        "sequence_send",
        sa.Column(
            "campaign_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_pk"], ["campaign.pk"], name=op.f("fk_sequence_send_campaign_pk_campaign"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_pk", "step", name=op.f("pk_sequence_send")),
        sa.UniqueConstraint("campaign_pk", "name", "round", name=op.f("uq_sequence_send_campaign_pk_name_round")),
        sqlite_with_rowid=False,
    )
