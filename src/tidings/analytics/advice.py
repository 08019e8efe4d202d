"""Turns findings into the one recommendation that is shown, or into what is missing for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tidings.analytics.compare import detectable, needed
from tidings.analytics.insights import Insight
from tidings.analytics.views import CampaignReport

_WORTH_SEEING = 0.2  # a relative change of clicks of a fifth is what most would act on
_USUAL_RATE = 0.03  # until own clicks are known


@dataclass(frozen=True, slots=True)
class Advice:
    """What is told to people. `body` is shown in its order; `figures` in it are for programs."""

    kind: str
    title: str
    why: str
    proposes: bool
    body: dict[str, Any] = field(default_factory=dict[str, Any])


def recommend(found: Sequence[Insight], alpha: float) -> Advice | None:
    """The first finding that holds at that level, and whose interval leaves zero out; None when none does."""
    held = next((one for one in found if one.q < alpha and (one.effect.low > 0 or one.effect.high < 0)), None)
    if held is None:
        return None
    body = {
        "proposed_change": held.change,
        "why": held.why,
        "effect": f"{_points(held.effect.difference)} points",
        "interval": f"{_points(held.effect.low)} to {_points(held.effect.high)} points (95 %)",
        "people": held.people,
        "compared_with": held.compared_with,
        "q_value": round(held.q, 4),
        "evidence": held.evidence,
        "caution": held.caution,
        "figures": _figures(held),
    }
    return Advice(held.kind, held.title, held.why, proposes=True, body=body)


def nothing_yet(report: CampaignReport, found: Sequence[Insight], least: int) -> Advice:
    """Says that there is nothing to recommend, and how much is missing for seeing a change worth acting on."""
    lines = report.lines
    per_arm = min((line.delivered for line in lines), default=0)
    clicked = report.total.clicked
    base = clicked.share or _USUAL_RATE
    wanted = max(least, needed(base, base * _WORTH_SEEING))
    findable = detectable(base, per_arm)
    missing = max(0, wanted - per_arm)
    body = {
        "why": report.verdict,
        "people_per_variant": per_arm,
        "smallest_difference_found": f"{100 * findable:.1f} points at {100 * base:.1f} % clicks" if per_arm else "",
        "needed_for_a_fifth_more": f"{wanted:,} people per variant, {missing:,} more" if missing else "",
        "looked_at": ", ".join(one.kind.replace("_", " ") for one in found),
        "figures": {
            "people_per_variant": per_arm,
            "base_rate": base,
            "detectable": findable,
            "needed_per_variant": wanted,
            "missing_per_variant": missing,
            "complete": report.complete,
        },
    }
    why = "Nothing that was looked at is sure enough to act on." if found else ""
    return Advice("not_enough_data", "Not enough data yet", why, proposes=False, body=body)


def _figures(one: Insight) -> dict[str, Any]:
    return {
        "effect": one.effect.difference,
        "low": one.effect.low,
        "high": one.effect.high,
        "people": one.people,
        "p": one.p,
        "q": one.q,
        "evidence": one.evidence,
    }


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")
