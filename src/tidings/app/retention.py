"""The daily job that empties what is older than it is to be kept; each run asks for the next day's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from tidings.access.audit import record
from tidings.distribution.retention import Bite, empty_hits, empty_reports, empty_words
from tidings.domain.actor import SYSTEM, AgentName
from tidings.domain.instant import DAY, Clock, Instant, to_datetime
from tidings.domain.keeping import Keep
from tidings.engine.jobs import Jobs
from tidings.health import RETENTION
from tidings.llm.calls import forget_prompts
from tidings.store.database import Database
from tidings.store.settings import get_setting, put_setting

log = logging.getLogger("tidings.retention")
JOB = "retention.day"
_BITES: dict[str, Callable[[Connection, int, Instant], Bite]] = {
    "reports": empty_reports, "words": empty_words, "hits": empty_hits,
}  # fmt: skip


class Retention:
    """One installation's. What it did last stands in the database, for health and doctor."""

    def __init__(self, db: Database, clock: Clock, jobs: Jobs, keep: Keep) -> None:
        self._db, self._clock, self._jobs, self._keep = db, clock, jobs, keep
        jobs.job(JOB, queue=AgentName.DISTRIBUTION.value)(self.run)

    def begin(self) -> None:
        """Asks for today's run, once whoever else asks, and once more when other days are kept than at the last."""
        with self._db.transaction() as conn:
            kept = _state(conn).get("kept", self._keep.in_words())
            self._ask(conn, self._clock.now(), anew="" if kept == self._keep.in_words() else self._keep.in_words())

    def run(self, day: str) -> None:
        """Empties what is old, bite by bite; repeated, it finds less to do. Never fails: health says what is wrong."""
        del day
        now = self._clock.now()
        counts: dict[str, int] = {}
        error = ""
        try:
            for name in _BITES:
                counts[name] = self._empty(name, now)
            counts["prompts"] = self._prompts(now)
        except Exception as problem:
            log.exception("what is old could not be emptied")
            error = type(problem).__name__
        with self._db.transaction() as conn:
            state = {**_state(conn), "at": now, "counts": counts, "error": error, "kept": self._keep.in_words()}
            put_setting(conn, RETENTION, state, now)
            if emptied := {name: number for name, number in counts.items() if number}:
                record(conn, now, SYSTEM, "retention.emptied", "", {**emptied, "kept": self._keep.in_words()})
            self._ask(conn, now + DAY, delay=DAY)

    def _empty(self, name: str, now: Instant) -> int:
        days, emptied = getattr(self._keep, name), 0
        while days:
            with self._db.transaction() as conn:
                state = _state(conn)
                marks = state.get("marks", {})
                bite = _BITES[name](conn, marks.get(name, 0), now - days * DAY)
                put_setting(conn, RETENTION, {**state, "marks": {**marks, name: bite.mark}}, now)
            emptied += bite.emptied
            if not bite.more:
                break
        return emptied

    def _prompts(self, now: Instant) -> int:
        if not self._keep.prompts:
            return 0
        with self._db.transaction() as conn:
            return forget_prompts(conn, now - self._keep.prompts * DAY)

    def _ask(self, conn: Connection, at: Instant, delay: int = 0, anew: str = "") -> None:
        day = to_datetime(at).date().isoformat()
        name = f"{JOB}:{day}:{anew}" if anew else f"{JOB}:{day}"
        self._jobs.enqueue(conn, JOB, day, id=name, delay_ms=delay)


def _state(conn: Connection) -> dict[str, Any]:
    return get_setting(conn, RETENTION) or {}
