"""Zones: everybody is somewhere, clocks jump, and no allowed time is ever in anybody's quiet hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.domain.instant import DAY, HOUR, MINUTE, from_datetime
from tidings.domain.plan import QuietHours
from tidings.scheduling import masks
from tidings.scheduling.policy import PlanPolicy
from tidings.scheduling.zones import (
    ZoneGuess,
    guess,
    instant_at,
    is_zone,
    local,
    local_hours,
    start_of_day,
    zones_of_country,
)

ZONES = sorted(zone for zone in available_timezones() if is_zone(zone))
MOMENTS = st.integers(from_datetime(datetime(2024, 1, 1, tzinfo=UTC)), from_datetime(datetime(2032, 1, 1, tzinfo=UTC)))
QUIETS = st.builds(QuietHours, st.integers(0, 23), st.integers(0, 23))


def at(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text))


def test_all_zones_of_the_database_are_known() -> None:
    assert len(ZONES) > 400


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "../etc/passwd", "Europe", "Europe/Lisbon\n", "/etc/localtime", "a" * 500]
)
def test_what_is_no_zone_is_not_taken_for_one(name: str) -> None:
    assert not is_zone(name)


def test_the_own_zone_wins_over_the_country() -> None:
    assert guess("Asia/Kathmandu", "US") == ZoneGuess(("Asia/Kathmandu",), assumed=False)


def test_a_country_gives_all_its_zones_and_says_they_are_assumed() -> None:
    found = guess("", "us")
    assert found.assumed
    assert found.shown == "America/New_York"
    assert {"Pacific/Honolulu", "America/Anchorage"} <= set(found.zones)


def test_spellings_in_common_use_are_understood() -> None:
    assert zones_of_country("UK") == ("Europe/London",) == zones_of_country(" gb ")


@pytest.mark.parametrize("country", ["", "ZZ", "Portugal", "🇵🇹"])
def test_nothing_known_gives_the_fallback_and_says_it_is_assumed(country: str) -> None:
    assert guess("nowhere", country, "Europe/Lisbon") == ZoneGuess(("Europe/Lisbon",), assumed=True)


def test_a_wall_time_the_clocks_skip_is_read_after_the_jump() -> None:
    # Lisbon, 29 March 2026: 01:00 becomes 02:00.
    assert instant_at("Europe/Lisbon", datetime.fromisoformat("2026-03-29T01:30")) == at("2026-03-29T01:30:00+00:00")
    assert local("Europe/Lisbon", at("2026-03-29T01:30:00+00:00")).hour == 2


def test_a_wall_time_shown_twice_is_its_first() -> None:
    # New York, 1 November 2026: 02:00 becomes 01:00 again.
    first = instant_at("America/New_York", datetime.fromisoformat("2026-11-01T01:30"))
    assert first == at("2026-11-01T05:30:00+00:00")
    assert local("America/New_York", first).hour == local("America/New_York", first + HOUR).hour == 1


def test_a_day_begins_later_where_midnight_is_skipped() -> None:
    # Beirut, 29 March 2026: 00:00 becomes 01:00.
    start = start_of_day("Asia/Beirut", date(2026, 3, 29))
    assert local("Asia/Beirut", start).date() == date(2026, 3, 29)
    assert local("Asia/Beirut", start - 1).date() == date(2026, 3, 28)


@given(st.sampled_from(ZONES), MOMENTS)
def test_every_instant_has_one_wall_time_and_comes_back(zone: str, moment: int) -> None:
    wall = local(zone, moment)
    assert from_datetime(wall) == moment
    days, hours = local_hours(zone, [moment])
    assert (days[0], hours[0]) == (wall.weekday(), wall.hour)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ZONES), MOMENTS, QUIETS, st.integers(0, 59 * 60 + 59))
def test_no_open_hour_touches_quiet_hours(zone: str, moment: int, quiet: QuietHours, second: int) -> None:
    policy = PlanPolicy(quiet=quiet, window_hours=48)
    hours = masks.grid(policy, moment)
    allowed = masks.open_hours(guess(zone, ""), hours, quiet)
    for hour in hours[allowed].tolist():
        assert not quiet.covers(local(zone, hour + second * 1000).hour)
        assert masks.still_allowed(zone, "", hour + second * 1000, quiet)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["US", "RU", "AU", "BR", "CN", "FR", "KI", "CA"]), MOMENTS, QUIETS)
def test_an_assumed_zone_is_allowed_only_where_all_candidates_are(country: str, moment: int, quiet: QuietHours) -> None:
    hours = masks.grid(PlanPolicy(quiet=quiet), moment)
    allowed = masks.open_hours(guess("", country), hours, quiet)
    for hour in hours[allowed].tolist():
        assert all(not quiet.covers(local(zone, hour).hour) for zone in zones_of_country(country))


def test_half_hour_zones_lose_the_hours_that_straddle() -> None:
    quiet = QuietHours(21, 8)
    hours = np.array([at("2026-03-02T02:00:00+00:00"), at("2026-03-02T03:00:00+00:00")])
    # In Kolkata (+5:30) these are 07:30–08:30 and 08:30–09:30.
    assert masks.open_hours(guess("Asia/Kolkata", ""), hours, quiet).tolist() == [False, True]


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01", "2026-06-01"])
def test_days_on_which_the_clocks_change_keep_their_quiet_hours(day: str) -> None:
    start = start_of_day("America/New_York", date.fromisoformat(day))
    grid = start + HOUR * np.arange(26)
    allowed = masks.open_hours(guess("America/New_York", ""), grid, QuietHours(21, 8))
    walls = [local("America/New_York", moment) for moment in grid[allowed].tolist()]
    assert [wall.hour for wall in walls if wall.date().isoformat() == day] == list(range(8, 21))


def test_the_grid_begins_with_the_next_whole_hour() -> None:
    now = at("2026-03-02T10:00:00.001+00:00")
    hours = masks.grid(PlanPolicy(window_hours=3), now)
    assert hours.tolist() == [at(f"2026-03-02T{hour}:00:00+00:00") for hour in (11, 12, 13)]
    assert masks.grid(PlanPolicy(earliest=now + DAY), now)[0] == at("2026-03-03T11:00:00+00:00")


@given(st.sampled_from(ZONES), MOMENTS, QUIETS)
def test_the_next_allowed_time_is_allowed_and_no_quarter_before_it_is(
    zone: str, moment: int, quiet: QuietHours
) -> None:
    found = masks.next_allowed(zone, "", moment, quiet)
    assert found is not None
    assert found - moment <= DAY + HOUR
    assert masks.still_allowed(zone, "", found, quiet)
    if found != moment:
        assert not masks.still_allowed(zone, "", moment, quiet)
        assert found - 15 * MINUTE < moment or not masks.still_allowed(zone, "", found - 15 * MINUTE, quiet)


def test_where_no_time_suits_all_candidates_there_is_none() -> None:
    assert masks.next_allowed("", "RU", at("2026-03-02T10:00:00+00:00"), QuietHours(14, 12)) is None


def test_public_holidays_are_left_out_only_where_they_are() -> None:
    hours = at("2026-12-25T12:00:00+00:00") + DAY * np.arange(3)
    assert masks.outside_holidays(guess("Europe/Lisbon", ""), "PT", hours).tolist() == [False, True, True]
    assert masks.outside_holidays(guess("Europe/Lisbon", ""), "", hours).all()


@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 23))
def test_quiet_hours_are_the_hours_from_start_up_to_end(start: int, end: int, hour: int) -> None:
    quiet = QuietHours(start, end)
    walk = {(start + step) % 24 for step in range((end - start) % 24)}
    assert quiet.covers(hour) == (hour in walk)


def test_zone_rules_agree_with_arithmetic_on_offsets() -> None:
    moment = datetime(2026, 7, 1, 12, tzinfo=UTC)
    for zone in ZONES:
        offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
        assert offset is not None
        assert local(zone, from_datetime(moment)).replace(tzinfo=UTC) == moment + timedelta(
            seconds=offset.total_seconds()
        )
