"""What relays and mailbox providers let us do, learnt while sending and kept over restarts."""

from sqlalchemy import BigInteger, Column, Float, Integer, Table, Text

from tidings.store.tables.base import instant, metadata, text

# One relay towards one provider group, from when the provider first asked for less.
throttle_state = Table(
    "throttle_state",
    metadata,
    Column("relay", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    text("title"),  # what people call the provider
    Column("rate", Float, nullable=False, default=0.0),  # messages a second now; 0: not limited
    instant("hold_until", nullable=True),
    text("kind"),  # slow | policy
    text("reason"),  # why it is held, as its deliveries show it
    text("words"),  # the provider's own
    Column("holds", Integer, nullable=False, default=0),  # how many in a row: the next is longer
    instant("slowed_at", nullable=True),
    instant("updated_at"),
    sqlite_with_rowid=False,
)

# How each relay of the pool is, for health and the pages.
relay_state = Table(
    "relay_state",
    metadata,
    Column("name", Text, primary_key=True),  # host and port
    text("state", "idle"),  # idle | up | resting | paused
    text("words"),
    text("remedy"),
    Column("weight", Float, nullable=False, default=1.0),
    Column("lanes", Integer, nullable=False, default=0),
    Column("accepted", BigInteger, nullable=False, default=0),  # since the sender started
    Column("deferred_share", Float, nullable=False, default=0.0),  # of the last hundred answers
    instant("since"),
    instant("again_at", nullable=True),
    instant("updated_at"),
    sqlite_with_rowid=False,
)

# A sending domain that is new to a relay's receivers: how far its ramp has come.
warmup = Table(
    "warmup",
    metadata,
    Column("relay", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    instant("started_at"),
    Column("day", Integer, nullable=False, default=0),  # days since 1970 to which `sent` belongs
    Column("sent", Integer, nullable=False, default=0),
    sqlite_with_rowid=False,
)

# Whose machines take a domain's mail, found by its MX and remembered.
mail_provider = Table(
    "mail_provider",
    metadata,
    Column("domain", Text, primary_key=True),
    text("provider", None),
    instant("looked_at"),
    sqlite_with_rowid=False,
)
