"""A new campaign: the brief's form, and what the drafts may say while it is written."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from tidings.domain.brief import CAMPAIGN_TYPES, parse_brief
from tidings.domain.channel import Channel
from tidings.domain.errors import TidingsError
from tidings.web import brief_form
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

router = APIRouter()


@router.get("/campaigns/new")
def new(visit: VisitHere) -> Response:
    """The empty form."""
    return _page(visit, FormData())


@router.post("/campaigns/new")
def create(visit: VisitHere, fields: FormHere) -> Response:
    """Creates the campaign; a brief that cannot be used comes back with the reason and everything typed."""
    try:
        made = visit.services.campaigns.create(visit.actor, parse_brief(brief_form.brief_of(fields)))
    except TidingsError as problem:
        if problem.status not in {409, 422}:
            raise
        return _page(visit, fields, problem)
    return visit.back(f"/campaigns/{made.row.id}", "created")


@router.post("/campaigns/new/preview")
def preview(visit: VisitHere, fields: FormHere) -> Response:
    """What the drafts may say, from the form as it stands."""
    raw = brief_form.brief_of(fields)
    brand = text_of(fields, "brand")
    claims = visit.allowed(lambda: visit.services.brands.claims(visit.actor, brand), []) if brand else []
    return visit.fragment(
        "brief_preview.html", sentences=raw["facts"], claims=[claim for claim in claims if claim.approved_by],
        missing=", ".join(brief_form.missing(raw)), draft=None,
    )  # fmt: skip


def _page(visit: Visit, fields: FormData, problem: TidingsError | None = None) -> Response:
    services = visit.services
    return visit.page(
        "campaign_new.html", status=problem.status if problem else 200, problem=problem,
        values=brief_form.values_of(fields), types=CAMPAIGN_TYPES, stems=brief_form.STEMS, channels=tuple(Channel),
        brands=visit.allowed(lambda: services.brands.brands(visit.actor), []),
        segments=visit.allowed(lambda: services.audience.segments(visit.actor), []),
    )  # fmt: skip
