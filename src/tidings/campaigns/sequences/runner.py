"""The loop that keeps sequences going: sleeps until somebody is due, looks once a second for what changed.

A look is one indexed query for all sequences together, however many people stand in them. Several workers may run it
on one PostgreSQL: each takes people no other has.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from tidings.campaigns import repository as campaigns
from tidings.campaigns.sequences import repository
from tidings.campaigns.sequences.advance import COUNTS
from tidings.campaigns.sequences.batches import BATCH, definition_of, move_batch
from tidings.campaigns.sequences.entering import enter, wants_look
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import TidingsError, UnavailableError
from tidings.domain.event import EventKind
from tidings.domain.instant import HOUR, Clock, Instant
from tidings.domain.sequence import SequenceDefinition

if TYPE_CHECKING:
    from tidings.campaigns.run import CampaignRun
    from tidings.store.database import Database

log = logging.getLogger("tidings.sequences")
LOOK_SECONDS = 1.0
_AFTER_TROUBLE = 5.0
_ENDS = (EventKind.UNSUBSCRIBED, EventKind.COMPLAINED, EventKind.BOUNCED)


class SequenceRunner:
    """One runner. `look` does what is due and says whether there is more; `start` keeps looking in a thread."""

    def __init__(self, db: Database, clock: Clock, run: CampaignRun, *, batch: int = BATCH) -> None:
        self._batch = batch
        self._db, self._clock, self._run = db, clock, run
        self._definitions: dict[str, SequenceDefinition] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to look; returns at once."""
        self._thread = threading.Thread(target=self._loop, name="tidings-sequences", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finishes the batch in hand and ends."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(30)
            self._thread = None

    def _loop(self) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            try:
                wait = 0.0 if self.look() else LOOK_SECONDS
            except Exception:  # the database may be away for a while; nobody is skipped by that
                log.exception("sequences cannot go on now; trying again")
                wait = _AFTER_TROUBLE

    def look(self) -> bool:
        """One look at every sequence that runs; True when there may be more to do at once."""
        with self._db.reading() as conn:
            rows = repository.running(conn)
        now, more = self._clock.now(), False
        for row in rows:
            try:
                more = self._serve(row, now) or more
            except UnavailableError:
                raise
            except TidingsError as error:
                self._hold(row, str(error))
        return more

    def _serve(self, row: Row[Any], now: Instant) -> bool:
        if row.ends_at is not None and row.ends_at <= now:
            self._run.sequences.end(row.campaign_pk)
            return False
        made = self._definition(row)
        more = False
        if (row.newest_event or 0) > row.seen_event:
            more = self._notice(row, made, now)
        if wants_look(row, made, now):
            more = self._let_in(row, made, now) or more
        # Who was woken or let in just now is due as well, although the row says nothing of them.
        if more or (row.next_due is not None and row.next_due <= now):
            more = self._move(row, now) or more
        return more

    def _definition(self, row: Row[Any]) -> SequenceDefinition:
        made = self._definitions.get(row.revision_id)
        if made is None:
            with self._db.reading() as conn:
                made = definition_of(conn, row)
            if len(self._definitions) > 100:
                self._definitions.clear()
            self._definitions[row.revision_id] = made
        return made

    def _notice(self, row: Row[Any], made: SequenceDefinition, now: Instant) -> bool:
        """Acts on what happened since the last look: whoever it concerns is due now."""
        wakes = {kind for step in made.steps if step.branch and step.branch.when.within for kind in _kinds(step.branch)}
        ends = {*_ENDS, *((EventKind.CONVERTED,) if "converted" in made.exits else ())}
        with self._db.transaction() as conn:
            locked = repository.lock_running(conn, row.campaign_pk)
            if locked is None or locked.seen_event >= row.newest_event:
                return False
            repository.wake(
                conn, row.campaign_pk, seen=locked.seen_event, newest=row.newest_event, wakes=sorted(wakes),
                ends=sorted(ends), now=now,
            )  # fmt: skip
        return True

    def _let_in(self, row: Row[Any], made: SequenceDefinition, now: Instant) -> bool:
        with self._db.transaction() as conn:
            locked = repository.lock_running(conn, row.campaign_pk)
            if locked is None or locked.revision_id != row.revision_id:
                return False
            entered = enter(conn, locked, made, row.newest_contact or 0, now)
            if entered.people:
                self._run.feed.note(conn, "scheduling", f"let {entered.people:,} people into “{row.name}”", row.id)
        return entered.more or entered.people > 0

    def _move(self, row: Row[Any], now: Instant) -> bool:
        try:
            with self._db.transaction() as conn:
                done = move_batch(conn, row.campaign_pk, now, self._batch)
        except TidingsError:
            raise
        except Exception:
            log.exception("a batch could not be moved; its people are tried one by one")
            return self._move_singly(row, now)
        return done.people == self._batch

    def _move_singly(self, row: Row[Any], now: Instant) -> bool:
        """Finds the one who holds up the others, and looks at them again in an hour."""
        for _ in range(self._batch):
            try:
                with self._db.transaction() as conn:
                    if not move_batch(conn, row.campaign_pk, now, limit=1).people:
                        return False
            except TidingsError:
                raise
            except Exception:
                log.exception("one person's step cannot be taken; trying again in an hour")
                with self._db.transaction() as conn:
                    for place in repository.due_people(conn, row.campaign_pk, now, 1):
                        repository.put_off(conn, row.campaign_pk, place.contact_pk, now + HOUR)
        return True

    def _hold(self, row: Row[Any], reason: str) -> None:
        """What cannot go on says why and waits for a person, as any campaign does."""
        log.warning("a sequence is paused: %s", reason)
        with self._db.transaction() as conn:
            now_is = campaigns.campaign_of_pk(conn, row.campaign_pk)
            if now_is.paused_at is None and now_is.state == CampaignState.SENDING.value:
                now = self._clock.now()
                campaigns.touch(conn, now_is, at=now, paused_at=now, paused_by="Tidings", state_reason=reason)
                self._run.feed.note(conn, "scheduling", f"paused “{row.name}”: {reason}", row.id)


def _kinds(branch: Any) -> tuple[EventKind, ...]:
    return next((kinds for name, kinds in COUNTS.items() if getattr(branch.when, name) is not None), ())
