"""Improves a plan by exchanges: rings of hours along which one person each moves on, so that the whole gains.

Cycle cancelling (Klein, "A primal method for minimal cost flows", 1967): a plan without such a ring is optimal.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NOBODY = -1
"""The column of a person without an hour."""
_ROUNDS = 300
_STILL = 1e-9  # gains below this are rounding


def swap_until_best(
    utility: npt.NDArray[np.float32], slot: npt.NDArray[np.int32], capacity: npt.NDArray[np.int64]
) -> npt.NDArray[np.int32]:
    """The plan after every exchange that gains, up to a bound of rounds; capacities and the number planned hold."""
    slot = slot.copy()
    worth = utility.astype(np.float64)
    for _ in range(_ROUNDS):
        move, mover = _moves(worth, slot, capacity)
        ring = _gaining_ring(move)
        if not ring:
            break
        hours = len(capacity)
        for here, there in zip(ring, ring[1:] + ring[:1], strict=True):
            person = mover[here, there]
            if person != NOBODY:
                slot[person] = NOBODY if there == hours else there
    return slot


def _moves(
    worth: npt.NDArray[np.float64], slot: npt.NDArray[np.int32], capacity: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Cost of the cheapest move between any two places and who makes it; the last place is having no hour.

    A free seat counts as somebody who may move anywhere at no cost (mover NOBODY).
    """
    hours = len(capacity)
    open_to = np.column_stack([worth, np.zeros(len(worth))])  # leaving somebody out for another keeps the number
    place = np.where(slot == NOBODY, hours, slot)
    move = np.full((hours + 1, hours + 1), np.inf)
    mover = np.full((hours + 1, hours + 1), NOBODY, dtype=np.int64)
    for here in range(hours + 1):
        rows = np.flatnonzero(place == here)
        if len(rows):
            cost = open_to[rows, here][:, None] - open_to[rows]
            best = cost.argmin(axis=0)
            move[here], mover[here] = cost[best, np.arange(hours + 1)], rows[best]
        if here < hours and len(rows) < capacity[here]:
            free = np.append(move[here, :hours] > 0, False)
            move[here, free], mover[here, free] = 0.0, NOBODY
    np.fill_diagonal(move, np.inf)
    return move, mover


def _gaining_ring(move: npt.NDArray[np.float64]) -> list[int]:
    """A ring of places with negative total cost (Bellman–Ford from everywhere at once); empty if there is none."""
    places = len(move)
    cost, before = np.zeros(places), np.full(places, NOBODY)
    changed = NOBODY
    for _ in range(places):
        through = cost[:, None] + move
        best = through.argmin(axis=0)
        reached = through[best, np.arange(places)]
        better = reached < cost - _STILL
        if not better.any():
            return []
        cost, before = np.where(better, reached, cost), np.where(better, best, before)
        changed = int(np.flatnonzero(better)[0])
    for _ in range(places):
        changed = int(before[changed])
    ring = [changed]
    while (previous := int(before[ring[-1]])) != changed:
        ring.append(previous)
    return ring[::-1]
