"""Comparisons: p values against known ones, no winner too early, and few false ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.analytics.compare import Arm, detectable, fisher, needed, p_value, q_values, verdict
from tidings.analytics.reporting import waiting_words
from tidings.domain.instant import HOUR


def test_fisher_gives_the_known_p_of_the_lady_tasting_tea() -> None:
    # Fisher, The Design of Experiments, 1935: 3 of 4 right has a two-sided p of 0.4857.
    assert fisher(3, 4, 1, 4) == pytest.approx(0.485714, abs=1e-6)
    assert fisher(4, 4, 0, 4) == pytest.approx(2 / 70, abs=1e-6)
    assert fisher(1, 10, 11, 14) == pytest.approx(0.0027594, abs=1e-6)  # as fisher.test of R


def test_the_z_test_gives_the_known_p() -> None:
    # As prop.test of R without continuity correction says for 15 and 25 of 50.
    assert p_value(15, 50, 25, 50) == pytest.approx(0.041227, abs=1e-6)


def test_q_values_are_those_of_benjamini_and_hochberg() -> None:
    # As p.adjust of R says.
    assert q_values([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert q_values([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_q_is_never_below_p_and_keeps_the_order(ps: list[float]) -> None:
    qs = q_values(ps)
    assert all(p <= q + 1e-12 <= 1 + 1e-9 for p, q in zip(ps, qs, strict=True))
    assert [q for _, q in sorted(zip(ps, qs, strict=True))] == sorted(qs)


def test_how_long_clicks_are_waited_for_has_its_unit() -> None:
    assert (
        waiting_words(24, 5 * HOUR - 1) == "clicks are waited for until 24 hours after the last message, 5 hours more"
    )
    assert waiting_words(24, 60_000).endswith(", an hour more at most")


def test_no_winner_is_named_before_the_sample_is_complete() -> None:
    arms = [Arm("A", 10, 1000), Arm("B", 200, 1000)]
    early = verdict(arms, complete=False, why_early="300 of 2,000 messages are still to go out")
    assert (early.state, early.winner, early.comparisons) == ("too_early", None, ())
    assert "300 of 2,000" in early.words
    assert verdict(arms, complete=True).winner == "B"


def test_one_variant_is_not_compared() -> None:
    assert verdict([Arm("A", 1, 10), Arm("B", 0, 0)], complete=True).state == "single"


def test_a_winner_must_beat_every_other() -> None:
    found = verdict([Arm("A", 20, 1000), Arm("B", 80, 1000), Arm("C", 78, 1000)], complete=True)
    assert (found.state, found.winner) == ("no_difference", None)
    assert "points" in found.words


@pytest.mark.parametrize("variants", [2, 4])
def test_equal_variants_rarely_get_a_winner(variants: int) -> None:
    rng = np.random.default_rng(5)
    clicks = rng.binomial(1000, 0.03, (2000, variants)).tolist()
    wins = sum(
        verdict([Arm(str(number), count, 1000) for number, count in enumerate(row)], complete=True).winner is not None
        for row in clicks
    )
    assert wins / 2000 <= 0.055


def test_a_real_difference_is_found_as_often_as_planned() -> None:
    rng = np.random.default_rng(6)
    people = needed(0.03, 0.01)
    found = sum(
        verdict([Arm("A", int(a), people), Arm("B", int(b), people)], complete=True).winner == "B"
        for a, b in zip(rng.binomial(people, 0.03, 400), rng.binomial(people, 0.04, 400), strict=True)
    )
    assert 0.68 <= found / 400 <= 0.9


def test_needed_people_and_detectable_difference_belong_together() -> None:
    people = needed(0.03, 0.006)
    assert detectable(0.03, people) == pytest.approx(0.006, rel=1e-3)
    assert detectable(0.03, 0) == 1.0
    with pytest.raises(ValueError, match="above zero"):
        needed(0.03, 0)
