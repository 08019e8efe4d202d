"""Posts what is due; at idle it asks the database once in two seconds.

Each account's postings go out one after the other, several accounts' beside each other, so that a service which does
not answer holds up nobody else's.

The order that loses nothing and repeats nothing: claimed, then marked as attempting (both on disk), then posted, then
the outcome with its events in one transaction. What a dead worker had marked is in doubt: it is looked for where the
service allows, and never posted again by itself unless it is surely not there.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from tidings.distribution.accounts import repository as accounts
from tidings.distribution.accounts.service import ChannelService
from tidings.distribution.backoff import SCHEDULE, SPREAD, relay_wait
from tidings.distribution.channels.base import ChannelDownError, Outcome, Result
from tidings.distribution.channels.posting import HasSchedule, Post, Posted, Poster, RenewsSecrets
from tidings.distribution.owner import is_dead, owner_name
from tidings.distribution.postings import repository
from tidings.distribution.postings.links import post_of
from tidings.distribution.postings.service import PostingService
from tidings.distribution.statements import PAUSE_KEY
from tidings.domain.channel import LOCAL, Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.errors import NotFoundError, TidingsError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import MINUTE, SECOND, Clock, Instant
from tidings.domain.message import ShortTemplate
from tidings.domain.short import rule_of
from tidings.events.log import append_posting
from tidings.store.database import Database
from tidings.store.settings import get_setting

log = logging.getLogger("tidings.distribution.postings")
D = DeliveryState
Note = Callable[[Connection, str, str, str | None], None]
OnFinished = Callable[[Connection, int], None]
EVERY_SECONDS = 2.0
LANES = 8
"""So many accounts are posted to at the same time."""
LEASE = 3 * MINUTE
"""Longer than any service may take: posters give up after seconds."""
FIRST_LOOK, LAST_LOOK = 15 * SECOND, 30 * MINUTE
"""How long a posting in doubt is left alone before it is looked for, and for how long it is looked for."""
_KINDS = {
    D.ACCEPTED.value: EventKind.ACCEPTED, D.FAILED.value: EventKind.FAILED, D.UNCERTAIN.value: EventKind.UNCERTAIN,
}  # fmt: skip
_GONE = "the account is gone; set one up anew, then let it be tried again, or cancel"
_OFF = "the account is turned off on the page Channels"
_STOPPED = "the worker stopped before the service's answer was recorded"


@dataclass(frozen=True, slots=True)
class PostingHooks:
    """What other rooms do: the live feed, and the campaign's end."""

    note: Note
    on_finished: OnFinished


