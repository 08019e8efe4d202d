"""Signs of life: each process writes when it was last alive, and takes over the jobs of those that are not."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, insert, select, update

from tidings.domain.errors import ConflictError
from tidings.domain.instant import DAY, SECOND, Clock, Instant
from tidings.engine.process import boot_id, host, process_lives
from tidings.store.database import Database
from tidings.store.tables import worker

if TYPE_CHECKING:
    from tidings.engine.jobs import Jobs

log = logging.getLogger("tidings.engine")

BEAT_SECONDS = 5.0
ALIVE_FOR = 15 * SECOND
"""A role whose last sign of life is older than this is shown as stopped."""
DEAD_AFTER_SECONDS = 10.0
HUNG_AFTER_SECONDS = 60.0
"""A role that gives no sign for so long is shown as stopped; a little later its process ends, to be started again."""
_END_AFTER_SECONDS = HUNG_AFTER_SECONDS + 30.0
_HUNG_EXIT = 70  # EX_SOFTWARE
_FORGET_AFTER = 7 * DAY


def alive_roles(conn: Connection, now: Instant) -> dict[str, Instant]:
    """The roles somebody fills at this moment, with the last sign of life of each."""
    query = select(worker.c.role, func.max(worker.c.beat_at).label("beat_at")).group_by(worker.c.role)
    return {row.role: row.beat_at for row in conn.execute(query) if now - row.beat_at <= ALIVE_FOR}


def silent_executors(conn: Connection, now: Instant) -> dict[str, Instant]:
    """Processes that stopped within a day without saying so, whose roles others fill; with each one's last sign."""
    alive = alive_roles(conn, now)
    query = select(worker.c.executor, worker.c.role, worker.c.beat_at)
    query = query.where(worker.c.beat_at > now - DAY, worker.c.beat_at < now - ALIVE_FOR)
    found: dict[str, Instant] = {}
    for executor, role, beat in conn.execute(query.order_by(worker.c.executor)):
        if role in alive:
            found[executor] = max(beat, found.get(executor, 0))
    return found


