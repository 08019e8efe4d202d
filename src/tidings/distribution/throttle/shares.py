"""Several senders on one PostgreSQL: a provider's limits hold for all of them together.

While anything is limited, each sender that has something to send renews its place in one small row every second, in a
thread and a transaction of its own: the ledger never waits for it. Who sends alone has everything, after one such
transaction. Who ends, dies or has nothing to send leaves its part to the others within seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple

from sqlalchemy import BigInteger, Connection, cast, func, select

from tidings.distribution.owner import is_dead
from tidings.distribution.session import brief_transaction
from tidings.distribution.throttle.part import LEASE, NONE, Part, Place, renewed
from tidings.domain.instant import SECOND, Instant
from tidings.store.database import Database, take_turns
from tidings.store.settings import get_setting, put_setting

log = logging.getLogger("tidings.distribution")
KEY = "sending.shares"
_RENEW_SECONDS = 1.0
_SOON_SECONDS = 0.2  # while the others have not counted us yet
_IDLE_SECONDS = 10.0  # without a question: nothing is to be sent, somebody else may have our part


def database_time(conn: Connection) -> Instant:
    """The server's clock, which is the same for all senders. PostgreSQL only."""
    seconds = func.extract("epoch", func.clock_timestamp())
    return int(conn.execute(select(cast(seconds * SECOND, BigInteger))).scalar_one())


class Shares:
    """One sender's part of every limit, kept up to date while somebody asks for it."""

    def __init__(self, db: Database, name: str, *, now: Callable[[Connection], Instant] = database_time) -> None:
        self._db, self.name, self._now = db, name, now
        self._part, self._until = NONE, 0.0
        self._asked_at = 0.0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._end = threading.Event()

    @property
    def part(self) -> Part:
        """What is ours at this moment; asking for it keeps it. Never blocks."""
        seconds = time.monotonic()
        self._asked_at = seconds
        if self._thread is None:
            self._begin()
        return self._part if seconds < self._until else NONE

    def renew(self) -> Part:
        """Takes or keeps a place among the senders, in a transaction of its own."""
        seconds = time.monotonic()
        with brief_transaction(self._db) as conn:
            take_turns(conn, KEY)
            now = self._now(conn)
            places, part = renewed(_places(conn), self.name, now)
            _keep(conn, places, now)
        self._part, self._until = part, seconds + LEASE / SECOND
        return part

    def leave(self) -> None:
        """Gives the place back: the others may have it at once."""
        self._part, self._until = NONE, 0.0
        with brief_transaction(self._db) as conn:
            take_turns(conn, KEY)
            places = _places(conn)
            places.pop(self.name, None)
            _keep(conn, places, self._now(conn))

    def close(self) -> None:
        """Nothing more is sent: gives the place back and waits for that."""
        thread = self._thread
        self._end.set()
        if thread is not None:
            thread.join(_RENEW_SECONDS)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._end.clear()
                self._thread = threading.Thread(target=self._work, name="tidings-shares", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while not self._end.is_set() and time.monotonic() - self._asked_at < _IDLE_SECONDS:
            try:
                active = self.renew().active
            except Exception:  # without the database nothing is claimed either; the part ends with its lease
                log.warning("the share of the providers' limits could not be renewed", exc_info=True)
                active = True
            self._end.wait(_RENEW_SECONDS if active else _SOON_SECONDS)
        try:
            self.leave()
        except Exception:  # then it ends with its lease
            log.info("the share of the providers' limits could not be given back", exc_info=True)
        self._thread = None


def _places(conn: Connection) -> dict[str, Place]:
    rows = get_setting(conn, KEY) or {}
    return {name: Place(*numbers) for name, numbers in rows.items() if not is_dead(name)}


def _keep(conn: Connection, places: Mapping[str, Place], now: Instant) -> None:
    put_setting(conn, KEY, {name: list(astuple(place)) for name, place in places.items()}, now)
