"""A person sets one time for everybody. The masks still hold: who may not be written to then is moved on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from tidings.domain.actor import Actor, ActorKind, AgentName
from tidings.domain.decision import Decision
from tidings.domain.ids import new_id
from tidings.domain.instant import DAY, HOUR, MINUTE, Instant, iso
from tidings.domain.plan import HeldBack, PlanSummary, SlotReason
from tidings.scheduling import masks, repository
from tidings.scheduling.policy import PlanPolicy
from tidings.scheduling.zones import guess

_REACH_DAYS = 8
_STEP = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a plan's people: their new times and reasons, and who is held back."""

    times: list[tuple[int, Instant, str]]
    variants: list[str]
    held_back: dict[int, HeldBack]
    zones_assumed: int


def move_everybody(conn: Connection, campaign_pk: int, due_at: Instant, policy: PlanPolicy, *, forced: bool) -> Moved:
    """Rewrites the campaign's slots in the caller's transaction."""
    rows = repository.slots_with_places(conn, campaign_pk)
    reach = policy.cap.days * DAY
    others = repository.commitments(
        conn, campaign_pk, policy.cap, due_at - reach, due_at + _REACH_DAYS * DAY + reach + HOUR
    )
    times: list[tuple[int, Instant, str]] = []
    variants: list[str] = []
    held: dict[int, HeldBack] = {}
    assumed = 0
    choices: dict[tuple[str, str], list[Instant]] = {}
    for person, _due, variant, _reason, zone, country in rows:
        open_times = choices.get((zone, country))
        if open_times is None:
            open_times = choices[zone, country] = _open_times(zone, country, due_at, policy, forced=forced)
        found = _first(open_times, others.get(person, ()), due_at, policy)
        if isinstance(found, HeldBack):
            held[person] = found
            continue
        times.append((person, *found))
        variants.append(variant)
        assumed += guess(zone, country, policy.fallback_zone).assumed
    repository.move_slots(conn, campaign_pk, times)
    repository.drop_slots(conn, campaign_pk, held)
    return Moved(times, variants, held, assumed)


def _open_times(zone: str, country: str, due_at: Instant, policy: PlanPolicy, *, forced: bool) -> list[Instant]:
    """The wished time, then each quarter hour after it, as far as quiet hours allow them."""
    later = range((due_at // _STEP + 1) * _STEP, due_at + _REACH_DAYS * DAY, _STEP)
    fallback = policy.fallback_zone
    return [
        at
        for at in (due_at, *later)
        if (forced and at == due_at) or masks.still_allowed(zone, country, at, policy.quiet, fallback)
    ]


def _first(
    open_times: Sequence[Instant], others: Sequence[Instant], due_at: Instant, policy: PlanPolicy
) -> tuple[Instant, str] | HeldBack:
    """The first open time the cap allows, with the reason; or why there is none."""
    if not open_times:
        return HeldBack.NO_ALLOWED_TIME
    if len(others) >= policy.cap.limit:
        kept = masks.within_cap([sorted(others)], np.array(open_times, dtype=np.int64), policy.cap)[0]
        if not kept.any():
            return HeldBack.FREQUENCY_CAP
        found = open_times[int(kept.argmax())]
        if found != open_times[0]:
            return found, SlotReason.FREQUENCY_CAP.value
    return open_times[0], (SlotReason.OVERRIDE if open_times[0] == due_at else SlotReason.QUIET_HOURS).value


def summarise(before: PlanSummary, moved: Moved, campaign_id: str, at: Instant) -> PlanSummary:
    """The plan as it is after the override."""
    due = [time for _, time, _ in moved.times]
    held = Counter(before.held_back)
    held.update(reason.value for reason in moved.held_back.values())
    return replace(
        before,
        id=new_id("plan"),
        campaign_id=campaign_id,
        created_at=at,
        people=len(due),
        first_at=min(due, default=None),
        last_at=max(due, default=None),
        by_hour=dict(sorted(Counter(time // HOUR * HOUR for time in due).items())),
        by_reason=dict(Counter(reason for _, _, reason in moved.times)),
        by_variant=dict(Counter(moved.variants)),
        held_back=dict(held),
        zones_assumed=moved.zones_assumed,
        expected_gain="A person set the time; the agent expects no gain from it.",
    )


def postponed(before: PlanSummary, due: Sequence[Instant], at: Instant) -> PlanSummary:
    """The plan after its past times were moved to later days."""
    return replace(
        before,
        id=new_id("plan"),
        created_at=at,
        people=len(due),
        first_at=min(due, default=None),
        last_at=max(due, default=None),
        by_hour=dict(sorted(Counter(time // HOUR * HOUR for time in due).items())),
    )


def decision(
    before: PlanSummary, after: PlanSummary, actor: Actor, due_at: Instant, reason: str, *, forced: bool
) -> Decision:
    """The record of the override: who, why, and what the agent had proposed."""
    who = f"{'person' if actor.kind is ActorKind.PERSON else actor.kind.value}: {actor.name}"
    moved = after.people - after.by_reason.get(SlotReason.OVERRIDE.value, 0)
    return Decision(
        id=new_id("decision"),
        agent=AgentName.SCHEDULING,
        at=after.created_at,
        kind="send_time_override",
        summary=f"Everybody at {iso(due_at)}; {moved:,} moved on because they may not be written to then",
        reason=reason or f"{actor.name} set the time.",
        decided_by=who,
        campaign_id=after.campaign_id,
        inputs={"due_at": due_at, "forced": forced, "plan_id": after.id},
        alternatives=({"what": "plan_before", "plan_id": before.id, "expected_gain": before.expected_gain},),
        evidence={"by_reason": after.by_reason, "held_back": after.held_back},
        overridden_by=actor.name,
    )
