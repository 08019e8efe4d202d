"""The campaigns: as a list or as a board by state."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tidings.campaigns.views import CampaignRow
from tidings.domain.campaign import CampaignState
from tidings.web.visit import VisitHere

router = APIRouter()
S = CampaignState
_COLUMNS = (
    ("Being made", (S.DRAFTING, S.PLANNING, S.BLOCKED), "What the agents draft and plan."),
    ("Waiting for approval", (S.REVIEW,), "What needs a yes."),
    ("Approved and sending", (S.APPROVED, S.SENDING), "What goes out."),
    ("Over", (S.DONE, S.CANCELLED), "What is done or was cancelled."),
)


@router.get("/campaigns")
def campaigns(visit: VisitHere, state: str = "", view: str = "list", after: str = "") -> Response:
    """One page of campaigns."""
    rows, following = visit.services.campaigns.list(visit.actor, state=state or None, after=after, limit=60)
    return visit.page(
        "campaigns.html", rows=rows, following=following, state=state, view=view if view == "board" else "list",
        states=[known.value for known in CampaignState], board=board(rows),
    )  # fmt: skip


def board(rows: list[CampaignRow]) -> list[dict[str, Any]]:
    """The rows in four columns by how far they are."""
    return [
        {"name": name, "hint": hint, "rows": [row for row in rows if row.state in states]}
        for name, states, hint in _COLUMNS
    ]
