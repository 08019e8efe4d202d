"""A sender in trouble: a busy database, a slow relay, a cancel while mail is on the wire."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, delete, insert, select, text, update
from sqlalchemy.event import listen
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from tests.integration import distribution_bed as bed

from tidings.distribution import flight, repository
from tidings.distribution.channels.base import Outcome, Result
from tidings.distribution.onwire import UnansweredError
from tidings.distribution.statements import PAUSE_KEY
from tidings.distribution.worker import Worker
from tidings.domain.consent import Purpose
from tidings.domain.errors import UnavailableError
from tidings.domain.plan import HeldBack
from tidings.engine.process import host
from tidings.keys.master import DATABASE_FILE, load_master_key
from tidings.store.backup import backup, restore
from tidings.store.database import Database, open_postgresql, sqlcipher
from tidings.store.migrations import migrate
from tidings.store.open import open_database
from tidings.store.secrets import load_secrets
from tidings.store.tables import attempt, campaign, contact, delivery, event, setting, suppression


def states(db: Database, pk: int) -> dict[int, str]:
    """Each person's delivery."""
    with db.reading() as conn:
        query = select(delivery.c.contact_pk, delivery.c.state).where(delivery.c.campaign_pk == pk)
        return {row.contact_pk: row.state for row in conn.execute(query)}


def in_flight(worker: Worker) -> set[int]:
    """Whose message has left without an answer yet: on SQLite that stands in the worker's file."""
    found = flight.read(worker._ledger._wire._file.path)
    return {each.contact_pk for each in found.flown if not each.state} if found else set()


def tries(db: Database, pk: int) -> int:
    """Recorded attempts that were not simply taken."""
    with db.reading() as conn:
        return len(conn.execute(select(attempt.c.pk).where(attempt.c.campaign_pk == pk)).all())


def test_a_database_that_is_busy_while_answers_come_loses_none(sqlite_database: Database) -> None:
    db, clock = sqlite_database, bed.WallClock()
    people = bed.add_people(db, 200, clock.now())
    pk = bed.add_campaign(db, people, clock.now() - 1)
    with bed.sink() as sink:
        sink.faults.delay = 0.01
        worker = bed.make_worker(db, sink.port, lanes=5)
        listen(db.engine, "checkout", lambda each, *_: each.execute("PRAGMA busy_timeout = 200"))  # not ten seconds
        worker.start()
        bed.wait_for(lambda: "accepted" in states(db, pk).values())
        holder = db.engine.raw_connection()
        holder.cursor().execute("BEGIN IMMEDIATE")
        time.sleep(1.0)
        holder.rollback()
        holder.close()
        bed.wait_for(lambda: bed.states(db, pk) == {"accepted": 200}, seconds=20)
        worker.stop_and_wait()
        assert worker.failed is None
    assert set(sink.taken.values()) == {1}
    with db.reading() as conn:
        assert len(conn.execute(select(event.c.pk).where(event.c.kind == "accepted")).all()) == 200


def test_an_unavailable_ledger_is_waited_for(sqlite_database: Database) -> None:
    db, clock = sqlite_database, bed.WallClock()
    people = bed.add_people(db, 20, clock.now())
    with bed.sink() as sink:
        worker = bed.make_worker(db, sink.port, lanes=2)
        real, calls = worker._ledger.take_over, []

        def once() -> object:
            calls.append(1)
            if len(calls) == 1:
                raise UnavailableError("Another process holds the database.")
            return real()

        worker._ledger.take_over = once  # type: ignore[method-assign]
        pk = bed.add_campaign(db, people, clock.now() - 1)
        worker.start()
        bed.wait_for(lambda: bed.states(db, pk) == {"accepted": 20}, seconds=20)
        worker.stop_and_wait()
        assert worker.failed is None
        assert calls


