"""The files that go with a campaign's mails."""

from sqlalchemy import Column, Integer, LargeBinary, Table

from tidings.store.tables.base import instant, metadata, public_id, ref, text

# Never changed once written: revisions and launched messages name a row by its id and its bytes by their digest.
attachment = Table(
    "attachment",
    metadata,
    public_id(),
    ref("campaign_pk", "campaign.pk"),
    text("name", None),
    text("media_type", None),
    Column("size", Integer, nullable=False),
    text("digest", None),  # SHA-256, hexadecimal
    Column("content", LargeBinary, nullable=False),
    text("added_by"),
    instant("added_at"),
    instant("removed_at", nullable=True),  # taken off; older revisions still name it
)
