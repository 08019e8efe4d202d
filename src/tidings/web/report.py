"""What Analytics counted, in the shapes the pages draw: tiles, the chart's series, the scale of intervals. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tidings.web.formats import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tidings.analytics.intervals import Share
    from tidings.analytics.views import CampaignReport, Metric, OverviewNumbers


class Tile(NamedTuple):
    """One number of the overview."""

    name: str
    value: str
    change: str


def tiles_of(numbers: OverviewNumbers | None) -> list[Tile]:
    """The four tiles; dashes where the role may not see numbers or nothing is counted."""
    if numbers is None:
        names = ("Delivered", "Opened", "Clicked", "Unsubscribed")
        return [Tile(name, "–", "your role does not see numbers") for name in names]
    opened = Tile("Opened", "–", numbers.opened_note) if numbers.opened is None else _tile("Opened", numbers.opened)
    return [
        Tile("Delivered", number(numbers.delivered.count), numbers.delivered.change),
        opened,
        _tile("Clicked", numbers.clicked),
        _tile("Unsubscribed", numbers.unsubscribed, digits=2),
    ]


def _tile(name: str, metric: Metric, digits: int = 1) -> Tile:
    share = metric.share.share if metric.share is not None else None
    return Tile(name, percent(share, digits), metric.change)


def chart_of(numbers: OverviewNumbers | None, zone: str) -> dict[str, Any] | None:
    """Starts of that zone's days (seconds since 1970), sends and clicks; None when there is nothing to draw."""
    if numbers is None or not any(numbers.chart.sent):
        return None
    chart = numbers.chart
    return {"zone": zone, "days": list(chart.at), "sent": list(chart.sent), "clicked": list(chart.clicked)}


def chart_words(numbers: OverviewNumbers | None) -> str:
    """The chart for those who do not see it."""
    if numbers is None or not any(numbers.chart.sent):
        return "No sends yet"
    sent, clicked = numbers.chart.sent, numbers.chart.clicked
    most = f"the most on one day {number(max(sent))}"
    return f"Sends and clicks by day: {number(sum(sent))} sent, {number(sum(clicked))} clicked; {most}"


def has_results(report: CampaignReport) -> bool:
    """Whether there is anything to show."""
    return report.total.sent > 0


def highest(shares: Iterable[Share]) -> float:
    """The highest upper end, so that all intervals of a column share one scale; 1 when none is known."""
    return max((share.high for share in shares if share.high is not None), default=1.0)
