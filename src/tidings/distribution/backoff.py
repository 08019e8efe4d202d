"""When a deferred delivery is tried again, and when a relay that is away is."""

from __future__ import annotations

import random

from tidings.domain.instant import HOUR, MINUTE, SECOND, Instant

SCHEDULE = (5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR)
"""Waits after each try that was put off; together 24 hours, then a campaign's delivery is given up."""
SPREAD = 0.2
_RELAY_STEPS = (SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 20 * SECOND)
_REFUSED_STEPS = (30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE)


def next_try(attempt: int, now: Instant, chance: random.Random, *, asked: int = 0) -> Instant | None:
    """The instant of the next try after try number `attempt` (from 1) was put off; None when it is given up.

    `asked`: the other side, or the throttle, named a wait in milliseconds; it is kept to, with a little more.
    """
    if attempt > len(SCHEDULE):
        return None
    if asked:
        return now + round(asked * chance.uniform(1, 1 + SPREAD / 4))
    wait = SCHEDULE[attempt - 1]
    return now + round(wait * chance.uniform(1 - SPREAD, 1 + SPREAD))


def relay_wait(failures: int, *, refused: bool) -> int:
    """Milliseconds until a relay is tried again: soon when it is away, later when it says no (recovery in 30 s)."""
    steps = _REFUSED_STEPS if refused else _RELAY_STEPS
    return steps[min(failures, len(steps)) - 1]
