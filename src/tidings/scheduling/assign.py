"""Gives each person one hour so that the sum of what is expected is as large as the hours' capacity lets it be.

The transport problem is solved by its dual: a price per hour, found on a sample, after which each person takes the
hour of greatest utility minus price (Bertsekas, "Network Optimization", 1998, ch. 6). Hours that are overfull then hand
people on, cheapest first, along chains of hours if need be. The dual value of the same prices bounds what any plan
could reach, so every assignment carries its own certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tidings.scheduling.exchange import NOBODY, swap_until_best

Utility = npt.NDArray[np.float32]
Chosen = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Prices = npt.NDArray[np.float32]
_SAMPLE = 12_000
_STEPS = 20
_TEMPERATURES = (0.1, 0.03, 0.01, 0.003, 0.001)  # as shares of the range of utilities
_BLOCK = 65_536
_SMALL = 400_000
"""Matrix entries up to which the plan is also improved by exchanges; beyond, the price method is within its bar."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`slot[i]` is person i's column, or NOBODY if every hour open to them was full.

    `value` is the sum of utilities; `gap` bounds, as a share of `value`, what a perfect plan could add.
    """

    slot: Chosen
    value: float
    gap: float


def assign(utility: Utility, capacity: Counts, *, seed: int) -> Assignment:
    """People × hours to one hour a person, never more than `capacity` in one.

    `utility` is −inf where a person may not be written to; each row must have one finite entry. The same seed gives
    the same plan.
    """
    if utility.shape[0] == 0:
        return Assignment(np.zeros(0, dtype=np.int32), 0.0, 0.0)
    prices = np.zeros(utility.shape[1], dtype=np.float32)
    slot = _favourites(utility, prices)
    if (np.bincount(slot, minlength=len(capacity)) <= capacity).all():
        return Assignment(slot, _value(utility, slot), 0.0)
    penalty = _penalty(utility)
    prices = _prices(utility, capacity, penalty, seed)
    slot = _favourites(utility, prices)
    slot = _hand_on(utility, prices, slot, capacity)
    slot = _seat_the_rest(utility, slot, capacity)
    slot = _fill_gaps(utility, slot, capacity)
    if utility.size <= _SMALL:
        slot = swap_until_best(utility, slot, capacity)
    value = _value(utility, slot)
    missing = int((slot == NOBODY).sum())
    bound = _dual_value(utility, prices, capacity, penalty)
    gap = max(0.0, bound - (value - penalty * missing)) / max(abs(value), 1e-12)
    return Assignment(slot, value, gap)


def _favourites(utility: Utility, prices: Prices) -> Chosen:
    """Each row's column of greatest utility minus price, block by block so that no second matrix is made."""
    found = np.empty(len(utility), dtype=np.int32)
    for start in range(0, len(utility), _BLOCK):
        found[start : start + _BLOCK] = (utility[start : start + _BLOCK] - prices).argmax(axis=1)
    return found


def _penalty(utility: Utility) -> float:
    """What leaving somebody out costs: more than any move within the plan can gain."""
    finite = utility[np.isfinite(utility)]
    return float(finite.max() - finite.min()) * 2 + 1e-6


def _prices(utility: Utility, capacity: Counts, penalty: float, seed: int) -> Prices:
    """Prices at which nobody wants more of an hour than there is: ascent on the smoothed dual over a sample.

    Each person is spread over hours by a soft maximum, and a price moves by the logarithm of how overfull its hour is
    (Sinkhorn's iteration; Cuturi, NeurIPS 2013), at temperatures that fall until the choice is almost sharp. The
    smoothing is what lets many people with equal wishes settle; plain sub-gradient steps swing to and fro.
    """
    rng = np.random.default_rng(seed)
    people = len(utility)
    size = min(people, _SAMPLE)
    sample = utility[rng.choice(people, size, replace=False)] if size < people else utility
    share = np.maximum(capacity * (size / people), 1e-9)
    prices = np.zeros(utility.shape[1], dtype=np.float64)
    for temperature in _TEMPERATURES:
        heat = penalty / 2 * temperature
        for _ in range(_STEPS):
            wish = (sample - prices.astype(np.float32)) / np.float32(heat)
            wish -= wish.max(axis=1, keepdims=True)
            np.exp(wish, out=wish)
            wish /= wish.sum(axis=1, keepdims=True)
            load = wish.sum(axis=0, dtype=np.float64)  # no matrix product: its threads wait for each other when busy
            prices = np.clip(prices + heat * np.log(np.maximum(load, 1e-9) / share), 0, penalty)
    return prices.astype(np.float32)


def _hand_on(utility: Utility, prices: Prices, slot: Chosen, capacity: Counts) -> Chosen:
    """Moves people out of overfull hours into free ones, those who lose least first; who finds none gets NOBODY."""
    slot = slot.copy()
    while True:
        load = np.bincount(slot[slot >= 0], minlength=len(capacity))
        over = load > capacity
        if not over.any():
            return slot
        rows = np.flatnonzero((slot >= 0) & over[slot])
        closed = np.where(load < capacity, 0.0, np.inf).astype(np.float32)
        target, loss = _best_move(utility, prices, slot, rows, closed)
        leaving = _lowest(loss, slot[rows], (load - capacity).clip(0))
        rows, target, loss = rows[leaving], target[leaving], loss[leaving]
        stuck = ~np.isfinite(loss)
        slot[rows[stuck]] = NOBODY
        rows, target, loss = rows[~stuck], target[~stuck], loss[~stuck]
        taken = _lowest(loss, target, (capacity - load).clip(0))
        slot[rows[taken]] = target[taken]


