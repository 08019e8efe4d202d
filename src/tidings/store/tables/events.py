"""The append-only event log, its rollups, and the first-time bits behind unique counts."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, Table, Text

from tidings.store.tables.base import BigKey, instant, json, metadata, pk, public_id, text

event = Table(
    "event",
    metadata,
    pk(),
    text("kind", None),
    instant("at"),
    Column("campaign_pk", BigKey, nullable=False),
    Column("contact_pk", BigKey, nullable=False),
    text("channel", "email"),
    Column("step", Integer, nullable=False, default=0),
    text("variant", "A"),
    Column("machine", Float, nullable=False, default=0.0),
    Column("hour_local", Integer, nullable=True),
    json("detail"),
    Index("ix_event_campaign_contact", "campaign_pk", "contact_pk"),
    Index("ix_event_contact_kind", "contact_pk", "kind"),
)

# Which kinds this person has already had in this campaign: one bit a kind, set at ingest; see events/ingest.py.
engagement = Table(
    "engagement",
    metadata,
    Column("campaign_pk", BigKey, primary_key=True, autoincrement=False),
    Column("contact_pk", BigKey, primary_key=True, autoincrement=False),
    Column("bits", Integer, nullable=False, default=0),
    sqlite_with_rowid=False,
)

rollup_hour = Table(
    "rollup_hour",
    metadata,
    Column("campaign_pk", BigKey, primary_key=True, autoincrement=False),
    Column("variant", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("hour_at", BigInteger, primary_key=True, autoincrement=False),  # start of the hour, UTC
    Column("total", Integer, nullable=False, default=0),
    Column("people", Integer, nullable=False, default=0),  # first time in this campaign, machines left out
    Column("machine", Integer, nullable=False, default=0),
    Index("ix_rollup_hour_hour_at", "hour_at"),
    sqlite_with_rowid=False,
)

# How often people of one local weekday and hour acted: what send times are learned from.
rollup_local = Table(
    "rollup_local",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("weekday", Integer, primary_key=True, autoincrement=False),  # 0 = Monday
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("people", Integer, nullable=False, default=0),
    sqlite_with_rowid=False,
)

recommendation = Table(
    "recommendation",
    metadata,
    public_id(),
    Column("campaign_pk", BigKey, nullable=True, index=True),
    text("kind", None),
    text("status", "proposed"),  # proposed | accepted | rejected
    text("title", None),
    json("body"),  # proposed change, evidence, expected gain with interval
    instant("created_at"),
    text("decided_by"),
    instant("decided_at", nullable=True),
)
