"""What people say of drafts and keep for later ones: comments, suggestions, templates and pictures."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table

from tidings.store.tables.base import instant, json, metadata, public_id, ref, text

comment = Table(
    "comment",
    metadata,
    public_id(),
    ref("campaign_pk", "campaign.pk"),
    text("revision_id", None),  # the revision it was written on
    text("variant", None),
    Column("block", Integer, nullable=True),  # counted from 0; None: the whole draft
    text("quote"),  # how the block began then, for later revisions move blocks
    text("body", None),
    text("by_id", None),
    text("by_name", None),
    instant("at"),
    instant("resolved_at", nullable=True),
    text("resolved_by"),
)

suggestion = Table(
    "suggestion",
    metadata,
    public_id(),
    ref("campaign_pk", "campaign.pk"),
    text("variant", None),
    text("place", None),  # subject, preheader, or body
    text("before", None),  # the sentence it would replace
    text("after", None),
    text("source", None),  # stock, or model
    text("writer", None),  # Composer, or the model's name
    text("model_hash"),
    text("reason"),
    json("notes", list),  # what the verifier would warn of
    text("state", "open"),  # open, accepted, rejected
    text("asked_by", None),
    instant("asked_at"),
    text("decided_by"),
    instant("decided_at", nullable=True),
)

draft_template = Table(
    "draft_template",
    metadata,
    public_id(),
    ref("brand_id", "brand.id"),
    text("name", None),
    text("subject"),
    text("preheader"),
    json("blocks", list),
    text("by_name", None),
    instant("at"),
    Index("uq_draft_template_brand_name", "brand_id", "name", unique=True),
)

# Served to anybody who knows its id, which is in the mails: never changed once written.
image = Table(
    "image",
    metadata,
    public_id(),
    ref("brand_id", "brand.id"),
    text("key", None),  # what the public address holds: 128 random bits
    text("media_type", None),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    text("digest", None),  # SHA-256 of what is kept
    text("alt", None),
    Column("content", LargeBinary, nullable=False),
    text("by_name", None),
    instant("at"),
    Index("uq_image_key", "key", unique=True),
)
