"""The numbers of the overview: a period against the one before, and the days of the chart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tidings.analytics.intervals import Share, share_of
from tidings.analytics.metrics import Counts, counts_of
from tidings.analytics.repository import HourCount, people_by_kind
from tidings.analytics.views import Chart, Metric
from tidings.domain.event import EventKind
from tidings.domain.instant import Instant, from_datetime, to_datetime


def day_starts(now: Instant, days: int, zone: str) -> list[Instant]:
    """The starts of the last `days` local days, today's last, and of tomorrow: `days` + 1 instants."""
    today = to_datetime(now, zone).date()
    return [_start(today - timedelta(days=back), zone) for back in range(days - 1, -2, -1)]


def _start(day: date, zone: str) -> Instant:
    # The rollups are by whole hours of UTC: in a half-hour zone a day begins with the hour that holds its start.
    return from_datetime(datetime.combine(day, time(), ZoneInfo(zone)))


def counts_between(rows: Iterable[HourCount], since: Instant, until: Instant, confirming: set[int]) -> Counts:
    """All campaigns' counts of a period; what counts as delivered is judged per campaign."""
    chosen = [row for row in rows if since <= row.hour_at < until]
    found = people_by_kind(chosen)
    return sum((counts_of(people, confirms=pk in confirming) for pk, people in found.items()), Counts())


def chart(rows: Sequence[HourCount], starts: Sequence[Instant]) -> Chart:
    """Sent and clicked per day, days without either at zero."""
    sent: defaultdict[int, int] = defaultdict(int)
    clicked: defaultdict[int, int] = defaultdict(int)
    into = {EventKind.ACCEPTED.value: sent, EventKind.CLICKED.value: clicked}
    day = 0
    for row in sorted(rows, key=lambda one: one.hour_at):
        while day + 1 < len(starts) and row.hour_at >= starts[day + 1]:
            day += 1
        if starts[0] <= row.hour_at < starts[-1] and row.kind in into:
            into[row.kind][day] += row.people
    days = range(len(starts) - 1)
    return Chart(
        at=tuple(start // 1000 for start in starts[:-1]),
        sent=tuple(sent[day] for day in days),
        clicked=tuple(clicked[day] for day in days),
    )


def plain(name: str, now: int, before: int, days: int) -> Metric:
    """A metric that is a count; its change is relative."""
    if before:
        words = f"{_signed(100 * (now - before) / before, 1)} % on the {days} days before"
    else:
        words = f"none in the {days} days before" if now else "none yet"
    return Metric(name, now, None, before, None, words)


def rated(name: str, now: tuple[int, int], before: tuple[int, int], days: int, digits: int = 1) -> Metric:
    """A metric that is a share of people delivered to; its change is in percentage points."""
    share, former = share_of(*now), share_of(*before)
    return Metric(name, share.count, share, former.count, former, _points(share, former, days, digits))


def _points(share: Share, former: Share, days: int, digits: int) -> str:
    if share.share is None:
        return "nothing delivered yet"
    if former.share is None:
        return f"nothing delivered in the {days} days before"
    return f"{_signed(100 * (share.share - former.share), digits)} pt on the {days} days before"


def _signed(value: float, digits: int) -> str:
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"±{0:.{digits}f}"
