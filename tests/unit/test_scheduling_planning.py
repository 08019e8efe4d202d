"""The plan: everybody is planned or held back with the reason, and no rule is ever broken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import DAY, HOUR, Instant, from_datetime
from tidings.domain.plan import FrequencyCap, HeldBack, QuietHours, SlotReason
from tidings.scheduling import masks
from tidings.scheduling.gain import gain, gain_in_words
from tidings.scheduling.model import learn
from tidings.scheduling.planning import Knowledge, Plan, plan
from tidings.scheduling.policy import PlanPolicy, policy_from
from tidings.scheduling.reasons import held_back_text, reason_text
from tidings.scheduling.zones import local

NOW = from_datetime(datetime(2026, 3, 2, 10, 20, tzinfo=UTC))
NOTHING = np.zeros((7, 24))
PLACES = [
    ("Europe/Lisbon", "PT"), ("America/New_York", "US"), ("Asia/Kathmandu", "NP"), ("Pacific/Chatham", "NZ"),
    ("", "US"), ("", "RU"), ("", ""), ("Australia/Lord_Howe", "AU"), ("Pacific/Kiritimati", "KI"),
]  # fmt: skip


class Somebody(NamedTuple):
    pk: int
    zone: str
    country: str
    channels: tuple[str, ...] = ("email",)


WAYS = [("email",), ("email", "sms"), ("sms",), ("email", "sms", "push"), ("push",)]


def people(count: int) -> list[Somebody]:
    return [Somebody(pk + 1, *PLACES[pk % len(PLACES)], WAYS[pk % len(WAYS)]) for pk in range(count)]


def peaked() -> Knowledge:
    """A list that clicks at 10 o'clock much more than else."""
    sent = np.full((7, 24), 500)
    clicked = np.full((7, 24), 8)
    clicked[:, 10] = 40
    return Knowledge(learn(clicked, sent))


