"""Keeps away from a relay that does not work: closed, open for a while, half-open with one message, closed again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FAILURES = 3
WINDOW, AT_LEAST, DEFERRED_SHARE = 100, 20, 0.20
_STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0)  # seconds: what is mended goes on within half a minute
_PAUSED_STEPS = (30.0, 60.0, 300.0)  # a person has to do something first


@dataclass(slots=True)
class Breaker:
    """Times are seconds of the loop's clock. `shut` says that no message may be offered."""

    shut: bool = False
    half_open: bool = False
    paused: bool = False
    """Only a person can mend it: a wrong password, a certificate that has expired."""
    again_at: float = 0.0
    words: str = ""
    _failures: int = 0
    _opened: int = 0
    _answers: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))

    @property
    def deferred_share(self) -> float:
        """Of the last hundred answers."""
        return sum(self._answers) / len(self._answers) if self._answers else 0.0

    def failed(self, now: float, words: str, *, paused: bool = False, trial: bool = False) -> None:
        """A connection could not be opened, or was ended by the relay.

        While it is shut, only a `trial` counts: what ends then was open before.
        """
        if self.shut and not trial and (self.paused or not paused):
            return
        self.words = words
        self._failures += 1
        if paused or trial or self.half_open or self._failures >= FAILURES:
            self._open(now, paused=paused)

    def answered(self, now: float, words: str, *, deferred: bool) -> None:
        """The relay answered one message; `deferred` when with a 4xx that is about the relay."""
        self._answers.append(deferred)
        if not deferred:
            if self.half_open or self._failures:
                self.close()
            return
        if self.shut:
            return
        if self.half_open or (len(self._answers) >= AT_LEAST and self.deferred_share > DEFERRED_SHARE):
            self.words = words
            self._open(now, paused=False)

    def try_again(self) -> None:
        """One message may find out whether the relay works again."""
        self.shut, self.half_open = False, True

    def close(self) -> None:
        """The relay works."""
        self.shut = self.half_open = self.paused = False
        self.words, self._failures, self._opened, self.again_at = "", 0, 0, 0.0

    def _open(self, now: float, *, paused: bool) -> None:
        steps = _PAUSED_STEPS if paused else _STEPS
        self.again_at = now + steps[min(self._opened, len(steps) - 1)]
        self._opened += 1
        self.shut, self.half_open, self.paused = True, False, paused
        self._answers.clear()
