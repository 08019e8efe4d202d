"""Makes a send plan: people in, one slot each out, with the reason; who cannot have one is counted with the reason.

Pure: what it needs to know of the past is handed in as `Knowledge`. Arrays throughout, so that a million people fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tidings.domain.instant import Instant
from tidings.domain.plan import HeldBack, SlotReason
from tidings.scheduling import masks
from tidings.scheduling.affinity import hour_factors
from tidings.scheduling.assign import assign
from tidings.scheduling.exchange import NOBODY
from tidings.scheduling.model import HourModel
from tidings.scheduling.policy import PlanPolicy
from tidings.scheduling.zones import ZoneGuess, guess, local_hours

_REASONS: tuple[SlotReason, ...] = tuple(SlotReason)
_EPS = 1e-7
_BLOCK = 65_536


class Person(Protocol):
    """What planning asks of a person; `audience.selection.Person` is one."""

    @property
    def pk(self) -> int: ...
    @property
    def zone(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def channels(self) -> tuple[str, ...]:
        """By which they can be reached and want to be, the most important first."""
        ...


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known before planning: the hour model, people's own clicks per local hour, and their other messages."""

    model: HourModel
    clicks: Mapping[int, Sequence[float]] = field(default_factory=dict[int, Sequence[float]])
    """By contact: 24 counts."""
    commitments: Mapping[int, Sequence[Instant]] = field(default_factory=dict[int, Sequence[Instant]])
    """By contact: when other campaigns wrote or will write, as far as the cap can reach."""


@dataclass(frozen=True, slots=True)
class Groups:
    """People divided by where they may be. Row g of each array is one division; columns are hours of the grid."""

    of: npt.NDArray[np.int32]
    zones: tuple[ZoneGuess, ...]
    rate: npt.NDArray[np.float32]
    open: masks.Mask
    weekday: npt.NDArray[np.int8]
    hour: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Division:
    """People divided by the version they get: `of` has each person's row of `variants`, in the order of the people."""

    of: npt.NDArray[np.int16]
    variants: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One slot a planned person, as parallel arrays in the order of `pk`; the rest are counted in `held_back`."""

    pk: npt.NDArray[np.int64]
    due_at: npt.NDArray[np.int64]
    variant: npt.NDArray[np.int16]
    reason: npt.NDArray[np.int8]
    zone: npt.NDArray[np.int32]
    zones: tuple[ZoneGuess, ...]
    variants: tuple[str, ...]
    held_back: dict[HeldBack, int]
    gap: float
    cells: dict[str, npt.NDArray[np.float64]]
    """People per local weekday × hour (7 × 24) under the plan and under each alternative."""
    disturbed: dict[str, int]
    """How many each alternative would have written to in their quiet hours."""
    channels: tuple[tuple[str, ...], ...] = ()
    """By which channels each is written to, in the order of `pk`; empty: by the campaign's one."""
    cut: dict[str, int] = field(default_factory=dict[str, int])
    """How many a channel does not reach because the cap leaves them room for fewer messages."""
    left_out: tuple[int, ...] = ()
    """Contacts whom the cap leaves no room, or room for fewer messages, because of other campaigns."""

    def reason_of(self, index: int) -> SlotReason:
        """The reason of the person at that index."""
        return _REASONS[int(self.reason[index])]

    @property
    def reasons(self) -> list[str]:
        """The reasons as text, in the order of `pk`."""
        codes: list[int] = self.reason.tolist()
        return [_REASONS[code].value for code in codes]


