"""What was answered is in the log: after a clean stop all of it, after a kill all but the last interval's."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed

from tidings.distribution.hits import Hit, HitKind, HitWriter, settle
from tidings.distribution.tokens import Token, TokenPurpose
from tidings.store.database import Database, open_sqlite
from tidings.store.tables import delivery, event

PEOPLE = 40
PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
import distribution_bed as bed
import uvicorn
from tidings.app.asgi import Front
from tidings.distribution.tracking import TrackingApp
from tidings.keys.secrets import Secrets
from tidings.store.database import open_sqlite
db = open_sqlite(Path(sys.argv[1]), bed.KEY)
app = TrackingApp(db, bed.WallClock(), Secrets(b"s" * 32, b"h" * 32), lambda *_: False, interval_ms=int(sys.argv[3]))
config = uvicorn.Config(Front(None, None, app), port=int(sys.argv[2]), log_config=None, access_log=False)
uvicorn.Server(config).run()
"""


def hit(number: int = 0) -> Hit:
    return Hit(HitKind.CLICK, 1, number, 0, 0, 0)


class Server:
    """The tracking endpoint in a process of its own."""

    def __init__(self, path: Path, interval_ms: int) -> None:
        self.port = bed.free_port()
        here = str(Path(__file__).parent)
        command = [sys.executable, "-c", PROGRAM, str(path), str(self.port), str(interval_ms), here]
        self.process = subprocess.Popen(command, env=os.environ)
        bed.wait_for(self._up)

    def _up(self) -> bool:
        import socket

        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait(20)


async def click(port: int, pk: int, people: list[int], seconds: float, answered: list[float]) -> None:
    """Clicks on one connection for so long, and remembers when each was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    end, number = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < end:
            token = bed.SIGNER.make(Token(TokenPurpose.CLICK, pk, people[number % len(people)]))
            writer.write(f"GET /t/{token} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 302")
            answered.append(time.monotonic())
            number += 1
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


@pytest.fixture
def launched(sqlite_path: Path) -> tuple[Path, int, list[int]]:
    """A database with a campaign that was sent."""
    db = open_sqlite(sqlite_path, bed.KEY)
    people = bed.add_people(db, PEOPLE, 0)
    pk = bed.add_campaign(db, people, 0)
    with db.transaction() as conn:
        conn.execute(update(delivery).values(state="accepted", at=0))
    db.close()
    return sqlite_path, pk, people


def kept(path: Path) -> int:
    db = open_sqlite(path, bed.KEY)
    with db.reading() as conn:
        found = conn.execute(select(func.count()).select_from(event)).scalar_one()
    db.close()
    return found


def run(launched: tuple[Path, int, list[int]], interval_ms: int, number: int) -> tuple[list[float], float]:
    """Clicks for a second, ends the server by a signal in the middle of it; the answers' times and the end's."""
    path, pk, people = launched
    server, answered = Server(path, interval_ms), list[float]()
    ended: list[float] = []

    def end_soon() -> None:
        time.sleep(0.9)
        ended.append(time.monotonic())
        server.end(number)

    killer = threading.Thread(target=end_soon)
    killer.start()
    asyncio.run(click(server.port, pk, people, 1.6, answered))
    killer.join()
    return answered, ended[0]


def test_a_clean_stop_loses_nothing(launched: tuple[Path, int, list[int]]) -> None:
    answered, _ = run(launched, 250, signal.SIGTERM)
    assert len(answered) > 50
    assert kept(launched[0]) >= len(answered)


def test_a_kill_loses_the_last_interval_at_most(launched: tuple[Path, int, list[int]]) -> None:
    answered, ended = run(launched, 250, signal.SIGKILL)
    before = sum(1 for at in answered if at < ended - 0.25)
    assert before > 50
    assert kept(launched[0]) >= before


def test_with_zero_a_kill_loses_nothing(launched: tuple[Path, int, list[int]]) -> None:
    answered, _ = run(launched, 0, signal.SIGKILL)
    assert len(answered) > 5
    assert kept(launched[0]) >= len(answered)


async def test_an_interval_of_zero_waits_for_the_commit() -> None:
    done: list[int] = []

    def write(hits: list[Hit]) -> None:
        time.sleep(0.05)
        done.extend(each.contact_pk for each in hits)

    writer = HitWriter(write, 0)
    for number in range(3):
        waiting = writer.put(hit(number))
        assert waiting is not None
        await settle(waiting)
        assert done == list(range(number + 1))
    writer.close()


async def test_answers_wait_when_the_database_is_slower_than_the_readers() -> None:
    gate, done = threading.Event(), list[int]()

    def write(hits: list[Hit]) -> None:
        gate.wait(10)
        done.extend(each.contact_pk for each in hits)

    writer = HitWriter(write, 100)
    assert writer.put(hit(0)) is None
    await asyncio.sleep(0.15)
    waiting = writer.put(hit(1))
    assert waiting is not None
    assert not waiting.done()
    gate.set()
    await settle(waiting)
    assert done == [0, 1]
    writer.close()


async def test_what_could_not_be_written_is_written_later_once_and_in_order() -> None:
    fail, done = [True, True], list[int]()

    def write(hits: list[Hit]) -> None:
        if fail:
            fail.pop()
            raise RuntimeError("disk full")
        done.extend(each.contact_pk for each in hits)

    writer = HitWriter(write, 10)
    for number in range(5):
        writer.put(hit(number))
        await asyncio.sleep(0.02)
    writer.close()
    assert done == list(range(5))


async def test_no_hit_is_lost_between_two_batches() -> None:
    done: list[int] = []
    writer = HitWriter(lambda hits: done.extend(each.contact_pk for each in hits), 5)
    for number in range(20_000):
        writer.put(hit(number))
        if number % 500 == 0:
            await asyncio.sleep(0.001)
    writer.close()
    assert done == list(range(20_000))


async def test_hits_of_several_campaigns_and_gone_deliveries(sqlite_database: Database, clock: Any) -> None:
    from tidings.distribution.hit_events import HitEvents
    from tidings.distribution.hooks import nobody_is_tracked

    people = bed.add_people(sqlite_database, 2, 0)
    first = bed.add_campaign(sqlite_database, people, 0)
    second = bed.add_campaign(sqlite_database, people[:1], 0, name="two")
    found = HitEvents(sqlite_database, clock, nobody_is_tracked)
    found.write(
        [
            Hit(HitKind.CLICK, first, people[0], 0, 0, clock.now()),
            Hit(HitKind.CLICK, second, people[0], 0, 0, clock.now()),
            Hit(HitKind.CLICK, second, people[1], 0, 0, clock.now()),
            Hit(HitKind.CLICK, 99, people[1], 0, 0, clock.now()),
            Hit(HitKind.OPEN, first, people[1], 0, 0, clock.now()),
        ]
    )
    with sqlite_database.reading() as conn:
        rows = conn.execute(select(event.c.campaign_pk, event.c.contact_pk).order_by(event.c.pk)).all()
    assert [tuple(row) for row in rows] == [(first, people[0]), (second, people[0])]
