"""Contacts, their consent, segments, and the suppression list that outlives every contact."""

from sqlalchemy import Boolean, Column, Index, Table, Text

from tidings.store.tables.base import instant, json, metadata, pk, public_id, ref, text

contact = Table(
    "contact",
    metadata,
    pk(),
    public_id(primary=False),
    Column("email", Text, nullable=False, unique=True),
    text("address_hash", index=True),  # the keyed hash suppression is compared by, so that it joins in one query
    text("first_name"),
    text("last_name"),
    text("locale", "en"),
    text("country"),
    text("time_zone"),
    json("attributes"),
    Column("sample", Boolean, nullable=False, default=False),
    instant("created_at"),
    instant("updated_at"),
    Column("phone", Text, nullable=False, default="", server_default=""),  # E.164; empty: none is known
    Column("phone_hash", Text, nullable=False, default="", server_default="", index=True),
    text("email_sha256", None, nullable=True, index=True),  # made when somebody first asks by it
    sqlite_autoincrement=True,  # an erased person's number is never given to another: old links and rows name it
)

consent = Table(
    "consent",
    metadata,
    public_id(),
    ref("contact_pk", "contact.pk", index=False),
    text("purpose", None),
    text("state", None),
    instant("at"),
    text("source"),
    text("wording"),
    instant("expires_at", nullable=True),
    # All that is asked before each message: the rows themselves are not read for it.
    Index("ix_consent_contact_purpose_at", "contact_pk", "purpose", "at", "state", "expires_at"),
)

# Keyed hash of the address only, so that erasure can leave the no behind and nothing else.
suppression = Table(
    "suppression",
    metadata,
    Column("address_hash", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    text("reason", None),
    text("source"),
    instant("at"),
)

# A browser that may be sent notifications. Its endpoint is a secret of the person's: whoever has it may write to them.
push_subscription = Table(
    "push_subscription",
    metadata,
    pk(),
    ref("contact_pk", "contact.pk"),
    text("digest", None),  # of the endpoint, so that one browser counts once
    text("endpoint", None),
    text("p256dh", None),
    text("auth", None),
    instant("created_at"),
    Index("uq_push_subscription_digest", "digest", unique=True),
)

segment = Table(
    "segment",
    metadata,
    public_id(),
    Column("name", Text, nullable=False, unique=True),
    text("description"),
    json("rule"),
    Column("sample", Boolean, nullable=False, default=False),
    instant("created_at"),
)