def plan(
    people: Sequence[Person],
    *,
    variants: Sequence[str] | Division,
    policy: PlanPolicy,
    knowledge: Knowledge,
    now: Instant,
    seed: int,
) -> Plan:
    """The plan of one campaign step for these people. The same arguments give the same plan.

    Variants are drawn at random, those of a division among the people of each version apart.
    """
    rng = np.random.default_rng(seed)
    hours = masks.grid(policy, now)
    groups = _grouped(people, hours, policy, knowledge.model)
    pks = np.array([person.pk for person in people], dtype=np.int64)
    utility = _utility(pks, groups, knowledge)
    cells, disturbed = _alternatives(utility, groups)
    wish = utility.max(axis=1, initial=-np.inf)
    _forbid(utility, groups.open, groups.of)
    awake = utility.max(axis=1, initial=-np.inf)
    ways = _forbid_capped(utility, people, hours, policy, knowledge)
    allowed = utility.max(axis=1, initial=-np.inf)
    slot, holdout, gap = _place(utility, allowed, policy, rng, seed)
    reason = _reasons(utility, slot, holdout, wish, awake, allowed)
    planned = np.flatnonzero(slot != NOBODY)
    if not isinstance(variants, Division):
        variants = Division(np.zeros(len(people), dtype=np.int16), (tuple(variants),))
    cells["plan"] = _cell_counts(groups, slot, planned)
    return Plan(
        pk=pks[planned],
        due_at=hours[slot[planned]] + _spread(slot[planned], rng),
        variant=_drawn(variants, planned, rng),
        reason=reason[planned],
        zone=groups.of[planned],
        zones=groups.zones,
        variants=tuple(name for names in variants.variants for name in names),
        held_back=_held_back(slot, awake, allowed),
        gap=gap,
        cells=cells,
        disturbed=disturbed,
        channels=tuple(ways[row] for row in planned.tolist()),
        cut=_cut(people, ways, planned),
        left_out=_left_out(people, ways, knowledge, np.isfinite(awake) & ~np.isfinite(allowed)),
    )


def _left_out(
    people: Sequence[Person], ways: Sequence[tuple[str, ...]], knowledge: Knowledge, capped: masks.Mask
) -> tuple[int, ...]:
    """Of those other campaigns write to: who finds no hour for it, or loses a channel."""
    return tuple(
        person.pk
        for person, kept, none in zip(people, ways, capped.tolist(), strict=True)
        if (none or len(kept) < len(person.channels)) and knowledge.commitments.get(person.pk)
    )


def _cut(people: Sequence[Person], ways: Sequence[tuple[str, ...]], planned: npt.NDArray[np.intp]) -> dict[str, int]:
    rows: list[int] = planned.tolist()
    return dict(Counter(channel for row in rows for channel in people[row].channels[len(ways[row]) :]))


def _grouped(people: Sequence[Person], hours: npt.NDArray[np.int64], policy: PlanPolicy, model: HourModel) -> Groups:
    places: dict[tuple[str, str, tuple[str, ...]], int] = {}
    of = np.array(
        [places.setdefault((one.zone, one.country, one.channels), len(places)) for one in people], dtype=np.int32
    )
    zones = tuple(guess(zone, country, policy.fallback_zone) for zone, country, _ in places)
    shape = (len(places), len(hours))
    rate, allowed = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.bool_)
    weekday, hour = np.empty(shape, dtype=np.int8), np.empty(shape, dtype=np.int8)
    for row, (zone, (_, country, channels)) in enumerate(zip(zones, places, strict=True)):
        walls = [local_hours(name, hours.tolist()) for name in zone.zones]
        weekday[row], hour[row] = walls[0]
        rate[row] = np.mean([model.rate[days, times] for days, times in walls], axis=0)
        allowed[row] = masks.open_hours(zone, hours, policy.quiet_of(channels))
        if policy.skip_holidays:
            allowed[row] &= masks.outside_holidays(zone, country, hours)
    return Groups(of, zones, rate, allowed, weekday, hour)


def _utility(pks: npt.NDArray[np.int64], groups: Groups, knowledge: Knowledge) -> npt.NDArray[np.float32]:
    """people × hours: expected clicks, the population's rate times the person's own leaning where there is one."""
    utility = groups.rate[groups.of]
    if not knowledge.clicks:
        return utility
    known = np.array([row for row, pk in enumerate(pks.tolist()) if pk in knowledge.clicks], dtype=np.intp)
    population = knowledge.model.hour_rate * np.maximum(knowledge.model.sends.sum(axis=0), 1)
    for start in range(0, len(known), _BLOCK):
        rows = known[start : start + _BLOCK]
        history = np.array([knowledge.clicks[pk] for pk in pks[rows].tolist()], dtype=np.float64)
        factors = hour_factors(history, population)
        utility[rows] *= np.take_along_axis(factors, groups.hour[groups.of[rows]].astype(np.intp), axis=1)
    return utility


