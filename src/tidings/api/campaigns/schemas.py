"""What crosses the API about campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field

from tidings.api.pages import Body, Moment, Schema
from tidings.distribution.findings import Area, Grade
from tidings.domain.attachment import Attachment
from tidings.domain.brief import Brief
from tidings.domain.campaign import CampaignState
from tidings.domain.delivery import DeliveryState
from tidings.domain.draft import Draft
from tidings.domain.invitation import Invitation
from tidings.domain.plan import SlotReason

if TYPE_CHECKING:
    from tidings.campaigns.views import CampaignDetail

BRIEF_EXAMPLE: dict[str, Any] = {
    "name": "Autumn workshop",
    "type": "event",
    "goal": "Fill the bread workshop",
    "brand": "Northwind Bakery",
    "audience": "newsletter readers",
    "facts": ["It is a bread workshop for beginners.", "You get a sourdough starter to take home."],
    "call_to_action": "Reserve a place",
    "link": "https://example.com/workshop",
}


class CampaignRow(Schema):
    """A campaign in a list. `counts` are deliveries by state; once launched they add up to `people`."""

    id: str
    name: str
    brand_id: str
    brand_name: str
    state: CampaignState
    state_reason: str
    paused: bool
    author_name: str
    type: str
    people: int
    counts: dict[str, int]
    created_at: Moment
    updated_at: Moment
    launched_at: Moment | None
    done_at: Moment | None
    first_at: Moment | None = Field(description="The plan's first slot")
    sample: bool
    version: int


class PreflightFinding(Schema):
    """The end of one check before sending. `record` is a line for the domain's DNS zone, to copy."""

    area: Area
    check: str
    grade: Grade
    message: str
    remedy: str
    place: str = Field(description="A variant, a domain or a relay")
    record: str
    blocks: bool = Field(description="Nothing can be sent before it is gone")


class Approval(Schema):
    """One verdict on one revision."""

    revision_number: int
    verdict: str
    by_name: str
    comment: str
    self_approved: bool
    at: Moment


class Revision(Schema):
    """The exact content that is approved. Any edit makes another one and voids the approval."""

    id: str
    number: int
    author: str
    created_at: Moment
    content_hash: str
    drafts: tuple[Draft, ...]
    attachments: tuple[Attachment, ...] = ()
    invitation: Invitation | None = None


class Action(Schema):
    """Something that can be done next; `why_not` says why you may not."""

    name: str
    allowed: bool
    why_not: str


class HourOfPlan(Schema):
    """How many people have their slot in this hour."""

    at: Moment
    people: int


class CapHolder(Schema):
    """A campaign whose messages use up the frequency cap of some whom it leaves out, and of how many."""

    campaign_id: str
    name: str
    people: int


class CapHolders(Schema):
    """The first three of them; `others`: there are campaigns of brands you do not see."""

    named: tuple[CapHolder, ...]
    more: int = Field(description="How many there are besides")
    others: bool
    words: str = Field(description="All of it in words; empty where the cap leaves nobody out")


class Plan(Schema):
    """Who hears when, in sum. `held_back` counts people who get no slot, by reason."""

    id: str
    revision_id: str
    created_at: Moment
    people: int
    first_at: Moment | None
    last_at: Moment | None
    by_hour: list[HourOfPlan]
    by_reason: dict[str, int]
    by_variant: dict[str, int]
    by_version: dict[str, int] = Field(description="People by version of the brief; the base version has no name")
    held_back: dict[str, int]
    zones_assumed: int
    expected_gain: str
    by_channel: dict[str, int] = Field(description="Messages by channel; somebody who gets two counts for both")
    held_by_channel: dict[str, dict[str, int]] = Field(
        description="Of a campaign with several channels: whom each does not reach, by reason; another may"
    )
    cap_used_by: CapHolders = Field(description="Which campaigns use up the frequency cap of those it leaves out")


class Override(Schema):
    """What a person set differently than an agent had."""

    what: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    by_name: str
    at: Moment


class Posting(Schema):
    """One posting to one account. `url` is where it can be seen: the proof; a path begins with a slash."""

    id: str
    channel: str
    channel_title: str
    account: str = Field(description="The account's name; empty where it is gone")
    variant: str
    state: DeliveryState
    due_at: Moment
    at: Moment | None
    attempt: int
    code: str
    reason: str = Field(description="The service's words, or why it waits")
    provider_id: str = Field(description="The service's own name for the post")
    url: str
    title: str
    text: str
    can_confirm: bool
    can_repeat: bool


