"""The routes of campaigns. Verbs are sub-resources and answer the campaign as it is afterwards."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.campaigns import schemas
from tidings.api.given import Given
from tidings.api.pages import After, IfMatch, Limit, Page, check_if_match, parse_moment, set_etag
from tidings.campaigns.views import CampaignDetail
from tidings.domain.brief import Brief, parse_brief
from tidings.domain.campaign import CampaignState
from tidings.domain.delivery import DeliveryState

router = APIRouter(prefix="/campaigns", tags=["campaigns"])
CANCEL = needs(Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_SEND)

RawBrief = Annotated[
    dict[str, Any], Body(description="The brief; see the schema `Brief`.", examples=[schemas.BRIEF_EXAMPLE])
]


def _answer(response: Response, detail: CampaignDetail) -> schemas.Campaign:
    set_etag(response, detail.row.version)
    return schemas.Campaign.of(detail)


@router.get("", summary="List campaigns, newest first", **needs(Permission.CAMPAIGNS_READ))
def list_campaigns(
    actor: CurrentActor, given: Given, state: CampaignState | None = None, after: After = "", limit: Limit = 50
) -> Page[schemas.CampaignRow]:
    """Campaigns of the brands you may see."""
    rows, following = given.campaigns.list(actor, state=state.value if state else None, after=after, limit=limit)
    return Page(items=[schemas.CampaignRow.model_validate(row) for row in rows], next=following)


@router.post("", status_code=201, summary="Start a campaign from a brief", **needs(Permission.CAMPAIGNS_WRITE))
def create_campaign(actor: CurrentActor, given: Given, brief: RawBrief, response: Response) -> schemas.Campaign:
    """The Content agent begins to draft at once. A wrong brief is answered with each wrong field and an example."""
    detail = given.campaigns.create(actor, parse_brief(brief))
    response.headers["Location"] = f"/api/v1/campaigns/{detail.row.id}"
    return _answer(response, detail)


@router.post("/check-brief", summary="Check a brief without starting anything", **needs(Permission.CAMPAIGNS_WRITE))
def check_brief(brief: RawBrief) -> Brief:
    """The brief as it was understood, defaults included."""
    return parse_brief(brief)


@router.get("/{campaign_id}", summary="Get a campaign", **needs(Permission.CAMPAIGNS_READ))
def get_campaign(actor: CurrentActor, given: Given, campaign_id: str, response: Response) -> schemas.Campaign:
    """Brief, drafts with findings, plan, approvals and what you can do next."""
    return _answer(response, given.campaigns.get(actor, campaign_id))


@router.get("/{campaign_id}/preview", summary="Preview one message", **needs(Permission.CAMPAIGNS_READ))
def preview_campaign(
    actor: CurrentActor,
    given: Given,
    campaign_id: str,
    variant: Annotated[str, Query(max_length=40, description="Without it, the one the contact gets")] = "",
    channel: Annotated[str, Query(max_length=20, description="Without it, the e-mail, or the first draft")] = "",
    contact_id: Annotated[str | None, Query(description="Without it, the first who gets the variant")] = None,
) -> schemas.Preview:
    """Rendered by the code that sends."""
    preview = given.campaigns.preview(actor, campaign_id, variant=variant, channel=channel, contact_id=contact_id)
    return schemas.Preview.model_validate(preview)


@router.get("/{campaign_id}/preflight", summary="Check before sending", **needs(Permission.CAMPAIGNS_READ))
def preflight_campaign(actor: CurrentActor, given: Given, campaign_id: str) -> list[schemas.PreflightFinding]:
    """Message, spam score, volume, the sender's domain and the relay, the worst first. May take some seconds."""
    found = given.campaigns.preflight(actor, campaign_id)
    return [schemas.PreflightFinding.model_validate(finding) for finding in found]


@router.get("/{campaign_id}/slots", summary="List who hears when, and why then", **needs(Permission.CAMPAIGNS_READ))
def list_slots(
    actor: CurrentActor, given: Given, campaign_id: str, after: After = "", limit: Limit = 50
) -> Page[schemas.Slot]:
    """The send plan, person by person, by due time."""
    slots, following = given.campaigns.slots(actor, campaign_id, after=after, limit=limit)
    return Page(items=[schemas.Slot.model_validate(slot) for slot in slots], next=following)


