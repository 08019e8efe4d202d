"""The delivery ledger, its chunks and attempts, the links of a campaign, and the built-in mailbox."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text

from tidings.store.tables.base import BigKey, instant, json, metadata, pk, public_id, text

# A worker leases a chunk; `fence` grows with every takeover, so a worker that comes back late is refused.
chunk = Table(
    "chunk",
    metadata,
    Column("campaign_pk", BigKey, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    text("state", "open"),  # open | leased | done
    text("owner"),
    Column("fence", Integer, nullable=False, default=0),
    text("boot_id"),
    instant("lease_until", nullable=True),
    instant("next_due_at"),  # the earliest instant at which something of it falls due
    Column("channel", Text, nullable=False, server_default="email"),  # of all its deliveries
    Index("ix_chunk_state_next_due_at", "state", "next_due_at"),
    sqlite_with_rowid=False,
)

# The primary key is the rule that nobody hears the same step twice.
delivery = Table(
    "delivery",
    metadata,
    Column("campaign_pk", BigKey, primary_key=True, autoincrement=False),
    Column("contact_pk", BigKey, primary_key=True, autoincrement=False),
    Column("channel", Text, primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("chunk_no", Integer, nullable=False),
    text("state", "planned"),
    text("variant", "A"),
    instant("due_at"),
    Column("attempt", Integer, nullable=False, default=0),
    instant("at", nullable=True),  # of the last change of state
    text("code"),  # the server's reply code, enhanced code included
    text("reason"),  # its words, or why it is held
    Index("ix_delivery_chunk", "campaign_pk", "chunk_no", "state"),
    Index("ix_delivery_contact", "contact_pk", "at"),
    sqlite_with_rowid=False,
)

attempt = Table(
    "attempt",
    metadata,
    pk(),
    Column("campaign_pk", BigKey, nullable=False),
    Column("contact_pk", BigKey, nullable=False),
    text("channel", "email"),
    Column("step", Integer, nullable=False, default=0),
    Column("number", Integer, nullable=False),
    instant("at"),
    text("outcome", None),
    text("code"),
    text("words"),  # what the server said
    text("relay"),
    text("worker"),
    Index("ix_attempt_delivery", "campaign_pk", "contact_pk"),
)

# Immutable once launched: a click token names an index here, so there is no open redirect.
link = Table(
    "link",
    metadata,
    Column("campaign_pk", BigKey, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    text("url", None),
    text("label"),
    sqlite_with_rowid=False,
)

mailbox_message = Table(
    "mailbox_message",
    metadata,
    public_id(),
    instant("received_at", index=True),
    text("mail_from"),
    text("rcpt_to", None, index=True),
    text("subject"),
    text("message_id", index=True),
    Column("raw", LargeBinary, nullable=False),
    Column("read", Boolean, nullable=False, default=False),
    json("flags"),
)

# What came back, once for each different mail. Text is kept of people's replies only.
returned_mail = Table(
    "returned_mail",
    metadata,
    pk(),
    text("digest", None),  # of the mail's bytes: the same mail counts once, however often it is fetched
    instant("at"),
    text("kind", None),
    text("cause"),
    text("status"),
    Column("hard", Boolean, nullable=False, default=False),
    Column("campaign_pk", BigKey, nullable=True),
    Column("contact_pk", BigKey, nullable=True, index=True),
    text("matched"),  # by what it was matched: return address, envelope id, …; empty: to nothing
    text("sender"),
    text("subject"),
    text("text"),
    Index("uq_returned_mail_digest", "digest", unique=True),
    Index("ix_returned_mail_campaign", "campaign_pk", "kind", "hard"),
    Index("ix_returned_mail_kind", "kind", "at"),
)

# What is sent: the approved templates as they were rendered at launch; immutable from then on.
message = Table(
    "message",
    metadata,
    Column("campaign_pk", BigKey, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("variant", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    json("body"),  # domain.message.EmailTemplate or ShortTemplate as JSON
    Column("link_base", Integer, nullable=False, server_default="0"),  # its links[0] in the campaign's link table
    sqlite_with_rowid=False,
)