class ChannelProgress(Schema):
    """How one of several channels of a launched campaign stands."""

    channel: str
    messages: int = Field(description="Deliveries or postings, of any state")
    waiting: int = Field(description="Of these, what has not left")
    can_drop: bool


class DropChannel(Schema):
    """One channel to be taken out of a campaign under way."""

    channel: str = Field(max_length=40)
    reason: str = Field("", max_length=200)


class Campaign(CampaignRow):
    """Everything of one campaign. Approve it by naming `revision.id`."""

    brief: Brief
    revision: Revision | None
    revisions: tuple[Revision, ...]
    plan: Plan | None
    approvals: tuple[Approval, ...]
    actions: tuple[Action, ...]
    overrides: tuple[Override, ...]
    postings: tuple[Posting, ...]
    notices: tuple[str, ...] = Field(description="What stands in the way of posting, each with its remedy")
    channels: tuple[ChannelProgress, ...] = Field(description="Of a launched campaign with several channels")
    held_because: str = Field(description="Why deliveries are held; empty while none is")

    @classmethod
    def of(cls, detail: CampaignDetail) -> Campaign:
        """The campaign as the API shows it: the row's fields at the top, the rest beside them."""
        row = CampaignRow.model_validate(detail.row).model_dump()
        plan = detail.plan
        hours = [{"at": at, "people": count} for at, count in sorted(plan.by_hour.items())] if plan else []
        shown = None
        if plan is not None:
            fields = {name: getattr(plan, name) for name in Plan.model_fields.keys() - {"by_hour", "cap_used_by"}}
            shown = Plan.model_validate({**fields, "by_hour": hours, "cap_used_by": detail.cap_holders})
        return cls(
            **row,
            brief=detail.brief,
            revision=Revision.model_validate(detail.revision) if detail.revision else None,
            revisions=tuple(Revision.model_validate(item) for item in detail.revisions),
            plan=shown,
            approvals=tuple(Approval.model_validate(item) for item in detail.approvals),
            actions=tuple(Action.model_validate(item) for item in detail.actions),
            overrides=tuple(Override.model_validate(item) for item in detail.overrides),
            postings=tuple(Posting.model_validate(item) for item in detail.postings),
            notices=detail.notices,
            channels=tuple(ChannelProgress.model_validate(item) for item in detail.channels),
            held_because=detail.held_because,
        )


class Preview(Schema):
    """One message as one contact would get it, rendered by the code that sends."""

    variant: str
    to: str
    subject: str
    preheader: str
    html: str
    text: str
    headers: dict[str, str]
    channel: str
    image_url: str
    image_alt: str


class Slot(Schema):
    """One person's place in the plan and why it is there. The address is masked without `contacts:read_pii`."""

    contact_id: str
    name: str
    email: str
    due_at: Moment
    local_time: str
    zone: str
    zone_assumed: bool
    variant: str
    reason: SlotReason
    reason_text: str
    channels: list[str] = Field(description="By which they are written to; empty: all of the campaign's")


class Delivery(Schema):
    """One message to one contact, with the receiving server's words."""

    contact_id: str
    name: str
    email: str
    state: DeliveryState
    variant: str
    due_at: Moment
    at: Moment | None
    attempt: int
    code: str
    reason: str
    message_id: str


class Approve(Body):
    """A yes to exactly this revision."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"revision_id": "rev_01kb0c…", "comment": "Good."}]})

    revision_id: str = Field(description="The revision you saw; another one in force is a conflict")
    comment: str = Field(default="", max_length=2000)


class ConfirmPosting(Body):
    """A person has seen the post."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://mastodon.example/@northwind/1"}]})

    url: str = Field(default="", max_length=2000, description="Where it can be seen")


class RequestChanges(Body):
    """A no, with what should change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "Name the date in the subject."}]})

    comment: str = Field(min_length=1, max_length=2000)


class Send(Body):
    """How to start: as planned, or to everybody at once."""

    now: bool = Field(default=False, description="True overrides every planned time")


class SendTime(Body):
    """One time for everybody instead of the plan. Quiet hours and caps still hold."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"due_at": "2026-12-01T09:30:00+01:00", "reason": "The shop opens at ten."}]}
    )

    due_at: str = Field(description="RFC 3339 with its zone")
    reason: str = Field(min_length=1, max_length=500)


class DraftEdit(Body):
    """A person's words instead of the agent's. What is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject": "Bake with us on Saturday"}]})

    subject: str | None = Field(default=None, max_length=200)
    preheader: str | None = Field(default=None, max_length=200)
    texts: dict[int, str] = Field(default_factory=dict[int, str], description="Text of blocks by their index from 0")
