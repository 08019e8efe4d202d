"""What the faces see of the numbers. Plain values; chart arrays are ready for uPlot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tidings.analytics.compare import Comparison
from tidings.analytics.intervals import Share, share_of
from tidings.analytics.repository import Earned, NextSend
from tidings.domain.instant import Instant

NOTHING = share_of(0, 0)
OPENS_OFF = "off: open tracking needs consent"


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of the overview: now, in the period before, and the change in words.

    `share` is None where the number is a plain count (delivered) or nothing was delivered.
    """

    name: str
    count: int
    share: Share | None
    before_count: int
    before_share: Share | None
    change: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Days in order, none missing. `at` is each day's start in Unix seconds, as uPlot wants it."""

    at: tuple[int, ...]
    sent: tuple[int, ...]
    clicked: tuple[int, ...]

    @property
    def arrays(self) -> list[list[int]]:
        """[x, sent, clicked] for uPlot."""
        return [list(self.at), list(self.sent), list(self.clicked)]


@dataclass(frozen=True, slots=True)
class OverviewNumbers:
    """The last `compared_days` days against as many before, and `days` days for the chart.

    `opened` is None when nobody's opens are counted; `opened_note` then says why.
    """

    since: Instant
    until: Instant
    days: int
    compared_days: int
    delivered: Metric
    opened: Metric | None
    opened_note: str
    clicked: Metric
    unsubscribed: Metric
    chart: Chart
    next_sends: tuple[NextSend, ...]


@dataclass(frozen=True, slots=True)
class VariantLine:
    """One variant's results: shares of people delivered to, with 95 % intervals."""

    variant: str
    subject: str
    sent: int
    delivered: int
    opened: Share | None
    clicked: Share
    unsubscribed: Share
    bounced: Share
    converted: Share = NOTHING
    """People who did what the mail was for."""
    conversions: int = 0
    earned: tuple[Earned, ...] = ()
    """Their value by currency, the largest first."""
    clicks: int = 0
    """Every click of a person, repeated ones included."""
    machine_clicks: int = 0
    """Clicks by programs: kept and labelled, and in no share."""
    machine_opens: int = 0


@dataclass(frozen=True, slots=True)
class HourLine:
    """One hour (UTC) of a campaign. A click counts in the hour it came, so it has no share of that hour's sends."""

    at: Instant
    sent: int
    clicked: int
    unsubscribed: int


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version of the brief (the base has no name): its variants together, compared with each other only."""

    version: str
    total: VariantLine
    verdict: str
    winner: str | None


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """What came of one campaign. `complete`: everything is sent and the waiting time for clicks is over."""

    campaign_id: str
    lines: tuple[VariantLine, ...]
    total: VariantLine
    hours: tuple[HourLine, ...]
    complete: bool
    verdict: str
    winner: str | None
    comparisons: tuple[Comparison, ...] = ()
    versions: tuple[VersionLine, ...] = ()
    """Where readers got different versions: each by itself, for different readers are no experiment."""

    @property
    def winners(self) -> frozenset[str]:
        """The variants that won, at most one a version."""
        return frozenset(name for name in (self.winner, *(each.winner for each in self.versions)) if name)

    @property
    def arrays(self) -> list[list[int]]:
        """[x in Unix seconds, sent, clicked] per hour for uPlot."""
        lines = self.hours
        return [[one.at // 1000 for one in lines], [one.sent for one in lines], [one.clicked for one in lines]]


@dataclass(frozen=True, slots=True)
class RecommendationView:
    """A recommendation as shown. `status`: proposed, accepted, rejected, or noted (nothing to decide)."""

    id: str
    campaign_id: str | None
    kind: str
    status: str
    title: str
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    created_at: Instant = 0
    decided_by: str = ""
    decided_at: Instant | None = None
