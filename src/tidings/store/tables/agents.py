"""The four agents' state and decisions, and the heartbeat of each worker process."""

from sqlalchemy import Boolean, Column, Integer, Table, Text

from tidings.store.tables.base import instant, json, metadata, pk, public_id, ref, text

agent = Table(
    "agent",
    metadata,
    Column("name", Text, primary_key=True),
    Column("paused", Boolean, nullable=False, default=False),
    text("paused_by"),
    text("autonomy", "suggest"),
    json("config"),
    Column("version", Integer, nullable=False, default=1),
    text("doing"),  # in words, for the page
    instant("doing_at", nullable=True),
)

decision = Table(
    "decision",
    metadata,
    pk(),
    public_id(primary=False),
    text("agent", None, index=True),
    instant("at", index=True),
    text("kind", None),
    text("campaign_id", nullable=True, index=True),
    text("summary", None),
    text("reason"),
    text("decided_by"),
    json("inputs"),
    json("alternatives", list),
    json("evidence"),
    text("overridden_by", nullable=True),
)

# A turn of an agent that waits for a person's yes or no; taken once, gone with its account or when it expires.
agent_turn = Table(
    "agent_turn",
    metadata,
    public_id(),
    text("agent", None),
    ref("account_id", "account.id"),
    text("campaign_id", nullable=True),
    text("question", None),
    json("requests", list),  # what it wants to do, exactly as shown
    text("state", None),  # the runtime's own
    text("prompt_hash", None),
    instant("created_at"),
    instant("expires_at", index=True),
    instant("taken_at", nullable=True),
)

# One row per role of a running process: `content`, `scheduling`, `distribution`, `analytics`, `web`, `mailbox`.
worker = Table(
    "worker",
    metadata,
    Column("id", Text, primary_key=True),  # executor and role
    text("role", None, index=True),
    text("executor", None),
    Column("pid", Integer, nullable=False),
    text("host"),
    text("boot_id"),
    instant("started_at"),
    instant("beat_at"),
    json("detail"),
)

# What the live feed shows: short lines, pruned by age.
activity = Table(
    "activity",
    metadata,
    pk(),
    instant("at"),
    text("source", None),  # an agent's name or `person`
    text("text", None),
    text("campaign_id", nullable=True),
)
