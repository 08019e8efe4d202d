"""Opens and clicks on their way into the event log: collected for a moment, then scored and written together.

The promise: what was answered is on disk within the interval (250 ms), so that a kill loses no more; with an interval
of 0 the answer itself waits for the commit. When the database is slower than the readers, answers wait likewise, for
some seconds at most: a reader is never kept from where the link leads.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from tidings.domain.instant import Instant

log = logging.getLogger("tidings.distribution.tracking")
INTERVAL_MS = 250
_COLLECT = 0.6  # of the interval; the rest is for the writing
_KEPT = 200_000  # hits in memory while the database cannot be written; the oldest are lost beyond
_HELD_SECONDS = 5.0
_CLOSE_SECONDS = 30.0
_LAST_TRIES = 8  # at the end, a quarter of a second apart


class HitKind(IntEnum):
    """What a reader, or a program, did."""

    CLICK = 1
    OPEN = 2


@dataclass(slots=True)
class Hit:
    """One request that a token was good for."""

    kind: HitKind
    campaign_pk: int
    contact_pk: int
    step: int
    link: int
    at: Instant
    agent: str = ""
    method: str = "GET"
    address: str = ""
    """Where it came from; used for the score and forgotten."""
    prefetch: bool = False


class Batch:
    """Hits that are written together, and who waits for that."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.began = 0.0
        self.waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def finish(self) -> None:
        """Wakes whoever waits. In the writer's thread."""
        for loop, future in self.waiting:
            loop.call_soon_threadsafe(_set, future)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class HitWriter:
    """A thread that writes; it starts with the first hit. `put` belongs to one event loop's thread."""

    def __init__(self, write: Callable[[list[Hit]], None], interval_ms: int = INTERVAL_MS) -> None:
        self._write = write
        self._interval = interval_ms / 1000
        self._collect = self._interval * _COLLECT
        self._batch = Batch()
        self._writing: Batch | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closing = False
        self.lost = 0

    def put(self, hit: Hit) -> asyncio.Future[None] | None:
        """Takes a hit. What it gives is to be waited for (`settle`) before the answer; None: answer at once."""
        now = time.monotonic()
        with self._lock:
            batch = self._batch
            batch.hits.append(hit)
            if len(batch.hits) == 1:
                batch.began = now
                self._begin()
            oldest = self._writing or batch
            if now - oldest.began < self._interval:
                return None
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            batch.waiting.append((loop, future))
            return future

    def _begin(self) -> None:
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tidings-hits", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Writes everything and ends."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._closing = True
            self._wake.set()
            thread.join(_CLOSE_SECONDS)
            self._closing = False

    def _run(self) -> None:
        tries = 0
        while True:
            self._wake.wait()
            self._wake.clear()
            if not self._closing and not tries:
                time.sleep(max(0.0, self._batch.began + self._collect - time.monotonic()))
            with self._lock:
                batch, self._batch = self._batch, Batch()
                self._writing = batch if batch.hits else None
            if batch.hits:
                tries = self._try(batch, tries)
            if self._closing and not self._batch.hits:
                return

    def _try(self, batch: Batch, tries: int) -> int:
        """Writes a batch; when the database refuses, it goes back to be written with the next. How many tries."""
        try:
            self._write(batch.hits)
        except Exception:  # whatever it is, the next must still be written
            tries += 1
            log.exception("%d opens and clicks could not be written yet, try %d", len(batch.hits), tries)
            self._put_back(batch)
            if self._closing and tries > _LAST_TRIES:
                log.error("%d opens and clicks are lost: the database could not be written", len(batch.hits))  # noqa: TRY400  # said above
                self._batch = Batch()
            else:
                time.sleep(0.25 if self._closing else min(2.0, 0.25 * 2 ** min(tries, 4)))
            self._wake.set()
            return tries
        with self._lock:
            self._writing = None
        batch.finish()
        return 0

    def _put_back(self, batch: Batch) -> None:
        """In front of what came meanwhile."""
        with self._lock:
            following, self._writing = self._batch, None
            following.hits[:0] = batch.hits
            following.waiting[:0] = batch.waiting
            following.began = batch.began
            over = len(following.hits) - _KEPT
            del following.hits[: max(0, over)]
        if over > 0:
            self.lost += over
            log.error("%d opens and clicks are lost: the database cannot be written", over)


async def settle(future: asyncio.Future[None]) -> None:
    """Waits for the commit, some seconds at most."""
    try:
        async with asyncio.timeout(_HELD_SECONDS):
            await asyncio.shield(future)
    except TimeoutError:
        log.warning("an answer did not wait longer for the database")
