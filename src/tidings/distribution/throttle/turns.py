"""Whose turn it is under a limit of so many messages an hour: each message leaves at a turn, and turns keep a distance.

A sender that is alone counts its own turns. Several on one PostgreSQL take theirs from one small row, a few at a time
and at most a second ahead, in a thread and a transaction of its own: the sending never waits for it. So all together
keep the limit, whoever comes, ends or starts again; what one does not take, the others do.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Connection

from tidings.distribution.session import brief_transaction
from tidings.distribution.throttle.shares import database_time
from tidings.domain.instant import HOUR, SECOND, Instant
from tidings.store.database import Database, take_turns
from tidings.store.settings import get_setting, put_setting

log = logging.getLogger("tidings.distribution")
KEY = "sending.turns."
AHEAD = 1.0 * SECOND
"""Turns are given out so long before they come, where there are several a second."""
LATE = 2.0 * SECOND
"""A turn not used by then is lost: a sender that stood still must not make up for it at once."""
BEHIND = 0.25 * SECOND
"""So much later than it was free a turn may be asked for without loss."""
_AT_ONCE = SECOND / 2  # a sender takes as many as come within that time
_SLACK_SECONDS = 0.05  # so much may be made up for: a loop does not wake to the millisecond
_LOOK_SECONDS = 0.05
_AGAIN_SECONDS = 1.0  # after the database refused
_LONGEST_SECONDS = 5.0


class Turns(Protocol):
    """Asked by the sending thread, and only while something waits to be sent."""

    def wait(self) -> float:
        """Seconds until it is worth asking again; 0 when one message may leave now. Never blocks."""
        ...

    def took(self) -> None:
        """One left."""
        ...


class OwnTurns:
    """Of a sender that is alone."""

    def __init__(self, per_hour: int, seconds: Callable[[], float] = time.monotonic) -> None:
        self._between, self._seconds = 3600 / per_hour, seconds
        self._slack = max(self._between, _SLACK_SECONDS)
        self._next_at = 0.0

    def wait(self) -> float:
        """See `Turns`."""
        return max(0.0, self._next_at - self._seconds())

    def took(self) -> None:
        """See `Turns`."""
        self._next_at = max(self._next_at, self._seconds() - self._slack) + self._between


def give(free_at: float, now: Instant, between: float, want: int) -> tuple[float, int]:
    """The first turn that is free and how many from it on are given, each `between` after the one before. Pure.

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


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="tidings-turns", daemon=True).start()


class SharedTurns:
    """Of one of several senders on one PostgreSQL."""

    def __init__(
        self, db: Database, name: str, per_hour: int, *, now: Callable[[Connection], Instant] = database_time,
        seconds: Callable[[], float] = time.monotonic, begin: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:  # fmt: skip
        """`name` is what is limited: all senders that name the same keep one limit together."""
        self._begin = begin
        self._db, self._key, self._now, self._seconds = db, KEY + name, now, seconds
        self._between = HOUR / per_hour
        self._want = max(1, round(_AT_ONCE / self._between))
        self._mine: deque[float] = deque()
        """Turns that are ours, in seconds of our own clock."""
        self._ask_at = 0.0
        self._asking = False
        self._lock = threading.Lock()

    def wait(self) -> float:
        """See `Turns`."""
        if self._asks():
            self._begin(self._ask)
        seconds = self._seconds()
        with self._lock:
            if self._mine:
                return max(0.0, self._mine[0] - seconds)
            return _LOOK_SECONDS if self._asking else max(_LOOK_SECONDS, self._ask_at - seconds)

    def _asks(self) -> bool:
        """Whether more turns are to be asked for now."""
        seconds = self._seconds()
        with self._lock:
            while self._mine and self._mine[0] + LATE / SECOND < seconds:
                self._mine.popleft()
            asks = len(self._mine) <= self._want // 2 and not self._asking and seconds >= self._ask_at
            self._asking = self._asking or asks
        return asks

    def took(self) -> None:
        """See `Turns`."""
        with self._lock:
            if self._mine:
                self._mine.popleft()

    def renew(self) -> int:
        """Takes the next turns that are free, in a transaction of its own; how many."""
        with brief_transaction(self._db) as conn:
            take_turns(conn, self._key)
            now, seconds = self._now(conn), self._seconds()
            free_at = float((get_setting(conn, self._key) or {}).get("free_at", 0.0))
            first, number = give(free_at, now, self._between, self._want)
            if number:
                put_setting(conn, self._key, {"free_at": first + number * self._between}, now)
        turns = [seconds + (first + no * self._between - now) / SECOND for no in range(number)]
        with self._lock:
            self._mine.extend(turns)
            self._ask_at = (
                0.0 if number else seconds + min((first - ahead(self._between) - now) / SECOND, _LONGEST_SECONDS)
            )
        return number

    def _ask(self) -> None:
        try:
            self.renew()
        except Exception:  # without the database nothing is claimed either
            log.warning("no turn of an hourly limit could be taken", exc_info=True)
            self._ask_at = self._seconds() + _AGAIN_SECONDS
        finally:
            self._asking = False
