"""The routes of results and recommendations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tidings.access.permissions import Permission
from tidings.analytics.views import OverviewNumbers
from tidings.api.analytics import schemas
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given

router = APIRouter(tags=["analytics"])


@router.get("/analytics/overview", summary="Get the numbers of all campaigns", **needs(Permission.ANALYTICS_READ))
def get_overview(
    actor: CurrentActor,
    given: Given,
    days: Annotated[int, Query(ge=1, le=366, description="Days of the chart")] = 60,
    compared_days: Annotated[int, Query(ge=1, le=366, description="Days compared with as many before")] = 7,
) -> schemas.Overview:
    """Delivered, clicked, unsubscribed against the period before, and a daily series."""
    return _overview(given.analytics.overview(actor, days, compared_days=compared_days))


def _overview(numbers: OverviewNumbers) -> schemas.Overview:
    fields = {name: getattr(numbers, name) for name in schemas.Overview.model_fields if name != "chart"}
    chart = numbers.chart
    days = [
        schemas.Day.model_validate({"at": at * 1000, "sent": sent, "clicked": clicked})
        for at, sent, clicked in zip(chart.at, chart.sent, chart.clicked, strict=True)
    ]
    return schemas.Overview.model_validate({**fields, "chart": days}, from_attributes=True)


@router.get("/campaigns/{campaign_id}/report", summary="Get a campaign's report", **needs(Permission.ANALYTICS_READ))
def get_report(actor: CurrentActor, given: Given, campaign_id: str) -> schemas.Report:
    """Per variant and hour, every share with its interval, and what they allow to be said."""
    return schemas.Report.model_validate(given.analytics.campaign_report(actor, campaign_id))


@router.get("/recommendations", summary="List recommendations", **needs(Permission.ANALYTICS_READ))
def list_recommendations(actor: CurrentActor, given: Given, campaign_id: str | None = None) -> schemas.Recommendations:
    """What the Analytics agent proposes, with its evidence and expected gain."""
    found = given.analytics.recommendations(actor, campaign_id=campaign_id)
    return schemas.Recommendations(items=[schemas.Recommendation.model_validate(item) for item in found])


@router.post(
    "/recommendations/{recommendation_id}/decide",
    summary="Accept or reject a recommendation",
    **needs(Permission.CAMPAIGNS_WRITE),
)
def decide_recommendation(
    actor: CurrentActor, given: Given, recommendation_id: str, body: schemas.Decide
) -> schemas.Recommendation:
    """Your name is recorded with it."""
    decided = given.analytics.decide_recommendation(actor, recommendation_id, body.accept)
    return schemas.Recommendation.model_validate(decided)
