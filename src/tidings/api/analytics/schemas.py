"""What crosses the API about results. Every share carries its 95 % interval."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from tidings.api.pages import Body, Moment, Schema


class Share(Schema):
    """`count` out of `of`, with its 95 % interval; the shares are null when there is nothing to divide by."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None


class Metric(Schema):
    """One number of the overview: now, in the period before, and the change in words."""

    name: str
    count: int
    share: Share | None
    before_count: int
    before_share: Share | None
    change: str


class Day(Schema):
    """One day of the chart."""

    at: Moment
    sent: int
    clicked: int


class NextSend(Schema):
    """A campaign that will go out."""

    campaign_id: str
    name: str
    at: Moment
    people: int
    state: str


class Overview(Schema):
    """The last `compared_days` days against as many before, and `days` days for the chart."""

    since: Moment
    until: Moment
    days: int
    compared_days: int
    delivered: Metric
    opened: Metric | None
    opened_note: str = Field(description="Why opens are not counted, when they are not")
    clicked: Metric
    unsubscribed: Metric
    chart: list[Day]
    next_sends: list[NextSend]


class Earned(Schema):
    """What conversions of one currency were worth; without a currency: those without a value."""

    currency: str
    conversions: int
    value: str = Field(description="A decimal number", examples=["49.90"])


class VariantLine(Schema):
    """One variant's results: shares of people delivered to."""

    variant: str
    subject: str
    sent: int
    delivered: int
    opened: Share | None
    clicked: Share
    unsubscribed: Share
    bounced: Share
    converted: Share
    conversions: int = Field(description="Conversions, of which one person may have several")
    earned: list[Earned]
    clicks: int = Field(description="Every click of a person, repeated ones included")
    machine_clicks: int = Field(description="Clicks by programs: kept and labelled, and in no share")
    machine_opens: int


class HourLine(Schema):
    """One hour of a campaign."""

    at: Moment
    sent: int
    clicked: int
    unsubscribed: int


class Arm(Schema):
    """One side of a comparison."""

    name: str
    count: int
    of: int


class Comparison(Schema):
    """Two variants held against each other: difference with its 95 % interval, p and, for all pairs, q."""

    better: Arm
    worse: Arm
    difference: float
    low: float
    high: float
    p: float
    q: float


class VersionLine(Schema):
    """One version of the brief (the base version has no name), its variants compared with each other only."""

    version: str
    total: VariantLine
    verdict: str
    winner: str | None


class Report(Schema):
    """What came of one campaign. `verdict` says what the numbers allow to be said, "not enough data yet" included."""

    campaign_id: str
    lines: list[VariantLine]
    total: VariantLine
    hours: list[HourLine]
    complete: bool
    verdict: str
    winner: str | None
    comparisons: list[Comparison]
    versions: list[VersionLine] = Field(description="Empty where everybody got the same version")


class Recommendation(Schema):
    """What the Analytics agent proposes, with its evidence."""

    id: str
    campaign_id: str | None
    kind: str
    status: str = Field(description="proposed, accepted, rejected, or noted (nothing to decide)")
    title: str
    body: dict[str, Any]
    created_at: Moment
    decided_by: str
    decided_at: Moment | None


class Recommendations(Schema):
    """Recommendations, newest first."""

    items: list[Recommendation]


class Decide(Body):
    """Yes or no to a recommendation."""

    accept: bool
