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
from tidings.domain.plan import HeldBack, PlanSummary, Quiet, SlotReason
from tidings.scheduling import capping, masks, repository
from tidings.scheduling.policy import PlanPolicy
from tidings.scheduling.zones import guess

_REACH_DAYS = 8
_STEP = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a plan's people: their new times and reasons, and who is held back."""

    times: list[tuple[int, Instant, str, str]]
    """Contact, due time, reason, channels by commas."""
    variants: list[str]
    held_back: dict[int, HeldBack]
    zones_assumed: int
    cut: Counter[str]
    """How many a channel no longer reaches, for the cap leaves them room for fewer messages."""
    cap_holders: dict[str, int]
    """As `PlanSummary.cap_holders`, of those whom the cap leaves out now."""


def move_everybody(conn: Connection, campaign_pk: int, due_at: Instant, policy: PlanPolicy, *, forced: bool) -> Moved:
    """Rewrites the campaign's slots in the caller's transaction."""
    rows = repository.slots_with_places(conn, campaign_pk)
    reach = policy.cap.days * DAY
    most = max((channels.count(",") for _, _, channels, _, _ in rows), default=0)
    span = (due_at - reach, due_at + _REACH_DAYS * DAY + reach + HOUR)
    others = repository.commitments(conn, campaign_pk, policy.cap, *span, beside=most)
    times: list[tuple[int, Instant, str, str]] = []
    variants: list[str] = []
    held: dict[int, HeldBack] = {}
    assumed = 0
    capped: list[int] = []
    cut: Counter[str] = Counter()
    choices: dict[tuple[str, str, str], list[Instant]] = {}
    for person, variant, channels, zone, country in rows:
        ways = tuple(channels.split(",")) if channels else ()
        open_times = choices.get((zone, country, channels))
        if open_times is None:
            quiet = policy.quiet_of(ways)
            open_times = _open_times(zone, country, due_at, policy, quiet, forced=forced)
            choices[zone, country, channels] = open_times
        found = _first(open_times, others.get(person, ()), due_at, policy, ways)
        if isinstance(found, HeldBack):
            held[person] = found
            if found is HeldBack.FREQUENCY_CAP:
                capped.append(person)
            continue
        times.append((person, *found))
        lost = ways[len(found[2].split(",")) :]
        cut.update(lost)
        if lost:
            capped.append(person)
        variants.append(variant)
        assumed += guess(zone, country, policy.fallback_zone).assumed
    repository.move_slots(conn, campaign_pk, times)
    repository.drop_slots(conn, campaign_pk, held)
    holders = capping.count(capping.holders(conn, campaign_pk, capped, span))
    return Moved(times, variants, held, assumed, cut, holders)


def _open_times(
    zone: str, country: str, due_at: Instant, policy: PlanPolicy, quiet: Quiet, *, forced: bool
) -> list[Instant]:
    """The wished time, then each quarter hour after it, as far as quiet hours allow them."""
    later = range((due_at // _STEP + 1) * _STEP, due_at + _REACH_DAYS * DAY, _STEP)
    fallback = policy.fallback_zone
    return [
        at
        for at in (due_at, *later)
        if (forced and at == due_at) or masks.still_allowed(zone, country, at, quiet, fallback)
    ]


def _first(
    open_times: Sequence[Instant], others: Sequence[Instant], due_at: Instant, policy: PlanPolicy, ways: tuple[str, ...]
) -> tuple[Instant, str, str] | HeldBack:
    """The first open time the cap allows for all their channels, else for fewer, with the reason; or why there is none.

    The third value is the channels, by commas.
    """
    if not open_times:
        return HeldBack.NO_ALLOWED_TIME
    for number in range(min(max(1, len(ways)), policy.cap.limit), 0, -1):
        kept = ",".join(ways[:number])
        if len(others) + number <= policy.cap.limit:
            free = open_times[0]
        else:
            cap = replace(policy.cap, limit=policy.cap.limit - number + 1)
            allowed = masks.within_cap([sorted(others)], np.array(open_times, dtype=np.int64), cap)[0]
            if not allowed.any():
                continue
            free = open_times[int(allowed.argmax())]
        if free != open_times[0]:
            return free, SlotReason.FREQUENCY_CAP.value, kept
        return free, (SlotReason.OVERRIDE if free == due_at else SlotReason.QUIET_HOURS).value, kept
    return HeldBack.FREQUENCY_CAP


def summarise(before: PlanSummary, moved: Moved, campaign_id: str, at: Instant) -> PlanSummary:
    """The plan as it is after the override."""
    due = [time for _, time, _, _ in moved.times]
    ways = [channel for _, _, _, channels in moved.times for channel in channels.split(",") if channel]
    mailed = [
        variant for variant, time in zip(moved.variants, moved.times, strict=True) if "email" in time[3].split(",")
    ]
    held = Counter(before.held_back)
    held.update(reason.value for reason in moved.held_back.values())
    each = {channel: Counter(found) for channel, found in before.held_by_channel.items()}
    for channel, count in moved.cut.items():
        each.setdefault(channel, Counter())[HeldBack.FREQUENCY_CAP.value] += count
    return replace(
        before,
        id=new_id("plan"),
        campaign_id=campaign_id,
        created_at=at,
        people=len(due),
        first_at=min(due, default=None),
        last_at=max(due, default=None),
        by_hour=dict(sorted(Counter(time // HOUR * HOUR for time in due).items())),
        by_reason=dict(Counter(reason for _, _, reason, _ in moved.times)),
        by_channel=dict(Counter(ways)),
        held_by_channel={channel: dict(found) for channel, found in each.items()},
        by_variant=dict.fromkeys(before.by_variant, 0) | Counter(mailed or moved.variants),
        held_back=dict(held),
        cap_holders=dict(Counter(before.cap_holders) + Counter(moved.cap_holders)),
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
