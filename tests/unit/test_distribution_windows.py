"""An account's limits: whoever asks, ends or dies, no minute and no hour ever holds more than is allowed."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.distribution.throttle.windows import MARGIN, MOST_QUIET, Windows
from tidings.domain.instant import HOUR, MINUTE, SECOND

START = 500_000 * HOUR
EMPTY: dict[str, Any] = {}
asks = st.lists(
    st.tuples(st.integers(0, 900_000), st.integers(1, 9), st.integers(0, 9), st.integers(0, 1000)), max_size=60
)
"""Milliseconds since the ask before, turns wanted, how many go back unused, and how late the others are used."""


def most_in(span: int, left: list[int]) -> int:
    return max((sum(at <= other < at + span for other in left) for at in left), default=0)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 5), st.integers(0, 12), asks)
def test_no_window_ever_holds_more_than_is_allowed(
    per_minute: int, per_hour: int, told: list[tuple[int, int, int, int]]
) -> None:
    rule, kept, now, left, unused = Windows(per_minute, per_hour), "{}", START, list[int](), list[float]()
    for wait, want, back, late in told:
        now += wait
        gift = rule.give(json.loads(kept), now, want, unused)
        kept = json.dumps(gift.kept)  # as a restart finds it
        turns = list(gift.turns)
        assert len(turns) <= want
        if not turns:
            again = rule.give(json.loads(kept), round(gift.again), 1, [])
            assert again.turns, "the refusal says when to come back"
            assert now < gift.again <= now + HOUR + MARGIN + 30 * SECOND
        unused = turns[:back]
        left += [now + late] * len(turns[back:])
    if per_minute:
        assert most_in(MINUTE, left) <= per_minute
    if per_hour:
        assert most_in(HOUR, left) <= per_hour


def test_a_burst_leaves_at_once_and_the_hour_is_used_almost_whole() -> None:
    rule, kept, sent = Windows(30, 100), EMPTY, list[int]()
    for tick in range(3 * 3600):
        gift = rule.give(kept, START + tick * SECOND, 100, [])
        kept = dict(gift.kept)
        sent += [tick] * len(gift.turns)
    assert sent.count(0) == 30
    assert sum(at < 3600 for at in sent) == 100
    assert sum(at < 2 * 3600 for at in sent) == 200


def test_what_is_remembered_stays_small() -> None:
    rule, kept = Windows(0, 1_000_000), EMPTY
    for tick in range(2 * 3600 * 4):
        kept = dict(rule.give(kept, START + tick * 250, 3, []).kept)
    assert len(kept["left"]) < 200
    assert 3 * 4 * 3600 <= sum(number for _, number in kept["left"]) <= 3 * 4 * (3600 + 34)


def test_what_was_not_used_is_another_s_at_once() -> None:
    rule = Windows(10, 0)
    first = rule.give(EMPTY, START, 10, [])
    assert not rule.give(first.kept, START + SECOND, 1, []).turns
    again = rule.give(first.kept, START + SECOND, 10, first.turns[:4])
    assert len(again.turns) == 4
    forgotten = rule.give(again.kept, START + HOUR, 3, first.turns[:2])
    assert forgotten.kept["left"] == [[START + HOUR, 3]], "what was over long ago takes nothing off now"


def test_while_the_provider_asked_to_wait_nobody_gets_a_turn() -> None:
    rule, until = Windows(10, 0), START + 5 * MINUTE
    asked = {"left": [], "quiet_until": until}
    refused = rule.give(asked, START, 3, [])
    assert (list(refused.turns), refused.again) == ([], until)
    assert len(rule.give(refused.kept, until, 3, []).turns) == 3
    wrong = {"left": [], "quiet_until": START + 10 * MOST_QUIET}
    assert len(rule.give(wrong, START, 3, []).turns) == 3, "a clock that was wrong silences nobody"


def test_an_instant_that_lies_ahead_counts_as_now() -> None:
    rule = Windows(2, 0)
    gift = rule.give({"left": [[START + 9 * HOUR, 2]]}, START, 1, [])
    assert (list(gift.turns), gift.again) == ([], START + MINUTE + MARGIN)
