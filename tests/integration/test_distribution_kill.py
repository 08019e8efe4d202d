"""Kills the sender at random moments and counts at the sink: nothing lost, nothing sent twice by our fault.

TIDINGS_KILLS sets how many kills (3 in the normal suite; 20 for the full proof).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed
import pytest
from sqlalchemy import select

from tidings.domain.delivery import OPEN
from tidings.store.database import Database
from tidings.store.tables import chunk, event

PEOPLE = 2000
LANES = 5
KILLS = int(os.environ.get("TIDINGS_KILLS", "3"))


def start(path: Path, port: int, ahead: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, bed.__file__, str(path), str(port), f"{LANES}x{ahead}"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def still_open(db: Database, pk: int) -> int:
    return sum(number for state, number in bed.states(db, pk).items() if state in OPEN)


def open_chunks(db: Database) -> int:
    with db.reading() as conn:
        return len(conn.execute(select(chunk.c.no).where(chunk.c.state != "done")).all())


@pytest.mark.parametrize("ahead", [1, 4])
def test_killed_at_random_moments_nothing_is_lost_and_nothing_repeats(
    sqlite_database: Database, sqlite_path: Path, ahead: int
) -> None:
    """`ahead`: so many messages of a connection are on the wire at once."""
    db, chance = sqlite_database, random.Random()
    now = bed.WallClock().now()
    people = bed.add_people(db, PEOPLE, now)
    pk = bed.add_campaign(db, people, now)
    with bed.sink(bed.Faults(drop_before_250=0.01, delay=0.002, chunking=ahead > 1)) as sink:
        for kill in range(KILLS):
            process = start(sqlite_path, sink.port, ahead)
            goal = PEOPLE * (kill + 1) // (KILLS + 1)
            before = len(sink.taken)
            try:
                bed.wait_for(lambda: len(sink.taken) >= min(goal, before + 5) and process.poll() is None, 30)  # noqa: B023
                time.sleep(chance.uniform(0, 0.3))
            finally:
                process.kill()
                process.wait()
        process = start(sqlite_path, sink.port, ahead)
        try:
            bed.wait_for(lambda: still_open(db, pk) == 0, 60)
            bed.wait_for(lambda: open_chunks(db) == 0)
        finally:
            process.terminate()
            process.wait()
        time.sleep(0.2)
    counts = bed.states(db, pk)
    uncertain, taken = counts.get("uncertain", 0), sum(sink.taken.values())
    extra = taken - len(sink.taken)
    assert sum(counts.values()) == PEOPLE
    assert counts["accepted"] + uncertain == PEOPLE
    assert counts["accepted"] <= len(sink.taken)  # nothing claims to be sent that the relay did not take
    assert uncertain <= (KILLS * LANES + sink.dropped) * ahead
    assert extra == 0  # the bar allows kills x connections + drops; uncertain is never resent, so there is none
    # Whatever is sent twice carries the same Message-ID: each person has one, and it is the delivery's own.
    assert len(sink.taken) == len(sink.to)
    assert set(sink.taken) <= {f"{bed.SIGNER.message_id(pk, person, 0)}@northwind.example" for person in people}
    with db.reading() as conn:
        kinds = conn.execute(select(event.c.kind, event.c.contact_pk)).all()
    assert sorted(row.contact_pk for row in kinds) == sorted(people)
    assert sum(row.kind == "accepted" for row in kinds) == counts["accepted"]
    print(f"{ahead} on the wire, kills {KILLS}, dropped {sink.dropped}: lost 0, extra {extra}, uncertain {uncertain}")
