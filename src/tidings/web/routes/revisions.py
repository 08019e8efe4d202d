"""A campaign's revisions: who made them, what changed between two, and the way back to an earlier one."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tidings.web.visit import VisitHere

router = APIRouter(prefix="/campaigns/{campaign_id}")


@router.get("/revisions")
def revisions(visit: VisitHere, campaign_id: str, before: int = 0, after: int = 0) -> Response:
    """The list, and beside it what changed: without a choice, from the revision before to the one in force."""
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    rows = visit.services.editing.revisions(visit.actor, campaign_id)
    in_force = next((row.number for row in rows if row.in_force), rows[0].number if rows else 0)
    new = after or in_force
    old = before or max((row.number for row in rows if row.number < new), default=new)
    found = visit.services.editing.compare(visit.actor, campaign_id, old, new) if rows else None
    edits = next((action for action in detail.actions if action.name == "edit"), None)
    return visit.page(
        "revisions.html", campaign=detail, rows=rows, found=found, old=old, new=new,
        may_edit=edits is not None and edits.allowed,
    )  # fmt: skip


@router.post("/revisions/{number}/restore")
def restore(visit: VisitHere, campaign_id: str, number: int) -> Response:
    """Goes back to an earlier revision, which makes a new one."""
    visit.services.editing.restore(visit.actor, campaign_id, number)
    return visit.back(f"/campaigns/{campaign_id}/revisions", "edited")


@router.get("/origin/{variant}")
def origin(visit: VisitHere, campaign_id: str, variant: str, revision: int = 0, channel: str = "") -> Response:
    """Where a draft's words come from: writer, model, source of each sentence, checks, edits, approvals."""
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    found = visit.services.records.provenance(visit.actor, campaign_id, variant, revision or None, channel=channel)
    return visit.page("origin.html", campaign=detail, origin=found)
