"""The overview: numbers with their change, what waits, agents, live activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from tidings.campaigns.views import CampaignRow
from tidings.web.report import chart_of, chart_words, tiles_of
from tidings.web.visit import Visit, VisitHere

if TYPE_CHECKING:
    from tidings.analytics.views import OverviewNumbers

router = APIRouter()
DAYS = 60
COMPARED_DAYS = 30  # long enough that a month without a campaign in its last week still shows a rate


@router.get("/")
def overview(visit: VisitHere) -> Response:
    """The first page."""
    numbers = _numbers(visit)
    activity = visit.services.activity.latest(20, visit.actor)
    return visit.page(
        "overview.html",
        tiles=tiles_of(numbers),
        chart=chart_of(numbers, visit.zone),
        chart_words=chart_words(numbers),
        days=DAYS,
        agents=_agents(visit),
        waiting=_waiting(visit),
        activity=activity,
        last_line=activity[0].pk if activity else 0,
    )


@router.get("/overview/numbers")
def numbers(visit: VisitHere) -> Response:
    """The tiles again; the page asks every few seconds."""
    return visit.fragment("overview_numbers.html", tiles=tiles_of(_numbers(visit)))


@router.get("/overview/agents")
def agents(visit: VisitHere) -> Response:
    """The agents' card again."""
    return visit.fragment("overview_agents.html", agents=_agents(visit))


@router.get("/overview/waiting")
def waiting(visit: VisitHere) -> Response:
    """What waits for approval again."""
    return visit.fragment("overview_waiting.html", waiting=_waiting(visit))


def _waiting(visit: Visit) -> list[CampaignRow]:
    return visit.allowed(lambda: visit.services.campaigns.waiting(visit.actor), [])


def _agents(visit: Visit) -> list[Any]:
    return list(visit.allowed(lambda: visit.services.agents.list(visit.actor), []))


def _numbers(visit: Visit) -> OverviewNumbers | None:
    return visit.allowed(
        lambda: visit.services.analytics.overview(visit.actor, days=DAYS, compared_days=COMPARED_DAYS, zone=visit.zone),
        None,
    )
