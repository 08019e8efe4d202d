"""What worked before moves subject lines only as far as the experiments allow."""

from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.content.composer.experience import LEAST_TRIALS, MOST, features, learned, with_past
from tidings.content.composer.subjects import Candidate
from tidings.domain.experience import SubjectArm, SubjectTrial

QUESTION, PLAIN = "Will we see you at the bakery on Saturday?", "The bakery opens its doors on Saturday for all"


def trial(asked: int, plain: int, people: int = 1000, opened: tuple[int, int] | None = None) -> SubjectTrial:
    """One test of a question against a plain line: so many clicked of `people` on each side."""
    opens = opened or (None, None)
    arms = (SubjectArm(QUESTION, "", people, asked, opens[0]), SubjectArm(PLAIN, "", people, plain, opens[1]))
    return SubjectTrial("Some campaign", arms)


def effect(trials: list[SubjectTrial], name: str = "asks a question") -> float:
    return {each.feature: each.mean for each in learned(trials).effects}[name]


def test_without_enough_it_says_so_and_moves_nothing() -> None:
    assert "tested no subject lines" in learned([]).words
    for few in ([trial(90, 30)], [trial(90, 30)] * (LEAST_TRIALS - 1), [trial(2, 1)] * 9):
        found = learned(few)
        assert (found.effects, found.bonus(QUESTION, "")) == ((), 0.0)
        assert found.words.startswith("not enough data yet")
    assert "2 experiments of this brand" in learned([trial(90, 30)] * 2).words


def test_an_effect_is_smaller_than_what_was_seen_and_grows_with_the_evidence() -> None:
    seen = log((90 / 910) / (60 / 940))
    three, twenty = effect([trial(90, 60)] * 3), effect([trial(90, 60)] * 20)
    assert 0 < three < twenty < seen


def test_a_difference_that_turns_round_is_no_effect() -> None:
    assert abs(effect([trial(90, 60), trial(60, 90)] * 3)) < 0.01


def test_each_experiment_is_held_against_itself() -> None:
    """Pooled over campaigns the question would lose; within each it wins (Simpson's paradox)."""
    arms = [(5000, 150, 500, 10), (500, 150, 5000, 1200)] * 2
    trials = [SubjectTrial("c", (SubjectArm(QUESTION, "", a, b), SubjectArm(PLAIN, "", c, d))) for a, b, c, d in arms]
    pooled = sum(b for _, b, _, _ in arms) / sum(a for a, *_ in arms)
    assert pooled < sum(d for *_, d in arms) / sum(c for _, _, c, _ in arms)
    assert effect(trials) > 0


def test_opens_are_used_where_clicks_are_too_few_and_said() -> None:
    found = learned([trial(1, 1, opened=(300, 200))] * 4)
    assert found.outcome == "opens"
    assert found.words.startswith("opens of 8,000 people in 4 experiments")
    assert found.bonus(QUESTION, "") > found.bonus(PLAIN, "")


def test_the_order_follows_what_worked() -> None:
    lines = [Candidate(PLAIN, "topic", "stock", 1.0), Candidate(QUESTION, "reader", "stock", 0.9)]
    again = with_past(lines, learned([trial(120, 50)] * 8))
    assert [line.text for line in again] == [QUESTION, PLAIN]
    assert again[0].past == pytest.approx(again[0].score - 0.9, abs=1e-3)
    assert [line.text for line in with_past(lines, learned([trial(120, 50)]))] == [PLAIN, QUESTION]


def test_an_angle_is_a_feature_where_the_writer_knew_it() -> None:
    assert "leads with the offer" in features("Half price", "offer")
    assert features("Your bread, 2 for 1?", "") == {"is short", "asks a question", "holds a number", "says “you”"}


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400), st.integers(400, 5000)), max_size=40))
def test_no_line_gains_or_loses_more_than_the_most(outcomes: list[tuple[int, int, int]]) -> None:
    found = learned([trial(a, b, people) for a, b, people in outcomes])
    assert abs(found.bonus(QUESTION, "")) <= MOST
    assert all(exp(each.mean) > 0 and each.spread > 0 for each in found.effects)
