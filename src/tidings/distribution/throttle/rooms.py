"""What one sender has taken of the days of warm-up, and whom it has in line for them. Pure; from any thread.

Room is taken of a day before anybody is claimed for it, in the ledger's own transaction, and given back when it is not
used: so the day's count is one for all senders, never below what left, and no restart forgets it. While it is not known
by which relay a message will leave, each relay holds room for it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable

from tidings.distribution.throttle.warmup import Ramp, day_of
from tidings.domain.instant import Instant

Person = tuple[int, int]
"""Campaign and contact."""


class Rooms:
    """Of one sender. What a ledger's step changes is kept by `done`, or taken back by `undo`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day = 0
        self._held: dict[tuple[str, str], int] = {}
        """By relay and sending domain; below 0 when more left than room was taken for."""
        self._line: dict[str, Counter[Person]] = {}
        """By sending domain: who was let in and has not left. One that is given back may be let in again before the
        ledger has said so: it is there twice, in one room."""
        self._booked: Counter[tuple[str, str]] = Counter()
        self._entered: list[tuple[str, Person]] = []

    def begin_day(self, now: Instant) -> None:
        """Of a new day nothing is held yet."""
        with self._lock:
            if day_of(now) != self._day:
                self._day, self._held = day_of(now), dict.fromkeys(self._held, 0)
                self._booked.clear()

    def forget(self, relays: Collection[str]) -> None:
        """Only these warm up from now on."""
        with self._lock:
            self._held = {key: held for key, held in self._held.items() if key[0] in relays}
            if not relays:
                self._line.clear()

    def has(self, domain: str, person: Person) -> bool:
        """Whether the person has a room already."""
        return person in self._line.get(domain, ())

    def left(self, ramps: Iterable[Ramp], domain: str, now: Instant) -> int:
        """How many more this sender may let in today."""
        with self._lock:
            free = sum((ramp.left(now) or 0) + self._held.get((ramp.relay, domain), 0) for ramp in ramps)
            return free - len(self._line.get(domain, ()))

    def apart(self, domain: str, people: Collection[Person]) -> int:
        """How many of these are not in line."""
        with self._lock:
            return len(people) - sum(1 for person in self._line.get(domain, ()) if person in people)

    def let_in(self, domain: str, people: Iterable[Person]) -> None:
        """These are claimed."""
        with self._lock:
            line = self._line.setdefault(domain, Counter())
            for person in people:
                line[person] += 1
                self._entered.append((domain, person))

    def book(self, ramp: Ramp, now: Instant, *, leaving: bool = False) -> bool:
        """Holds as much of the ramp's day as there are people in line, or as is left; whether that changed the ramp.

        `leaving`: holds nothing any more.
        """
        key = (ramp.relay, ramp.domain)
        with self._lock:
            left = ramp.left(now)
            if left is None:
                self._held.pop(key, None)
                return False
            held = self._held.get(key, 0)
            wanted = 0 if leaving else len(self._line.get(ramp.domain, ()))
            self._held[key] = max(0, min(wanted, left + held))
            change = self._held[key] - held
            self._booked[key] += change
            ramp.use(change, now)
            return change != 0

    def done(self) -> None:
        """The step was committed."""
        with self._lock:
            self._booked.clear()
            self._entered.clear()

    def undo(self) -> None:
        """It was not."""
        with self._lock:
            for key, number in self._booked.items():
                if key in self._held:
                    self._held[key] -= number
            for domain, person in self._entered:
                self._drop(domain, person)
            self._booked.clear()
            self._entered.clear()

    def unfit(self) -> set[str]:
        """Sending domains of which more is held than needed, or less than was used."""
        with self._lock:
            return {
                domain for (_, domain), held in self._held.items()
                if held < 0 or held > len(self._line.get(domain, ()))
            }  # fmt: skip

    def domains(self) -> set[str]:
        """Of which anything is held."""
        with self._lock:
            return {domain for (_, domain), held in self._held.items() if held}

    # The sending thread

    def used_up(self, relay: str) -> bool:
        """Whether somebody is in line for whom the relay has no room."""
        with self._lock:
            return any(
                self._held.get((relay, domain), 1) <= 0 for domain, line in self._line.items() if line
            )  # fmt: skip

    def took(self, relay: str, domain: str, person: Person, now: Instant) -> None:
        """It leaves by that relay."""
        self.begin_day(now)
        with self._lock:
            self._drop(domain, person)
            if (relay, domain) in self._held:
                self._held[relay, domain] -= 1

    def returned(self, relay: str, domain: str, person: Person) -> None:
        """It did not leave after all, and is in line until the ledger knows."""
        with self._lock:
            self._line.setdefault(domain, Counter())[person] += 1
            if (relay, domain) in self._held:
                self._held[relay, domain] += 1

    def ended(self, domain: str, person: Person) -> None:
        """It went back to the ledger, or came to its end, without leaving."""
        with self._lock:
            self._drop(domain, person)

    def _drop(self, domain: str, person: Person) -> None:
        line = self._line.get(domain)
        if line is not None and line[person] > 1:
            line[person] -= 1
        elif line is not None:
            del line[person]
