"""The approvals inbox."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tidings.web.visit import VisitHere

router = APIRouter()


@router.get("/approvals")
def approvals(visit: VisitHere) -> Response:
    """What waits for a yes, oldest first."""
    return visit.page("approvals.html", rows=visit.services.campaigns.waiting(visit.actor))
