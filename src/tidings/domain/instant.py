"""Instants are whole milliseconds since 1970-01-01 UTC; local time exists only at the edges."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo

Instant = int
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Says what time it is; injected, so that tests and simulations can move it."""

    def now(self) -> Instant:
        """The present instant."""
        ...


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime; a naive one is refused, for its zone would be a guess."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone names no instant")
    return round(moment.timestamp() * 1000)


@cache
def zone_of(name: str) -> ZoneInfo:
    """An IANA zone, read once: zoneinfo by itself keeps eight and reads the file again for the ninth.

    Raises ZoneInfoNotFoundError or ValueError for a name that is none.
    """
    return ZoneInfo(name)


def to_datetime(instant: Instant, zone: str = "UTC") -> datetime:
    """The wall time of an instant in an IANA zone."""
    moment = datetime.fromtimestamp(instant / 1000, tz=UTC)
    return moment if zone == "UTC" else moment.astimezone(zone_of(zone))


def iso(instant: Instant | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, as the API gives it; None stays None."""
    if instant is None:
        return None
    return to_datetime(instant).isoformat(timespec="milliseconds").replace("+00:00", "Z")
