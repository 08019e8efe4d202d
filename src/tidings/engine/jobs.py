"""Durable jobs: enqueued in the caller's transaction, run at least once, finished once, whatever is killed between.

A job's body may run again after a crash, so it does its work in one transaction that first looks whether the work
is already done, or keeps what must not be repeated in `step`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from tidings.domain.errors import InvalidInputError, TidingsError
from tidings.domain.instant import DAY, SECOND, Clock, to_datetime
from tidings.engine.orchestrator import FINISHED, UNFINISHED, JobBody, Orchestrator
from tidings.store.database import Database

log = logging.getLogger("tidings.engine")

Function = TypeVar("Function", bound=Callable[..., object])
ErrorReport = Callable[[str, tuple[Any, ...], Exception], None]

POLL_SECONDS = 1.5  # a job waits half of this on average; halving it costs half a percent of a core while idle
CLAIMED = 10  # jobs of one queue a process takes at each look
AT_ONCE = 2  # and how many of them run at the same time
RETRY_AFTER = (2 * SECOND, 10 * SECOND, 60 * SECOND, 300 * SECOND)
KEPT = 30 * DAY  # how long a finished job's id is remembered


@dataclass(frozen=True, slots=True)
class _Job:
    function: Callable[..., object]
    queue: str


class _NotBegun(BaseException):
    """Leaves a claimed job as it is: the engine records every Exception as its outcome, but not this."""


class Jobs:
    """The durable jobs of one process. A process that never calls `start` only enqueues."""

    def __init__(self, db: Database, clock: Clock, executor: str) -> None:
        self.executor = executor
        self.on_error: ErrorReport | None = None
        """Called once when a job gave up, with its name, its arguments and the error."""
        self.retry_after: Sequence[int] = RETRY_AFTER
        self._db = db
        self._clock = clock
        self._jobs: dict[str, _Job] = {}
        self._orchestrator = Orchestrator(db)
        self._running = 0
        self._stopping = False
        self._turns: dict[str, threading.Semaphore] = {}
        self._lock = threading.Lock()

    def job(self, name: str, *, queue: str) -> Callable[[Function], Function]:
        """Registers `fn(*json_args)` under a name that stays the same for good: rows on disk name it."""

        def register(function: Function) -> Function:
            self._jobs[name] = _Job(function, queue)
            return function

        return register

    def prepare(self) -> None:
        """Makes the engine's tables; needed once before the first `enqueue` of an installation."""
        self._orchestrator.prepare()

    def enqueue(self, conn: Connection, name: str, *args: Any, id: str, delay_ms: int = 0) -> None:  # noqa: A002  # its name
        """Asks for a job in the caller's transaction: rolled back, it never was. The same id twice runs once.

        Raises InvalidInputError for a name that was never registered.
        """
        self._enqueue(conn, name, args, key=id, delay_ms=delay_ms, attempt=1)

    def start(self, queues: Sequence[str], *, poll_seconds: float = POLL_SECONDS) -> None:
        """Takes jobs from these queues in threads of this process, its own unfinished ones first."""
        self._stopping = False
        self.prepare()
        bodies: dict[str, JobBody] = {name: self._body(name) for name in self._jobs}
        self._orchestrator.launch(self.executor, queues, bodies, poll=poll_seconds, at_once=CLAIMED)
        self._forget_old()

    def stop(self, seconds: float = 10.0) -> None:
        """Takes no more, lets running jobs finish for so long; what does not is taken up at the next start."""
        with self._lock:
            self._stopping = True
            busy = self._running > 0
        self._orchestrator.stop(seconds if busy else 0.0)

    @property
    def started(self) -> bool:
        """Whether this process takes jobs."""
        return self._orchestrator.launched

    def step(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """Within a job: runs the function and remembers its JSON result, so that a repeated job skips it."""
        return self._orchestrator.step(name, function, *args)

    def take_over(self, executors: Sequence[str]) -> int:
        """Gives the unfinished jobs of dead executors to whoever takes them next; returns how many. Needs `start`."""
        return self._orchestrator.take_over(executors)

    def unfinished(self) -> dict[str, int]:
        """How many jobs wait or run, by queue."""
        found = self._orchestrator.client().list_workflows(status=UNFINISHED, load_input=False, load_output=False)
        counts: dict[str, int] = {}
        for item in found:
            counts[item.queue_name or ""] = counts.get(item.queue_name or "", 0) + 1
        return counts

    def hand_over(self, there: Orchestrator, conn: Connection) -> int:
        """Asks another database's engine, which is prepared, for every job that is not finished here; how many.

        In its transaction `conn`. Nobody may take jobs here any more.
        """
        found = self._orchestrator.client().list_workflows(status=UNFINISHED, load_output=False)
        for item in found:
            args = cast("tuple[list[Any], int]", item.input["args"] if item.input else ([], 1))
            there.enqueue(conn, item.name, item.queue_name or "", args, key=item.workflow_id, delay_ms=0)
        return len(found)

    def _enqueue(
        self, conn: Connection, name: str, args: tuple[Any, ...], *, key: str, delay_ms: int, attempt: int
    ) -> None:
        known = self._jobs.get(name)
        if known is None:
            raise InvalidInputError(f"There is no job named {name}.", remedy="Register it before it is enqueued.")
        self._orchestrator.enqueue(conn, name, known.queue, (list(args), attempt), key=key, delay_ms=delay_ms)

    def _body(self, name: str) -> JobBody:
        job = self._jobs[name]
        turn = self._turns.setdefault(job.queue, threading.Semaphore(AT_ONCE))

        def body(args: list[Any], attempt: int) -> None:
            with self._lock:
                self._running += 1
            try:
                with turn:
                    if self._stopping:
                        raise _NotBegun
                    job.function(*args)
            except TidingsError as error:
                self._give_up(name, args, error)
            except Exception as error:
                self._try_later(name, args, attempt, error)
            finally:
                with self._lock:
                    self._running -= 1

        return body

    def _try_later(self, name: str, args: list[Any], attempt: int, error: Exception) -> None:
        if attempt > len(self.retry_after):
            self._give_up(name, args, error)
            return
        delay = self.retry_after[attempt - 1]
        log.warning("job %s failed (attempt %d), again in %d s", name, attempt, delay // SECOND, exc_info=error)
        # A job of its own rather than a sleep: a sleeping job would hold a thread. Its key makes a repeat harmless.
        key = f"{self._orchestrator.job_id().partition('#')[0]}#{attempt + 1}"
        with self._db.transaction() as conn:
            self._enqueue(conn, name, tuple(args), key=key, delay_ms=delay, attempt=attempt + 1)

    def _give_up(self, name: str, args: list[Any], error: Exception) -> None:
        log.warning("job %s gave up: %s", name, error if isinstance(error, TidingsError) else type(error).__name__)
        if self.on_error is not None:
            self.on_error(name, tuple(args), error)

    def _forget_old(self) -> None:
        before = to_datetime(self._clock.now()) - timedelta(milliseconds=KEPT)
        client = self._orchestrator.client()
        while True:
            old = client.list_workflows(
                status=FINISHED, completed_before=before.isoformat(), limit=500, load_input=False, load_output=False
            )
            if not old:
                return
            client.delete_workflows([item.workflow_id for item in old])
