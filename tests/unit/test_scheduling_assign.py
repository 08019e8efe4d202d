"""The assignment: never overfull, nobody dropped who could be placed, and as good as trying every plan."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.scheduling.assign import assign
from tidings.scheduling.exchange import NOBODY


def case(seed: int, people: int, hours: int, closed: float) -> npt.NDArray[np.float32]:
    """Random utilities of which a share is closed, without people who have no hour at all."""
    rng = np.random.default_rng(seed)
    utility = (rng.random((people, hours)) * 0.05).astype(np.float32)
    utility[rng.random(utility.shape) < closed] = -np.inf
    return utility[np.isfinite(utility).any(axis=1)]


def best_by_trying(utility: npt.NDArray[np.float32], capacity: npt.NDArray[np.int64]) -> tuple[int, float]:
    """Most people placed, then greatest value, over every possible plan."""
    people, hours = utility.shape
    best = (0, 0.0)
    for tried in itertools.product(range(-1, hours), repeat=people):
        chosen = np.array(tried)
        rows = np.flatnonzero(chosen >= 0)
        worth = utility[rows, chosen[rows]].astype(np.float64)
        full = np.bincount(chosen[rows], minlength=hours) > capacity
        if np.isfinite(worth).all() and not full.any():
            best = max(best, (len(rows), float(worth.sum())))
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4), st.data())
def test_small_cases_are_as_good_as_trying_every_plan(seed: int, people: int, hours: int, data: st.DataObject) -> None:
    utility = case(seed, people, hours, closed=0.3)
    if not len(utility):
        return
    capacity = np.array(data.draw(st.lists(st.integers(0, 3), min_size=hours, max_size=hours)), dtype=np.int64)
    placed, value = best_by_trying(utility, capacity)
    found = assign(utility, capacity, seed=seed)
    assert int((found.slot != NOBODY).sum()) == placed
    assert found.value >= value - 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 300), st.integers(1, 30), st.floats(0, 0.9), st.floats(0.3, 2))
def test_capacity_and_closed_hours_always_hold(seed: int, people: int, hours: int, closed: float, room: float) -> None:
    utility = case(seed, people, hours, closed)
    capacity = np.full(hours, int(room * people / hours), dtype=np.int64)
    found = assign(utility, capacity, seed=seed)
    placed = np.flatnonzero(found.slot != NOBODY)
    assert np.isfinite(utility[placed, found.slot[placed]]).all()
    assert (np.bincount(found.slot[placed], minlength=hours) <= capacity).all()
    left = capacity - np.bincount(found.slot[placed], minlength=hours)
    waiting = utility[found.slot == NOBODY]
    assert not np.isfinite(waiting[:, left > 0]).any(), "somebody waits although an hour open to them has room"


def test_chains_of_moves_seat_everybody_there_is_room_for() -> None:
    # Person i can only use hours i and i + 1; all but the last hour would be wanted by their predecessors.
    people = 12
    utility = np.full((people, people), -np.inf, dtype=np.float32)
    for row in range(people):
        utility[row, row] = 0.01
        if row + 1 < people:
            utility[row, row + 1] = 0.05
    found = assign(utility, np.ones(people, dtype=np.int64), seed=1)
    assert sorted(found.slot.tolist()) == list(range(people))


def test_many_equal_people_are_spread_over_the_best_hours() -> None:
    utility = np.tile(np.array([0.01, 0.05, 0.04, 0.02], dtype=np.float32), (1000, 1))
    found = assign(utility, np.full(4, 400, dtype=np.int64), seed=1)
    assert np.bincount(found.slot, minlength=4).tolist() == [0, 400, 400, 200]
    assert found.gap < 0.01


def test_the_certificate_bounds_what_is_missing() -> None:
    for seed in range(20):
        utility = case(seed, 6, 3, closed=0.2)
        capacity = np.array([2, 2, 2], dtype=np.int64)
        placed, value = best_by_trying(utility, capacity)
        found = assign(utility, capacity, seed=seed)
        if placed == len(utility):
            assert value <= found.value * (1 + found.gap) + 1e-6


def test_without_scarcity_everybody_has_their_favourite() -> None:
    utility = case(1, 500, 24, closed=0.2)
    found = assign(utility, np.full(24, 500, dtype=np.int64), seed=1)
    assert (found.slot == utility.argmax(axis=1)).all()
    assert found.gap == 0.0


def test_the_same_seed_gives_the_same_plan() -> None:
    utility = case(3, 2000, 24, closed=0.2)
    capacity = np.full(24, 90, dtype=np.int64)
    first, second = (assign(utility, capacity, seed=5) for _ in range(2))
    assert (first.slot == second.slot).all()
    assert first.gap < 0.02


def test_nobody_to_place_is_no_error() -> None:
    assert assign(np.zeros((0, 24), dtype=np.float32), np.ones(24, dtype=np.int64), seed=1).value == 0