def test_a_no_is_heard_although_the_relay_takes_its_time(sqlite_database: Database) -> None:
    db, clock = sqlite_database, bed.WallClock()
    people = bed.add_people(db, 4, clock.now())
    pk = bed.add_campaign(db, people, clock.now() - 1)

    def may_send(
        conn: Connection, pks: Sequence[int], _purpose: Purpose, _channel: str, _at: int
    ) -> dict[int, HeldBack | None]:
        joined = select(contact.c.pk).join(suppression, suppression.c.address_hash == contact.c.address_hash)
        silent = set(conn.execute(joined.where(contact.c.pk.in_(pks))).scalars())
        return {person: HeldBack.SUPPRESSED if person in silent else None for person in pks}

    with bed.sink(bed.Faults(delay=1.5)) as sink:
        worker = bed.make_worker(db, sink.port, lanes=1, may_send=may_send)
        with bed.running(worker):
            bed.wait_for(lambda: bool(in_flight(worker)))
            with db.transaction() as conn:
                on_the_wire = in_flight(worker)
                for person in set(people) - on_the_wire:
                    hashed = conn.execute(select(contact.c.address_hash).where(contact.c.pk == person)).scalar_one()
                    conn.execute(
                        insert(suppression).values(
                            address_hash=hashed, channel="*", reason="unsubscribed", source="", at=clock.now()
                        )
                    )
            bed.wait_for(lambda: bed.states(db, pk).get("suppressed", 0) == 4 - len(on_the_wire), seconds=15)
            assert sum(sink.taken.values()) == len(on_the_wire)


def test_what_a_relay_defers_after_a_cancel_is_cancelled(sqlite_database: Database) -> None:
    db, clock = sqlite_database, bed.WallClock()
    people = bed.add_people(db, 5, clock.now())
    pk = bed.add_campaign(db, people, clock.now() - 1)
    faults = bed.Faults(delay=0.5, answer_dot=lambda _address: b"451 4.3.0 try later\r\n")
    with bed.sink(faults) as sink, bed.running(worker := bed.make_worker(db, sink.port, lanes=5)):
        bed.wait_for(lambda: bool(in_flight(worker)))
        with db.transaction() as conn:
            gone = update(campaign).where(campaign.c.pk == pk).values(state="cancelled", epoch=campaign.c.epoch + 1)
            conn.execute(gone)
            repository.cancel_open(conn, pk, clock.now())
        bed.wait_for(lambda: set(states(db, pk).values()) == {"cancelled"}, seconds=10)
        bed.wait_for(lambda: tries(db, pk) > 0)  # what the relay said of those on the wire is written
    assert set(states(db, pk).values()) == {"cancelled"}


def test_a_killed_senders_deferral_after_a_cancel_stays_cancelled(sqlite_database: Database) -> None:
    db, clock = sqlite_database, bed.WallClock()
    pk = bed.add_campaign(db, bed.add_people(db, 2, clock.now()), clock.now())
    dead = bed.make_worker(db, 1, clock=clock, owner=f"{host()}/999999999/1/a")._ledger
    claimed = dead.step(10).claimed
    assert dead.flush([], claimed, []) == [True, True]
    dead.flush([(claimed[0], Outcome(Result.DEFERRED, "451", "later"))], [], [])
    with db.transaction() as conn:
        gone = update(campaign).where(campaign.c.pk == pk).values(state="cancelled", epoch=campaign.c.epoch + 1)
        conn.execute(gone)
        repository.cancel_open(conn, pk, clock.now())
    other = bed.make_worker(db, 1, clock=clock)._ledger
    other.take_over()
    assert bed.states(db, pk) == {"cancelled": 1, "uncertain": 1}
    other.close()
    dead.close()


def test_a_question_the_database_cannot_answer_is_asked_again(sqlite_database: Database) -> None:
    db, clock = sqlite_database, bed.WallClock()
    pk = bed.add_campaign(db, bed.add_people(db, 60, clock.now()), clock.now() - 1)
    with bed.sink() as sink:
        worker = bed.make_worker(db, sink.port, lanes=3)
        session = worker._ledger._wire._session
        real, calls = session.version, []

        def at_times() -> int:
            calls.append(1)
            if len(calls) % 5 == 3:
                raise sqlcipher().OperationalError("disk I/O error")
            return real()

        session.version = at_times  # type: ignore[method-assign]
        worker.start()
        bed.wait_for(lambda: bed.states(db, pk) == {"accepted": 60}, seconds=30)
        worker.stop_and_wait()
        assert worker.failed is None
    assert set(sink.taken.values()) == {1}
    assert len(calls) > 5
    with db.reading() as conn:
        assert len(conn.execute(select(event.c.pk).where(event.c.kind == "accepted")).all()) == 60


