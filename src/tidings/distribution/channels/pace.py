"""How fast an account may send: at most so many in any minute and any hour, as its provider allows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_WINDOWS = (60.0, 3600.0)


class Pace:
    """Counts what left in sliding windows. A limit of 0 is none. What an earlier process sent is not known here."""

    def __init__(self, per_minute: int, per_hour: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = [(seconds, most) for seconds, most in zip(_WINDOWS, (per_minute, per_hour), strict=True) if most]
        self._clock = clock
        self._left: deque[float] = deque()

    def wait(self) -> float:
        """Seconds until one more may leave; 0 when it may now."""
        if not self._limits:
            return 0.0
        now = self._clock()
        while self._left and self._left[0] <= now - self._limits[-1][0]:
            self._left.popleft()
        return max((self._until(now, seconds, most) for seconds, most in self._limits), default=0.0)

    def _until(self, now: float, seconds: float, most: int) -> float:
        """When the window has room: once the one that is `most` back in line falls out of it."""
        if len(self._left) < most:
            return 0.0
        return max(0.0, self._left[-most] + seconds - now)

    def count(self) -> None:
        """One leaves."""
        if self._limits:
            self._left.append(self._clock())
