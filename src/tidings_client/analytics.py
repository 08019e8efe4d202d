"""Results and recommendations. Every share carries its 95 % interval."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given


class Share(Model):
    """`count` out of `of`; the shares are None when there is nothing to divide by."""

    count: int
    of: int
    share: float | None = None
    low: float | None = None
    high: float | None = None


class Metric(Model):
    """One number: now, in the period before, and the change in words."""

    name: str
    count: int
    share: Share | None = None
    before_count: int
    before_share: Share | None = None
    change: str


class Day(Model):
    """One day of the chart."""

    at: datetime
    sent: int
    clicked: int


class NextSend(Model):
    """A campaign that will go out."""

    campaign_id: str
    name: str
    at: datetime
    people: int
    state: str


class Overview(Model):
    """The numbers of all campaigns."""

    since: datetime
    until: datetime
    days: int
    compared_days: int
    delivered: Metric
    opened: Metric | None = None
    opened_note: str
    clicked: Metric
    unsubscribed: Metric
    chart: list[Day]
    next_sends: list[NextSend]


class Earned(Model):
    """What conversions of one currency were worth."""

    currency: str
    conversions: int
    value: Decimal


class VariantLine(Model):
    """One variant's results: shares of people delivered to."""

    variant: str
    subject: str
    sent: int
    delivered: int
    opened: Share | None = None
    clicked: Share
    unsubscribed: Share
    bounced: Share
    converted: Share | None = None
    conversions: int = 0
    earned: tuple[Earned, ...] = ()
    clicks: int = 0
    machine_clicks: int = 0
    machine_opens: int = 0


class HourLine(Model):
    """One hour of a campaign."""

    at: datetime
    sent: int
    clicked: int
    unsubscribed: int


class Arm(Model):
    """One side of a comparison."""

    name: str
    count: int
    of: int


class Comparison(Model):
    """Two variants held against each other, with the 95 % interval of the difference."""

    better: Arm
    worse: Arm
    difference: float
    low: float
    high: float
    p: float
    q: float


class VersionLine(Model):
    """One version of the brief (the base version has no name), its variants compared with each other only."""

    version: str
    total: VariantLine
    verdict: str
    winner: str | None = None


class Report(Model):
    """What came of one campaign."""

    campaign_id: str
    lines: list[VariantLine]
    total: VariantLine
    hours: list[HourLine]
    complete: bool
    verdict: str
    winner: str | None = None
    comparisons: list[Comparison]
    versions: list[VersionLine] = Field(default_factory=list[VersionLine])


class Recommendation(Model):
    """What the Analytics agent proposes, with its evidence."""

    id: str
    campaign_id: str | None = None
    kind: str
    status: str
    title: str
    body: dict[str, Any]
    created_at: datetime
    decided_by: str
    decided_at: datetime | None = None


class RecommendationList(Model):
    """Recommendations, newest first."""

    items: list[Recommendation]


class Analytics(Resource[Mode]):
    """Results and recommendations."""

    @Endpoint
    def overview(self, *, days: int = 60, compared_days: int = 7) -> Call[Overview]:
        """All campaigns: `days` for the chart, the last `compared_days` against as many before."""
        return Call("GET", "/analytics/overview", Overview, {"days": days, "compared_days": compared_days})

    @Endpoint
    def report(self, campaign_id: str) -> Call[Report]:
        """What came of one campaign."""
        return Call("GET", f"/campaigns/{campaign_id}/report", Report)

    @Endpoint
    def recommendations(self, *, campaign_id: str | None = None) -> Call[RecommendationList]:
        """What the Analytics agent proposes."""
        return Call("GET", "/recommendations", RecommendationList, given(campaign_id=campaign_id))

    @Endpoint
    def decide(self, recommendation_id: str, *, accept: bool) -> Call[Recommendation]:
        """Yes or no to a recommendation."""
        return Call("POST", f"/recommendations/{recommendation_id}/decide", Recommendation, body={"accept": accept})
