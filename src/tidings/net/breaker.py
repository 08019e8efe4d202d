"""Stops asking a place that does not answer, for a while that grows, so that everything else stays quick."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tidings.domain.errors import UnavailableError

FAILURES = 5
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 600.0


@dataclass(slots=True)
class _Place:
    failures: int = 0
    pause: float = FIRST_PAUSE
    closed_until: float | None = None
    trying: bool = False


class Breaker:
    """One state per place. After 5 failures in a row it refuses for 30 s, then lets one try; the next pause doubles."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()

    def enter(self, place: str) -> None:
        """Called before a request. Raises UnavailableError while the place is left alone."""
        with self._lock:
            state = self._places.setdefault(place, _Place())
            if state.closed_until is None:
                return
            wait = state.closed_until - self._monotonic()
            if wait > 0 or state.trying:
                raise UnavailableError(
                    f"{place} did not answer {FAILURES} times in a row.",
                    remedy=f"It is tried again in {max(1, round(wait))} seconds.",
                )
            state.trying = True

    def succeeded(self, place: str) -> None:
        """The place answered: everything is as before."""
        with self._lock:
            self._places[place] = _Place()

    def failed(self, place: str) -> None:
        """The place did not answer, or said that it cannot."""
        with self._lock:
            state = self._places.setdefault(place, _Place())
            state.failures += 1
            if state.trying:
                state.pause = min(state.pause * 2, LONGEST_PAUSE)
                state.trying = False
            if state.failures >= FAILURES:
                state.closed_until = self._monotonic() + state.pause

    def is_open(self, place: str) -> bool:
        """Whether requests to the place are refused at this moment."""
        with self._lock:
            state = self._places.get(place)
            return state is not None and state.closed_until is not None and self._monotonic() < state.closed_until
