"""Double opt-in: who waits to confirm, who was asked, and the buttons that ask."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tidings.domain.errors import TidingsError
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

PATH = "/audience/confirmations"
router = APIRouter(prefix=PATH)


@router.get("")
def confirmations(visit: VisitHere) -> Response:
    """How it stands, and the latest askings."""
    return _page(visit)


@router.post("")
def ask(visit: VisitHere, fields: FormHere) -> Response:
    """Asks, or reminds; sent twice, the second finds nobody and says so."""
    reminder = text_of(fields, "what") == "remind"
    try:
        visit.services.confirmations.ask(visit.actor, text_of(fields, "brand"), reminder=reminder)
    except TidingsError as problem:
        if problem.status not in {409, 422}:
            raise
        return _page(visit, problem)
    return visit.back(PATH, "reminded_to_confirm" if reminder else "asked_to_confirm")


def _page(visit: Visit, problem: TidingsError | None = None) -> Response:
    found = visit.services.confirmations.overview(visit.actor)
    brands = visit.allowed(lambda: visit.services.brands.brands(visit.actor), [])
    of = found.counts
    facts = [
        ("Not asked yet", of.to_ask), ("Mail on the way", of.on_the_way), ("Asked, link valid", of.asked),
        ("Asked, link expired", of.expired), ("Mail refused", of.not_reached),
    ]  # fmt: skip
    return visit.page(
        "confirmations.html", status=problem.status if problem else 200, problem=problem, of=of, facts=facts,
        askings=found.askings, brands=brands,
    )  # fmt: skip
