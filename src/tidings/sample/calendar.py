"""Which instant a local hour is, for many people at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tidings.domain.instant import Instant, from_datetime, to_datetime, zone_of

FIRST_HOUR, LAST_HOUR = 8, 20
_DAYS = 3
# What the sample's senders believed about good hours; the rest was spread evenly, so that there is something to learn.
LIKED_HOURS = {9: 3.0, 10: 3.0, 12: 1.8, 17: 2.0, 18: 2.0, 19: 1.5}


def draw_times(
    rng: np.random.Generator, zones: Sequence[str], launch: Instant
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each person an instant after the launch in an allowed local hour, with that hour and its local weekday."""
    hours = np.arange(FIRST_HOUR, LAST_HOUR + 1)
    weights = np.array([LIKED_HOURS.get(int(hour), 1.0) for hour in hours])
    drawn = rng.choice(hours, size=len(zones), p=weights / weights.sum())
    minutes = rng.integers(0, 60, size=len(zones))
    due = np.empty(len(zones), dtype=np.int64)
    weekdays = np.empty(len(zones), dtype=np.int64)
    for index, zone in enumerate(zones):
        due[index], weekdays[index] = _instant(zone, launch, int(drawn[index]), int(minutes[index]))
    return due, drawn.astype(np.int64), weekdays


@cache
def _instant(zone: str, launch: Instant, hour: int, minute: int) -> tuple[Instant, int]:
    """The first time after the launch that a clock in the zone shows this hour and minute, and its weekday."""
    start = to_datetime(launch, zone).date()
    for ahead in range(_DAYS):
        moment = datetime.combine(start + timedelta(days=ahead), datetime.min.time(), zone_of(zone))
        moment = moment.replace(hour=hour, minute=minute)
        if from_datetime(moment) >= launch:
            return from_datetime(moment), moment.weekday()
    raise AssertionError("a local hour comes every day")
