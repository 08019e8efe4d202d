"""The routes of editing a campaign's drafts."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.campaigns.schemas import Campaign
from tidings.api.editing import schemas
from tidings.api.given import Given
from tidings.api.pages import IfMatch, check_if_match, set_etag
from tidings.campaigns.editing import DraftChange
from tidings.campaigns.views import CampaignDetail

router = APIRouter(prefix="/campaigns/{campaign_id}", tags=["editing"])
READ, WRITE = needs(Permission.CAMPAIGNS_READ), needs(Permission.CAMPAIGNS_WRITE)
SAY = needs(Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_APPROVE)
Number = Annotated[int, Query(ge=1)]


def _answer(response: Response, detail: CampaignDetail) -> Campaign:
    set_etag(response, detail.row.version)
    return Campaign.of(detail)


def _change(body: schemas.DraftChange) -> DraftChange:
    return DraftChange(subject=body.subject, preheader=body.preheader, blocks=body.blocks)


@router.put("/drafts/{variant}", summary="Save a whole draft", **WRITE)
def save_draft(
    actor: CurrentActor, given: Given, campaign_id: str, variant: str, body: schemas.DraftChange, response: Response,
    if_match: IfMatch = None,
) -> Campaign:  # fmt: skip
    """Blocks added, moved, changed, removed: a new revision, checked like any other, which must be approved anew."""
    version = check_if_match(if_match, given.campaigns.get(actor, campaign_id).row.version)
    detail = given.editing.save(actor, campaign_id, variant, _change(body), expected_version=version)
    return _answer(response, detail)


@router.post("/drafts/{variant}/check", summary="Check a draft without saving it", **READ)
def check_draft(
    actor: CurrentActor, given: Given, campaign_id: str, variant: str, body: schemas.DraftChange
) -> schemas.CheckedDraft:
    """What the checks would say, each finding with its place."""
    draft = given.editing.checked(actor, campaign_id, variant, _change(body))
    return schemas.CheckedDraft(draft=draft, sendable=draft.sendable)


@router.get("/revisions", summary="List revisions, newest first", **READ)
def list_revisions(actor: CurrentActor, given: Given, campaign_id: str) -> schemas.Revisions:
    """Who made each, what it changed, and what a person said of it."""
    found = given.editing.revisions(actor, campaign_id)
    return schemas.Revisions(items=[schemas.Revision.model_validate(each) for each in found])


@router.get("/revisions/diff", summary="Compare two revisions", **READ)
def compare_revisions(
    actor: CurrentActor, given: Given, campaign_id: str, before: Number = 1, after: Number = 1
) -> schemas.RevisionDiff:
    """Block by block, and within a block sentence by sentence."""
    return schemas.RevisionDiff.model_validate(given.editing.compare(actor, campaign_id, before, after))


@router.post("/revisions/{number}/restore", summary="Go back to a revision", **WRITE)
def restore_revision(
    actor: CurrentActor, given: Given, campaign_id: str, number: int, response: Response, if_match: IfMatch = None
) -> Campaign:
    """Its drafts as a new revision, checked by today's claims and approved anew."""
    version = check_if_match(if_match, given.campaigns.get(actor, campaign_id).row.version)
    return _answer(response, given.editing.restore(actor, campaign_id, number, expected_version=version))


@router.get("/comments", summary="List comments", **READ)
def list_comments(actor: CurrentActor, given: Given, campaign_id: str, resolved: bool = True) -> schemas.Comments:
    """Oldest first; `resolved=false` leaves out those that are settled."""
    found = given.comments.comments(actor, campaign_id, resolved=resolved)
    return schemas.Comments(items=[schemas.Comment.model_validate(each) for each in found])


@router.post("/comments", status_code=201, summary="Comment on a draft", **SAY)
def add_comment(actor: CurrentActor, given: Given, campaign_id: str, body: schemas.NewComment) -> schemas.Comment:
    """On the revision in force."""
    made = given.comments.add(actor, campaign_id, body.variant, body.text, block=body.block)
    return schemas.Comment.model_validate(made)


@router.patch("/comments/{comment_id}", summary="Resolve a comment", **SAY)
def resolve_comment(
    actor: CurrentActor, given: Given, campaign_id: str, comment_id: str, body: schemas.Resolution
) -> schemas.Comment:
    """Or open it again."""
    found = given.comments.resolve(actor, campaign_id, comment_id, done=body.resolved)
    return schemas.Comment.model_validate(found)


