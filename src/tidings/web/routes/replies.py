"""What people answered: a list, one answer, and what to do about it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tidings.web.visit import FormHere, VisitHere, text_of

router = APIRouter(prefix="/replies")


@router.get("")
def replies(visit: VisitHere, show: str = "", after: str = "") -> Response:
    """Those that wait for somebody, or all; newest first."""
    everything = show == "all"
    found, following = visit.services.replies.replies(
        visit.actor, done=None if everything else False, after=after, limit=50
    )
    return visit.page("replies.html", replies=found, following=following, everything=everything)


@router.get("/{reply_id}")
def reply(visit: VisitHere, reply_id: str) -> Response:
    """One answer, and what else the person wrote."""
    return visit.page("reply.html", reply=visit.services.replies.reply(visit.actor, reply_id))


@router.post("/{reply_id}/done")
def done(visit: VisitHere, reply_id: str, fields: FormHere) -> Response:
    """Seen to, or open again."""
    open_again = text_of(fields, "done") == "no"
    visit.services.replies.mark(visit.actor, reply_id, done=not open_again)
    if open_again:
        return visit.back(f"/replies/{reply_id}", "reply_open")
    return visit.back("/replies", "reply_done")


@router.post("/{reply_id}/unsubscribe")
def unsubscribe(visit: VisitHere, reply_id: str) -> Response:
    """No more mail for who wrote it."""
    visit.services.replies.unsubscribe(visit.actor, reply_id)
    return visit.back(f"/replies/{reply_id}", "unsubscribed")
