"""One sequence: its flow with the numbers of each step, the people in it, and every verb a person has over it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from tidings.campaigns.sequences.describe import LEFT, changes
from tidings.domain.campaign import CampaignState
from tidings.web.visit import VisitHere

if TYPE_CHECKING:
    from tidings.campaigns.sequences.views import SequenceDetail

router = APIRouter(prefix="/sequences/{sequence_id}")
S = CampaignState
_FAST, _SLOW = 3, 15  # seconds between looks


@router.get("")
def sequence(visit: VisitHere, sequence_id: str) -> Response:
    """The sequence's page."""
    detail = visit.services.sequences.get(visit.actor, sequence_id)
    asked = detail.proposed_revision or detail.campaign.revision
    actions = {action.name: action for action in detail.campaign.actions}
    return visit.page(
        "sequence.html", sequence=detail, campaign=replace(detail.campaign, revision=asked), row=detail.campaign.row,
        actions=actions, asked=asked, may_edit=visit.may("campaigns:write"), over=_over(detail),
        changes=changes(detail.definition, detail.proposed) if detail.proposed else [], **_live(detail),
    )  # fmt: skip


@router.get("/live")
def live(visit: VisitHere, sequence_id: str, seen: str = "") -> Response:
    """The flow again; when the state has changed, the whole page is asked for."""
    detail = visit.services.sequences.get(visit.actor, sequence_id)
    if _seen(detail) != seen:
        return Response(status_code=204, headers={"hx-refresh": "true"})
    return visit.fragment("sequence_flow.html", sequence=detail, row=detail.campaign.row, **_live(detail))


@router.get("/people")
def people(visit: VisitHere, sequence_id: str, step: str = "", inside: str = "", after: str = "") -> Response:
    """Who stands where, and who left why."""
    detail = visit.services.sequences.get(visit.actor, sequence_id)
    rows, following = visit.services.sequences.people(
        visit.actor, sequence_id, step=step or None, inside={"yes": True, "no": False}.get(inside), after=after,
        limit=100,
    )  # fmt: skip
    return visit.page(
        "sequence_people.html", sequence=detail, row=detail.campaign.row, people=rows, step=step, inside=inside,
        following=following, left_words=LEFT,
    )  # fmt: skip


@router.post("/approve")
def approve(
    visit: VisitHere, sequence_id: str, revision_id: Annotated[str, Form()], comment: Annotated[str, Form()] = ""
) -> Response:
    """A person's yes to exactly the revision the page showed: every step and every message."""
    visit.services.sequences.approve(visit.actor, sequence_id, revision_id, comment)
    return visit.back(f"/sequences/{sequence_id}", "sequence_approved")


@router.post("/start")
def start(visit: VisitHere, sequence_id: str) -> Response:
    """People enter from now on."""
    visit.services.sequences.start(visit.actor, sequence_id)
    return visit.back(f"/sequences/{sequence_id}", "sequence_started")


@router.post("/pause")
def pause(visit: VisitHere, sequence_id: str) -> Response:
    """Nobody goes on."""
    visit.services.sequences.pause(visit.actor, sequence_id)
    return visit.back(f"/sequences/{sequence_id}", "paused")


@router.post("/resume")
def resume(visit: VisitHere, sequence_id: str) -> Response:
    """Goes on from where it was."""
    visit.services.sequences.resume(visit.actor, sequence_id)
    return visit.back(f"/sequences/{sequence_id}", "resumed")


@router.post("/stop")
def stop(visit: VisitHere, sequence_id: str) -> Response:
    """Ends it for good."""
    visit.services.sequences.stop(visit.actor, sequence_id)
    return visit.back(f"/sequences/{sequence_id}", "cancelled")


def _live(detail: SequenceDetail) -> dict[str, Any]:
    row = detail.campaign.row
    working = row.state in {S.DRAFTING, S.SENDING, S.APPROVED} and not row.paused
    return {"seen": _seen(detail), "every": _FAST if working else _SLOW, "left_words": LEFT}


def _seen(detail: SequenceDetail) -> str:
    """Changes when more than the numbers has changed."""
    edit = detail.proposed_revision.id if detail.proposed_revision else str(detail.proposed is not None)
    return f"{detail.campaign.row.state.value}-{edit}-{detail.campaign.row.launched_at is not None}"


def _over(detail: SequenceDetail) -> bool:
    return detail.campaign.row.state in {S.DONE, S.CANCELLED}
