"""Killed anywhere, nobody is skipped and nobody hears a step twice; several workers on one PostgreSQL neither."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.event import listen, remove
from tests.conftest import FakeClock
from tests.integration import sequence_bed
from tests.integration.sequence_bed import Bed, add_bare_people, make_bed, send, sequence

from tidings.campaigns.sequences.runner import SequenceRunner
from tidings.domain.instant import DAY
from tidings.domain.sequence import SequenceDefinition
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import delivery, sequence_person

STEPS = ("one", "two")


class Killed(BaseException):
    """The process is gone in the middle of a statement."""


def two_steps() -> SequenceDefinition:
    return sequence(send("one"), {"id": "wait", "wait": "1 day"}, send("two"))


def counted(bed: Bed, pk: int) -> Counter[tuple[int, int]]:
    return Counter((row.contact_pk, row.step) for row in bed.deliveries(pk))


@pytest.fixture
def bed(database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path) -> Bed:
    return make_bed(database, clock, secrets, tmp_path)


def test_a_failure_at_any_statement_leaves_everybody_before_or_behind(bed: Bed) -> None:
    people = bed.people(7)
    pk = bed.pk(bed.running(two_steps()))
    bed.turn()
    bed.post()
    bed.clock.advance(2 * DAY)
    bed.runner = SequenceRunner(bed.house.db, bed.clock, bed.house.run, batch=3)
    for fatal in range(1, 200):
        left = [fatal]

        def die(*_: object, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        listen(bed.house.db.engine, "before_cursor_execute", die)
        try:
            bed.runner.look()
        except Killed:
            pass
        finally:
            remove(bed.house.db.engine, "before_cursor_execute", die)
        places, found = bed.places(pk), counted(bed, pk)
        for person in people:  # where somebody stands and what they were sent is one thing
            assert (places[person].position == "end") == (found[person, 1] == 1)
        assert set(found.values()) == {1}
        if left[0] > 0 and all(place.position == "end" for place in places.values()):
            break
    bed.turn()
    assert counted(bed, pk) == Counter((person, step) for person in people for step in (0, 1))


def test_a_runner_that_is_killed_skips_nobody_and_repeats_nothing(
    sqlite_database: Database, sqlite_path: Path, secrets: Secrets, tmp_path: Path
) -> None:
    clock = FakeClock(time.time_ns() // 1_000_000)
    bed = make_bed(sqlite_database, clock, secrets, tmp_path)
    add_bare_people(sqlite_database, 800, clock.now())
    pk = bed.pk(bed.running(two_steps()))
    chance, kills, ahead = random.Random(7), 0, 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(40):
        command = [sys.executable, sequence_bed.__file__, str(sqlite_path), str(ahead)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            try:
                process.wait(chance.uniform(0.1, 0.5) if kills < 3 else 60)
                rested = process.stdout.read() == "rested\n"
            except subprocess.TimeoutExpired:
                process.kill()
                kills, rested = kills + 1, False
        if rested and ahead:
            break
        if rested:
            with sqlite_database.transaction() as conn:
                conn.execute(update(delivery).values(state="accepted", at=clock.now()))
            ahead = 3 * DAY
    assert kills >= 2
    places = bed.places(pk)
    assert len(places) == 800
    assert counted(bed, pk) == Counter((person, step) for person in places for step in (0, 1))


@pytest.mark.postgres
def test_workers_side_by_side_share_the_people(
    postgres_address: str, clock: FakeClock, secrets: Secrets, tmp_path: Path
) -> None:
    from tidings.store.database import open_postgresql

    database = open_postgresql(postgres_address)
    bed = make_bed(database, clock, secrets, tmp_path)
    add_bare_people(database, 600, clock.now())
    pk = bed.pk(bed.running(two_steps()))
    failures: list[BaseException] = []

    def work() -> None:
        runner = SequenceRunner(database, clock, bed.house.run, batch=40)
        try:
            for _ in range(60):
                runner.look()
        except BaseException as error:
            failures.append(error)

    for ahead in (0, 2 * DAY):
        clock.advance(ahead)
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.transaction() as conn:
            conn.execute(update(delivery).values(state="accepted", at=clock.now()))
    bed.turn()
    assert failures == []
    places = bed.places(pk)
    assert len(places) == 600
    assert counted(bed, pk) == Counter((person, step) for person in places for step in (0, 1))
    database.close()


def test_one_person_who_cannot_go_on_does_not_hold_up_the_others(bed: Bed) -> None:
    people = bed.people(5)
    pk = bed.pk(bed.running(two_steps()))
    bed.turn()
    bed.post()
    broken = people[2]
    with bed.house.db.transaction() as conn:  # a place nobody can stand at: the code has a fault, or the row
        which = (sequence_person.c.campaign_pk == pk) & (sequence_person.c.contact_pk == broken)
        conn.execute(update(sequence_person).where(which).values(position="wait", round=-1))
    bed.clock.advance(2 * DAY)
    for _ in range(20):
        bed.runner.look()
    found = counted(bed, pk)
    assert [found[person, 1] for person in people] == [1, 1, 0, 1, 1]
    assert bed.places(pk)[broken].due_at > bed.clock.now()