class PostingWorker:
    """One worker; several may run beside each other on PostgreSQL."""

    def __init__(
        self, db: Database, clock: Clock, postings: PostingService, channels: ChannelService, hooks: PostingHooks,
        *, owner: str = "", every: float = EVERY_SECONDS, first_look: int = FIRST_LOOK,
    ) -> None:  # fmt: skip
        self._db, self._clock, self._postings, self._channels, self._hooks = db, clock, postings, channels, hooks
        self._owner, self._every, self._first_look = owner or owner_name(), every, first_look
        self._chance = random.Random()  # noqa: S311  # spreads retries, guards nothing
        self._failures: dict[str, int] = {}
        self._stopping, self._free = threading.Event(), threading.Event()
        self._lanes: dict[str, threading.Thread] = {}
        """By account: who posts to it now."""
        self._thread = threading.Thread(target=self._run, name="tidings-postings", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the postings in hand."""
        self._stopping.set()
        self._free.set()
        until = time.monotonic() + 90
        for thread in (self._thread, *self._lanes.copy().values()):
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        self._guarded(self.take_over)
        while not self._stopping.is_set():
            self._free.clear()
            if not self._guarded(self._begin):
                self._free.wait(self._every)
                if self._chance.random() < self._every / 60:  # about once a minute: another machine's worker may die
                    self._guarded(self.take_over)

    def _guarded(self, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except Exception:  # the thread must outlive a database that is away for a moment
            log.exception("a round of postings failed")
            return False

    def work_once(self) -> bool:
        """Does the next thing that is due; False when there is nothing."""
        row = self._due()
        if row is not None:
            self._do(row)
        return row is not None

    def _begin(self) -> bool:
        """Begins the next thing that is due, in a lane of its account's own; False when none can begin now."""
        row = self._due() if len(self._lanes) < LANES else None
        if row is None:
            return False
        lane = threading.Thread(target=self._in_lane, args=(row,), name="tidings-posting", daemon=True)
        self._lanes[row.account_id] = lane
        lane.start()
        return True

    def _in_lane(self, row: Row[Any]) -> None:
        try:
            self._do(row)
        except Exception:  # as in `_guarded`
            log.exception("posting %s could not be worked on", row.id)
            self._stopping.wait(self._every)
        finally:
            del self._lanes[row.account_id]
            self._free.set()

    def _due(self) -> Row[Any] | None:
        """The next thing to do, of an account that no lane is at."""
        with self._db.reading() as conn:
            row = repository.next_due(conn, self._clock.now(), without=list(self._lanes))
            return None if row is None or get_setting(conn, PAUSE_KEY) is not None else row

    def _do(self, row: Row[Any]) -> None:
        if row.state == D.UNCERTAIN.value:
            self._look(row)
        else:
            self._post(row)

    def take_over(self) -> bool:
        """Settles what dead workers, or those silent beyond their lease, had in hand; True when there was any."""
        now = self._clock.now()
        with self._db.reading() as conn:
            rows = [row for row in repository.in_hand(conn) if row.owner != self._owner]
        gone = [row for row in rows if (row.lease_until or 0) < now or is_dead(row.owner)]
        for row in gone:
            with self._db.transaction() as conn:
                if row.state == D.CLAIMED.value:
                    values: dict[str, Any] = {"state": D.PLANNED.value, "due_at": now}
                else:
                    values = self._uncertain(row, now, _STOPPED)
                repository.settle(conn, row.pk, (row.state,), row.owner, **values)
        return bool(gone)

    # One posting

    def _post(self, row: Row[Any]) -> None:
        now = self._clock.now()
        with self._db.transaction() as conn:
            if not repository.claim(conn, row.pk, self._owner, now + LEASE):
                return
        post = post_of(row.id, ShortTemplate.model_validate(row.body))
        try:
            poster = self._open(row.account_id)
            problems = poster.problems(post)
            if problems:
                self._settle(row, Posted(Outcome(Result.FAILED, "", " ".join(problems))), poster)
                return
        except (ChannelDownError, TidingsError) as error:
            self._hold(row, str(error), refused=True)
            return
        with self._db.transaction() as conn:
            left = get_setting(conn, PAUSE_KEY) is None and repository.mark_attempting(
                conn, row.pk, self._owner, now, now + LEASE
            )
            if not left:
                repository.settle(conn, row.pk, (D.CLAIMED.value,), self._owner, state=row.state)
                return
        self._attempt(row, poster, post)

    def _attempt(self, row: Row[Any], poster: Poster, post: Post) -> None:
        try:
            posted = poster.post(post)
        except ChannelDownError as error:
            self._hold(row, str(error), refused=error.refused)
            return
        except Exception as error:  # a fault of ours after the request may have left is doubt, not a retry
            log.exception("posting %s failed", row.id)
            posted = Posted(Outcome(Result.UNCERTAIN, "", f"an unexpected fault ({type(error).__name__})"))
        self._settle(row, posted, poster, answered=posted.outcome.result is not Result.UNCERTAIN)

    def _open(self, account_id: str) -> Poster:
        with self._db.reading() as conn:
            try:
                account = self._channels.account(conn, account_id)
            except NotFoundError:
                raise ChannelDownError(_GONE, refused=True) from None
            found = accounts.find(conn, account_id)
        if found is None or not found["enabled"]:
            raise ChannelDownError(_OFF, refused=True)
        poster = self._postings.poster(account)
        if isinstance(poster, RenewsSecrets):
            poster.keep = lambda fresh: self._channels.renew(account_id, fresh)
        return poster

    def _hold(self, row: Row[Any], reason: str, *, refused: bool) -> None:
        """Nothing was posted: it waits with the reason, and does not count as a try."""
        now = self._clock.now()
        failures = self._failures[row.account_id] = self._failures.get(row.account_id, 0) + 1
        due_at = now + relay_wait(failures, refused=refused)
        with self._db.transaction() as conn:
            values = {"state": D.HELD.value, "reason": reason[:400], "code": "", "at": now, "due_at": due_at}
            mine = repository.settle(conn, row.pk, repository.IN_HAND, self._owner, attempt=row.attempt, **values)
            accounts.say_problem(conn, row.account_id, reason[:400], now)
            if mine and row.reason != reason[:400]:
                self._tell(conn, row, f"holds “{row.campaign_name}” for {_title(row)}: {reason}")

    def _settle(self, row: Row[Any], posted: Posted, poster: Poster, *, answered: bool = False) -> None:
        """The outcome, its event and what follows from it, in one transaction.

        `answered`: the network let us in, whatever it said of the posting.
        """
        now = self._clock.now()
        values = self._values(row, posted, poster, now)
        with self._db.transaction() as conn:
            if not repository.settle(conn, row.pk, repository.IN_HAND, self._owner, **values):
                log.warning("posting %s was taken away while it was on its way", row.id)
                return
            if answered:
                self._failures.pop(row.account_id, None)
                accounts.say_problem(conn, row.account_id, "", now)
            self._conclude(conn, row, values, now)

    def _values(self, row: Row[Any], posted: Posted, poster: Poster, now: Instant) -> dict[str, Any]:
        outcome = posted.outcome
        said = {"code": outcome.code[:40], "reason": outcome.words[:400], "at": now}
        if outcome.result is Result.UNCERTAIN:
            return {**self._uncertain(row, now, outcome.words), "code": said["code"]}
        if outcome.result is Result.DEFERRED:
            schedule = _schedule(poster)
            tries: int = row.attempt + 1
            if tries <= len(schedule):
                wait = round(schedule[tries - 1] * self._chance.uniform(1 - SPREAD, 1 + SPREAD))
                return {**said, "state": D.DEFERRED.value, "due_at": now + max(wait, posted.wait_ms)}
            said["reason"] = f"given up after {tries} tries: {outcome.words}"[:400]
        accepted = outcome.result is Result.ACCEPTED
        return {
            **said, "state": (D.ACCEPTED if accepted else D.FAILED).value,
            "provider_id": posted.provider_id, "url": posted.url,
        }  # fmt: skip

    def _uncertain(self, row: Row[Any], now: Instant, words: str) -> dict[str, Any]:
        wait = 0 if Channel(row.channel) in LOCAL else self._first_look
        return {"state": D.UNCERTAIN.value, "reason": words[:400], "at": now, "due_at": now + wait}

    def _conclude(self, conn: Connection, row: Row[Any], values: Mapping[str, Any], now: Instant) -> None:
        state = str(values["state"])
        if state in _KINDS:
            detail = {"posting": row.id, "account": row.account_id, "url": str(values.get("url", ""))}
            append_posting(
                conn, Event(_KINDS[state], now, row.campaign_pk, 0, row.channel, row.step, row.variant, detail=detail)
            )
        words = {
            D.ACCEPTED.value: f"posted “{row.campaign_name}” to {_title(row)}",
            D.FAILED.value: f"could not post “{row.campaign_name}” to {_title(row)}: {values['reason']}",
            D.UNCERTAIN.value: f"does not know whether “{row.campaign_name}” is on {_title(row)}: {values['reason']}",
        }.get(state)
        if words:
            self._tell(conn, row, words)
        if not repository.something_open(conn, row.campaign_pk):
            self._hooks.on_finished(conn, row.campaign_pk)

    # One in doubt

    def _look(self, row: Row[Any]) -> None:
        """Looks whether it is there; what cannot be told within half an hour is left to a person."""
        now = self._clock.now()
        found: Posted | None = None
        try:
            poster = self._open(row.account_id)
            found = poster.find(post_of(row.id, ShortTemplate.model_validate(row.body)))
            told = True
        except (ChannelDownError, TidingsError) as error:
            log.info("posting %s cannot be looked for now: %s", row.id, error)
            told = False
        values = self._after_look(row, found, now, told=told)
        with self._db.transaction() as conn:
            if repository.settle(conn, row.pk, (D.UNCERTAIN.value,), row.owner, **values):
                if values.get("state") == D.ACCEPTED.value:
                    self._conclude(conn, row, values, now)
                elif not repository.something_open(conn, row.campaign_pk):
                    self._hooks.on_finished(conn, row.campaign_pk)

    def _after_look(self, row: Row[Any], found: Posted | None, now: Instant, *, told: bool) -> dict[str, Any]:
        if found is not None and found.outcome.result is Result.ACCEPTED:
            return {
                "state": D.ACCEPTED.value, "provider_id": found.provider_id,
                "url": found.url, "reason": found.outcome.words[:400],
            }  # fmt: skip
        if found is not None:  # surely not there, or a repeat does no harm
            tries: int = row.attempt
            if tries > len(SCHEDULE):
                return {"due_at": repository.NEVER}
            wait = SCHEDULE[tries - 2] if tries > 1 else 0  # whose answers get lost each time is left alone
            words = "; ".join(each for each in (row.reason, found.outcome.words) if each)
            return {"state": D.DEFERRED.value, "due_at": now + wait, "reason": words[:400]}
        age = now - (row.at or now)
        over = told or age >= LAST_LOOK  # a service that cannot tell will not tell later either
        return {"due_at": repository.NEVER if over else now + max(FIRST_LOOK, age)}

    def _tell(self, conn: Connection, row: Row[Any], words: str) -> None:
        self._hooks.note(conn, "distribution", words[:400], row.campaign_id)


def _title(row: Row[Any]) -> str:
    return rule_of(row.channel).title


def _schedule(poster: object) -> Sequence[int]:
    """The waits between a poster's tries: its own, or everybody's."""
    return poster.schedule if isinstance(poster, HasSchedule) else SCHEDULE
