"""Insights: a world in which nothing differs yields hardly any; true ones are found and say what they rest on."""

from __future__ import annotations

import numpy as np

from tidings.analytics import insights
from tidings.analytics.advice import nothing_yet, recommend
from tidings.analytics.compare import Arm
from tidings.analytics.insights import judged
from tidings.analytics.intervals import share_of
from tidings.analytics.metrics import Counts, counts_of
from tidings.analytics.views import CampaignReport, VariantLine


def world(rng: np.random.Generator) -> list[insights.Insight]:
    """One report's findings where nobody and no hour differs from another."""
    hours = {hour: (int(rng.binomial(400, 0.03)), 400) for hour in range(8, 21)}
    arms = [Arm(name, int(rng.binomial(900, 0.03)), 900) for name in "AB"]
    return judged(
        [
            insights.better_variant(arms, {}),
            insights.chosen_times((int(rng.binomial(1700, 0.03)), 1700), (int(rng.binomial(100, 0.03)), 100)),
            insights.send_window(hours, 100),
            insights.rest_quiet((int(rng.binomial(500, 0.02)), 500), (int(rng.binomial(500, 0.02)), 500), 100),
            insights.list_hygiene(int(rng.binomial(1800, 0.01)), 1800),
        ]
    )


def test_where_nothing_differs_hardly_any_insight_is_told() -> None:
    rng = np.random.default_rng(11)
    told = sum(recommend(world(rng), 0.05) is not None for _ in range(1500))
    assert told / 1500 <= 0.06


def test_a_true_difference_of_variants_is_told_with_its_evidence() -> None:
    found = judged([insights.better_variant([Arm("A", 30, 1000), Arm("B", 80, 1000)], {"B": "Bread, warm"})])
    advice = recommend(found, 0.05)
    assert advice is not None
    assert advice.proposes
    assert "Bread, warm" in advice.title
    assert advice.body["evidence"] == "experimental"
    assert advice.body["people"] == 2000
    assert advice.body["figures"]["low"] > 0
    assert advice.body["q_value"] < 0.05
    assert {"proposed_change", "effect", "interval", "compared_with", "caution"} <= set(advice.body)


def test_experiments_come_before_what_was_only_observed() -> None:
    hours = {hour: (300 if hour == 10 else 10, 1000) for hour in range(8, 21)}
    found = judged(
        [insights.send_window(hours, 100), insights.better_variant([Arm("A", 40, 1000), Arm("B", 80, 1000)], {})]
    )
    assert [one.evidence for one in found] == ["experimental", "observational"]
    assert found[1].q < found[0].q


def test_the_best_window_is_found_in_local_hours() -> None:
    hours = {hour: (60 if hour in {9, 10, 11} else 20, 1000) for hour in range(8, 21)}
    found = insights.send_window(hours, 100)
    assert found is not None
    assert found.title == "Send between 09:00 and 12:00"
    assert found.evidence == "observational"
    assert found.caution


def test_windows_and_groups_with_few_people_are_not_looked_at() -> None:
    assert insights.send_window({9: (5, 20), 15: (0, 30)}, 100) is None
    assert insights.rest_quiet((5, 50), (0, 500), 100) is None
    assert insights.better_variant([Arm("A", 1, 10)], {}) is None
    assert insights.better_variant([], {}) is None
    assert insights.chosen_times((0, 0), (0, 0)) is None


def test_resting_is_not_proposed_when_quiet_people_stay_no_less() -> None:
    assert insights.rest_quiet((1, 500), (9, 500), 100) is None


def test_bounces_above_the_limit_ask_for_a_clean_list() -> None:
    found = insights.list_hygiene(80, 1000)
    assert found is not None
    assert found.p < 1e-6
    assert insights.list_hygiene(10, 1000) is None
    assert insights.list_hygiene(0, 0) is None
    borderline = insights.list_hygiene(3, 100)
    assert borderline is not None
    assert recommend(judged([borderline]), 0.05) is None


def test_not_enough_data_says_how_much_is_missing() -> None:
    line = VariantLine("A", "", 40, 40, None, share_of(1, 40), share_of(0, 40), share_of(0, 40))
    report = CampaignReport("cmp_x", (line,), line, (), True, "There is one variant.", None)
    advice = nothing_yet(report, [], 100)
    assert not advice.proposes
    assert advice.title == "Not enough data yet"
    figures = advice.body["figures"]
    assert figures["missing_per_variant"] == figures["needed_per_variant"] - 40 > 0
    assert 0 < figures["detectable"] < 1


def test_an_empty_report_says_so_without_failing() -> None:
    none = VariantLine("all", "", 0, 0, None, share_of(0, 0), share_of(0, 0), share_of(0, 0))
    advice = nothing_yet(CampaignReport("cmp_x", (), none, (), False, "Nothing has been sent yet.", None), [], 100)
    assert advice.kind == "not_enough_data"
    assert advice.body["figures"]["people_per_variant"] == 0


def test_plain_smtp_counts_as_delivered_what_did_not_bounce() -> None:
    assert counts_of({"accepted": 10, "bounced": 2}).delivered == 8
    assert counts_of({"accepted": 10, "delivered": 7, "bounced": 2}).delivered == 7
    assert counts_of({"accepted": 10}, confirms=True).delivered == 0
    assert Counts(sent=1, clicked=2) + Counts(sent=3) == Counts(sent=4, clicked=2)
