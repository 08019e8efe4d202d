"""Where an event's local weekday comes from."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.domain.event import Event, EventKind
from tidings.domain.instant import from_datetime
from tidings.events.local import local_hour_weekday, weekday_of

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Asia/Tokyo", "Asia/Kathmandu",
    "Australia/Adelaide", "Pacific/Auckland", "Pacific/Honolulu", "America/St_Johns", "America/Sao_Paulo",
]  # fmt: skip


def _event(at: int, hour: int | None, **detail: str) -> Event:
    return Event(EventKind.CLICKED, at, 1, 1, hour_local=hour, detail=detail)


@given(st.integers(0, 4_000_000_000), st.sampled_from(ZONES))
def test_the_weekday_follows_from_the_instant_and_the_local_hour(seconds: int, zone: str) -> None:
    hour, weekday = local_hour_weekday(seconds * 1000, zone)
    there = datetime.fromtimestamp(seconds, ZoneInfo(zone))
    assert (hour, weekday) == (there.hour, there.weekday())
    if -10.5 <= there.utcoffset().total_seconds() / 3600 <= 13:
        assert weekday_of(_event(seconds * 1000, hour)) == weekday


def test_the_weekday_that_was_written_down_wins() -> None:
    at = from_datetime(datetime(2026, 3, 2, 11, tzinfo=UTC))  # Monday 01:00 on Tuesday in Kiritimati, UTC+14
    assert local_hour_weekday(at, "Pacific/Kiritimati") == (1, 1)
    assert weekday_of(_event(at, 1, weekday="1")) == 1


@pytest.mark.parametrize("text", ["", "x", "-1", "½"])
def test_a_broken_note_is_ignored(text: str) -> None:
    at = from_datetime(datetime(2026, 3, 2, 11, tzinfo=UTC))
    assert weekday_of(_event(at, 11, weekday=text)) == 0


def test_without_a_local_hour_there_is_no_weekday() -> None:
    assert weekday_of(_event(0, None)) is None
