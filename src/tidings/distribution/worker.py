"""The sender: claims what is due, feeds the channel's lanes, and records every answer.

Its loop runs in a thread of its own; the ledger's steps run in another beside it, so that the wire never waits for the
database. Pausing acts within one flush, because every message asks the ledger right before its body leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from sqlalchemy.exc import OperationalError

from tidings.distribution.backoff import relay_wait
from tidings.distribution.channels.base import Channel, ChannelDownError, Outcome, Outgoing, Result
from tidings.distribution.compile import UndeliverableError
from tidings.distribution.ledger import Ledger, Work
from tidings.distribution.onwire import UnansweredError
from tidings.distribution.sender_thread import SenderThread
from tidings.distribution.templates import Addresses, FillsIn, Templates
from tidings.distribution.throttle.line_up import LineUp
from tidings.distribution.throttle.turns import Turns
from tidings.domain.errors import UnavailableError
from tidings.domain.instant import Clock
from tidings.store.database import Database

log = logging.getLogger("tidings.distribution")
_MAX_CLAIM = 2000
_AHEAD_SECONDS = 0.4  # so much is claimed beforehand, so that a no said now is heard in time
_FRESH_MS = 700  # older claims are checked again: consent may have changed
_WAITED_MS = 2000  # what its provider has not let go by then is put off by the ledger, with the reason
_IDLE_SECONDS = (1.0, 2.0)  # between looks when there is nothing to do, at first and after a while
_TAKEOVER_SECONDS = 5.0
_TURN_SECONDS = 0.05  # until the lanes look again whether a provider takes the next
_AGAIN_SECONDS = 0.5  # after the database refused


class Observer(Protocol):
    """Who is told what the sender does; see `agent.py`. Each call may write; none may fail."""

    def holding(self, reason: str, held: int) -> None:
        """The way out does not work; what is due is held."""
        ...

    def going_on(self, held: int) -> None:
        """It works again."""
        ...

    def taken_over(self, uncertain: int, planned: int) -> None:
        """A dead sender's deliveries were settled."""
        ...


