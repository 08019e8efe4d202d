"""So many messages an hour at an equal distance: each turn comes so long after the one before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidings.distribution.throttle.gift import Gift
from tidings.domain.instant import HOUR, SECOND, Instant

AHEAD = 1.0 * SECOND
"""Turns are given out so long before they come, where there are several a second."""
LATE = 2.0 * SECOND
"""A turn not used by then is lost: a sender that stood still must not make up for it at once."""
BEHIND = 0.25 * SECOND
"""So much later than it was free a turn may be asked for without loss."""
_AT_ONCE = SECOND / 2  # a sender takes as many as come within that time


class Distance:
    """A `Rule`."""

    late = LATE

    def __init__(self, per_hour: int) -> None:
        self._between = HOUR / per_hour
        self.want = max(1, round(_AT_ONCE / self._between))

    def give(self, kept: Mapping[str, Any], now: Instant, want: int, unused: Sequence[float]) -> Gift:
        """See `Rule`. What was not used is lost: its instant is past."""
        del unused
        first, number = give(float(kept.get("free_at", 0.0)), now, self._between, want)
        turns = [first + no * self._between for no in range(number)]
        then = {"free_at": first + number * self._between} if number else kept
        return Gift(turns, then, first - ahead(self._between))


def give(free_at: float, now: Instant, between: float, want: int) -> tuple[float, int]:
    """The first turn that is free and how many from it on are given, each `between` after the one before.

    `free_at` is where the last gift ended. One that lies further ahead than any gift can end is of a lower limit that
    holds no more, or of a server's clock that was wrong.
    """
    until = now + ahead(between)
    first = min(max(free_at, now - BEHIND), until + between)
    if first > until:
        return first, 0
    return first, min(want, int((until - first) / between) + 1)


def ahead(between: float) -> float:
    """How long before they come turns are given out: rare ones not at all, else who ends would take one along."""
    return AHEAD if between < AHEAD else 0.0
