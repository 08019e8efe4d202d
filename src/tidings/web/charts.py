"""Server-rendered SVG: the plan's hours, confidence intervals, and a bar of parts. Pure; sizes in SVG units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tidings.domain.instant import HOUR, Instant, to_datetime
from tidings.web.formats import number, words

WIDTH, BASE, TOP = 1080, 150, 18
LEAST_HOURS, MOST_HOURS = 24, 7 * 24
_NAME_WIDTH = 70  # what the name of a day takes


def hours_of_day(by_hour: Mapping[Instant, int], zone: str) -> list[int]:
    """People per hour of the day in that zone, summed over the plan's days."""
    counts = [0] * 24
    for instant, people in by_hour.items():
        counts[to_datetime(int(instant), zone).hour] += people
    return counts


def histogram(by_hour: Mapping[Instant, int], zone: str) -> Markup:
    """The plan over its own hours when it spans up to a week, else folded onto the 24 hours of a day."""
    if not by_hour:
        return Markup("")
    hours = _span(by_hour)
    if hours > MOST_HOURS:
        labels = [f"{hour:02d}" for hour in range(24)]
        return _bars(hours_of_day(by_hour, zone), labels, labels, [])
    first = min(int(instant) for instant in by_hour)
    starts = [first + index * HOUR for index in range(hours)]
    lookup = {int(instant) // HOUR: people for instant, people in by_hour.items()}
    counts = [lookup.get(start // HOUR, 0) for start in starts]
    local = [to_datetime(start, zone) for start in starts]
    every = 1 if hours <= 24 else 3 if hours <= 48 else 6
    labels = [f"{at:%H}" if at.hour % every == 0 else "" for at in local]
    days = [(index, f"{at:%a %-d %b}") for index, at in enumerate(local) if index == 0 or at.hour == 0]
    return _bars(counts, labels, [f"{at:%a %H}:00" for at in local], days)


def folded_days(by_hour: Mapping[Instant, int], zone: str) -> int:
    """How many days the histogram folds onto one; 0 when it shows each hour on its own."""
    if not by_hour or _span(by_hour) <= MOST_HOURS:
        return 0
    ends = [to_datetime(end, zone).date() for end in (min(by_hour), max(by_hour))]
    return (ends[1] - ends[0]).days + 1


def _span(by_hour: Mapping[Instant, int]) -> int:
    moments = [int(instant) for instant in by_hour]
    return max(LEAST_HOURS, (max(moments) - min(moments)) // HOUR + 1)


def _bars(
    counts: Sequence[int], labels: Sequence[str], titles: Sequence[str], days: Sequence[tuple[int, str]]
) -> Markup:
    """Bars with their labels; `days` are the bars at which a day begins, with its name for a second line."""
    step = WIDTH / len(counts)
    gap = min(3.0, step / 4)
    most = max(*counts, 1)
    parts: list[str] = []
    for index, count in enumerate(counts):
        height = count / most * (BASE - TOP)
        x = index * step
        size = f'width="{step - gap:.1f}" height="{height:.1f}"'
        shape = f'<rect x="{x + gap / 2:.1f}" y="{BASE - height:.1f}" {size} rx="2">'
        parts.append(f"{shape}<title>{escape(titles[index])}: {number(count)}</title></rect>")
        if labels[index]:
            parts.append(
                f'<text x="{x + step / 2:.1f}" y="{BASE + 17}" text-anchor="middle">{escape(labels[index])}</text>'
            )
    parts += _day_names(days, step, len(counts))
    peak = counts.index(max(counts))
    label = f"People per hour; the most, {number(counts[peak])}, at {titles[peak]}"
    at = min(max(peak * step + step / 2, 20.0), WIDTH - 20.0)  # the number stays inside the drawing
    parts.append(f'<text x="{at:.1f}" y="{TOP - 6}" text-anchor="middle">{number(most)}</text>')
    parts.append(f'<line x1="0" x2="{WIDTH}" y1="{BASE + 0.5}" y2="{BASE + 0.5}"/>')
    box = f'viewBox="0 0 {WIDTH} {BASE + (46 if days else 28)}"'
    return Markup(  # noqa: S704 - numbers and escaped labels only
        f'<svg class="bars w-full" {box} role="img" aria-label="{escape(label)}">' + "".join(parts) + "</svg>"
    )


def _day_names(days: Sequence[tuple[int, str]], step: float, bars: int) -> list[str]:
    """Where each day begins, and its name unless the next day follows too close."""
    parts: list[str] = []
    for number_of_day, (index, name) in enumerate(days, 1):
        end = days[number_of_day][0] if number_of_day < len(days) else bars
        x = index * step
        if index:
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{BASE + 38}"/>')
        if (end - index) * step >= _NAME_WIDTH:
            parts.append(f'<text x="{x + 4:.1f}" y="{BASE + 36}">{escape(name)}</text>')
    return parts


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a whole, with the tone (good, work, wait, warn, bad) that colours it.

    `states` are the exact states it is made of, each with its count.
    """

    label: str
    count: int
    tone: str
    states: tuple[tuple[str, int], ...]


_TONES = {
    "delivered": "good", "accepted": "good", "claimed": "work", "attempting": "work", "planned": "wait",
    "deferred": "warn", "held": "warn", "uncertain": "warn", "failed": "bad", "bounced": "bad",
    "complained": "bad", "suppressed": "wait", "cancelled": "wait",
}  # fmt: skip
_ON_ITS_WAY = ("claimed", "attempting")  # apart they tell only those who know how the sender works


def parts(counts: Mapping[str, int]) -> list[Part]:
    """Deliveries by state in the order of a delivery's life, empty states left out."""
    found: list[Part] = []
    for state in (*_TONES, *(state for state in counts if state not in _TONES)):
        tone = _TONES.get(state, "wait")
        if state == _ON_ITS_WAY[0]:
            found.append(_part("on_its_way", tone, counts, _ON_ITS_WAY))
        elif state not in _ON_ITS_WAY:
            found.append(_part(state, tone, counts, (state,)))
    return [part for part in found if part.count]


def _part(label: str, tone: str, counts: Mapping[str, int], states: Sequence[str]) -> Part:
    present = tuple((state, counts[state]) for state in states if counts.get(state))
    return Part(label, sum(count for _, count in present), tone, present)


def parts_bar(counts: Mapping[str, int]) -> Markup:
    """One horizontal bar whose parts add up to the whole."""
    total = sum(counts.values())
    if not total:
        return Markup("")
    x, shapes = 0.0, ""
    for part in parts(counts):
        width = part.count / total * 1000
        shapes += f'<rect class="p-{part.tone}" x="{x:.2f}" y="0" width="{width:.2f}" height="12"/>'
        x += width
    label = ", ".join(f"{number(part.count)} {words(part.label)}" for part in parts(counts))
    return Markup(  # noqa: S704 - numbers and escaped labels only
        '<svg class="progress h-3 w-full rounded-full" viewBox="0 0 1000 12" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}">{shapes}</svg>'
    )


def interval(low: float, point: float, high: float, most: float) -> Markup:
    """A share with its confidence interval on a line from 0 to `most`, all as shares of 0 to 1."""
    scale = 196 / most if most > 0 else 0.0
    left, middle, right = (2 + max(0.0, min(value, most)) * scale for value in (low, point, high))
    return Markup(  # noqa: S704 - numbers only
        '<svg class="interval h-4 w-full max-w-52" viewBox="0 0 200 16" role="img" aria-label="'
        f'{point * 100:.1f} %, between {low * 100:.1f} and {high * 100:.1f} %">'
        '<line class="axis" x1="2" x2="198" y1="8" y2="8"/>'
        f'<line class="whisker" x1="{left:.1f}" x2="{right:.1f}" y1="8" y2="8"/>'
        f'<circle cx="{middle:.1f}" cy="8" r="5"/></svg>'
    )
