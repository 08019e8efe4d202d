"""Whose turn it is under a limit: each message leaves at a turn.

Several senders on one database take their turns from one small row, a few at a time, in a thread and a transaction of
its own: the sending never waits for it. So all together keep the limit, whoever comes, ends or starts again; what one
does not take, the others do. What turns there are says a rule: `Distance` for so many an hour, `Windows` for an
account. A sender that is alone on its database keeps the distance of an hour's turns by itself.
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
from tidings.distribution.throttle.gift import Gift, Rule
from tidings.distribution.throttle.shares import database_time
from tidings.domain.instant import SECOND, Instant
from tidings.store.database import Database, take_turns
from tidings.store.settings import get_setting, put_setting

log = logging.getLogger("tidings.distribution")
KEY = "sending.turns."
_SLACK_SECONDS = 0.05  # so much may be made up for: a loop does not wake to the millisecond
_LOOK_SECONDS = 0.05
_AGAIN_SECONDS = 1.0  # after the database refused
LONGEST_SECONDS = 5.0
"""Who waits longer looks again meanwhile."""


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


class Together:
    """Several limits at once. The first is asked first: its turn must be the one that waits longer for the others."""

    def __init__(self, *limits: Turns) -> None:
        self._limits = limits

    def wait(self) -> float:
        """See `Turns`."""
        for limit in self._limits:
            seconds = limit.wait()
            if seconds > 0:
                return seconds
        return 0.0

    def took(self) -> None:
        """See `Turns`."""
        for limit in self._limits:
            limit.took()


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="tidings-turns", daemon=True).start()


class SharedTurns:
    """Of one of several senders on one database."""

    def __init__(
        self, db: Database, name: str, rule: Rule, *, now: Callable[[Connection], Instant] = database_time,
        seconds: Callable[[], float] = time.monotonic, begin: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:  # fmt: skip
        """`name` is what is limited: all senders that name the same keep one limit together."""
        self._begin, self._rule = begin, rule
        self._db, self._key, self._now, self._seconds = db, KEY + name, now, seconds
        self._mine: deque[tuple[float, float]] = deque()
        """Turns that are ours: in seconds of our own clock, and the instants they were given as."""
        self._unused: list[float] = []
        self._ask_at = 0.0
        self.free_at = 0.0
        """When the next turn is free, where the last question brought none."""
        self._asking = self._ended = False
        self._lock = threading.Lock()

    def wait(self) -> float:
        """See `Turns`."""
        if self._asks():
            self._begin(self._ask)
        seconds = self._seconds()
        with self._lock:
            if self._mine:
                return max(0.0, self._mine[0][0] - seconds)
            return _LOOK_SECONDS if self._asking else max(_LOOK_SECONDS, self._ask_at - seconds)

    def _asks(self) -> bool:
        """Whether more turns are to be asked for now."""
        seconds = self._seconds()
        with self._lock:
            while self._mine and self._mine[0][0] + self._rule.late / SECOND < seconds:
                self._unused.append(self._mine.popleft()[1])
            few = len(self._mine) <= self._rule.want // 2
            asks = few and not self._asking and not self._ended and seconds >= self._ask_at
            self._asking = self._asking or asks
        return asks

    def took(self) -> None:
        """See `Turns`."""
        with self._lock:
            if self._mine:
                self._mine.popleft()

    @property
    def in_hand(self) -> int:
        """How many turns are ours."""
        return len(self._mine)

    @property
    def spent(self) -> bool:
        """Whether there was no turn to be had a moment ago."""
        return not self._mine and self._ask_at > self._seconds()

    def renew(self, want: int | None = None) -> int:
        """Takes the next turns that are free, in a transaction of its own; how many."""
        with self._lock:
            unused, self._unused = self._unused, []
        try:
            with brief_transaction(self._db) as conn:
                gift, now, seconds = self._given(conn, self._rule.want if want is None else want, unused)
        except BaseException:
            with self._lock:
                self._unused += unused
            raise
        with self._lock:
            self._mine.extend((seconds + (turn - now) / SECOND, turn) for turn in gift.turns)
            self.free_at = gift.again
            self._ask_at = 0.0 if gift.turns else seconds + min((gift.again - now) / SECOND, LONGEST_SECONDS)
        return len(gift.turns)

    def leave(self, conn: Connection) -> None:
        """This sender ends: what it did not use goes back, where the rule takes it back."""
        with self._lock:
            self._ended = True
            unused = [*self._unused, *(turn for _, turn in self._mine)]
            self._unused, self._mine = [], deque()
        if unused:
            self._given(conn, 0, unused)

    def _given(self, conn: Connection, want: int, unused: list[float]) -> tuple[Gift, Instant, float]:
        take_turns(conn, self._key)
        now, seconds = self._now(conn), self._seconds()
        kept = get_setting(conn, self._key) or {}
        gift = self._rule.give(kept, now, want, unused)
        if gift.turns or unused:
            put_setting(conn, self._key, dict(gift.kept), now)
        return gift, now, seconds

    def _ask(self) -> None:
        try:
            self.renew()
        except Exception:  # without the database nothing is claimed either
            log.warning("no turn of a limit could be taken", exc_info=True)
            self._ask_at = self._seconds() + _AGAIN_SECONDS
        finally:
            self._asking = False
