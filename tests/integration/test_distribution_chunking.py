"""A relay with `chunking=4`: several messages of a connection on the wire, and what is promised all the same."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed
import proof_bed
import pytest
from sqlalchemy import update

from tidings.distribution.worker import Worker
from tidings.store.database import Database
from tidings.store.tables import campaign

AHEAD = 4
LANES = 3


def sending(db: Database, port: int, lanes: int = LANES) -> AbstractContextManager[Worker]:
    return bed.running(bed.pooled(db, [bed.at(port, chunking=AHEAD)], lanes=lanes))


def launch(db: Database, number: int, domain: str = "example.com") -> int:
    now = bed.WallClock().now()
    return bed.add_campaign(db, bed.add_people(db, number, now, domain), now)


@pytest.mark.parametrize("offered", [True, False])
def test_everybody_gets_it_once_whether_the_relay_knows_it_or_not(database: Database, offered: bool) -> None:
    pk = launch(database, 300)
    with bed.sink(bed.Faults(chunking=offered, delay=0.005)) as sink:
        with sending(database, sink.port):
            bed.wait_for(lambda: bed.states(database, pk) == {"accepted": 300})
        assert sink.chunks == (300 if offered else 0)
    assert set(sink.taken.values()) == {1}
    assert all(body.startswith(b"From:") for body in sink.bodies)


def test_refused_recipients_fail_alone(sqlite_database: Database) -> None:
    pk = launch(sqlite_database, 200)

    def gone(address: str) -> bytes | None:
        return b"550 5.1.1 no such user\r\n" if address.startswith(("p1", "p7")) else None

    with bed.sink(bed.Faults(chunking=True, refuse_rcpt=gone)) as sink, sending(sqlite_database, sink.port):
        bed.wait_for(lambda: not set(bed.states(sqlite_database, pk)) - {"accepted", "failed"})
    refused = sum(str(n).startswith(("1", "7")) for n in range(200))
    assert bed.states(sqlite_database, pk) == {"accepted": 200 - refused, "failed": refused}
    assert set(sink.taken.values()) == {1}


def test_a_broken_connection_leaves_at_most_so_many_in_doubt_and_repeats_none(sqlite_database: Database) -> None:
    pk = launch(sqlite_database, 300)
    with bed.sink(bed.Faults(chunking=True, drop_every=50, delay=0.002)) as sink, sending(sqlite_database, sink.port):
        bed.wait_for(lambda: not set(bed.states(sqlite_database, pk)) - {"accepted", "uncertain"}, 40)
    counts = bed.states(sqlite_database, pk)
    assert sink.dropped >= 4
    assert sink.dropped <= counts["uncertain"] <= AHEAD * sink.dropped
    assert counts["accepted"] + counts["uncertain"] == 300
    assert counts["accepted"] <= len(sink.taken)
    assert set(sink.taken.values()) == {1}


def test_a_pause_leaves_nothing_in_doubt(sqlite_database: Database) -> None:
    pk = launch(sqlite_database, 600)
    with bed.sink(bed.Faults(chunking=True, delay=0.02)) as sink, sending(sqlite_database, sink.port):
        bed.wait_for(lambda: len(sink.taken) > 40)
        with sqlite_database.transaction() as conn:
            conn.execute(update(campaign).values(paused_at=1, epoch=campaign.c.epoch + 1))
        time.sleep(0.5)
        taken = len(sink.taken)
        bed.wait_for(lambda: set(bed.states(sqlite_database, pk)) == {"accepted", "planned"}, 5)
        assert len(sink.taken) == taken
        with sqlite_database.transaction() as conn:
            conn.execute(update(campaign).values(paused_at=None, epoch=campaign.c.epoch + 1))
        bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 600}, 40)
    assert set(sink.taken.values()) == {1}
    assert sink.connections <= 2 * LANES, "nobody had to hang up to stop"


def test_a_real_postfix_takes_them(sqlite_database: Database) -> None:
    pk = launch(sqlite_database, 150, "reader.example")
    unknown = [f"p{n}@reader.example" for n in range(0, 150, 10)]
    try:
        with (
            proof_bed.postfix(unknown=unknown) as (port, box),
            sending(sqlite_database, port, lanes=1),
        ):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 135, "failed": 15}, 30)
            bed.wait_for(lambda: box.exists() and len(list(box.iterdir())) == 135, 30)
            mails = [each.read_bytes() for each in box.iterdir()]
    except proof_bed.MissingError as missing:
        pytest.skip(str(missing))
    with_end = [mail for mail in mails if b"Subject: Bread for Ann" in mail and mail.rstrip().endswith(b"--")]
    assert len(with_end) == 135
