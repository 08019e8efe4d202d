"""Durable jobs on the real databases: transactions, once by id, delays, errors, kills and takeovers."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from tests.conftest import DATABASE_KEY

from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import SECOND
from tidings.engine.clock import SystemClock
from tidings.engine.heartbeat import Heartbeat
from tidings.engine.jobs import Jobs
from tidings.store.database import Database, open_sqlite
from tidings.store.tables import activity, worker

PROGRAM = Path(__file__).with_name("engine_program.py")


@pytest.fixture
def local_jobs(sqlite_database: Database) -> Iterator[Jobs]:
    """For what does not depend on the kind of database."""
    made = Jobs(sqlite_database, SystemClock(), "worker@here")
    made.prepare()
    yield made
    made.stop(0)


@pytest.fixture
def jobs(database: Database) -> Iterator[Jobs]:
    made = Jobs(database, SystemClock(), "worker@here")
    made.prepare()
    yield made
    made.stop(0)


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def start(jobs: Jobs) -> None:
    jobs.start(["content"], poll_seconds=0.05)


def test_a_job_gets_its_arguments_and_the_same_id_runs_once(database: Database, jobs: Jobs) -> None:
    ran: list[object] = []
    jobs.job("say", queue="content")(lambda *args: ran.append(args))
    with database.transaction() as conn:
        jobs.enqueue(conn, "say", "cmp_1", 3, {"zone": None}, id="say:1")
        jobs.enqueue(conn, "say", "cmp_1", 3, {"zone": None}, id="say:1")
    with database.transaction() as conn:
        jobs.enqueue(conn, "say", "again", id="say:1")
        jobs.enqueue(conn, "say", "other", id="say:2")
    start(jobs)
    wait_for(lambda: len(ran) == 2 and not jobs.unfinished())
    with database.transaction() as conn:
        jobs.enqueue(conn, "say", "after it is done", id="say:1")
    time.sleep(0.3)
    assert sorted(map(str, ran)) == ["('cmp_1', 3, {'zone': None})", "('other',)"]


def test_a_rolled_back_transaction_leaves_no_job(database: Database, jobs: Jobs) -> None:
    jobs.job("say", queue="content")(print)

    def fail_half_way() -> None:
        with database.transaction() as conn:
            conn.execute(insert(activity).values(at=1, source="content", text="never"))
            jobs.enqueue(conn, "say", id="say:1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert jobs.unfinished() == {}
    with database.transaction() as conn:
        conn.execute(insert(activity).values(at=1, source="content", text="kept"))
        jobs.enqueue(conn, "say", id="say:1")
    assert jobs.unfinished() == {"content": 1}


def test_an_unknown_job_is_refused(sqlite_database: Database, local_jobs: Jobs) -> None:
    with sqlite_database.transaction() as conn, pytest.raises(InvalidInputError, match="no job named sing"):
        local_jobs.enqueue(conn, "sing", id="1")


def test_a_delayed_job_waits(database: Database, jobs: Jobs) -> None:
    ran: list[float] = []
    jobs.job("later", queue="content")(lambda: ran.append(time.monotonic()))
    start(jobs)
    began = time.monotonic()
    with database.transaction() as conn:
        jobs.enqueue(conn, "later", id="later", delay_ms=700)
    wait_for(lambda: bool(ran))
    assert 0.7 <= ran[0] - began < 4


def test_an_error_for_people_is_reported_once_and_not_retried(sqlite_database: Database, local_jobs: Jobs) -> None:
    reports: list[tuple[str, tuple[object, ...], str]] = []
    local_jobs.on_error = lambda name, args, error: reports.append((name, args, str(error)))

    @local_jobs.job("draft", queue="content")
    def draft(campaign_id: str) -> None:
        raise InvalidInputError(f"{campaign_id} has no facts.", remedy="Add one.")

    with sqlite_database.transaction() as conn:
        local_jobs.enqueue(conn, "draft", "cmp_1", id="draft:1")
    start(local_jobs)
    wait_for(lambda: bool(reports) and not local_jobs.unfinished())
    assert reports == [("draft", ("cmp_1",), "cmp_1 has no facts. Add one.")]


def test_other_errors_are_retried_and_reported_when_the_tries_are_used_up(
    sqlite_database: Database, local_jobs: Jobs
) -> None:
    attempts: dict[str, int] = {"mends": 0, "breaks": 0}
    reports: list[str] = []
    local_jobs.on_error = lambda _name, args, error: reports.append(f"{args[0]} {type(error).__name__}")
    local_jobs.retry_after = (20, 20)

    @local_jobs.job("try", queue="content")
    def attempt(what: str) -> None:
        attempts[what] += 1
        if what == "breaks" or attempts[what] < 3:
            raise RuntimeError(what)

    with sqlite_database.transaction() as conn:
        local_jobs.enqueue(conn, "try", "mends", id="1")
        local_jobs.enqueue(conn, "try", "breaks", id="2")
    start(local_jobs)
    wait_for(lambda: bool(reports) and not local_jobs.unfinished())
    assert attempts == {"mends": 3, "breaks": 3}
    assert reports == ["breaks RuntimeError"]


def test_what_waits_when_a_process_stops_is_done_by_the_next(database: Database, jobs: Jobs) -> None:
    ran: list[int] = []
    jobs.job("count", queue="content")(ran.append)
    start(jobs)
    jobs.stop(0)
    with database.transaction() as conn:
        jobs.enqueue(conn, "count", 1, id="1")
    assert ran == []
    start(jobs)
    wait_for(lambda: ran == [1])


def test_stopping_waits_for_the_job_in_hand(sqlite_database: Database, local_jobs: Jobs) -> None:
    began, ended = threading.Event(), threading.Event()

    @local_jobs.job("slow", queue="content")
    def slow() -> None:
        began.set()
        time.sleep(0.4)
        ended.set()

    with sqlite_database.transaction() as conn:
        local_jobs.enqueue(conn, "slow", id="1")
    start(local_jobs)
    assert began.wait(5)
    local_jobs.stop(5)
    assert ended.is_set()
    assert local_jobs.unfinished() == {}


def test_what_was_claimed_but_not_begun_waits_for_the_next_start(sqlite_database: Database, local_jobs: Jobs) -> None:
    began: list[int] = []
    go_on = threading.Event()

    @local_jobs.job("slow", queue="content")
    def slow(number: int) -> None:
        began.append(number)
        go_on.wait(10)

    with sqlite_database.transaction() as conn:
        for number in range(6):
            local_jobs.enqueue(conn, "slow", number, id=str(number))
    start(local_jobs)
    wait_for(lambda: len(began) == 2)
    time.sleep(0.2)
    assert len(began) == 2  # two at a time
    threading.Timer(0.2, go_on.set).start()
    local_jobs.stop(5)
    assert len(began) == 2
    assert local_jobs.unfinished() == {"content": 4}
    start(local_jobs)
    wait_for(lambda: not local_jobs.unfinished())
    assert sorted(began) == list(range(6))


def run_program(path: Path, executor: str, *, seconds: float | None) -> subprocess.Popen[bytes]:
    """The worker as a process of its own; killed after so many seconds, or left to run."""
    process = subprocess.Popen([sys.executable, PROGRAM, path, DATABASE_KEY.hex(), executor], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    if seconds is not None:
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def effects(database: Database) -> list[str]:
    with database.reading() as conn:
        return list(conn.execute(select(activity.c.text).order_by(activity.c.text)).scalars())


def test_killed_at_random_moments_each_step_happens_exactly_once(sqlite_database: Database, sqlite_path: Path) -> None:
    jobs = Jobs(sqlite_database, SystemClock(), "asker")
    jobs.prepare()
    jobs.job("steps", queue="content")(print)
    total = 8
    with sqlite_database.transaction() as conn:
        for number in range(total):
            jobs.enqueue(conn, "steps", f"job{number:02}", id=f"steps:{number}")
    kills = 0
    chance = random.Random(7)
    while jobs.unfinished() and kills < 4:
        run_program(sqlite_path, "worker@here", seconds=chance.uniform(0.05, 0.35))
        kills += 1
    process = run_program(sqlite_path, "worker@here", seconds=None)
    try:
        wait_for(lambda: not jobs.unfinished(), 30)
    finally:
        end(process)
        jobs.stop(0)
    assert kills >= 2
    assert effects(sqlite_database) == [f"job{number:02}:{step}" for number in range(total) for step in range(5)]


def test_a_dead_executors_job_is_taken_over(sqlite_database: Database, sqlite_path: Path) -> None:
    asker = Jobs(sqlite_database, SystemClock(), "second@here")
    asker.prepare()
    asker.job("steps", queue="content")(lambda _label: None)
    hung: list[str] = []
    asker.job("hang", queue="content")(hung.append)
    with sqlite_database.transaction() as conn:
        asker.enqueue(conn, "hang", "job", id="hang")
    process = run_program(sqlite_path, "first@here", seconds=None)
    try:
        wait_for(lambda: "hanging" in effects(sqlite_database))
    finally:
        end(process)
    heart = Heartbeat(sqlite_database, SystemClock(), "second@here", ["content"], jobs=asker, every=0.2, dead_after=1.0)
    heart.start()
    start(asker)
    try:
        time.sleep(0.5)
        assert hung == []  # it has not been silent for long enough
        wait_for(lambda: hung == ["job"], 5)
    finally:
        asker.stop(0)
        heart.stop()


def test_what_a_stopped_executor_left_in_hand_is_taken_over_at_once(database: Database) -> None:
    began, go_on = threading.Event(), threading.Event()
    ran: list[str] = []

    def executor(name: str, work: Callable[[str], object]) -> tuple[Heartbeat, Jobs]:
        made = Jobs(database, SystemClock(), name)
        made.job("work", queue="content")(work)
        return Heartbeat(database, SystemClock(), name, ["content"], jobs=made, every=0.2), made

    def hang(_label: str) -> None:
        began.set()
        go_on.wait(10)

    heart, first = executor("first@here", hang)
    first.prepare()
    with database.transaction() as conn:
        first.enqueue(conn, "work", "job", id="work:1")
    heart.start()
    start(first)
    assert began.wait(10)
    first.stop(0)
    heart.stop()
    heart, second = executor("second@here", ran.append)
    heart.start()
    start(second)
    wait_for(lambda: ran == ["job"] and not second.unfinished(), 8)
    go_on.set()
    second.stop(0)
    heart.stop()


def test_old_finished_jobs_are_forgotten_at_the_start(sqlite_database: Database, local_jobs: Jobs) -> None:
    ran: list[int] = []
    local_jobs.job("count", queue="content")(ran.append)
    with sqlite_database.transaction() as conn:
        local_jobs.enqueue(conn, "count", 1, id="1")
    start(local_jobs)
    wait_for(lambda: ran == [1] and not local_jobs.unfinished())
    local_jobs.stop(0)

    class InAYear:
        def now(self) -> int:
            return SystemClock().now() + 365 * 86_400 * SECOND

    later = Jobs(sqlite_database, InAYear(), "worker@here")
    later.job("count", queue="content")(ran.append)
    start(later)
    with sqlite_database.transaction() as conn:
        later.enqueue(conn, "count", 2, id="1")  # the id is free again
    wait_for(lambda: ran == [1, 2])
    later.stop(0)


def test_the_jobs_lie_in_the_encrypted_file(sqlite_database: Database, sqlite_path: Path) -> None:
    jobs = Jobs(sqlite_database, SystemClock(), "asker")
    jobs.prepare()
    jobs.job("say", queue="content")(print)
    with sqlite_database.transaction() as conn:
        jobs.enqueue(conn, "say", "a-marker-nobody-else-writes", id="1")
    jobs.stop(0)
    files = [sqlite_path, *sqlite_path.parent.glob("tidings.db-*")]
    assert all(b"marker-nobody" not in file.read_bytes() for file in files)
    again = open_sqlite(sqlite_path, DATABASE_KEY)
    with again.reading() as conn:
        assert conn.execute(select(func.count()).select_from(worker)).scalar_one() == 0
    again.close()
