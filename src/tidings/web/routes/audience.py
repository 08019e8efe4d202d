"""The audience: contacts and segments."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tidings.web.formats import number
from tidings.web.visit import VisitHere

router = APIRouter()


@router.get("/audience")
def audience(visit: VisitHere, q: str = "", segment: str = "", after: str = "") -> Response:
    """Contacts, found by name or address and narrowed to a segment."""
    service = visit.services.audience
    contacts, following = service.contacts(
        visit.actor, query=q.strip(), segment_id=segment or None, after=after, limit=50
    )
    counts = service.counts(visit.actor)
    facts = [
        ("Hear from us", number(counts.subscribed)),
        ("No consent", number(counts.no_consent)),
        ("Suppressed", number(counts.suppressed)),
        ("Zone not known", number(counts.without_zone)),
    ]
    return visit.page(
        "audience.html", contacts=contacts, following=following, query=q, segment_id=segment, total=counts.contacts,
        facts=facts, segments=service.segments(visit.actor),
    )  # fmt: skip
