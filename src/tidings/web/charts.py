"""Server-rendered SVG: the plan's hours, confidence intervals, and a bar of parts. Pure; sizes in SVG units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tidings.domain.instant import HOUR, Instant, to_datetime
from tidings.web.formats import number

WIDTH, HEIGHT, BASE, TOP = 1080, 190, 150, 18
LEAST_HOURS = 24


def hours_of_day(by_hour: Mapping[Instant, int], zone: str) -> list[int]:
    """People per hour of the day in that zone, summed over the plan's days."""
    counts = [0] * 24
    for instant, people in by_hour.items():
        counts[to_datetime(int(instant), zone).hour] += people
    return counts


def histogram(by_hour: Mapping[Instant, int], zone: str) -> Markup:
    """The plan over its own hours when it spans up to two days, else folded onto the 24 hours of a day."""
    moments = sorted(int(instant) for instant in by_hour)
    if not moments:
        return Markup("")
    hours = max(LEAST_HOURS, (moments[-1] - moments[0]) // HOUR + 1)
    if hours > 48:
        labels = [f"{hour:02d}" for hour in range(24)]
        return _bars(hours_of_day(by_hour, zone), labels, labels)
    starts = [moments[0] + index * HOUR for index in range(hours)]
    lookup = {int(instant) // HOUR: people for instant, people in by_hour.items()}
    counts = [lookup.get(start // HOUR, 0) for start in starts]
    local = [to_datetime(start, zone) for start in starts]
    return _bars(counts, [f"{at:%H}" for at in local], [f"{at:%a %H}:00" for at in local])


def _bars(counts: Sequence[int], labels: Sequence[str], titles: Sequence[str]) -> Markup:
    step = WIDTH / len(counts)
    most = max(*counts, 1)
    every = 1 if len(counts) <= 24 else 3
    parts: list[str] = []
    for index, count in enumerate(counts):
        height = count / most * (BASE - TOP)
        x = index * step
        shape = f'<rect x="{x + 1.5:.1f}" y="{BASE - height:.1f}" width="{step - 3:.1f}" height="{height:.1f}" rx="2">'
        parts.append(f"{shape}<title>{escape(titles[index])}: {number(count)}</title></rect>")
        if index % every == 0:
            parts.append(
                f'<text x="{x + step / 2:.1f}" y="{BASE + 17}" text-anchor="middle">{escape(labels[index])}</text>'
            )
    peak = counts.index(max(counts))
    label = f"People per hour; the most, {number(counts[peak])}, at {titles[peak]}"
    parts.append(f'<text x="{peak * step + step / 2:.1f}" y="{TOP - 6}" text-anchor="middle">{number(most)}</text>')
    parts.append(f'<line x1="0" x2="{WIDTH}" y1="{BASE + 0.5}" y2="{BASE + 0.5}"/>')
    return Markup(  # noqa: S704 - numbers and escaped labels only
        f'<svg class="bars w-full" viewBox="0 0 {WIDTH} {HEIGHT - 12}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a whole, with the tone (good, work, wait, warn, bad) that colours it."""

    label: str
    count: int
    tone: str


_TONES = {
    "delivered": "good", "accepted": "good", "claimed": "work", "attempting": "work", "planned": "wait",
    "deferred": "warn", "held": "warn", "uncertain": "warn", "failed": "bad", "bounced": "bad",
    "complained": "bad", "suppressed": "wait", "cancelled": "wait",
}  # fmt: skip


def parts(counts: Mapping[str, int]) -> list[Part]:
    """Deliveries by state in the order of a delivery's life, empty states left out."""
    known = [Part(state, counts[state], tone) for state, tone in _TONES.items() if counts.get(state)]
    return known + [Part(state, count, "wait") for state, count in counts.items() if count and state not in _TONES]


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
    label = ", ".join(f"{number(part.count)} {part.label}" for part in parts(counts))
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
