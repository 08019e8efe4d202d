"""Which part of every limit one of several senders may use, so that all together keep it. Pure.

Each sender notes when it last renewed, by a number that only grows. A sender that came new has no part until every
other one has renewed since and so counts with it; one that does not renew in time is no longer counted, and its part
goes to the others. A part is never larger than what the rules below give for those who are really there, so at no
moment do the parts exceed the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidings.domain.instant import SECOND, Instant

LEASE = 5 * SECOND
GRACE = 2 * SECOND
"""So much longer the others wait before they count without somebody."""
_SLICE = 10 * SECOND
_LAST = 2 * SECOND  # of a slice: nothing begins any more, that what is on its way may end


@dataclass(frozen=True, slots=True)
class Part:
    """One sender's part of each limit: its place among `of` senders. Not `active`: it has to wait for the others."""

    rank: int = 0
    of: int = 1
    active: bool = True

    def places(self, connections: int, now: Instant) -> int:
        """How many of a limit's connections are its own at this moment.

        Where there are fewer connections than senders, they go round by the clock.
        """
        if connections >= self.of:
            return connections // self.of + (self.rank < connections % self.of)
        turn, into = divmod(now, _SLICE)
        return int((self.rank + turn) % self.of < connections and into < _SLICE - _LAST)


WHOLE = Part()
NONE = Part(active=False)


@dataclass(frozen=True, slots=True)
class Place:
    """One sender as the others see it: the numbers at which it came and last renewed, and until when it counts."""

    came: int
    renewed: int
    until: Instant


def renewed(places: Mapping[str, Place], name: str, now: Instant) -> tuple[dict[str, Place], Part]:
    """The senders that count from now on, with this one renewed; and its part. Whoever calls must take turns."""
    live = {other: place for other, place in places.items() if place.until + GRACE > now}
    number = 1 + max((place.renewed for place in live.values()), default=0)
    own = live.get(name)
    came = own.came if own is not None and own.until > now else number
    live[name] = Place(came, number, now + LEASE)
    seen = all(place.renewed > came for other, place in live.items() if other != name)
    return live, Part(sorted(live).index(name), len(live), seen)