def _best_move(
    utility: Utility, prices: Prices, slot: Chosen, rows: npt.NDArray[np.intp], closed: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """For each row the best column that is not closed, and what moving there loses net of prices."""
    target = np.empty(len(rows), dtype=np.intp)
    loss = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        net = utility[part] - prices
        here = net[np.arange(len(part)), slot[part]]
        net -= closed
        best = net.argmax(axis=1)
        target[start : start + _BLOCK] = best
        loss[start : start + _BLOCK] = here - net[np.arange(len(part)), best]
    return target, loss


def _lowest(cost: npt.NDArray[np.float32], group: npt.NDArray[np.integer], room: Counts) -> npt.NDArray[np.bool_]:
    """Marks in each group the `room[group]` entries of lowest cost."""
    order = np.lexsort((cost, group))
    ordered = group[order]
    begins = np.searchsorted(ordered, np.arange(len(room)))
    rank = np.arange(len(order)) - begins[ordered]
    marked = np.zeros(len(order), dtype=np.bool_)
    marked[order] = rank < room[ordered]
    return marked


def _seat_the_rest(utility: Utility, slot: Chosen, capacity: Counts) -> Chosen:
    """Finds room for those without an hour along chains: A takes B's place, B moves on to a free hour.

    Only when no chain of any length exists does somebody stay without; that is then a fact about the capacities.
    """
    slot = slot.copy()
    while (slot == NOBODY).any():
        waiting = np.flatnonzero(slot == NOBODY)
        chain = _chain(utility, slot, waiting, capacity)
        if chain is None or not _push(utility, slot, waiting, capacity, chain):
            return slot
    return slot


def _chain(utility: Utility, slot: Chosen, waiting: npt.NDArray[np.intp], capacity: Counts) -> list[int] | None:
    """The cheapest row of hours from one open to somebody waiting to a free one (Bellman–Ford over hours)."""
    hours = len(capacity)
    load = np.bincount(slot[slot >= 0], minlength=hours)
    move = np.full((hours, hours), np.inf)
    for hour in range(hours):
        rows = np.flatnonzero(slot == hour)
        if len(rows):
            cheapest = (utility[rows, hour][:, None] - utility[rows]).min(axis=0)
            # A move that gains counts as free: with negative costs the search could run in rings for ever.
            move[hour] = np.maximum(cheapest, 0)
    cost: npt.NDArray[np.float64] = np.asarray((-utility[waiting]).min(axis=0), dtype=np.float64)
    before: npt.NDArray[np.int64] = np.full(hours, NOBODY, dtype=np.int64)
    for _ in range(hours):
        through = cost[:, None] + move
        best = through.argmin(axis=0)
        reached = through[best, np.arange(hours)]
        better = reached < cost - 1e-9
        if not better.any():
            break
        cost = np.where(better, reached, cost)
        before = np.where(better, best, before)
    ends = np.where(load < capacity, cost, np.inf)
    if not np.isfinite(ends).any():
        return None
    return _walk_back(before, int(ends.argmin()))


def _walk_back(before: npt.NDArray[np.int64], end: int) -> list[int]:
    chain = [end]
    while before[chain[-1]] != NOBODY and before[chain[-1]] not in chain:
        chain.append(int(before[chain[-1]]))
    return chain[::-1]


def _push(utility: Utility, slot: Chosen, waiting: npt.NDArray[np.intp], capacity: Counts, chain: list[int]) -> int:
    """Moves as many people along the chain as all its steps allow, in place; says how many."""
    fitting = waiting[np.isfinite(utility[waiting, chain[0]])]
    steps = [fitting[np.argsort(-utility[fitting, chain[0]], kind="stable")]]
    for here, there in pairwise(chain):
        rows = np.flatnonzero(slot == here)
        rows = rows[np.isfinite(utility[rows, there])]
        steps.append(rows[np.argsort(utility[rows, here] - utility[rows, there], kind="stable")])
    free = int(capacity[chain[-1]] - (slot == chain[-1]).sum())
    count = min(free, *(len(step) for step in steps))
    for step, target in zip(steps, chain, strict=True):
        slot[step[:count]] = target
    return count


def _fill_gaps(utility: Utility, slot: Chosen, capacity: Counts) -> Chosen:
    """Moves people who would gain by it into hours that still have room, those who gain most first."""
    slot = slot.copy()
    none = np.zeros(len(capacity), dtype=np.float32)
    for _ in range(20):
        load = np.bincount(slot[slot >= 0], minlength=len(capacity))
        closed = np.where(load < capacity, 0.0, np.inf).astype(np.float32)
        rows = np.flatnonzero(slot >= 0)
        target, loss = _best_move(utility, none, slot, rows, closed)
        gains = loss < -1e-9
        if not gains.any():
            break
        rows, target, loss = rows[gains], target[gains], loss[gains]
        taken = _lowest(loss, target, (capacity - load).clip(0))
        slot[rows[taken]] = target[taken]
    return slot


def _value(utility: Utility, slot: Chosen) -> float:
    rows = np.flatnonzero(slot >= 0)
    return float(utility[rows, slot[rows]].astype(np.float64).sum())


def _dual_value(utility: Utility, prices: Prices, capacity: Counts, penalty: float) -> float:
    """The bound no plan can pass: what each would gain at these prices, plus what the hours would earn."""
    total = 0.0
    for start in range(0, len(utility), _BLOCK):
        best = (utility[start : start + _BLOCK] - prices).max(axis=1)
        total += float(np.maximum(best, -penalty).astype(np.float64).sum())
    return total + float((prices.astype(np.float64) * capacity).sum())