class Worker(SenderThread):
    """One sender, in a thread of its own."""

    def __init__(
        self, db: Database, clock: Clock, ledger: Ledger, channel: Channel, addresses: Addresses,
        observer: Observer | None = None, *, lanes: int = 10, max_per_hour: int = 0,
        templates: FillsIn | None = None, line_up: LineUp | None = None, turns: Turns | None = None,
    ) -> None:  # fmt: skip
        """`templates` makes the messages of a channel other than e-mail; `line_up` says which message is next.

        `turns` keeps a limit an hour; no more is claimed at once than `max_per_hour` lets go, 0 for any number.
        """
        super().__init__()
        self._db, self._clock, self._ledger, self._channel = db, clock, ledger, channel
        self._templates, self._observer = templates or Templates(db, addresses), observer
        self._lanes = self._low = 2 * lanes
        self._turns = turns
        self._most_ahead = max(1, max_per_hour // 3600) if max_per_hour else _MAX_CLAIM
        self._queue = line_up if line_up is not None else LineUp()  # an empty one is false
        self._out = 0
        """Messages the channel has."""
        self._asks: list[tuple[Outgoing, Callable[[bool], None]]] = []
        self._answers: list[tuple[Outgoing, Outcome]] = []
        self._back: list[Outgoing] = []
        self._flush_due = self._refill_due = self._pacing = False
        self._drained = False
        """The last step found no more: no use in asking again before the next look."""
        self._steps = ThreadPoolExecutor(1, "tidings-ledger")
        self._step: asyncio.Task[None] | None = None
        self._fault: Exception | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._down_words = self._hold = ""
        self._untold = self._was_open = False
        self._released = 0
        self._rate, self._counted, self._counted_at = 50.0, 0, time.monotonic()
        self._idle_looks = 0
        self._last_takeover = 0.0

    async def _main(self) -> None:
        try:
            while not self._stopping:
                delay = await self._look_safely()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            self._stopping = True
            await self._channel.close()
            if self._step is not None:
                await self._step
            self._back += self._queue.clear()
            self._flush()
            self._ledger.leave()
            self._ledger.close()
            self._steps.shutdown()

    async def _look_safely(self) -> float:
        """A database that is locked or full for a while is waited for; nothing is lost by that."""
        try:
            delay = await self._look()
        except (OperationalError, UnavailableError):
            log.exception("the ledger cannot be used now")
            delay = 2.0
        self._looked = time.monotonic()
        return delay

    async def _look(self) -> float:
        """One look at the ledger; the seconds until the next."""
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        self._drained = False
        self._measure()
        await self._take_over()
        if (self._retry_at or self._channel.lanes == 0) and not await self._connect():
            return 0.25 if self._retry_at else self._idle()
        if waiting := self._queue.take_out_waiting(self._clock.now() - _WAITED_MS):
            self._back += waiting
            self._flush()
        self._refill()
        self._channel.wake()
        busy = bool(self._queue or self._out or self._step or self._ledger.unpublished)
        if busy:
            self._idle_looks = 0
            return 0.2
        return self._idle()

    def _idle(self) -> float:
        self._idle_looks += 1
        return _IDLE_SECONDS[self._idle_looks > 30]

    async def _take_over(self) -> None:
        now = time.monotonic()
        if now - self._last_takeover < _TAKEOVER_SECONDS and self._last_takeover:
            return
        self._last_takeover = now
        try:
            became = await asyncio.get_running_loop().run_in_executor(self._steps, self._ledger.take_over)
        except (OperationalError, UnavailableError):
            raise
        except Exception:  # what another left must not stop this one, too; the next turn tries again
            log.exception("what a dead sender left cannot be settled")
            return
        if became and self._observer is not None:
            self._observer.taken_over(became["uncertain"], became["planned"])

    # The way out

    async def _connect(self) -> bool:
        """Opens the channel if there is a reason to; False when there is none or it does not work."""
        if not self._queue and not self._ledger.something_due():
            if self._ledger.unpublished:
                self._begin_step(0)
            return False
        if time.monotonic() < self._retry_at:
            if self._ledger.unpublished:  # what lanes gave back after the hold must not look claimed for so long
                self._begin_step(0)
            return False
        try:
            await self._channel.connect(self)
        except ChannelDownError as error:
            self._went_down(str(error), refused=error.refused)
            return False
        self._retry_at = 0.0
        if self._down_words or not self._was_open:  # an earlier sender may have left something held
            self._released += self._ledger.release_held()
        self._was_open = True
        return True

    def _went_down(self, words: str, *, refused: bool) -> None:
        self._failures += 1
        self._retry_at = time.monotonic() + relay_wait(self._failures, refused=refused) / 1000
        self._give_queue_back()
        self._untold = self._untold or words != self._down_words
        self._down_words = self._hold = words
        self._begin_step(0)

    def _told_of_hold(self, words: str, held: int) -> None:
        if not self._untold:
            return
        self._untold = False
        log.warning("holding: %s", words)
        if self._observer is not None:
            self._observer.holding(words, held)

    def _came_back(self) -> None:
        """The relay took a message: whatever was wrong is over."""
        self._failures = 0
        if not self._down_words:
            return
        self._down_words, released, self._released = "", self._released, 0
        if self._observer is not None:
            self._observer.going_on(released)

    @property
    def holding(self) -> str:
        """Why nothing can go out now; empty when it can."""
        return self._down_words

    # Filling

    def _refill(self, *, publish: bool = True) -> None:
        """Claims the next micro-batch before the queue runs empty, or at least writes down what happened."""
        self._refill_due = False
        if self._stopping or self._retry_at:
            return
        ahead = min(max(self._lanes, min(_MAX_CLAIM, int(self._rate * _AHEAD_SECONDS))), self._most_ahead)
        self._low = max(self._lanes, ahead * 3 // 4)
        want = ahead if len(self._queue) < self._low and not self._drained else 0
        if want or (publish and self._ledger.unpublished):
            self._begin_step(want)

    def _begin_step(self, want: int) -> None:
        if self._step is None and self._loop is not None:
            work = self._ledger.begin(want, self._hold)
            self._hold = ""
            self._step = self._loop.create_task(self._carry_out(work))

    async def _carry_out(self, work: Work) -> None:
        """One step of the ledger, while the lanes go on."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._steps, self._ledger.carry_out, work)
        except Exception as error:  # the next look reports it; what was to be written is kept
            self._ledger.undo(work)
            self._hold = self._hold or work.hold
            self._fault, self._drained = error, True
            self._wake.set()
            return
        finally:
            self._step = None
        step = self._ledger.finish(work)
        self._queue.extend(step.claimed)
        self._drained = work.want > 0 and not step.more
        if step.stopped or self._stopping or self._retry_at:
            self._give_queue_back()
        elif step.stale:
            self._give_queue_back(step.stale)
        if work.hold:
            self._told_of_hold(work.hold, step.held)
        if self._hold:
            self._begin_step(0)
        if step.more and not step.claimed:  # those who were due had to wait; others may not have to
            self._wake_if_empty()
        self._channel.wake()

    def _give_queue_back(self, campaigns: set[int] | None = None) -> None:
        self._back += self._queue.clear() if campaigns is None else self._queue.take_out(campaigns)
        self._flush()

    def _measure(self) -> None:
        now = time.monotonic()
        if self._counted and now > self._counted_at:
            self._rate = 0.5 * self._rate + 0.5 * self._counted / (now - self._counted_at)
        self._counted, self._counted_at = 0, now

    def _soon(self) -> None:
        if self._loop is not None and not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    # Feed: what the channel calls

    def take(self, relay: str = "") -> Outgoing | None:
        """The next message for this relay, rendered. A claim that has waited too long is given back, checked anew."""
        if self._turns is not None and not self._in_turn(self._turns):
            return None
        now = self._clock.now()
        oldest = now - _FRESH_MS
        while not self._stopping and (claimed := self._queue.next(relay)) is not None:
            if len(self._queue) < self._low and not self._refill_due and not self._drained and self._loop is not None:
                self._refill_due = True
                self._loop.call_soon(self._refill_and_wake)
            if claimed.claimed_at < oldest:
                self._back.append(claimed)
                self._soon()
                self._wake.set()
                continue
            try:
                self._templates.fill_in(claimed, now)
            except Exception as error:  # one poisonous row must not stop the others
                if not self._goes_on_after(claimed, error):
                    return None
            else:
                self._out += 1
                if self._turns is not None:
                    self._turns.took()
                return claimed
        if self._queue:  # those left wait for their provider's turn
            self._wake_in(_TURN_SECONDS)
        return None

    def _goes_on_after(self, claimed: Outgoing, error: Exception) -> bool:
        """What becomes of a message that could not be made; whether others may be."""
        self._soon()
        if isinstance(error, (OperationalError, UnavailableError)):  # its template could not be read: later
            log.error("the ledger cannot be used now", exc_info=error)
            self._back.append(claimed)
            self._drained = True
            return False
        if isinstance(error, UndeliverableError):
            words = str(error)
        else:
            log.error("a message could not be made", exc_info=error)
            words = f"the message could not be made: {type(error).__name__}"
        self._answers.append((claimed, Outcome(Result.FAILED, "", words)))
        return True

    def _in_turn(self, turns: Turns) -> bool:
        """Keeps the distance the limit asks for; wakes the channel when the next may leave."""
        wait = turns.wait() if self._queue else 0.0
        if wait > 0:
            self._wake_in(wait)
        return wait <= 0

    def _wake_in(self, seconds: float) -> None:
        if self._loop is not None and not self._pacing:
            self._pacing = True
            self._loop.call_later(seconds, self._pace)

    def _pace(self) -> None:
        self._pacing = False
        self._channel.wake()

    def _refill_and_wake(self) -> None:
        self._measure()
        self._refill(publish=not self._queue)
        self._channel.wake()

    def ask(self, message: Outgoing, go: Callable[[bool], None]) -> None:
        """Answered at the next flush."""
        self._asks.append((message, go))
        self._soon()

    def report(self, message: Outgoing, outcome: Outcome) -> None:
        """Recorded at the next flush."""
        message.body = b""  # it is not needed while the answer waits for the next step
        self._answers.append((message, outcome))
        self._out -= 1
        self._counted += 1
        if self._failures and outcome.result is Result.ACCEPTED and self._loop is not None:
            self._loop.call_soon(self._came_back)
        self._soon()

    def give_back(self, message: Outgoing) -> None:
        """Planned again at the next flush."""
        self._asks = [(each, go) for each, go in self._asks if each is not message]
        message.body = b""
        self._back.append(message)
        self._out -= 1
        self._soon()

    def down(self, words: str, *, refused: bool) -> None:
        """The channel lost its last lane, or the relay refuses everything."""
        if self._stopping:
            return
        if not refused and not self._failures:  # it may be an accident: what is due is held when it happens again
            self._failures = 1
            self._retry_at = time.monotonic() + relay_wait(1, refused=False) / 1000
            self._give_queue_back()
            return
        self._went_down(words, refused=refused)

    def up(self) -> None:
        """A lane works again: no need to wait any longer."""
        if self._retry_at:
            self._retry_at = time.monotonic()
            self._wake.set()

    def _flush(self) -> None:
        """One commit for everything the lanes brought since the last."""
        self._flush_due = False
        asks, answers, back = self._asks, self._answers, self._back
        if not (asks or answers or back):
            return
        self._asks, self._answers, self._back = [], [], []
        try:
            allowed = self._ledger.flush(answers, [message for message, _ in asks], back)
        except Exception as error:  # what was not recorded is recorded, and asked, when the database is back
            self._asks = asks + self._asks
            if not isinstance(error, UnansweredError):
                self._answers, self._back = answers + self._answers, back + self._back
            if self._stopping or self._loop is None:
                raise
            log.exception("the ledger cannot be used now; trying again")
            self._flush_due = True
            self._loop.call_later(_AGAIN_SECONDS, self._flush)
            return
        for (_, go), yes in zip(asks, allowed, strict=True):
            go(yes)
        if not all(allowed):
            self._give_queue_back()
            self._drained = True
        self._wake_if_empty()

    def _wake_if_empty(self) -> None:
        """More is fetched when the lanes have nothing, and the end is written at once when there is no more."""
        idle = (
            not self._queue and not self._asks and (not self._drained or (self._out == 0 and self._ledger.unpublished))
        )
        if idle and not self._refill_due and self._loop is not None:
            self._refill_due = True
            self._loop.call_soon(self._refill_and_wake)