class Heartbeat:
    """Beats for one process and its roles. Start it before `Jobs.start`: it refuses a second process of that name."""

    def __init__(
        self, db: Database, clock: Clock, executor: str, roles: Sequence[str], *, jobs: Jobs | None = None,
        every: float = BEAT_SECONDS, dead_after: float = DEAD_AFTER_SECONDS,
        end: Callable[[], None] = lambda: os._exit(_HUNG_EXIT),
    ) -> None:  # fmt: skip
        """`end` ends a process that hangs at once: whatever a hung thread holds would stop an orderly end."""
        self._db = db
        self._clock = clock
        self._executor = executor
        self._roles = tuple(roles)
        self._jobs = jobs
        self._every = every
        self._watch = DeathWatch(executor, dead_after)
        self._signs: dict[str, Callable[[], float]] = {}
        self._end, self._hung_looks = end, 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Shows the process as alive and keeps doing so.

        Raises ConflictError while another process runs under this executor's name: both would run the same jobs.
        """
        with self._db.transaction() as conn:
            self._refuse_twin(conn)
            self._announce(conn)
        self._thread.start()

    def watch(self, role: str, silent_for: Callable[[], float]) -> None:
        """This role's own sign of life, the seconds since it gave one: a thread beats on while work stands still."""
        self._signs[role] = silent_for

    def stop(self) -> None:
        """Shows the process as gone at once, so that nobody waits for it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._every + 5)
        with self._db.transaction() as conn:
            conn.execute(update(worker).where(worker.c.executor == self._executor).values(beat_at=0))

    def beat(self) -> None:
        """One sign of life for every role that does not hang."""
        hung = [role for role, silent in self._signs.items() if silent() > HUNG_AFTER_SECONDS]
        mine = worker.c.executor == self._executor
        if hung:
            log.error("no sign of life from %s for %.0f s", ", ".join(hung), HUNG_AFTER_SECONDS)
            mine &= worker.c.role.not_in(hung)
        with self._db.transaction() as conn:
            now = self._clock.now()
            done = conn.execute(update(worker).where(mine).values(beat_at=now))
            if done.rowcount < len(self._roles) - len(hung):  # somebody tidied the rows away
                self._announce(conn)

    def end_if_hung(self) -> None:
        """Ends the process when a role still hangs at the second look: after a stopped process both wake together."""
        hung = [role for role, silent in self._signs.items() if silent() > _END_AFTER_SECONDS]
        self._hung_looks = self._hung_looks + 1 if hung else 0
        if self._hung_looks > 1:
            log.critical("%s hangs; ending this process, so that it is started again", ", ".join(hung))
            self._end()

    def take_over(self) -> list[str]:
        """Gives back the jobs of executors that have died; returns their names."""
        if self._jobs is None or not self._jobs.started:
            return []
        query = select(worker.c.executor, func.max(worker.c.beat_at).label("beat_at")).group_by(worker.c.executor)
        with self._db.reading() as conn:
            beats = {row.executor: row.beat_at for row in conn.execute(query)}
        dead = self._watch.newly_dead(beats, time.monotonic())
        if dead:
            moved = self._jobs.take_over(dead)
            if moved:
                log.warning("took over %d jobs of %s, which stopped", moved, ", ".join(dead))
        return dead

    def _run(self) -> None:
        # Looking twice a beat keeps the takeover within dead_after + half a beat.
        beat_next = True
        while not self._stopping.wait(self._every / 2):
            beat_next = not beat_next
            self.end_if_hung()
            try:
                if beat_next:
                    self.beat()
                self.take_over()
            except Exception:  # the database may be away for a while; silence is what others then see
                log.exception("the heartbeat failed; trying again")

    def _refuse_twin(self, conn: Connection) -> None:
        row = conn.execute(select(worker).where(worker.c.executor == self._executor).limit(1)).first()
        if row is None or self._clock.now() - row.beat_at > ALIVE_FOR:
            return
        here = row.host == host()
        if here and (row.pid == os.getpid() or process_lives(row.pid) is False):
            return
        raise ConflictError(
            f"Another process (number {row.pid} on {row.host}) already runs as {self._executor}.",
            remedy="Stop that one first, or wait 15 seconds if it is already gone. "
            "A second worker needs a name of its own: tidings worker --name NAME",
        )

    def _announce(self, conn: Connection) -> None:
        now = self._clock.now()
        conn.execute(delete(worker).where(worker.c.executor == self._executor))
        conn.execute(
            delete(worker).where(worker.c.beat_at < now - _FORGET_AFTER, worker.c.started_at < now - _FORGET_AFTER)
        )
        about = {"executor": self._executor, "pid": os.getpid(), "host": host(), "boot_id": boot_id()}
        for role in self._roles:
            row = {"id": f"{self._executor}:{role}", "role": role, "started_at": now, "beat_at": now}
            conn.execute(insert(worker).values(**row, **about))


class DeathWatch:
    """Decides who has died by watching whether their beat still moves, on this process's own monotonic clock.

    Comparing clocks of two machines, or across a laptop's sleep, would declare the living dead.
    """

    def __init__(self, own: str, dead_after: float) -> None:
        self._own = own
        self._dead_after = dead_after
        self._seen: dict[str, tuple[Instant, float]] = {}
        self._buried: dict[str, Instant] = {}

    def newly_dead(self, beats: dict[str, Instant], monotonic: float) -> list[str]:
        """Executors that are dead as of now and were not reported before; a beat of 0 means a clean stop."""
        dead: list[str] = []
        for executor, beat in beats.items():
            if executor == self._own or self._buried.get(executor) == beat:
                continue
            seen = self._seen.get(executor)
            if seen is None or seen[0] != beat:
                seen = self._seen[executor] = (beat, monotonic)
            if beat == 0 or monotonic - seen[1] >= self._dead_after:
                self._buried[executor] = beat
                dead.append(executor)
        return dead
