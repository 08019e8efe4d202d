"""Accounts at providers, what is posted through them, and the names providers gave to what we sent."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from tidings.store.tables.base import BigKey, instant, json, metadata, pk, public_id, text

# One way out that somebody has set up: a provider's name, its settings, and its secrets apart from them.
channel_account = Table(
    "channel_account",
    metadata,
    public_id(),
    Column("name", Text, nullable=False, unique=True),
    text("channel", None),  # domain.channel.Channel
    text("provider", None),  # the file in distribution/channels that speaks to it
    text("brand_id", nullable=True),  # None: every brand
    json("config"),  # what may be shown
    json("secret"),  # what never is, sealed
    Column("enabled", Boolean, nullable=False, default=True),
    Column("priority", Integer, nullable=False, default=0, server_default="0"),  # the highest of a channel is used
    text("problem"),  # why it does not work now, with the remedy; empty: it does, as far as is known
    instant("problem_at", nullable=True),
    instant("checked_at", nullable=True),  # when its credentials were last proved
    instant("created_at"),
    instant("updated_at"),
)

# One message to one account for everybody; its key is the rule that nothing is posted twice.
posting = Table(
    "posting",
    metadata,
    pk(),
    public_id(primary=False),
    Column("campaign_pk", BigKey, nullable=False),
    text("account_id", None),
    text("channel", None),
    Column("step", Integer, nullable=False, default=0),
    text("variant", "A"),
    text("state", "planned"),  # domain.delivery.DeliveryState
    json("body"),  # domain.message.ShortTemplate as JSON
    instant("due_at"),
    Column("attempt", Integer, nullable=False, default=0),
    instant("at", nullable=True),
    text("code"),
    text("reason"),
    text("owner"),  # the worker that has claimed it
    instant("lease_until", nullable=True),
    text("provider_id"),  # the provider's name for the post
    text("url"),  # where it can be seen: the proof
    UniqueConstraint("campaign_pk", "account_id", "step", "variant"),
    Index("ix_posting_state_due_at", "state", "due_at"),
)

# What a provider calls a delivery, so that its later reports find the row.
provider_reference = Table(
    "provider_reference",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("campaign_pk", BigKey, nullable=False),
    Column("contact_pk", BigKey, nullable=False),
    text("channel", "email"),
    Column("step", Integer, nullable=False, default=0),
    instant("at"),
    Index("ix_provider_reference_at", "at"),
    sqlite_with_rowid=False,
)
