"""What people say of a draft: comments on its blocks, other words for its sentences, a test in one's own mailbox."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tidings.campaigns.views import CampaignDetail
from tidings.content.sentences import sentences
from tidings.domain.blocks import texts_of
from tidings.domain.draft import Draft
from tidings.domain.errors import ConflictError, NotFoundError
from tidings.web.block_form import KINDS, words_of
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

router = APIRouter(prefix="/campaigns/{campaign_id}")


@router.get("/review/{variant}")
def review(visit: VisitHere, campaign_id: str, variant: str) -> Response:
    """The draft block by block with comments and suggestions."""
    return visit.page("review.html", **_values(visit, campaign_id, variant), asked=None)


@router.post("/review/{variant}/suggest")
def suggest(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """Asks for other words: for a block, a sentence, or the subject."""
    block, sentence = text_of(fields, "block"), text_of(fields, "sentence")
    found = visit.services.suggestions.suggest(
        visit.actor, campaign_id, variant, block=int(block) if block.isdigit() else None, sentence=sentence or None
    )
    return visit.page("review.html", **_values(visit, campaign_id, variant), asked=len(found))


@router.post("/review/{variant}/suggestions/{suggestion_id}")
def decide(visit: VisitHere, campaign_id: str, variant: str, suggestion_id: str, fields: FormHere) -> Response:
    """A person's yes or no."""
    if text_of(fields, "answer") == "accept":
        visit.services.suggestions.accept(visit.actor, campaign_id, suggestion_id)
        return visit.back(f"/campaigns/{campaign_id}/review/{variant}", "edited")
    visit.services.suggestions.reject(visit.actor, campaign_id, suggestion_id)
    return visit.back(f"/campaigns/{campaign_id}/review/{variant}", "decided")


@router.post("/review/{variant}/comments")
def comment(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """A comment on a block, or on the whole draft."""
    block = text_of(fields, "block")
    at = int(block) if block.isdigit() else None
    visit.services.comments.add(visit.actor, campaign_id, variant, text_of(fields, "text"), block=at)
    return visit.back(f"/campaigns/{campaign_id}/review/{variant}", "saved")


@router.post("/review/{variant}/comments/{comment_id}")
def resolve(visit: VisitHere, campaign_id: str, variant: str, comment_id: str, fields: FormHere) -> Response:
    """Settles a comment, or opens it again."""
    done = text_of(fields, "done", "yes") == "yes"
    visit.services.comments.resolve(visit.actor, campaign_id, comment_id, done=done)
    return visit.back(f"/campaigns/{campaign_id}/review/{variant}", "decided")


@router.post("/test/{variant}")
def test_send(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """The mail as it would leave, to oneself or to people of the house."""
    to = [address for address in text_of(fields, "to").replace(",", " ").split() if address]
    sent = visit.services.test_sends.send(
        visit.actor, campaign_id, variant, to=to, contact_id=text_of(fields, "contact") or None
    )
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    return visit.page("test_sent.html", campaign=detail, variant=variant, sent=sent)


def _values(visit: Visit, campaign_id: str, variant: str) -> dict[str, Any]:
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    draft = _draft(detail, variant)
    comments = [one for one in visit.services.comments.comments(visit.actor, campaign_id) if one.variant == variant]
    number = detail.revision.number if detail.revision else 0
    here = {one.id: _at(draft, one.block, one.quote, same=one.revision_number == number) for one in comments}
    edits = next((action for action in detail.actions if action.name == "edit"), None)
    suggested = visit.services.suggestions.suggestions(visit.actor, campaign_id)
    return {
        "campaign": detail, "variant": variant, "draft": draft, "labels": dict(KINDS),
        "may_edit": edits is not None and edits.allowed,
        "may_comment": visit.may("campaigns:write") or visit.may("campaigns:approve"),
        "parts": [[each for text in texts_of(block) for each in sentences(text)] for block in draft.blocks],
        "comments": comments, "here": here, "suggested": [one for one in suggested if one.variant == variant],
        "sources": {trace.sentence: trace for trace in draft.traces},
    }  # fmt: skip


def _at(draft: Draft, block: int | None, quote: str, *, same: bool) -> int | None:
    """Where a comment's block is now: where it was, else the block that begins as it did, else nowhere."""
    if block is None or same:
        return block
    starts = [no for no, each in enumerate(draft.blocks) if quote and words_of(each)[:40] == quote[:40]]
    return starts[0] if starts else None


def _draft(detail: CampaignDetail, variant: str) -> Draft:
    if detail.revision is None:
        raise ConflictError("There is no draft yet.", remedy="Wait for the Content agent.")
    found = next((draft for draft in detail.revision.drafts if draft.variant == variant), None)
    if found is None:
        raise NotFoundError(f"There is no variant {variant}.", remedy="Choose one on the campaign's page.")
    return found
