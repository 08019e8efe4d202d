"""A limit an hour: whoever asks for turns, all together never get more, and none is lost while somebody asks."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.distribution.throttle.distance import AHEAD, BEHIND, ahead, give
from tidings.distribution.throttle.turns import OwnTurns
from tidings.domain.instant import HOUR, SECOND

asks = st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 40)), min_size=1, max_size=80)
"""Milliseconds since the ask before, by whomever, and how many turns are wanted."""


@settings(max_examples=300, deadline=None)
@given(asks, st.sampled_from([1, 100, 3600, 100_000, 1_000_000]))
def test_all_turns_together_keep_the_distance_and_come_within_a_second(
    told: list[tuple[int, int]], per_hour: int
) -> None:
    between, now, free_at = HOUR / per_hour, 7 * HOUR, 0.0
    turns: list[float] = []
    for wait, want in told:
        now += wait
        first, number = give(free_at, now, between, want)
        given_now = [first + no * between for no in range(number)]
        assert number <= want
        assert all(now - BEHIND <= turn <= now + ahead(between) + 1e-3 for turn in given_now)
        turns += given_now
        if number:
            free_at = first + number * between
        else:  # the refusal says when to come back, and then there is one
            assert give(free_at, round(first - ahead(between)) + 1, between, 1)[1] == 1
    assert turns, "who asks first gets one"
    assert all(later - sooner >= between - 1e-3 for sooner, later in pairwise(turns))


def test_who_asks_steadily_gets_the_whole_limit() -> None:
    free_at, got, per_hour = 0.0, 0, 72_000
    for tick in range(600):  # a minute, ten asks a second
        first, number = give(free_at, HOUR + tick * 100, HOUR / per_hour, 10)
        got, free_at = got + number, first + number * HOUR / per_hour if number else free_at
    assert 1200 <= got <= 1200 + (AHEAD + BEHIND) * per_hour / HOUR + 1


def test_a_limit_that_was_raised_and_a_clock_that_was_wrong_hold_nobody_up() -> None:
    first, number = give(10 * HOUR, HOUR, HOUR / 3600, 1)
    assert (first, number) == (HOUR + SECOND, 0)


def test_a_sender_alone_keeps_its_distance_and_does_not_save_up() -> None:
    seconds = [100.0]
    turns = OwnTurns(3600, lambda: seconds[0])
    left: list[float] = []
    for tenth in range(200):
        seconds[0] = 100 + tenth / 10
        if tenth < 50 or tenth >= 150:
            while turns.wait() <= 0:
                turns.took()
                left.append(seconds[0])
    assert len([at for at in left if at < 105]) in {5, 6}
    assert len([at for at in left if at >= 115]) in {5, 6}
