"""Brands, claims, campaigns, their revisions and drafts, approvals, overrides and send plans."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from tidings.store.tables.base import BigKey, instant, json, metadata, pk, public_id, ref, text

brand = Table(
    "brand",
    metadata,
    public_id(),
    Column("name", Text, nullable=False, unique=True),
    json("body"),
    Column("sample", Boolean, nullable=False, default=False),
    instant("created_at"),
    instant("updated_at"),
)

claim = Table(
    "claim",
    metadata,
    public_id(),
    ref("brand_id", "brand.id"),
    text("sentence", None),
    text("kind", None),
    text("evidence"),
    instant("valid_until", nullable=True),
    text("locale", "en"),
    json("channels", list),
    text("approved_by", nullable=True),
    instant("approved_at", nullable=True),
    Column("evidence_url", Text, nullable=False, default="", server_default=""),
    instant("retired_at", nullable=True),
)

campaign = Table(
    "campaign",
    metadata,
    pk(),
    public_id(primary=False),
    text("name", None),
    ref("brand_id", "brand.id"),
    text("state", None, index=True),
    text("state_reason"),  # why it is blocked or cancelled, with the remedy
    instant("paused_at", nullable=True),
    text("paused_by"),
    json("brief"),
    text("segment_id", nullable=True),
    text("revision_id", nullable=True),  # the revision in force
    text("plan_id", nullable=True),  # the plan in force
    json("policy"),  # quiet hours, cap, window; see scheduling
    text("author_id"),
    text("author_name"),
    Column("epoch", Integer, nullable=False, default=0),  # grows with pause, resume, cancel: workers stop on a change
    Column("version", Integer, nullable=False, default=1),  # for If-Match
    Column("sample", Boolean, nullable=False, default=False),
    instant("created_at"),
    instant("updated_at"),
    instant("launched_at", nullable=True),
    instant("done_at", nullable=True),
    sqlite_autoincrement=True,  # a removed campaign's number is never reused: events and links name it
)

revision = Table(
    "revision",
    metadata,
    public_id(),
    ref("campaign_pk", "campaign.pk", index=False),
    Column("number", Integer, nullable=False),
    text("content_hash", None),
    text("author", None),
    text("author_id", None),
    json("body"),  # domain.revision.Revision as JSON
    instant("created_at"),
    UniqueConstraint("campaign_pk", "number"),
)

approval = Table(
    "approval",
    metadata,
    public_id(),
    ref("campaign_pk", "campaign.pk"),
    text("revision_id", None),
    text("content_hash", None),
    text("verdict", None),  # approved | changes_requested
    text("by_id", None),
    text("by_name", None),
    text("comment"),
    Column("self_approved", Boolean, nullable=False, default=False),
    instant("at"),
)

override = Table(
    "override",
    metadata,
    public_id(),
    text("object_id", None, index=True),  # campaign or agent
    text("what", None),
    json("before"),
    json("after"),
    text("reason"),
    text("by_id", None),
    text("by_name", None),
    instant("at"),
)

send_plan = Table(
    "send_plan",
    metadata,
    public_id(),
    ref("campaign_pk", "campaign.pk"),
    text("revision_id", None),
    json("summary"),  # domain.plan.PlanSummary as JSON
    instant("created_at"),
)

# One row a person; the unique key makes planning twice harmless.
slot = Table(
    "slot",
    metadata,
    Column("campaign_pk", BigKey, primary_key=True, autoincrement=False),
    Column("contact_pk", BigKey, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    instant("due_at"),
    text("variant", "A"),
    text("reason", None),
    text("zone"),
    Column("zone_assumed", Boolean, nullable=False, default=False),
    Column("channels", Text, nullable=False, default="", server_default=""),  # by commas; empty: all of the campaign
    Index("ix_slot_campaign_due", "campaign_pk", "due_at"),
    sqlite_with_rowid=False,
)
