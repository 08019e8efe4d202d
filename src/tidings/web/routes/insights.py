"""What the Analytics agent recommends, and a person's answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from tidings.web.routes.sign_in import local_path
from tidings.web.visit import VisitHere

router = APIRouter()


@router.get("/insights")
def insights(visit: VisitHere) -> Response:
    """All recommendations, newest first."""
    return visit.page("insights.html", recommendations=visit.services.analytics.recommendations(visit.actor))


@router.post("/insights/{recommendation_id}")
def decide(
    visit: VisitHere, recommendation_id: str, answer: Annotated[str, Form()], back: Annotated[str, Form()] = "/insights"
) -> Response:
    """Accepts or rejects one."""
    visit.services.analytics.decide_recommendation(visit.actor, recommendation_id, answer == "accept")
    return visit.back(local_path(back), "decided")