def _forbid(utility: npt.NDArray[np.float32], allowed: masks.Mask, of: npt.NDArray[np.int32]) -> None:
    cost = np.where(allowed, 0.0, np.inf).astype(np.float32)
    for start in range(0, len(utility), _BLOCK):
        utility[start : start + _BLOCK] -= cost[of[start : start + _BLOCK]]


def _forbid_capped(
    utility: npt.NDArray[np.float32],
    people: Sequence[Person],
    hours: npt.NDArray[np.int64],
    policy: PlanPolicy,
    knowledge: Knowledge,
) -> list[tuple[str, ...]]:
    """Closes the hours at which somebody would hear too often; by which channels each is still written to.

    Whoever has room for fewer messages than channels keeps the most important ones. The cap must hold wherever in its
    hour a message ends up: so at the hour's first and at its last instant.
    """
    ways = [one.channels[: policy.cap.limit] for one in people]
    others = [knowledge.commitments.get(one.pk, ()) for one in people]
    waiting = [row for row, own in enumerate(others) if len(own) + max(1, len(ways[row])) > policy.cap.limit]
    waiting = [row for row in waiting if others[row]]
    for number in range(max((len(ways[row]) for row in waiting), default=0) or 1, 0, -1):
        tried = [row for row in waiting if max(1, len(ways[row])) == number]
        if not tried:
            continue
        cap = replace(policy.cap, limit=policy.cap.limit - number + 1)
        times = [sorted(others[row]) for row in tried]
        allowed = masks.within_cap(times, hours, cap) & masks.within_cap(times, hours + masks.HOUR - 1, cap)
        settled = (allowed & np.isfinite(utility[tried])).any(axis=1) | (number == 1)
        rows = np.array(tried)[settled]
        utility[rows] = np.where(allowed[settled], utility[rows], -np.inf)
        for row in np.array(tried)[~settled].tolist():
            ways[row] = ways[row][:-1]
    return ways


def _place(
    utility: npt.NDArray[np.float32],
    allowed: npt.NDArray[np.float32],
    policy: PlanPolicy,
    rng: np.random.Generator,
    seed: int,
) -> tuple[npt.NDArray[np.int32], masks.Mask, float]:
    """Each person's column or NOBODY, who of them got a random hour, and the certificate of the rest."""
    slot = np.full(len(utility), NOBODY, dtype=np.int32)
    able = np.flatnonzero(np.isfinite(allowed))
    capacity = np.full(utility.shape[1], policy.max_per_hour, dtype=np.int64)
    drawn = able[rng.random(len(able)) < policy.holdout_share]
    holdout = np.zeros(len(utility), dtype=np.bool_)
    slot[drawn] = _random_hours(utility[drawn], capacity, rng)
    holdout[drawn] = slot[drawn] != NOBODY
    rest = able[~holdout[able]]
    left = capacity - np.bincount(slot[holdout], minlength=len(capacity))
    found = assign(utility[rest], left, seed=seed)
    if holdout.any() and (found.slot == NOBODY).any():  # random places must not cost anybody theirs
        found, rest = assign(utility[able], capacity, seed=seed), able
        holdout[:] = False
    slot[rest] = found.slot
    return slot, holdout, found.gap


