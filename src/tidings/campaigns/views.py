"""What the faces see of a campaign. Plain values, ready to be shown or turned into JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tidings.domain.attachment import Attachment
from tidings.domain.brief import Brief
from tidings.domain.campaign import CampaignState
from tidings.domain.draft import Draft
from tidings.domain.instant import Instant
from tidings.domain.invitation import Invitation
from tidings.domain.plan import PlanSummary


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign in a list. `counts` are deliveries by state; they add up to `people` once launched."""

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
    created_at: Instant
    updated_at: Instant
    launched_at: Instant | None
    done_at: Instant | None
    first_at: Instant | None
    """When the plan's first slot is; None before there is a plan."""
    sample: bool
    version: int
    is_sequence: bool = False
    is_confirmation: bool = False
    """Its mails ask people to confirm their consent: fixed words, which nobody drafts, approves or measures."""


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """One verdict on one revision."""

    revision_number: int
    verdict: str
    by_name: str
    comment: str
    self_approved: bool
    at: Instant


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One revision: who made it and what it says."""

    id: str
    number: int
    author: str
    created_at: Instant
    content_hash: str
    drafts: tuple[Draft, ...]
    attachments: tuple[Attachment, ...] = ()
    invitation: Invitation | None = None


@dataclass(frozen=True, slots=True)
class ActionView:
    """Something that can be done next. `allowed` is false with `why_not` when this actor may not."""

    name: str
    """approve, request_changes, send, send_now, pause, resume, cancel, replan, retry, drop_channel."""
    allowed: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class OverrideView:
    """What a person set differently than an agent had."""

    what: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    by_name: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ChannelView:
    """How one of several channels of a launched campaign stands."""

    channel: str
    messages: int
    """Deliveries or postings, of any state."""
    waiting: int
    """Of these, what has not left."""
    can_drop: bool
    """Whether the channel can be taken out now, by somebody who may."""


@dataclass(frozen=True, slots=True)
class CapHolder:
    """A campaign, and how many of those the cap leaves out it writes to."""

    campaign_id: str
    name: str
    people: int


@dataclass(frozen=True, slots=True)
class CapHolders:
    """The first campaigns of them, how many more there are, and whether some are of brands that are not to be told."""

    named: tuple[CapHolder, ...] = ()
    more: int = 0
    others: bool = False

    @property
    def words(self) -> str:
        """`“Rye week”, “Autumn sale” and 2 more`; empty where there are none."""
        parts = [f"“{each.name}”" for each in self.named]
        parts += [f"{self.more} more"] if self.more else []
        parts += ["campaigns of other brands"] if self.others else []
        return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)


@dataclass(frozen=True, slots=True)
class CampaignDetail:
    """Everything of one campaign on one page."""

    row: CampaignRow
    brief: Brief
    revision: RevisionView | None
    revisions: tuple[RevisionView, ...]
    plan: PlanSummary | None
    approvals: tuple[ApprovalView, ...]
    actions: tuple[ActionView, ...]
    overrides: tuple[OverrideView, ...] = ()
    postings: tuple[PostingView, ...] = ()
    notices: tuple[str, ...] = ()
    """What stands in the way of posting it, each with its remedy; approval waits until there is none."""
    channels: tuple[ChannelView, ...] = ()
    """Of a launched campaign with several channels."""
    cap_holders: CapHolders = CapHolders()
    """The campaigns that use up the frequency cap of those whom it leaves out, as far as the actor may see them."""
    held_because: str = ""
    """Why deliveries that are due are held; empty while none is."""
    at_once: bool = False
    """Whether it was sent to everybody at once, the plan's times set aside."""


@dataclass(frozen=True, slots=True)
class SlotView:
    """One person's place in the plan, as shown. The address is masked unless the actor may read it."""

    contact_id: str
    name: str
    email: str
    due_at: Instant
    local_time: str
    """In the person's own zone, e.g. `Tue 24 Nov 09:15`."""
    zone: str
    zone_assumed: bool
    variant: str
    reason: str
    reason_text: str
    channels: tuple[str, ...] = ()
    """By which the person is written to; empty: by all of the campaign's."""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery with the server's words."""

    contact_id: str
    name: str
    email: str
    state: str
    variant: str
    due_at: Instant
    at: Instant | None
    attempt: int
    code: str
    reason: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Preview:
    """One message as one contact would get it, rendered by the code that sends."""

    variant: str
    to: str
    subject: str
    preheader: str
    html: str
    text: str
    headers: dict[str, str] = field(default_factory=dict[str, str])
    channel: str = "email"
    image_url: str = ""
    image_alt: str = ""


@dataclass(frozen=True, slots=True)
class PostingView:
    """One posting to one account, with the service's words; `url` is where it can be seen: the proof."""

    id: str
    channel: str
    channel_title: str
    account: str
    """The account's name; empty where it is gone."""
    variant: str
    state: str
    due_at: Instant
    at: Instant | None
    attempt: int
    code: str
    reason: str
    provider_id: str
    url: str
    title: str
    text: str
    can_confirm: bool
    """A person may say that it is there."""
    can_repeat: bool
    """A person may have it posted again."""
