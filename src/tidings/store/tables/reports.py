"""What providers told about mail and messages that left through them."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from tidings.store.tables.base import BigKey, instant, json, metadata, text

# The provider's own name for an event is the key: however often it is told, it counts once.
provider_event = Table(
    "provider_event",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    text("provider", None),
    text("kind", None),  # distribution.reports.base.Happening
    text("native"),  # the provider's word for it
    text("state", "done"),  # done | waiting: nothing of ours was found yet, or it is still on the wire | nobody
    instant("at"),  # when it happened, as the provider says
    instant("received_at"),
    Column("hard", Boolean, nullable=False, default=False),
    Column("campaign_pk", BigKey, nullable=True),
    Column("contact_pk", BigKey, nullable=True, index=True),
    text("channel", "email"),
    Column("step", Integer, nullable=False, default=0),
    text("matched"),  # by what it was matched
    text("recipient_hash", index=True),  # so that an erasure finds what was matched to nobody
    json("said"),  # the event in our words
    json("body"),  # and in the provider's
    Index("ix_provider_event_campaign", "campaign_pk", "kind", "hard"),
    Index("ix_provider_event_state", "state", "received_at"),
    sqlite_with_rowid=False,
)
