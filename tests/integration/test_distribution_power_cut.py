"""Cuts the power under the sender: what the ledger acknowledged is there afterwards, and nobody gets a mail twice.

A power cut is simulated below the database (`power_cut.c`): a library put before the C library lets every write through
and keeps a copy of the file that changes only when the program waits for fsync or fdatasync. Writes nobody waited for
are then applied in part, as a disk might have, and the flight file, which is never synced, is there or not. What is not
simulated is a disk that lies about fsync. TIDINGS_CUTS sets how many cuts (2 in the normal suite).
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed
import pytest
from sqlalchemy import select
from tests.conftest import DATABASE_KEY

from tidings.domain.delivery import OPEN
from tidings.store.database import Database, connect_sqlite, open_sqlite
from tidings.store.files import FLIGHT
from tidings.store.tables import delivery, event

CUTS = int(os.environ.get("TIDINGS_CUTS", "2"))
PEOPLE, LANES = 300, 5
_HEAD = struct.Struct("=QQQ")
WRITER = """
import sys
from pathlib import Path
from tidings.store.database import connect_sqlite
connection = connect_sqlite(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
connection.execute(f"PRAGMA synchronous = {sys.argv[3]}")
connection.execute("CREATE TABLE kept (number INTEGER)")
connection.commit()
for number in range(200):
    connection.execute("INSERT INTO kept VALUES (?)", (number,))
    connection.commit()
print("said", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, compiled."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler (apt install gcc)")
    made = tmp_path_factory.mktemp("shim") / "power_cut.so"
    source = Path(__file__).with_name("power_cut.c")
    built = subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", made, source, "-ldl", "-lpthread"], check=False)
    if built.returncode:
        pytest.skip("the C compiler cannot build a shared library here")
    return made


class Disk:
    """A database file whose synced state is kept in a folder beside it."""

    def __init__(self, shim: Path, database: Path, folder: Path) -> None:
        self.database, self.folder = database, folder
        folder.mkdir()
        shutil.copy(database, folder)
        self.environment = {
            **os.environ, "LD_PRELOAD": str(shim), "POWER_DB": str(database), "POWER_DIR": str(folder),
        }  # fmt: skip

    def run(self, *command: str, **more: object) -> subprocess.Popen[bytes]:
        """A program on this disk."""
        return subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL, **more)  # type: ignore[call-overload, no-any-return]

    def after_the_cut(self, into: Path, chance: random.Random, share: float) -> Path:
        """The database as the disk might hold it: all that was waited for, and a share of the rest."""
        into.mkdir()
        for name in (self.database.name, f"{self.database.name}-wal"):
            shutil.copy(self.folder / name, into / name)
            with (into / name).open("r+b") as file:
                for kind, at, content in _waiting(self.folder / f"{name}.pending"):
                    if chance.random() >= share:
                        continue
                    if kind == 2:
                        file.truncate(at)
                    else:
                        file.seek(at)
                        file.write(content)
        for flight in self.database.parent.glob(f"{self.database.name}{FLIGHT}*"):
            if chance.random() < 0.5:
                shutil.copy(flight, into / flight.name)
        return into / self.database.name


