"""Which time zone is a person in, and what does the clock on their wall say?

Candidates of a country come from the IANA table `zone.tab`, which lists each country's zones with the most populous
first. It ships with the pinned `tzdata` package, so it is there offline and never older than the zone rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from tidings.domain.instant import Instant, from_datetime

_SPELLINGS = {"UK": "GB", "EL": "GR"}  # in common use, not ISO 3166


@dataclass(frozen=True, slots=True)
class ZoneGuess:
    """The zones a person may be in. A time must be allowed in all of them; `zones[0]` is the one shown."""

    zones: tuple[str, ...]
    assumed: bool

    @property
    def shown(self) -> str:
        """The likeliest zone, in which times are shown."""
        return self.zones[0]


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether the name is an IANA zone this installation knows."""
    if not name:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a plain name; a directory of the database
        return False
    return True


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, ...]]:
    text = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            country, _coordinates, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return {country: tuple(zone for zone in zones if is_zone(zone)) for country, zones in found.items()}


def zones_of_country(country: str) -> tuple[str, ...]:
    """All zones of an ISO 3166 country, most populous first; empty when there is no such country."""
    code = country.strip().upper()
    return _table().get(_SPELLINGS.get(code, code), ())


@lru_cache(maxsize=4096)
def guess(zone: str, country: str, fallback: str = "UTC") -> ZoneGuess:
    """The person's own zone if known; else every zone of their country; else `fallback`. The last two are assumed."""
    if is_zone(zone):
        return ZoneGuess((zone,), assumed=False)
    return ZoneGuess(zones_of_country(country) or (fallback,), assumed=True)


def local(zone: str, at: Instant) -> datetime:
    """The wall time at an instant. Every instant has exactly one, whatever the clocks do."""
    return datetime.fromtimestamp(at / 1000, tz=UTC).astimezone(ZoneInfo(zone))


def instant_at(zone: str, wall: datetime) -> Instant:
    """The instant at which a naive wall time is shown in a zone.

    A time the clocks skip (a gap) becomes the same distance after the jump; of a time shown twice (a fold) the first
    is taken: PEP 495's reading of `fold=0`.
    """
    return from_datetime(wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC))


def start_of_day(zone: str, day: date) -> Instant:
    """The first instant of a local day, which is not always 00:00: some zones skip midnight."""
    return instant_at(zone, datetime.combine(day, time()))


def local_hours(zone: str, instants: Sequence[Instant]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Weekday (0 = Monday) and hour on the wall at each instant."""
    where = ZoneInfo(zone)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    walls = [(epoch + timedelta(milliseconds=at)).astimezone(where) for at in instants]
    return (
        np.array([wall.weekday() for wall in walls], dtype=np.int8),
        np.array([wall.hour for wall in walls], dtype=np.int8),
    )
