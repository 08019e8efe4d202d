"""Which weekday and hour it was where the person is."""

from __future__ import annotations

from tidings.domain.event import Event
from tidings.domain.instant import DAY, HOUR, Instant, to_datetime

_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; 0 is Monday


def local_hour_weekday(at: Instant, zone: str) -> tuple[int, int]:
    """Hour (0 to 23) and weekday (0 = Monday) of an instant in an IANA zone.

    Raises ZoneInfoNotFoundError for a zone that does not exist.
    """
    moment = to_datetime(at, zone)
    return moment.hour, moment.weekday()


def weekday_of(event: Event) -> int | None:
    """The local weekday of an event, 0 = Monday; None when its local hour is not known.

    `detail["weekday"]` says it exactly. Without it, it follows from the instant and the local hour, which leaves
    only offsets of half a day in doubt; there UTC+12, UTC+13 and UTC-10 are taken, where most of those people live.
    """
    if event.hour_local is None:
        return None
    told = event.detail.get("weekday", "")
    if told.isdigit():
        return int(told) % 7
    ahead = (event.hour_local - event.at // HOUR) % 24
    if ahead > 13:
        ahead -= 24
    return ((event.at + ahead * HOUR) // DAY + _EPOCH_WEEKDAY) % 7
