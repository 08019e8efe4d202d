"""Slows guessing down: after some failures, further attempts are refused for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict

from tidings.domain.errors import RateLimitedError
from tidings.domain.instant import MINUTE, Clock, Instant

ALLOWED = 5
WINDOW = 15 * MINUTE
_REMEMBERED = 10_000


class FailureLimiter:
    """Counts failures by name in this process; at most 10,000 names, the oldest forgotten first."""

    def __init__(self, clock: Clock, *, allowed: int = ALLOWED, window: int = WINDOW) -> None:
        self._clock = clock
        self._allowed = allowed
        self._window = window
        self._failures: OrderedDict[str, list[Instant]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, name: str) -> None:
        """Raises RateLimitedError while there are too many recent failures. Refused attempts do not count."""
        with self._lock:
            recent = self._recent(name)
            if len(recent) >= self._allowed:
                minutes = -(-(recent[0] + self._window - self._clock.now()) // MINUTE)
                raise RateLimitedError(
                    "Too many failed attempts.",
                    remedy=f"Try again in {minutes} minute{'s' if minutes != 1 else ''}, or use a sign-in link.",
                )

    def failed(self, name: str) -> None:
        """Notes one failure."""
        with self._lock:
            self._failures[name] = [*self._recent(name), self._clock.now()]
            self._failures.move_to_end(name)
            if len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forgets the failures."""
        with self._lock:
            self._failures.pop(name, None)

    def _recent(self, name: str) -> list[Instant]:
        since = self._clock.now() - self._window
        return [at for at in self._failures.get(name, []) if at > since]