@router.get("/{campaign_id}/deliveries", summary="List deliveries", **needs(Permission.CAMPAIGNS_READ))
def list_deliveries(
    actor: CurrentActor,
    given: Given,
    campaign_id: str,
    state: DeliveryState | None = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[schemas.Delivery]:
    """Each delivery's state with the receiving server's words."""
    shown, following = given.campaigns.deliveries(
        actor, campaign_id, state=state.value if state else None, after=after, limit=limit
    )
    return Page(items=[schemas.Delivery.model_validate(item) for item in shown], next=following)


@router.get("/{campaign_id}/postings", summary="List postings", **needs(Permission.CAMPAIGNS_READ))
def list_postings(actor: CurrentActor, given: Given, campaign_id: str) -> list[schemas.Posting]:
    """What is posted once for everybody: state, the service's words, and the link that proves it."""
    return [schemas.Posting.model_validate(item) for item in given.campaigns.posted(actor, campaign_id)]


@router.post(
    "/{campaign_id}/postings/{posting_id}/confirm", summary="Say that a posting in doubt is there",
    **needs(Permission.CAMPAIGNS_SEND),
)  # fmt: skip
def confirm_posting(
    actor: CurrentActor, given: Given, campaign_id: str, posting_id: str, body: schemas.ConfirmPosting
) -> list[schemas.Posting]:
    """You have seen it; it counts as posted, with the address you give as its proof."""
    found = given.campaigns.settle_posting(actor, campaign_id, posting_id, there=True, url=body.url)
    return [schemas.Posting.model_validate(item) for item in found]


@router.post("/{campaign_id}/postings/{posting_id}/repeat", summary="Post again", **needs(Permission.CAMPAIGNS_SEND))
def repeat_posting(actor: CurrentActor, given: Given, campaign_id: str, posting_id: str) -> list[schemas.Posting]:
    """For one in doubt that you have looked for and not found, one that failed, or one that waits."""
    found = given.campaigns.settle_posting(actor, campaign_id, posting_id, there=False)
    return [schemas.Posting.model_validate(item) for item in found]


@router.post("/{campaign_id}/approve", summary="Approve a revision", **needs(Permission.CAMPAIGNS_APPROVE))
def approve_campaign(
    actor: CurrentActor, given: Given, campaign_id: str, body: schemas.Approve, response: Response
) -> schemas.Campaign:
    """Only people approve; the author only when nobody else could."""
    return _answer(response, given.campaigns.approve(actor, campaign_id, body.revision_id, body.comment))


@router.post("/{campaign_id}/request-changes", summary="Ask for changes", **needs(Permission.CAMPAIGNS_APPROVE))
def request_changes(
    actor: CurrentActor, given: Given, campaign_id: str, body: schemas.RequestChanges, response: Response
) -> schemas.Campaign:
    """The campaign waits for an edit or a new draft."""
    return _answer(response, given.campaigns.request_changes(actor, campaign_id, body.comment))


@router.post("/{campaign_id}/send", summary="Start sending", **needs(Permission.CAMPAIGNS_SEND))
def send_campaign(
    actor: CurrentActor, given: Given, campaign_id: str, response: Response, body: schemas.Send | None = None
) -> schemas.Campaign:
    """As planned, or at once for everybody."""
    return _answer(response, given.campaigns.send(actor, campaign_id, now=bool(body and body.now)))


@router.post("/{campaign_id}/pause", summary="Pause", **needs(Permission.SENDING_PAUSE))
def pause_campaign(actor: CurrentActor, given: Given, campaign_id: str, response: Response) -> schemas.Campaign:
    """Nothing more is claimed for sending; the campaign stays where it is."""
    return _answer(response, given.campaigns.pause(actor, campaign_id))


@router.post("/{campaign_id}/resume", summary="Resume", **needs(Permission.SENDING_PAUSE))
def resume_campaign(actor: CurrentActor, given: Given, campaign_id: str, response: Response) -> schemas.Campaign:
    """Goes on from exactly where it was paused."""
    return _answer(response, given.campaigns.resume(actor, campaign_id))


@router.post("/{campaign_id}/cancel", summary="Cancel for good", **CANCEL)
def cancel_campaign(actor: CurrentActor, given: Given, campaign_id: str, response: Response) -> schemas.Campaign:
    """What is not yet on its way is never sent."""
    return _answer(response, given.campaigns.cancel(actor, campaign_id))


@router.post("/{campaign_id}/drop-channel", summary="Take out one channel", **CANCEL)
def drop_channel(
    actor: CurrentActor, given: Given, campaign_id: str, response: Response, body: schemas.DropChannel
) -> schemas.Campaign:
    """What has not left by that channel is cancelled; the others go on."""
    return _answer(response, given.campaigns.drop_channel(actor, campaign_id, body.channel, body.reason))


@router.post("/{campaign_id}/replan", summary="Ask for a new plan", **needs(Permission.CAMPAIGNS_WRITE))
def replan_campaign(actor: CurrentActor, given: Given, campaign_id: str, response: Response) -> schemas.Campaign:
    """The Scheduling agent plans anew from what is known now."""
    return _answer(response, given.campaigns.replan(actor, campaign_id))


@router.post("/{campaign_id}/retry", summary="Retry after a block", **needs(Permission.CAMPAIGNS_WRITE))
def retry_campaign(actor: CurrentActor, given: Given, campaign_id: str, response: Response) -> schemas.Campaign:
    """Lets the agent that was stuck try again."""
    return _answer(response, given.campaigns.retry(actor, campaign_id))


@router.put("/{campaign_id}/send-time", summary="Set one send time", **needs(Permission.CAMPAIGNS_WRITE))
def set_send_time(
    actor: CurrentActor,
    given: Given,
    campaign_id: str,
    body: schemas.SendTime,
    response: Response,
    if_match: IfMatch = None,
) -> schemas.Campaign:
    """Overrides the agent's plan; your name and reason are recorded."""
    version = check_if_match(if_match, given.campaigns.get(actor, campaign_id).row.version)
    due_at = parse_moment(body.due_at, "due_at")
    detail = given.campaigns.set_send_time(actor, campaign_id, due_at, body.reason, expected_version=version)
    return _answer(response, detail)


@router.patch("/{campaign_id}/drafts/{variant}", summary="Edit a draft", **needs(Permission.CAMPAIGNS_WRITE))
def edit_draft(
    actor: CurrentActor,
    given: Given,
    campaign_id: str,
    variant: str,
    body: schemas.DraftEdit,
    response: Response,
    if_match: IfMatch = None,
    channel: Annotated[str, Query(max_length=20, description="Without it, the e-mail, or the first draft")] = "",
) -> schemas.Campaign:
    """Makes a new revision, checked like any other, which must be approved anew."""
    version = check_if_match(if_match, given.campaigns.get(actor, campaign_id).row.version)
    detail = given.campaigns.edit_draft(
        actor, campaign_id, variant, subject=body.subject, preheader=body.preheader, texts=body.texts,
        expected_version=version, channel=channel,
    )  # fmt: skip
    return _answer(response, detail)
