"""Clicks on their way into the event log: collected for at most 250 ms, then scored and written together."""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import Connection

from tidings.distribution import repository
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import SECOND, Instant
from tidings.store.database import Database

log = logging.getLogger("tidings.distribution.tracking")
_WAIT_SECONDS = 0.25
_GROUP = 1000
_REMEMBERED = 20_000
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Click:
    """One followed link."""

    campaign_pk: int
    contact_pk: int
    step: int
    link: int
    at: Instant
    agent: str
    method: str


class ClickWriter:
    """A thread that writes; it starts with the first click."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: queue.SimpleQueue[Click | None] = queue.SimpleQueue()
        self._last: dict[tuple[int, int], tuple[int, Instant]] = {}
        self._thread: threading.Thread | None = None

    def put(self, click: Click) -> None:
        """Takes a click; it is on disk within the wait."""
        self._waiting.put(click)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tidings-clicks", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Writes everything and ends."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(30)
            self._thread = None

    def _run(self) -> None:
        ending = False
        while not ending:
            group = [self._waiting.get()]
            if group[0] is not None:
                time.sleep(_WAIT_SECONDS)
            while len(group) < _GROUP and not self._waiting.empty():
                group.append(self._waiting.get())
            ending = None in group
            self._write([click for click in group if click is not None])

    def _write(self, clicks: list[Click]) -> None:
        """Tries for a while when the database is busy or full."""
        for attempt in range(_TRIES if clicks else 0):
            try:
                with self._db.transaction() as conn:
                    self._append(conn, clicks)
            except Exception:  # whatever it is, the next clicks must still be written
                log.exception("%d clicks could not be written, try %d of %d", len(clicks), attempt + 1, _TRIES)
                time.sleep(_WAIT_SECONDS * 2**attempt)
            else:
                return

    def _append(self, conn: Connection, clicks: list[Click]) -> None:
        from tidings.events.log import append

        append(conn, [event for click in clicks if (event := self._event(conn, click)) is not None])

    def _event(self, conn: Connection, click: Click) -> Event | None:
        """The event with its score; None when the delivery is gone."""
        from tidings.events.scoring import machine_score

        facts = repository.delivery_facts(conn, click.campaign_pk, click.contact_pk)
        if facts is None:
            return None
        key = (click.campaign_pk, click.contact_pk)
        other = self._last.get(key)
        since = (click.at - other[1]) / SECOND if other is not None and other[0] != click.link else None
        if len(self._last) > _REMEMBERED:
            self._last.clear()
        self._last[key] = (click.link, click.at)
        waited = (click.at - facts.at) / SECOND if facts.at is not None else -1.0  # below zero says nothing
        score = machine_score(click.agent, click.method, waited, seconds_since_other_link=since)
        hour, weekday = _local(click.at, facts)
        detail = {"link": str(click.link), "agent": click.agent[:120]}
        if weekday is not None:
            detail["weekday"] = str(weekday)
        return Event(
            EventKind.CLICKED, click.at, click.campaign_pk, click.contact_pk, step=click.step,
            variant=facts.variant, machine=score, hour_local=hour, detail=detail,
        )  # fmt: skip


def _local(at: Instant, facts: Any) -> tuple[int | None, int | None]:
    from tidings.events.local import local_hour_weekday

    if not facts.zone:
        return None, None
    try:
        return local_hour_weekday(at, facts.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return None, None
