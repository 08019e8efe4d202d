"""What Analytics counted, in the shapes the pages draw: tiles, the chart's series, the scale of intervals. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tidings.web.formats import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tidings.analytics.intervals import Share
    from tidings.analytics.views import CampaignReport, Metric, OverviewNumbers


FRESH_SHARE = 0.05  # of the period's messages; fewer fresh ones cannot bend its rate much


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
        _tile("Clicked", numbers.clicked, _unfinished(numbers)),
        _tile("Unsubscribed", numbers.unsubscribed, _unfinished(numbers), digits=2),
    ]


def _tile(name: str, metric: Metric, unfinished: str = "", digits: int = 1) -> Tile:
    share, before = (one.share if one is not None else None for one in (metric.share, metric.before_share))
    compared = share is not None and before is not None
    return Tile(name, percent(share, digits), unfinished if unfinished and compared else metric.change)


def _unfinished(numbers: OverviewNumbers) -> str:
    """Why a rate is not compared with the period before, in words; empty when it may be.

    People answer for a day or two: fresh sends are in the count of the delivered at once, their clicks are not.
    """
    fresh = sum(numbers.chart.sent[-2:])
    if not fresh or fresh < FRESH_SHARE * numbers.delivered.count:
        return ""
    return f"{numbers.compared_days} days so far; {number(fresh)} sent since yesterday can still answer"


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
