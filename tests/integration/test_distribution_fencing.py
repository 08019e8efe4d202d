"""Four senders on one PostgreSQL, one stopped beyond its lease and continued: nobody gets a mail twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed
import pytest
from sqlalchemy import select, update

from tidings.distribution import session
from tidings.domain.delivery import OPEN
from tidings.domain.errors import UnavailableError
from tidings.store.database import Database, open_postgresql
from tidings.store.tables import chunk, delivery

pytestmark = pytest.mark.postgres
PEOPLE, WORKERS, LANES, LEASE_MS = 2000, 4, 3, 1500


@contextmanager
def senders(address: str, port: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    command = [sys.executable, bed.__file__, address, str(port), str(LANES), str(LEASE_MS)]
    made = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(WORKERS)]
    try:
        yield made
    finally:
        for each in made:
            each.send_signal(signal.SIGCONT)
            each.kill()
            each.wait()


def holding(db: Database) -> dict[int, int]:
    """Chunks in hand by process."""
    with db.reading() as conn:
        owners = conn.execute(select(chunk.c.owner).where(chunk.c.state == "leased")).scalars().all()
    found: dict[int, int] = {}
    for owner in owners:
        pid = int(owner.split("/")[1])
        found[pid] = found.get(pid, 0) + 1
    return found


def test_one_stopped_beyond_its_lease_repeats_nothing(postgres_address: str) -> None:
    db = open_postgresql(postgres_address)
    now = bed.WallClock().now()
    people = bed.add_people(db, PEOPLE, now)
    pk = bed.add_campaign(db, people, now)
    try:
        with bed.sink(bed.Faults(delay=0.01)) as sink, senders(postgres_address, sink.port) as workers:
            bed.wait_for(lambda: len(sink.taken) > PEOPLE // 20 and len(holding(db)) > 1)
            stopped = next(each for each in workers if each.pid in holding(db))
            stopped.send_signal(signal.SIGSTOP)
            held = holding(db)[stopped.pid]
            at_stop = len(sink.taken)
            bed.wait_for(lambda: stopped.pid not in holding(db), 45)  # its lease is over and others took its chunks
            stopped.send_signal(signal.SIGCONT)
            still = sum(number for state, number in bed.states(db, pk).items() if state in OPEN)
            bed.wait_for(lambda: not any(bed.states(db, pk).get(state) for state in OPEN), 60)
            time.sleep(0.5)  # what the one that was stopped may still try
            assert all(each.poll() is None for each in workers)
        counts = bed.states(db, pk)
        assert held > 0
        assert at_stop < PEOPLE
        assert still > 0  # it came back while there was work
        assert sum(counts.values()) == PEOPLE
        assert set(counts) <= {"accepted", "uncertain"}
        assert counts.get("uncertain", 0) <= LANES  # what it had on the wire, where its answer came too late
        assert max(sink.to.values()) == 1
        with db.reading() as conn:
            query = select(delivery.c.contact_pk).where(delivery.c.campaign_pk == pk, delivery.c.state == "accepted")
            assert len(conn.execute(query).all()) <= len(sink.to) <= PEOPLE
        print(f"{WORKERS} workers, {held} chunks taken from the stopped one: {counts}, repeated 0")
    finally:
        db.close()


def test_a_sender_that_stands_still_within_a_step_does_not_hold_the_others_up(
    postgres_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had locked is free again after a while; its own step fails, and is tried again."""
    monkeypatch.setattr(session, "_STOPPED_SECONDS", 1)
    one, other = open_postgresql(postgres_address), open_postgresql(postgres_address)
    now = bed.WallClock().now()
    bed.add_campaign(one, bed.add_people(one, 1, now), now)
    try:
        with pytest.raises(UnavailableError), session.brief_transaction(one) as conn:
            conn.execute(update(chunk).values(owner="stopped"))
            with other.transaction() as beside:
                beside.execute(update(chunk).values(owner="going"))
            conn.execute(update(chunk).values(owner="stopped"))
        with one.reading() as conn:
            assert conn.execute(select(chunk.c.owner)).scalars().all() == ["going"]
    finally:
        one.close()
        other.close()