def _random_hours(
    utility: npt.NDArray[np.float32], capacity: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """A uniformly random open hour for each; NOBODY beyond half of an hour's capacity."""
    if not len(utility):
        return np.zeros(0, dtype=np.int32)
    lottery = np.where(np.isfinite(utility), rng.random(utility.shape, dtype=np.float32), -1)
    slot = lottery.argmax(axis=1).astype(np.int32)
    order = np.argsort(slot, kind="stable")
    rank = np.empty(len(slot), dtype=np.int64)
    rank[order] = np.arange(len(slot)) - np.searchsorted(slot[order], slot[order])
    return np.where(rank < (capacity[slot] + 1) // 2, slot, NOBODY).astype(np.int32)


def _reasons(
    utility: npt.NDArray[np.float32],
    slot: npt.NDArray[np.int32],
    holdout: masks.Mask,
    wish: npt.NDArray[np.float32],
    awake: npt.NDArray[np.float32],
    allowed: npt.NDArray[np.float32],
) -> npt.NDArray[np.int8]:
    """Why each: what took away the best hour last is told; equal hours are as good as the best."""
    got = np.where(slot == NOBODY, -np.inf, utility[np.arange(len(slot)), slot])
    code = {reason: number for number, reason in enumerate(_REASONS)}
    return np.select(
        [holdout, got < allowed - _EPS, allowed < awake - _EPS, awake < wish - _EPS],
        [
            code[SlotReason.HOLDOUT_TIME],
            code[SlotReason.SLOT_FULL],
            code[SlotReason.FREQUENCY_CAP],
            code[SlotReason.QUIET_HOURS],
        ],
        default=code[SlotReason.BEST_HOUR],
    ).astype(np.int8)


def _spread(slot: npt.NDArray[np.int32], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Milliseconds into the hour: the people of one hour evenly over it in random order, on whole seconds."""
    order = np.lexsort((rng.random(len(slot)), slot))
    ordered = slot[order]
    first = np.searchsorted(ordered, ordered)
    count = np.searchsorted(ordered, ordered, side="right") - first
    offset = np.empty(len(slot), dtype=np.int64)
    offset[order] = (np.arange(len(slot)) - first) * 3600 // np.maximum(count, 1) * 1000
    return offset


def _drawn(division: Division, planned: npt.NDArray[np.intp], rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Each planned person's variant, evenly among those of their version."""
    drawn = np.zeros(len(planned), dtype=np.int16)
    first, of = 0, division.of[planned]
    for row, names in enumerate(division.variants):
        members = np.flatnonzero(of == row)
        if len(members):
            drawn[members] = first + _even(len(members), len(names), rng)
        first += len(names)
    return drawn


def _even(people: int, variants: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Variants at random, their numbers equal up to one."""
    return rng.permutation(np.arange(people) % variants).astype(np.int16)


def _held_back(
    slot: npt.NDArray[np.int32], awake: npt.NDArray[np.float32], allowed: npt.NDArray[np.float32]
) -> dict[HeldBack, int]:
    without = slot == NOBODY
    counts = {
        HeldBack.NO_ALLOWED_TIME: int((without & ~np.isfinite(awake)).sum()),
        HeldBack.FREQUENCY_CAP: int((without & np.isfinite(awake) & ~np.isfinite(allowed)).sum()),
        HeldBack.SLOT_FULL: int((without & np.isfinite(allowed)).sum()),
    }
    return {reason: count for reason, count in counts.items() if count}


def _alternatives(
    utility: npt.NDArray[np.float32], groups: Groups
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, int]]:
    """Everybody in the first hour, and everybody in the one best hour: where on their clocks, and whom it disturbs."""
    everyone = np.arange(len(utility))
    columns = {"send_now": 0, "best_global_hour": int(utility.sum(axis=0, dtype=np.float64).argmax())}
    cells: dict[str, npt.NDArray[np.float64]] = {}
    disturbed: dict[str, int] = {}
    for name, column in columns.items():
        cells[name] = _cell_counts(groups, np.full(len(utility), column, dtype=np.int32), everyone)
        disturbed[name] = int((~groups.open[groups.of, column]).sum())
    return cells, disturbed


def _cell_counts(groups: Groups, slot: npt.NDArray[np.int32], rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    where = groups.of[rows], slot[rows]
    cell = groups.weekday[where].astype(np.int64) * 24 + groups.hour[where]
    return np.bincount(cell, minlength=168).reshape(7, 24).astype(np.float64)
