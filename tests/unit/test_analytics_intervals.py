"""Intervals against the published figures of Newcombe (1998), and their coverage."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.analytics.intervals import newcombe, normal_quantile, share_of, wilson


# Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == pytest.approx((low, high), abs=5e-5)


# Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_newcombe_gives_the_published_intervals(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = newcombe(*one, *other)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_the_quantile_of_95_percent_is_the_known_one() -> None:
    assert normal_quantile() == pytest.approx(1.959964, abs=1e-6)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_interval_holds_the_share_and_stays_a_share(count: int, more: int) -> None:
    of = count + more
    low, high = wilson(count, of)
    assert 0 <= low <= high <= 1
    if of:
        assert low - 1e-12 <= count / of <= high + 1e-12


def test_the_interval_covers_rare_shares_as_often_as_it_says() -> None:
    rng, truth, hits = random.Random(1), 0.02, 0
    for _ in range(1000):
        count = sum(rng.random() < truth for _ in range(300))
        low, high = wilson(count, 300)
        hits += low <= truth <= high
    assert 0.93 <= hits / 1000 <= 0.99


def test_no_people_give_no_share_rather_than_zero() -> None:
    assert share_of(0, 0).share is None
    assert wilson(0, 0) == (0.0, 1.0)
    assert share_of(3, 2).share == 1.0  # a click was seen before its delivery


def test_what_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="both sides"):
        newcombe(0, 0, 1, 2)
