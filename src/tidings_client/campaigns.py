"""Campaigns: from a brief to deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tidings_client.attachments import Attachment, Invitation
from tidings_client.calls import Call, Endpoint, Mode, Model, Page, Pages, Resource, given

if TYPE_CHECKING:
    from collections.abc import Mapping


class CampaignRow(Model):
    """A campaign in a list. `counts` are deliveries by state; once launched they add up to `people`."""

    id: str
    name: str
    brand_id: str
    brand_name: str
    state: str
    state_reason: str
    paused: bool
    author_name: str
    type: str
    people: int
    counts: dict[str, int]
    created_at: datetime
    updated_at: datetime
    launched_at: datetime | None = None
    done_at: datetime | None = None
    first_at: datetime | None = None
    sample: bool = False
    version: int


class Finding(Model):
    """What a check found in a draft."""

    check: str
    severity: str
    place: str
    message: str
    quote: str = ""
    remedy: str = ""


class Trace(Model):
    """Where one sentence of a draft comes from."""

    sentence: str
    source: str
    claim_ids: list[str]
    proposed_by: str = ""


class Draft(Model):
    """One variant of a message. `blocks` are the typed blocks as plain values."""

    variant: str
    channel: str
    subject: str
    preheader: str
    blocks: list[dict[str, Any]]
    writer: str
    traces: list[Trace]
    findings: list[Finding]
    differs: str = ""
    ranked: str = ""
    language: str = ""


class Revision(Model):
    """The exact content that is approved."""

    id: str
    number: int
    author: str
    created_at: datetime
    content_hash: str
    drafts: list[Draft]
    attachments: tuple[Attachment, ...] = ()
    invitation: Invitation | None = None


class HourOfPlan(Model):
    """How many people have their slot in this hour."""

    at: datetime
    people: int


class CapHolder(Model):
    """A campaign whose messages use up the frequency cap of some whom it leaves out, and of how many."""

    campaign_id: str
    name: str
    people: int


class CapHolders(Model):
    """The first three of them, and how many more; `others`: some are of brands you do not see."""

    named: list[CapHolder]
    more: int
    others: bool
    words: str


class Plan(Model):
    """Who hears when, in sum."""

    id: str
    revision_id: str
    created_at: datetime
    people: int
    first_at: datetime | None = None
    last_at: datetime | None = None
    by_hour: list[HourOfPlan]
    by_reason: dict[str, int]
    by_variant: dict[str, int]
    by_version: dict[str, int] = Field(default_factory=dict[str, int])
    held_back: dict[str, int]
    zones_assumed: int
    expected_gain: str
    by_channel: dict[str, int]
    held_by_channel: dict[str, dict[str, int]]
    cap_used_by: CapHolders | None = None


class Approval(Model):
    """One verdict on one revision."""

    revision_number: int
    verdict: str
    by_name: str
    comment: str
    self_approved: bool
    at: datetime


class Action(Model):
    """Something that can be done next."""

    name: str
    allowed: bool
    why_not: str = ""


class Override(Model):
    """What a person set differently than an agent had."""

    what: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    by_name: str
    at: datetime


class Posting(Model):
    """One posting to one account; `url` is where it can be seen: the proof. A path begins with a slash."""

    id: str
    channel: str
    channel_title: str
    account: str
    variant: str
    state: str
    due_at: datetime
    at: datetime | None = None
    attempt: int
    code: str
    reason: str
    provider_id: str
    url: str
    title: str
    text: str
    can_confirm: bool
    can_repeat: bool


class ChannelProgress(Model):
    """How one of several channels of a launched campaign stands."""

    channel: str
    messages: int
    waiting: int
    can_drop: bool


class Campaign(CampaignRow):
    """Everything of one campaign."""

    brief: dict[str, Any]
    revision: Revision | None = None
    revisions: list[Revision]
    plan: Plan | None = None
    approvals: list[Approval]
    actions: list[Action]
    overrides: list[Override]
    postings: list[Posting]
    notices: list[str]
    channels: list[ChannelProgress]
    held_because: str = ""


class Preview(Model):
    """One message as one contact would get it."""

    variant: str
    to: str
    subject: str
    preheader: str
    html: str
    text: str
    headers: dict[str, str]
    channel: str = "email"
    image_url: str = ""
    image_alt: str = ""


class PreflightFinding(Model):
    """The end of one check before sending. `grade` is ok, not_checked, warning or error; `record` is to copy."""

    area: str
    check: str
    grade: str
    message: str
    remedy: str = ""
    place: str = ""
    record: str = ""
    blocks: bool = False


class Slot(Model):
    """One person's place in the plan, and why it is there."""

    contact_id: str
    name: str
    email: str
    due_at: datetime
    local_time: str
    zone: str
    zone_assumed: bool
    variant: str
    reason: str
    reason_text: str
    channels: list[str]