def test_an_answer_that_came_with_an_unanswered_question_is_kept(sqlite_database: Database) -> None:
    db, clock = sqlite_database, bed.WallClock()
    pk = bed.add_campaign(db, bed.add_people(db, 2, clock.now()), clock.now())
    ledger = bed.make_worker(db, 1)._ledger
    first, second = ledger.step(10).claimed
    assert ledger.flush([], [first], []) == [True]
    session = ledger._wire._session
    real = session.version

    def failing() -> int:
        raise sqlcipher().OperationalError("disk I/O error")

    session.version = failing  # type: ignore[method-assign]
    with pytest.raises(UnansweredError):
        ledger.flush([(first, Outcome(Result.ACCEPTED, "250"))], [second], [])
    ledger.step(0)
    assert bed.states(db, pk) == {"accepted": 1, "claimed": 1}
    session.version = real  # type: ignore[method-assign]
    assert ledger.flush([], [second], []) == [True]
    ledger.flush([(second, Outcome(Result.ACCEPTED, "250"))], [], [])
    ledger.leave()
    assert bed.states(db, pk) == {"accepted": 2}
    ledger.close()


def test_a_backup_made_while_sending_repeats_nothing_when_restored(tmp_path: Path) -> None:
    data, clock = tmp_path / "data", bed.WallClock()
    master = load_master_key(data, {"TIDINGS_KEYRING": "off", "HOME": str(tmp_path / "home")}, create=True)
    db = open_database(data, master, None)
    migrate(db)
    load_secrets(db, master)
    pk = bed.add_campaign(db, bed.add_people(db, 400, clock.now()), clock.now() - 1)
    with bed.sink(bed.Faults(delay=0.01)) as sink:
        with bed.running(worker := bed.make_worker(db, sink.port, lanes=3)):
            bed.wait_for(lambda: len(sink.taken) > 60 and bool(in_flight(worker)))
            taken = set(sink.to)
            backup(db, master, tmp_path / "copy")
            left = worker._ledger._wire._file.path.read_bytes().partition(b"\n")[2]
        db.close()
    flights = data / f"{DATABASE_FILE}-flight-0123456789abcdef"
    flights.write_bytes(f"tidings-flight {host()}/999999999/1/a\n".encode() + left)
    restore(tmp_path / "copy", data, master, force=True)
    assert len(taken) > 60
    db = open_database(data, master, None)
    before = bed.states(db, pk)
    ledger = bed.make_worker(db, 1)._ledger
    ledger.take_over()
    assert bed.states(db, pk) == before, "the file of the former database says nothing about the restored one"
    assert before.keys() == {"accepted", "uncertain"}
    with db.transaction() as conn:  # a person has looked and lets it go on
        conn.execute(delete(setting).where(setting.c.key == PAUSE_KEY))
    assert ledger.step(400).claimed == []
    ledger.close()
    db.close()


def test_claiming_and_cancelling_use_the_chunks_index(sqlite_database: Database) -> None:
    """At a million people a walk over the whole campaign for each chunk would hold everybody up for minutes."""
    from tidings.distribution.statements import DUE

    with sqlite_database.reading() as conn:
        steps = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {DUE[True]}", (1, 1, 1, 10)).all()
    said = " ".join(str(step[-1]) for step in steps)
    assert "ix_delivery_chunk" in said, said


@pytest.mark.postgres
def test_a_database_server_that_drops_every_connection_costs_nothing(postgres_address: str) -> None:
    """As at a restart of the server: what was under way is asked again on new connections."""
    db, now = open_postgresql(postgres_address), bed.WallClock().now()
    people = bed.add_people(db, 600, now)
    pk = bed.add_campaign(db, people, now)
    drop = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    outside = create_engine(db.engine.url, poolclass=NullPool)
    with bed.sink(bed.Faults(delay=0.004)) as sink, bed.running(bed.make_worker(db, sink.port)):
        for goal in (50, 200, 350):
            bed.wait_for(lambda: sum(sink.to.values()) >= goal)  # noqa: B023
            with outside.connect() as conn:
                assert conn.execute(drop).scalar_one() > 0
        bed.wait_for(lambda: sum(sink.to.values()) >= 600)
        bed.wait_for(lambda: settled(db, pk) == {"accepted": 600})
    assert len(sink.taken) == sum(sink.taken.values()) == 600
    with db.reading() as conn:
        heard = list(conn.execute(select(event.c.contact_pk).where(event.c.kind == "accepted")).scalars())
    assert sorted(heard) == sorted(people)
    db.close()


def settled(db: Database, pk: int) -> dict[str, int]:
    """The states, when the database can be asked."""
    try:
        return bed.states(db, pk)
    except (UnavailableError, OperationalError):
        return {}