@router.get("/suggestions", summary="List suggestions", **READ)
def list_suggestions(
    actor: CurrentActor, given: Given, campaign_id: str,
    state: Literal["open", "accepted", "rejected"] | None = None,
) -> schemas.Suggestions:  # fmt: skip
    """Open ones whose sentence is gone are left out."""
    found = given.suggestions.suggestions(actor, campaign_id, state=state)
    return schemas.Suggestions(items=[schemas.Suggestion.model_validate(each) for each in found])


@router.post("/drafts/{variant}/suggestions", summary="Ask for other words", **WRITE)
def suggest_words(
    actor: CurrentActor, given: Given, campaign_id: str, variant: str, body: schemas.Wanted
) -> schemas.Suggestions:
    """From a model licensed to suggest and from the composer's stock. Each passed the checks; there may be none."""
    found = given.suggestions.suggest(actor, campaign_id, variant, block=body.block, sentence=body.sentence)
    return schemas.Suggestions(items=[schemas.Suggestion.model_validate(each) for each in found])


@router.post("/suggestions/{suggestion_id}/accept", summary="Accept a suggestion", **WRITE)
def accept_suggestion(
    actor: CurrentActor, given: Given, campaign_id: str, suggestion_id: str, response: Response
) -> Campaign:
    """A new revision with its words. Only people accept."""
    return _answer(response, given.suggestions.accept(actor, campaign_id, suggestion_id))


@router.post("/suggestions/{suggestion_id}/reject", status_code=204, summary="Reject a suggestion", **WRITE)
def reject_suggestion(actor: CurrentActor, given: Given, campaign_id: str, suggestion_id: str) -> None:
    """It is not made again."""
    given.suggestions.reject(actor, campaign_id, suggestion_id)


@router.post("/drafts/{variant}/test", summary="Send a test", **SAY)
def send_test(
    actor: CurrentActor, given: Given, campaign_id: str, variant: str, body: schemas.TestSend | None = None
) -> schemas.TestMails:
    """Exactly what would leave, by the same relay, to yourself or to people with an account. It counts nowhere."""
    wanted = body or schemas.TestSend()
    sent = given.test_sends.send(actor, campaign_id, variant, to=wanted.to, contact_id=wanted.contact_id)
    return schemas.TestMails(items=[schemas.TestMail.model_validate(each) for each in sent])


@router.post("/drafts/{variant}/template", status_code=201, summary="Keep a draft as a template", **WRITE)
def save_template(
    actor: CurrentActor, given: Given, campaign_id: str, variant: str, body: schemas.TemplateName
) -> schemas.Template:
    """For other campaigns of the brand."""
    return schemas.Template.model_validate(given.templates.save(actor, campaign_id, variant, body.name))


@router.post("/drafts/{variant}/begin", summary="Begin from a template", **WRITE)
def begin_from_template(
    actor: CurrentActor, given: Given, campaign_id: str, variant: str, body: schemas.TemplateChoice,
    response: Response,
) -> Campaign:  # fmt: skip
    """The template's blocks in place of the draft's, as a new revision."""
    return _answer(response, given.templates.start_from(actor, campaign_id, variant, body.template_id))


@router.get("/drafts/{variant}/export", summary="Export a draft", **READ)
def export_draft(
    actor: CurrentActor, given: Given, campaign_id: str, variant: str,
    form: Literal["html", "mjml", "text", "print"] = "html",
) -> schemas.Export:  # fmt: skip
    """As HTML, MJML or plain text, with its links in place, or as a page of HTML to print."""
    return schemas.Export(form=form, content=given.records.export(actor, campaign_id, variant, form))


@router.get("/drafts/{variant}/provenance", summary="Say where a draft comes from", **READ)
def get_provenance(
    actor: CurrentActor,
    given: Given,
    campaign_id: str,
    variant: str,
    revision: Annotated[int | None, Query(ge=1)] = None,
    channel: Annotated[str, Query(max_length=20, description="Without it, the e-mail, or the first draft")] = "",
) -> schemas.Provenance:
    """Writer, model, seed, the source of each sentence, checks, edits and approvals."""
    found = given.records.provenance(actor, campaign_id, variant, revision, channel=channel)
    return schemas.Provenance.model_validate(found)
