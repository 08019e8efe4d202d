"""Signs of life in the real databases."""

from __future__ import annotations

import os
import time

import pytest
from sqlalchemy import insert, select, update
from tests.conftest import FakeClock

from tidings.distribution.sender_thread import SenderThread
from tidings.domain.errors import ConflictError
from tidings.domain.instant import DAY, SECOND
from tidings.engine.heartbeat import Heartbeat, alive_roles, silent_executors
from tidings.engine.process import boot_id, host
from tidings.store.database import Database
from tidings.store.tables import worker


def alive(database: Database, clock: FakeClock) -> set[str]:
    with database.reading() as conn:
        return set(alive_roles(conn, clock.now()))


def test_roles_are_alive_while_their_process_beats(database: Database, clock: FakeClock) -> None:
    heart = Heartbeat(database, clock, "worker@here", ["content", "analytics"], every=60)
    heart.start()
    assert alive(database, clock) == {"content", "analytics"}
    clock.advance(14 * SECOND)
    heart.beat()
    clock.advance(14 * SECOND)
    assert alive(database, clock) == {"content", "analytics"}
    clock.advance(2 * SECOND)
    assert alive(database, clock) == set()
    heart.beat()
    heart.stop()
    assert alive(database, clock) == set()


def test_who_stopped_without_a_word_is_named_while_others_do_its_work(database: Database, clock: FakeClock) -> None:
    """Else nobody would know of it: each agent is heard by the other worker."""

    def silent() -> list[str]:
        with database.reading() as conn:
            return list(silent_executors(conn, clock.now()))

    killed = Heartbeat(database, clock, "worker@one", ["content", "analytics"], every=60)
    killed.start()
    clock.advance(16 * SECOND)
    assert silent() == []  # nobody else runs: the agents themselves are red
    other = Heartbeat(database, clock, "worker@two", ["content", "analytics"], every=60)
    other.start()
    assert silent() == ["worker@one"]
    clock.advance(DAY)
    other.beat()
    assert silent() == []
    killed.beat()
    assert silent() == []
    killed.stop()
    clock.advance(16 * SECOND)
    other.beat()
    assert silent() == []  # it said that it ends
    other.stop()


def test_it_beats_by_itself_and_a_swept_row_comes_back(sqlite_database: Database, clock: FakeClock) -> None:
    heart = Heartbeat(sqlite_database, clock, "worker@here", ["content"], every=0.1)
    heart.start()
    with sqlite_database.transaction() as conn:
        conn.execute(worker.delete())
    clock.advance(60 * SECOND)
    deadline = time.monotonic() + 5
    while alive(sqlite_database, clock) != {"content"}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    heart.stop()


def test_a_second_process_of_the_same_name_is_refused(sqlite_database: Database, clock: FakeClock) -> None:
    def pretend(pid: int, beat_at: int, where: str = "") -> None:
        with sqlite_database.transaction() as conn:
            conn.execute(worker.delete())
            conn.execute(
                insert(worker).values(
                    id="worker@here:content", role="content", executor="worker@here", pid=pid, host=where or host(),
                    boot_id=boot_id(), started_at=1, beat_at=beat_at,
                )
            )  # fmt: skip

    pretend(os.getppid(), clock.now())
    with pytest.raises(ConflictError, match="already runs as worker@here"):
        Heartbeat(sqlite_database, clock, "worker@here", ["content"]).start()
    pretend(1, clock.now(), "another machine")
    with pytest.raises(ConflictError, match="on another machine"):
        Heartbeat(sqlite_database, clock, "worker@here", ["content"]).start()
    pretend(os.getppid(), clock.now() - 16 * SECOND)  # the number was given to another program since
    heart = Heartbeat(sqlite_database, clock, "worker@here", ["content"])
    heart.start()
    heart.stop()
    with sqlite_database.reading() as conn:
        assert [row.pid for row in conn.execute(select(worker))] == [os.getpid()]


def test_rows_of_workers_long_gone_are_swept_away(sqlite_database: Database, clock: FakeClock) -> None:
    Heartbeat(sqlite_database, clock, "old@there", ["content"], every=60).start()
    with sqlite_database.transaction() as conn:
        conn.execute(update(worker).values(beat_at=0))
    clock.advance(8 * DAY)
    heart = Heartbeat(sqlite_database, clock, "worker@here", ["content"], every=60)
    heart.start()
    heart.stop()
    with sqlite_database.reading() as conn:
        assert [row.executor for row in conn.execute(select(worker))] == ["worker@here"]


def test_the_boot_id_of_postgresql_is_the_servers(database: Database) -> None:
    assert boot_id(database) == boot_id(database)
    assert (boot_id(database) == boot_id()) is database.is_sqlite


def test_a_role_that_gives_no_sign_is_shown_as_stopped_and_its_process_ended(
    sqlite_database: Database, clock: FakeClock
) -> None:
    ended: list[int] = []
    heart = Heartbeat(
        sqlite_database, clock, "worker@here", ["content", "distribution"], every=60, end=lambda: ended.append(1)
    )
    silent = 0.0
    heart.watch("distribution", lambda: silent)
    heart.start()
    clock.advance(16 * SECOND)
    heart.beat()
    assert alive(sqlite_database, clock) == {"content", "distribution"}
    silent = 61.0
    clock.advance(16 * SECOND)
    heart.beat()
    heart.end_if_hung()
    assert alive(sqlite_database, clock) == {"content"}
    assert not ended
    silent = 91.0
    heart.end_if_hung()
    silent = 0.0  # the process was stopped and goes on: both threads woke together
    heart.end_if_hung()
    assert not ended
    silent = 91.0
    heart.end_if_hung()
    heart.end_if_hung()
    assert ended
    silent = 0.0
    heart.beat()
    assert alive(sqlite_database, clock) == {"content", "distribution"}
    heart.stop()


def test_a_loop_that_stands_still_gives_no_sign() -> None:
    class Sleeper(SenderThread):
        async def _main(self) -> None:
            self._looked = time.monotonic()
            await self._wake.wait()
            time.sleep(1.5)  # the loop stands still

    sleeper = Sleeper()
    assert sleeper.silent_for == 0.0
    sleeper.start()
    time.sleep(1.2)
    assert sleeper.silent_for < 1.2
    sleeper.wake()
    time.sleep(1.3)
    assert sleeper.silent_for > 1.2
    sleeper.stop_and_wait()
    assert sleeper.silent_for == 0.0