def _waiting(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Writes that nobody waited for; the last may be torn by the kill."""
    raw, at = path.read_bytes(), 0
    while at + _HEAD.size <= len(raw):
        kind, where, size = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        if at + size > len(raw):
            return
        yield kind, where, raw[at : at + size]
        at += size


@pytest.mark.parametrize(("synchronous", "keeps"), [("FULL", True), ("NORMAL", False)])
def test_the_simulation_loses_what_was_not_waited_for_and_nothing_else(
    shim: Path, sqlite_path: Path, tmp_path: Path, synchronous: str, keeps: bool
) -> None:
    disk = Disk(shim, sqlite_path, tmp_path / "disk")
    writer = disk.run(
        sys.executable, "-c", WRITER, str(sqlite_path), DATABASE_KEY.hex(), synchronous, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"said\n"
    writer.kill()
    writer.communicate()
    cut = disk.after_the_cut(tmp_path / "after", random.Random(1), 0.0)
    with contextlib.closing(connect_sqlite(cut, DATABASE_KEY)) as connection:
        there = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'kept'").fetchone()[0]
        kept = connection.execute("SELECT count(*) FROM kept").fetchone()[0] if there else 0
    assert (kept == 200) is keeps


def accepted(db: Database, pk: int) -> set[int]:
    with db.reading() as conn:
        query = select(delivery.c.contact_pk).where(delivery.c.campaign_pk == pk, delivery.c.state == "accepted")
        return set(conn.execute(query).scalars())


def test_after_a_power_cut_nothing_acknowledged_is_lost_and_nothing_is_sent_twice(
    shim: Path, sqlite_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, path, lost_nothing = random.Random(), sqlite_path, []
    with bed.sink(bed.Faults(delay=0.002)) as sink:
        for number in range(CUTS):
            db = open_sqlite(path, DATABASE_KEY)
            now = bed.WallClock().now()
            people = bed.add_people(db, PEOPLE, now, f"cut{number}.example")
            pk = bed.add_campaign(db, people, now, name=f"cut{number}")
            db.close()  # the log is folded in: the copy begins with one whole file
            disk = Disk(shim, path, tmp_path / f"disk{number}")
            before = len(sink.taken)
            goal = before + chance.randrange(PEOPLE // 10, PEOPLE * 3 // 4)
            sender = disk.run(sys.executable, bed.__file__, str(path), str(sink.port), str(LANES))
            seen: set[int] = set()
            try:
                watcher = open_sqlite(path, DATABASE_KEY)
                with contextlib.closing(watcher):

                    def watching(watcher: Database = watcher, pk: int = pk, goal: int = goal) -> bool:
                        nonlocal seen
                        seen = accepted(watcher, pk)  # another process sees it: it was acknowledged
                        return len(sink.taken) >= goal and bool(seen)

                    bed.wait_for(watching, 30)
                    sender.kill()
                    sender.wait()
            finally:
                sender.kill()
                sender.wait()
            path = disk.after_the_cut(tmp_path / f"after{number}", chance, chance.choice((0.0, 0.5, 1.0)))
            monkeypatch.setattr(bed, "boot_id", lambda _db, number=number: f"boot after cut {number}")
            _go_on(path, pk, people, seen, sink)
            lost_nothing.append(len(seen))
    print(f"cuts {CUTS}, acknowledged before each: {lost_nothing}, lost 0, repeated 0")


def _go_on(path: Path, pk: int, people: list[int], seen: set[int], sink: bed.Sink) -> None:
    """Opens what the disk held, checks it, and lets a new sender finish."""
    with contextlib.closing(connect_sqlite(path, DATABASE_KEY)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("PRAGMA cipher_integrity_check").fetchall() == []
    db = open_sqlite(path, DATABASE_KEY)
    with contextlib.closing(db):
        assert seen <= accepted(db, pk)
        with bed.running(bed.make_worker(db, sink.port, lanes=LANES)):
            bed.wait_for(lambda: not any(bed.states(db, pk).get(state) for state in OPEN), 30)
        counts = bed.states(db, pk)
        assert sum(counts.values()) == len(people)
        assert set(counts) <= {"accepted", "uncertain"}
        assert max(sink.to.values()) == 1
        with db.reading() as conn:
            rows = conn.execute(
                select(delivery.c.contact_pk, delivery.c.state).where(delivery.c.campaign_pk == pk)
            ).all()
            emails = bed.own_fields(conn, people)
            told = conn.execute(select(event.c.contact_pk).where(event.c.campaign_pk == pk)).scalars().all()
        for row in rows:  # nothing claims to be sent that the relay did not take; what may have left is uncertain
            if row.state == "accepted":
                assert sink.to[emails[row.contact_pk]["email"]] == 1
        assert sorted(told) == sorted(people)
