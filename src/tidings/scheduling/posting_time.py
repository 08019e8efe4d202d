"""When to post: one time for everybody who follows, the best open hour where most of the audience lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tidings.domain.actor import AgentName
from tidings.domain.decision import Decision
from tidings.domain.ids import new_id
from tidings.domain.instant import HOUR, Instant, iso, to_datetime
from tidings.domain.plan import PlanSummary
from tidings.scheduling.model import HourModel
from tidings.scheduling.planning import Person
from tidings.scheduling.policy import PlanPolicy
from tidings.scheduling.zones import guess

LOOKED_AT = 20_000
"""People whose zones are counted; more would not change where most live."""


def main_zone(people: Iterable[Person], policy: PlanPolicy) -> str:
    """The zone most of the audience lives in; the policy's own where nobody is known."""
    zones = Counter(
        guess(person.zone, person.country, policy.fallback_zone).shown
        for person, _ in zip(people, range(LOOKED_AT), strict=False)
    )
    return zones.most_common(1)[0][0] if zones else policy.fallback_zone


def best_instant(model: HourModel, zone: str, policy: PlanPolicy, now: Instant) -> Instant:
    """The full hour of the window with the best rate that is not quiet; the first of equals. At once if none is."""
    start = max(now, policy.earliest or 0)
    hours = [at for step in range(1, policy.window_hours + 1) if (at := (start // HOUR + step) * HOUR)]
    rated: list[tuple[float, int]] = []
    for at in hours:
        local = to_datetime(at, zone)
        if not policy.quiet.covers(local.hour):
            rated.append((float(model.rate[local.weekday(), local.hour]), -at))
    return -max(rated)[1] if rated else start


def posting_plan(
    campaign_id: str, revision_id: str, model: HourModel, zone: str, policy: PlanPolicy, now: Instant
) -> tuple[PlanSummary, Decision]:
    """The plan of a campaign that only posts, and the decision behind it. It has a time and no people."""
    due = best_instant(model, zone, policy, now)
    local = to_datetime(due, zone)
    basis = "too few clicks are known to promise anything" if model.thin else f"{int(model.clicks):,} clicks are known"
    words = f"Posted once for everybody, {local:%A %H:%M} in {zone}; {basis}."
    summary = PlanSummary(
        id=new_id("plan"), campaign_id=campaign_id, revision_id=revision_id, created_at=now, people=0, first_at=due,
        last_at=due, expected_gain=words,
    )  # fmt: skip
    decision = Decision(
        id=new_id("decision"), agent=AgentName.SCHEDULING, at=now, kind="send_plan",
        summary=f"Planned the postings for {local:%a} {local.day} {local:%b %H:%M} ({zone})",
        reason=f"It is the best open hour of the window where most of the audience lives; {basis}.",
        decided_by="rule: best hour of the weekday × hour click model", campaign_id=campaign_id,
        inputs={"policy": policy.as_json(), "zone": zone, "plan_id": summary.id, "revision_id": revision_id},
        evidence={"due_at": iso(due), "clicks_learned_from": int(model.clicks)},
    )  # fmt: skip
    return summary, decision