def broken(made: Plan, who: Sequence[Somebody], policy: PlanPolicy, others: dict[int, list[Instant]]) -> list[str]:
    """Every rule the plan breaks."""
    by_pk = {one.pk: one for one in who}
    found: list[str] = []
    for pk, due, ways in zip(made.pk.tolist(), made.due_at.tolist(), made.channels, strict=True):
        one = by_pk[pk]
        if not ways or ways != one.channels[: len(ways)]:
            found.append(f"{pk} is written to by {ways}, not by what they agreed to")
        quiets = [policy.quiet] * ("email" in ways) + [policy.quiet_texts] * (set(ways) != {"email"})
        if not all(masks.still_allowed(one.zone, one.country, due, each, policy.fallback_zone) for each in quiets):
            found.append(f"{pk} is written to in quiet hours")
        times = [*others.get(pk, []), *[due] * len(ways)]
        span = policy.cap.days * DAY
        if any(sum(end - span < at <= end for at in times) > policy.cap.limit for end in times):
            found.append(f"{pk} hears too often")
        if (
            not max(NOW, policy.earliest or 0)
            <= due
            <= max(NOW, policy.earliest or 0) + (policy.window_hours + 1) * HOUR
        ):
            found.append(f"{pk} is outside the window")
    hours = np.unique(made.due_at // HOUR, return_counts=True)[1]
    if len(hours) and hours.max() > policy.max_per_hour:
        found.append("an hour is overfull")
    return found


QUIET = st.builds(QuietHours, st.integers(0, 23), st.integers(0, 23))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 120),
    st.tuples(QUIET, QUIET),
    st.builds(FrequencyCap, st.integers(1, 3), st.integers(1, 10)),
    st.integers(1, 100),
    st.integers(1, 40),
    st.floats(0, 0.5),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_no_rule_is_broken_and_everybody_is_counted(
    count: int, quiets: tuple[QuietHours, QuietHours], cap: FrequencyCap, window: int, room: int, share: float,
    seed: int, learned: bool,
) -> None:  # fmt: skip
    who = people(count)
    policy = PlanPolicy(
        quiet=quiets[0], quiet_texts=quiets[1], cap=cap, window_hours=window, max_per_hour=room, holdout_share=share,
        fallback_zone="Europe/Lisbon",
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    others: dict[int, list[Instant]] = {}
    for one in who[::2]:  # their past keeps the cap by itself, as it would have
        times: list[Instant] = []
        for at in sorted((NOW + rng.integers(-12 * DAY, 12 * DAY, 4)).tolist()):
            if len(times) < cap.limit or times[-cap.limit] <= at - cap.days * DAY:
                times.append(at)
        others[one.pk] = times
    known = Knowledge(peaked().model if learned else learn(NOTHING, NOTHING), commitments=others)
    made = plan(who, variants=["A", "B"], policy=policy, knowledge=known, now=NOW, seed=seed)
    assert broken(made, who, policy, others) == []
    assert len(made.pk) + sum(made.held_back.values()) == count
    assert len(set(made.pk.tolist())) == len(made.pk)
    numbers = np.bincount(made.variant, minlength=2)
    assert abs(int(numbers[0]) - int(numbers[1])) <= 1


def test_the_same_seed_gives_the_same_plan() -> None:
    first, second = (
        plan(people(200), variants=["A", "B"], policy=PlanPolicy(max_per_hour=9), knowledge=peaked(), now=NOW, seed=4)
        for _ in range(2)
    )
    assert (first.due_at == second.due_at).all()
    assert (first.variant == second.variant).all()


def test_people_get_the_hour_at_which_the_list_clicks() -> None:
    policy = PlanPolicy(holdout_share=0)
    who = [Somebody(pk, "Europe/Lisbon", "PT") for pk in range(50)]
    made = plan(who, variants=["A"], policy=policy, knowledge=peaked(), now=NOW, seed=1)
    assert {local("Europe/Lisbon", due).hour for due in made.due_at.tolist()} <= {9, 10}
    assert set(made.reasons) == {SlotReason.BEST_HOUR.value}


def test_the_minutes_of_an_hour_are_used_evenly() -> None:
    who = [Somebody(pk, "Europe/Lisbon", "PT") for pk in range(60)]
    made = plan(who, variants=["A"], policy=PlanPolicy(holdout_share=0), knowledge=peaked(), now=NOW, seed=1)
    minutes = sorted(made.due_at % HOUR // 60_000)
    assert minutes == list(range(60))


def test_quiet_hours_move_people_and_say_so() -> None:
    policy = PlanPolicy(quiet=QuietHours(9, 12), holdout_share=0)
    who = [Somebody(1, "Europe/Lisbon", "PT")]
    made = plan(who, variants=["A"], policy=policy, knowledge=peaked(), now=NOW, seed=1)
    assert made.reasons == [SlotReason.QUIET_HOURS.value]


def test_a_full_hour_moves_the_overflow_and_says_so() -> None:
    who = [Somebody(pk, "Europe/Lisbon", "PT") for pk in range(30)]
    policy = PlanPolicy(max_per_hour=10, holdout_share=0, window_hours=24, quiet=QuietHours(0, 0))
    made = plan(who, variants=["A"], policy=policy, knowledge=peaked(), now=NOW, seed=1)
    assert len(made.pk) == 30
    assert made.reasons.count("slot_full") == 20


def test_a_capacity_below_the_audience_holds_the_rest_back() -> None:
    who = [Somebody(pk, "Europe/Lisbon", "PT") for pk in range(30)]
    policy = PlanPolicy(max_per_hour=5, window_hours=3, quiet=QuietHours(0, 0))
    made = plan(who, variants=["A"], policy=policy, knowledge=peaked(), now=NOW, seed=1)
    assert (len(made.pk), made.held_back) == (15, {HeldBack.SLOT_FULL: 15})


def test_the_cap_moves_within_the_window_else_holds_back() -> None:
    cap = FrequencyCap(limit=1, days=2)
    who = [Somebody(1, "Europe/Lisbon", "PT"), Somebody(2, "Europe/Lisbon", "PT")]
    others = {1: [NOW - DAY], 2: [NOW - DAY, NOW + DAY, NOW + 3 * DAY]}
    known = Knowledge(peaked().model, commitments=others)
    policy = PlanPolicy(cap=cap, holdout_share=0, window_hours=48)
    made = plan(who, variants=["A"], policy=policy, knowledge=known, now=NOW, seed=1)
    assert made.pk.tolist() == [1]
    assert made.due_at[0] >= NOW + DAY
    assert made.held_back == {HeldBack.FREQUENCY_CAP: 1}


def test_who_has_room_for_one_message_keeps_the_first_channel_rather_than_nothing() -> None:
    both = ("email", "sms")
    who = [Somebody(pk, "Europe/Lisbon", "PT", both) for pk in (1, 2, 3)]
    others = {2: [NOW - DAY], 3: [NOW - DAY, NOW + DAY]}
    known = Knowledge(peaked().model, commitments=others)
    policy = PlanPolicy(cap=FrequencyCap(limit=2, days=7), holdout_share=0, window_hours=24)
    made = plan(who, variants=["A"], policy=policy, knowledge=known, now=NOW, seed=1)
    assert dict(zip(made.pk.tolist(), made.channels, strict=True)) == {1: both, 2: ("email",)}
    assert made.cut == {"sms": 1}
    assert made.held_back == {HeldBack.FREQUENCY_CAP: 1}


def test_each_channel_keeps_its_own_quiet_hours_and_both_keep_both() -> None:
    policy = PlanPolicy(quiet=QuietHours(12, 6), quiet_texts=QuietHours(18, 10), holdout_share=0)
    who = [Somebody(pk, "Europe/Lisbon", "PT", WAYS[pk % 3]) for pk in range(30)]
    known = Knowledge(learn(NOTHING, NOTHING))
    made = plan(who, variants=["A"], policy=policy, knowledge=known, now=NOW, seed=1)
    hours: dict[tuple[str, ...], set[int]] = {}
    for due, ways in zip(made.due_at.tolist(), made.channels, strict=True):
        hours.setdefault(ways, set()).add(local("Europe/Lisbon", due).hour)
    assert hours["email",] <= set(range(6, 12))
    assert hours["sms",] <= set(range(10, 18))
    assert hours["email", "sms"] <= {10, 11}


def test_a_country_whose_zones_share_no_allowed_hour_is_held_back() -> None:
    policy = PlanPolicy(quiet=QuietHours(14, 12))
    made = plan([Somebody(1, "", "RU")], variants=["A"], policy=policy, knowledge=peaked(), now=NOW, seed=1)
    assert made.held_back == {HeldBack.NO_ALLOWED_TIME: 1}


def test_the_random_share_is_random_and_marked() -> None:
    who = [Somebody(pk, "Europe/Lisbon", "PT") for pk in range(4000)]
    made = plan(who, variants=["A"], policy=PlanPolicy(holdout_share=0.1), knowledge=peaked(), now=NOW, seed=1)
    drawn = np.array(made.reasons) == SlotReason.HOLDOUT_TIME.value
    assert 300 < drawn.sum() < 500
    hours = {local("Europe/Lisbon", due).hour for due in made.due_at[drawn].tolist()}
    assert hours == set(range(8, 21))


def test_own_habits_count_only_when_there_are_many_clicks() -> None:
    habit = [0.0] * 24
    habit[18] = 60
    who = [Somebody(1, "Europe/Lisbon", "PT"), Somebody(2, "Europe/Lisbon", "PT")]
    once = [0.0] * 24
    once[18] = 1
    known = Knowledge(peaked().model, clicks={1: habit, 2: once})
    made = plan(who, variants=["A"], policy=PlanPolicy(holdout_share=0), knowledge=known, now=NOW, seed=1)
    hours = {
        pk: local("Europe/Lisbon", due).hour for pk, due in zip(made.pk.tolist(), made.due_at.tolist(), strict=True)
    }
    assert hours[2] in {9, 10}
    lone = Knowledge(learn(np.full((7, 24), 12), np.full((7, 24), 500)), clicks={1: habit})
    made = plan(who[:1], variants=["A"], policy=PlanPolicy(holdout_share=0), knowledge=lone, now=NOW, seed=1)
    assert 16 <= local("Europe/Lisbon", int(made.due_at[0])).hour <= 19


def test_thin_data_promise_nothing() -> None:
    model = learn(NOTHING, NOTHING)
    made = plan(people(90), variants=["A"], policy=PlanPolicy(), knowledge=Knowledge(model), now=NOW, seed=1)
    found = gain(model, made.cells["plan"], made.cells["best_global_hour"], 1)
    assert found is None
    assert gain_in_words(model, found, "best_global_hour").startswith("Not enough data yet")


def test_a_plan_without_people_promises_nothing_and_does_not_blame_the_data() -> None:
    model = learn(np.full((7, 24), 12), np.full((7, 24), 500))
    assert gain(model, NOTHING, NOTHING, 1) is None
    assert gain_in_words(model, None, "best_global_hour") == ""


def test_a_strong_peak_promises_a_gain_with_an_interval() -> None:
    model = peaked().model
    made = plan(people(900), variants=["A"], policy=PlanPolicy(), knowledge=peaked(), now=NOW, seed=1)
    found = gain(model, made.cells["plan"], made.cells["send_now"], 1)
    assert found is not None
    assert 0 < found.low < found.middle < found.high


def test_a_world_without_preferences_promises_next_to_nothing() -> None:
    rng = np.random.default_rng(7)
    sent = np.full((7, 24), 400)
    lows = 0
    for seed in range(20):
        model = learn(rng.binomial(sent, 0.03), sent)
        made = plan(people(300), variants=["A"], policy=PlanPolicy(), knowledge=Knowledge(model), now=NOW, seed=seed)
        found = gain(model, made.cells["plan"], made.cells["best_global_hour"], seed)
        assert found is not None
        lows += found.low > 0
    assert lows <= 6  # taking the best of many noisy hours flatters; shrinkage keeps it rare


def test_reasons_are_told_in_words() -> None:
    due = from_datetime(datetime(2026, 3, 3, 9, 15, tzinfo=UTC))
    text = reason_text("best_hour", due, "Europe/Lisbon", model=peaked().model)
    assert text.startswith("Tuesday 09:15 in Lisbon: the hour with the most clicks expected")
    assert "% ±" in text
    thin = reason_text("best_hour", due, "Europe/Lisbon", assumed=True, model=learn(NOTHING, NOTHING))
    assert "assumed" in thin
    assert "not enough data" in thin
    for reason in SlotReason:
        assert "09:15" in reason_text(reason, due, "Europe/Lisbon")
    for held in HeldBack:
        assert held_back_text(held, 1_204).startswith("1,204 people ")
        assert held_back_text(held, 1).startswith("1 person ")


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ({"window_hours": 0}, "window_hours"),
        ({"max_per_hour": 0}, "max_per_hour"),
        ({"quiet_start": 25}, "quiet"),
        ({"quiet_texts_end": 24}, "quiet_texts"),
        ({"cap_limit": 0}, "cap"),
        ({"holdout_share": 0.9}, "holdout_share"),
        ({"fallback_zone": "Mars/Base"}, "fallback_zone"),
    ],
)
def test_senseless_policies_are_refused_by_name(given_: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        policy_from(given_)
    assert caught.value.field == field


def test_a_policy_comes_back_from_json_and_later_sources_win() -> None:
    policy = PlanPolicy(earliest=5, quiet=QuietHours(20, 9), quiet_texts=QuietHours(19, 10), cap=FrequencyCap(2, 5))
    assert policy_from(policy.as_json()) == policy
    assert policy_from(policy.as_json(), {"quiet_start": 22, "unknown": 1}).quiet == QuietHours(22, 9)
