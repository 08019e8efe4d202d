"""At most so many in any minute and any hour, as an account's provider allows: what left is remembered. Pure.

What is remembered are pairs of an instant and a number, the oldest first: exact for the last minute to the second,
before that to half a minute, and never earlier than it was, so that no window ever holds more than is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tidings.distribution.throttle.gift import Gift
from tidings.domain.instant import HOUR, MINUTE, SECOND, Instant

LATE = 1.0 * SECOND
"""A turn not used by then goes back."""
MARGIN = 2 * SECOND
"""So much longer a window is kept: a turn may be used a little late, and the request takes its time."""
MOST_QUIET = HOUR
"""A provider is left alone no longer than that, whatever it asks for."""
_SHARE, _MOST_AT_ONCE = 50, 100  # a sender that is killed takes no more than a fiftieth along
_YOUNG, _OLD = SECOND, 30 * SECOND

Left = tuple[Instant, int]
"""So many at an instant."""


class Windows:
    """A `Rule`: a burst may leave at once, up to the limit."""

    late = LATE

    def __init__(self, per_minute: int, per_hour: int) -> None:
        """A limit of 0 is none."""
        pairs = ((MINUTE, per_minute, "a minute"), (HOUR, per_hour, "an hour"))
        self._limits = [(span + MARGIN, most) for span, most, _ in pairs if most]
        self._longest = max((span for span, _ in self._limits), default=0)
        self.words = " and ".join(f"{most:,} {words}" for _, most, words in pairs if most)
        """The limits, for people; empty without any."""
        self.want = min(_MOST_AT_ONCE, max(1, min((most for _, most in self._limits), default=0) // _SHARE))

    def left(self, kept: Mapping[str, Any], now: Instant) -> list[Left]:
        """What still counts. An instant to come is of a clock that was wrong: it counts as now."""
        since = now - self._longest
        return [(min(int(at), now), int(number)) for at, number in kept.get("left", ()) if at > since]

    def used(self, kept: Mapping[str, Any], now: Instant) -> tuple[int, int]:
        """How much of a minute's and of an hour's limit is used up; 0 where there is none."""
        left, limited = self.left(kept, now), {span for span, _ in self._limits}
        spans = (span + MARGIN for span in (MINUTE, HOUR))
        minute, hour = (sum(n for at, n in left if at + span > now) if span in limited else 0 for span in spans)
        return minute, hour

    def opens(self, left: Iterable[Left], now: Instant) -> tuple[Instant, int]:
        """When one more may leave, and how many then. What is to leave later is counted, too."""
        known = sorted(left)
        at = max((_opens(known, now, span, most) for span, most in self._limits), default=now)
        return at, min(
            (most - sum(number for then, number in known if then + span > at) for span, most in self._limits),
            default=_MOST_AT_ONCE,
        )

    def give(self, kept: Mapping[str, Any], now: Instant, want: int, unused: Sequence[float]) -> Gift:
        """See `Rule`."""
        counted, quiet = self.left(kept, now), quiet_until(kept, now)
        left = _back(counted, [then for then in unused if then > now - self._longest])
        at, room = self.opens(left, now)
        number = min(want, room) if max(at, quiet) <= now else 0
        if number:
            left = _joined([*left, (now, number)], now)
        then = {"left": [list(each) for each in left]} | ({"quiet_until": quiet} if quiet > now else {})
        return Gift([float(now)] * number, then, max(at, quiet))


def quiet_until(kept: Mapping[str, Any], now: Instant) -> Instant:
    """Until when the provider asked to be left alone; 0 when it did not."""
    until = int(kept.get("quiet_until", 0))
    return until if now < until <= now + MOST_QUIET + MARGIN else 0


def _opens(known: Sequence[Left], now: Instant, span: int, most: int) -> Instant:
    """When a window has room: once enough of the oldest have fallen out of it."""
    within = [(at, number) for at, number in known if at + span > now]
    over = sum(number for _, number in within) - most
    for at, number in within:
        if over < 0:
            break
        over, now = over - number, at + span
    return now


def _back(left: list[Left], unused: Iterable[float]) -> list[Left]:
    """Without those at which nobody left: each was counted in the first entry that is not before it."""
    for then in unused:
        for no, (at, number) in enumerate(left):
            if at >= then:
                left[no] = at, number - 1
                break
    return [each for each in left if each[1] > 0]


def _joined(left: Iterable[Left], now: Instant) -> list[Left]:
    """Neighbours in one cell become one, at the later instant."""
    found: list[Left] = []
    for at, number in left:
        cell = _YOUNG if at > now - MINUTE - MARGIN else _OLD
        if found and found[-1][0] // cell == at // cell:
            found[-1] = at, found[-1][1] + number
        else:
            found.append((at, number))
    return found