class Delivery(Model):
    """One message to one contact, with the receiving server's words."""

    contact_id: str
    name: str
    email: str
    state: str
    variant: str
    due_at: datetime
    at: datetime | None = None
    attempt: int
    code: str
    reason: str
    message_id: str


def _act(campaign_id: str, verb: str, body: Any = None) -> Call[Campaign]:
    return Call("POST", f"/campaigns/{campaign_id}/{verb}", Campaign, body=body)


def _match(version: int | None) -> dict[str, str]:
    return {"If-Match": "*" if version is None else f'"{version}"'}


class Campaigns(Resource[Mode]):
    """Campaigns. Every verb answers the campaign as it is afterwards."""

    @Endpoint
    def list(self, *, state: str | None = None, after: str = "", limit: int = 50) -> Call[Page[CampaignRow]]:
        """One page, newest first."""
        query = given(state=state, after=after or None, limit=limit)
        return Call("GET", "/campaigns", Page[CampaignRow], query)

    @Pages
    def all(self, *, state: str | None = None) -> Call[Page[CampaignRow]]:
        """Every campaign, newest first, page by page."""
        return Call("GET", "/campaigns", Page[CampaignRow], given(state=state, limit=100))

    @Endpoint
    def create(self, brief: Mapping[str, Any]) -> Call[Campaign]:
        """Starts a campaign. Raises InvalidInputError that names each wrong field of the brief."""
        return Call("POST", "/campaigns", Campaign, body=dict(brief))

    @Endpoint
    def check_brief(self, brief: Mapping[str, Any]) -> Call[dict[str, Any]]:
        """The brief as it would be understood; nothing is started."""
        return Call("POST", "/campaigns/check-brief", dict[str, Any], body=dict(brief))

    @Endpoint
    def get(self, campaign_id: str) -> Call[Campaign]:
        """Everything of one campaign."""
        return Call("GET", f"/campaigns/{campaign_id}", Campaign)

    @Endpoint
    def preview(
        self, campaign_id: str, *, variant: str | None = None, channel: str | None = None, contact_id: str | None = None
    ) -> Call[Preview]:
        """One message as one contact would get it, or as everybody would see it posted.

        Without a variant it is the one the contact gets.
        """
        query = given(variant=variant, channel=channel, contact_id=contact_id)
        return Call("GET", f"/campaigns/{campaign_id}/preview", Preview, query)

    @Endpoint
    def preflight(self, campaign_id: str) -> Call[list[PreflightFinding]]:
        """What speaks against sending, the worst first. May take some seconds."""
        return Call("GET", f"/campaigns/{campaign_id}/preflight", list[PreflightFinding])

    @Endpoint
    def slots(self, campaign_id: str, *, after: str = "", limit: int = 50) -> Call[Page[Slot]]:
        """One page of the send plan, by due time."""
        query = given(after=after or None, limit=limit)
        return Call("GET", f"/campaigns/{campaign_id}/slots", Page[Slot], query)

    @Pages
    def all_slots(self, campaign_id: str) -> Call[Page[Slot]]:
        """The whole send plan."""
        return Call("GET", f"/campaigns/{campaign_id}/slots", Page[Slot], {"limit": 200})

    @Endpoint
    def deliveries(
        self, campaign_id: str, *, state: str | None = None, after: str = "", limit: int = 50
    ) -> Call[Page[Delivery]]:
        """One page of deliveries."""
        query = given(state=state, after=after or None, limit=limit)
        return Call("GET", f"/campaigns/{campaign_id}/deliveries", Page[Delivery], query)

    @Pages
    def all_deliveries(self, campaign_id: str, *, state: str | None = None) -> Call[Page[Delivery]]:
        """Every delivery."""
        return Call("GET", f"/campaigns/{campaign_id}/deliveries", Page[Delivery], given(state=state, limit=200))

    @Endpoint
    def postings(self, campaign_id: str) -> Call[list[Posting]]:
        """What is posted once for everybody, with the links that prove it."""
        return Call("GET", f"/campaigns/{campaign_id}/postings", list[Posting])

    @Endpoint
    def confirm_posting(self, campaign_id: str, posting_id: str, url: str = "") -> Call[list[Posting]]:
        """You have seen a posting in doubt; `url` is where."""
        path = f"/campaigns/{campaign_id}/postings/{posting_id}/confirm"
        return Call("POST", path, list[Posting], body={"url": url})

    @Endpoint
    def repeat_posting(self, campaign_id: str, posting_id: str) -> Call[list[Posting]]:
        """Posts again what is in doubt and not there, what failed, or what waits."""
        return Call("POST", f"/campaigns/{campaign_id}/postings/{posting_id}/repeat", list[Posting])

    @Endpoint
    def approve(self, campaign_id: str, revision_id: str, comment: str = "") -> Call[Campaign]:
        """A yes to exactly this revision. Raises ConflictError when another one is in force."""
        return _act(campaign_id, "approve", {"revision_id": revision_id, "comment": comment})

    @Endpoint
    def request_changes(self, campaign_id: str, comment: str) -> Call[Campaign]:
        """A no, with what should change."""
        return _act(campaign_id, "request-changes", {"comment": comment})

    @Endpoint
    def send(self, campaign_id: str, *, now: bool = False) -> Call[Campaign]:
        """Starts the sending: as planned, or at once for everybody."""
        return _act(campaign_id, "send", {"now": now})

    @Endpoint
    def pause(self, campaign_id: str) -> Call[Campaign]:
        """Holds it where it is."""
        return _act(campaign_id, "pause")

    @Endpoint
    def resume(self, campaign_id: str) -> Call[Campaign]:
        """Goes on from where it was paused."""
        return _act(campaign_id, "resume")

    @Endpoint
    def cancel(self, campaign_id: str) -> Call[Campaign]:
        """Ends it for good."""
        return _act(campaign_id, "cancel")

    @Endpoint
    def drop_channel(self, campaign_id: str, channel: str, reason: str = "") -> Call[Campaign]:
        """Takes one channel out of a campaign under way: what has not left by it is cancelled, the rest goes on."""
        return _act(campaign_id, "drop-channel", {"channel": channel, "reason": reason})

    @Endpoint
    def replan(self, campaign_id: str) -> Call[Campaign]:
        """Asks for a new send plan."""
        return _act(campaign_id, "replan")

    @Endpoint
    def retry(self, campaign_id: str) -> Call[Campaign]:
        """Lets the agent that was stuck try again."""
        return _act(campaign_id, "retry")

    @Endpoint
    def set_send_time(
        self, campaign_id: str, due_at: datetime, reason: str, *, version: int | None = None
    ) -> Call[Campaign]:
        """One time for everybody. `version` is the one you saw; None overwrites whatever is there."""
        return Call(
            "PUT",
            f"/campaigns/{campaign_id}/send-time",
            Campaign,
            body={"due_at": due_at.isoformat(), "reason": reason},
            headers=_match(version),
        )

    @Endpoint
    def edit_draft(
        self,
        campaign_id: str,
        variant: str,
        *,
        subject: str | None = None,
        preheader: str | None = None,
        texts: Mapping[int, str] | None = None,
        version: int | None = None,
        channel: str | None = None,
    ) -> Call[Campaign]:
        """A new revision with your words; `texts` are by the block's index from 0."""
        body = given(
            subject=subject, preheader=preheader, texts=texts and {str(no): text for no, text in texts.items()}
        )
        path = f"/campaigns/{campaign_id}/drafts/{variant}"
        return Call("PATCH", path, Campaign, given(channel=channel), body=body, headers=_match(version))
