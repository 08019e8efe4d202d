"""Language models somebody configured, what they were licensed to do, and every time one was asked."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from tidings.store.tables.base import BigKey, instant, json, metadata, pk, public_id, text

language_model = Table(
    "language_model",
    metadata,
    public_id(),
    Column("name", Text, nullable=False, unique=True),
    text("kind", None),  # gguf | openai | azure_openai | foundry
    json("config"),  # what may be shown: path, address, deployment
    json("secret"),  # what never is
    Column("enabled", Boolean, nullable=False, default=True),
    Column("rank", Integer, nullable=False, default=100),  # the lowest is asked first
    Column("monthly_tokens", BigKey, nullable=True),  # None: no limit
    text("licence", "unexamined"),  # content.exam.licence.Licence
    text("licence_reason"),
    text("model_hash"),  # of the file, or of name and address: another hash voids the licence
    json("exam"),  # the last exam's table, or how far the running one is
    json("record", list),  # how its latest drafts fared: true = passed
    instant("created_at"),
    instant("updated_at"),
)

# Each question to a model: where it went, what it cost, and what was sent where that is kept.
model_call = Table(
    "model_call",
    metadata,
    pk(),
    instant("at", index=True),
    text("model_id", None),
    text("purpose", None),  # draft | exam | judge | brief | ask
    text("campaign_id", nullable=True),
    text("destination"),  # the host
    Column("left_machine", Boolean, nullable=False, default=False),
    text("outcome", None),  # answered | unavailable | refused | invalid | not_asked
    json("reasons", list),  # the router's
    text("prompt_hash"),
    text("prompt"),  # kept for what left the machine, until retention removes it
    Column("tokens_in", Integer, nullable=False, default=0),
    Column("tokens_out", Integer, nullable=False, default=0),
    Column("reserved", Integer, nullable=False, default=0),  # tokens set aside while the answer is awaited
    Index("ix_model_call_model_at", "model_id", "at"),
)
