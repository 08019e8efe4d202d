"""The audit trail: who did what to what, and whether it is as it was written."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from tidings.web.visit import VisitHere

router = APIRouter(prefix="/audit")


@router.get("")
def trail(
    visit: VisitHere, action: str = "", who: str = "", about: str = "", after: str = "", check: str = ""
) -> Response:
    """The newest acts that fit; with `check`, what comes of holding every row against the one before."""
    asked = {"action": action.strip(), "who": who.strip(), "about": about.strip()}
    rows, following = visit.services.audit.rows(visit.actor, **asked, after=after, limit=50)
    checked = visit.services.audit.check(visit.actor) if check else None
    older = urlencode({**asked, "after": following}) if following else ""
    return visit.page("audit.html", rows=rows, asked=asked, checked=checked, older=older)
