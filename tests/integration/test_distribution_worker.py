"""The sender against a real database and a real SMTP conversation, good relays and bad."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed

from tidings.distribution import repository, statements
from tidings.distribution.channels.base import Outcome, Result
from tidings.distribution.relay import Relay
from tidings.distribution.statements import PAUSE_KEY
from tidings.distribution.throttle.turns import OwnTurns
from tidings.domain.channel import Channel
from tidings.domain.instant import HOUR, MINUTE
from tidings.domain.plan import HeldBack
from tidings.engine.process import host
from tidings.keys.certificates import ensure_certificates
from tidings.keys.served import server_context
from tidings.store.database import Database
from tidings.store.settings import put_setting
from tidings.store.tables import agent, attempt, campaign, chunk, delivery, event


def launch(db: Database, people: int, **more: Any) -> tuple[int, list[int]]:
    now = bed.WallClock().now()
    contacts = bed.add_people(db, people, now)
    return bed.add_campaign(db, contacts, now, **more), contacts


def finished_after(db: Database, pk: int, people: int) -> bool:
    return sum(n for state, n in bed.states(db, pk).items() if state not in repository.STILL_OPEN) == people


def test_everybody_gets_it_once_and_the_end_is_told_once(database: Database) -> None:
    pk, contacts = launch(database, 700)
    finished: list[int] = []
    with bed.sink() as sink:
        worker = bed.make_worker(database, sink.port, on_finished=lambda _conn, which: finished.append(which))
        with bed.running(worker):
            bed.wait_for(lambda: bool(finished))
    assert finished == [pk]
    assert bed.states(database, pk) == {"accepted": 700}
    assert set(sink.taken.values()) == {1}
    assert len(sink.taken) == len(contacts)
    with database.reading() as conn:
        events = conn.execute(select(event.c.kind, event.c.contact_pk)).all()
        open_chunks = conn.execute(select(chunk.c.no).where(chunk.c.state != "done")).all()
        rows = conn.execute(select(delivery.c.code, delivery.c.attempt, delivery.c.reason).limit(3)).all()
    assert len(events) == 700
    assert {row.kind for row in events} == {"accepted"}
    assert open_chunks == []
    assert rows[0] == ("250 2.0.0", 1, "2.0.0 Ok: queued")


def test_refused_recipients_in_mid_pipeline_fail_alone_with_the_servers_words(database: Database) -> None:
    pk, _ = launch(database, 200)
    hard: list[int] = []

    def refuse(address: str) -> bytes | None:
        number = int(address.partition("@")[0][1:])
        replies = {0: b"550 5.1.1 <x>: no such user\r\n", 1: b"450 4.2.0 greylisted\r\n", 2: b"550 5.7.1 policy\r\n"}
        return replies.get(number % 10)

    with bed.sink(bed.Faults(refuse_rcpt=refuse)) as sink:
        worker = bed.make_worker(database, sink.port, on_hard=lambda _c, person, _w: hard.append(person))
        with bed.running(worker):
            bed.wait_for(
                lambda: sum(bed.states(database, pk).get(s, 0) for s in ("accepted", "failed", "deferred")) == 200
            )
    assert bed.states(database, pk) == {"accepted": 140, "failed": 40, "deferred": 20}
    assert len(hard) == 20
    with database.reading() as conn:
        words = conn.execute(select(attempt.c.words).where(attempt.c.code == "550 5.1.1").limit(1)).scalar_one()
        due = conn.execute(select(delivery.c.due_at, delivery.c.at).where(delivery.c.state == "deferred")).all()
        next_due = conn.execute(select(chunk.c.next_due_at, chunk.c.state)).all()
    assert words == "5.1.1 <x>: no such user"
    assert all(4 * MINUTE <= row.due_at - row.at <= 6 * MINUTE for row in due)
    assert all(row.state == "open" and row.next_due_at > bed.WallClock().now() for row in next_due)


def test_an_answer_lost_after_the_dot_is_uncertain_and_never_sent_again(sqlite_database: Database) -> None:
    pk, _ = launch(sqlite_database, 300)
    with bed.sink(bed.Faults(drop_every=50)) as sink, bed.running(bed.make_worker(sqlite_database, sink.port)):
        bed.wait_for(lambda: finished_after(sqlite_database, pk, 300))
    assert bed.states(sqlite_database, pk) == {"accepted": 294, "uncertain": 6}
    assert set(sink.taken.values()) == {1}
    assert len(sink.taken) == 300


def test_deferred_after_the_dot_is_tried_again_and_given_up_in_the_end(sqlite_database: Database, clock: Any) -> None:
    contacts = bed.add_people(sqlite_database, 1, clock.now())
    pk = bed.add_campaign(sqlite_database, contacts, clock.now())
    tries = 0

    def later(_address: str) -> bytes:
        nonlocal tries
        tries += 1
        return b"451 4.3.0 later\r\n"

    with (
        bed.sink(bed.Faults(answer_dot=later)) as sink,
        bed.running(bed.make_worker(sqlite_database, sink.port, clock=clock)) as worker,
    ):
        for number in range(1, 10):
            bed.wait_for(lambda n=number: tries >= n)
            bed.wait_for(lambda: bed.states(sqlite_database, pk).keys() <= {"deferred", "failed"})
            clock.advance(10 * HOUR)
            worker.wake()
    assert bed.states(sqlite_database, pk) == {"failed": 1}
    assert tries == 9
    with sqlite_database.reading() as conn:
        row = conn.execute(select(delivery.c.reason, delivery.c.attempt)).one()
        noted = conn.execute(select(attempt.c.number).order_by(attempt.c.pk)).scalars().all()
    assert row.attempt == 9
    assert "given up" in row.reason
    assert noted == list(range(1, 10))


WAYS: list[Any] = [("sqlite", how) for how in ("campaign", "switch", "agent", "cancel", "epoch")]
WAYS += [pytest.param("postgres", how, marks=pytest.mark.postgres) for how in ("campaign", "cancel")]


@pytest.mark.parametrize(("database", "how"), WAYS, indirect=["database"])
def test_pause_is_silence_and_nothing_is_lost(database: Database, how: str) -> None:
    pk, _ = launch(database, 600)
    with bed.sink(bed.Faults(delay=0.01)) as sink, bed.running(bed.make_worker(database, sink.port)):
        bed.wait_for(lambda: len(sink.taken) > 60)
        pause(database, pk, how)
        paused_at = time.monotonic()
        time.sleep(0.7)
        if how != "epoch":
            assert sink.last_at - paused_at < 0.5
            # What was in hand goes back with the next step; how soon depends on the machine, silence does not.
            bed.wait_for(lambda: "claimed" not in bed.states(database, pk), seconds=5)
            counts = bed.states(database, pk)
            assert "attempting" not in counts
            assert sum(counts.values()) == 600
            assert counts["accepted"] == len(sink.taken)
        resume(database, pk, how)
        bed.wait_for(lambda: finished_after(database, pk, 600))
    counts = bed.states(database, pk)
    assert counts["accepted"] == len(sink.taken)
    assert set(sink.taken.values()) == {1}
    assert set(counts) == ({"accepted", "cancelled"} if how == "cancel" else {"accepted"})


def pause(db: Database, pk: int, how: str) -> None:
    with db.transaction() as conn:
        match how:
            case "campaign":
                conn.execute(update(campaign).values(paused_at=1, epoch=campaign.c.epoch + 1))
            case "switch":
                put_setting(conn, PAUSE_KEY, {"by": "Ada"}, 1)
            case "agent":
                conn.execute(insert(agent).values(name="distribution", paused=True, config={}))
            case "cancel":
                conn.execute(update(campaign).values(state="cancelled", epoch=campaign.c.epoch + 1))
                repository.cancel_open(conn, pk, 1)
            case _:
                repository.bump_epoch(conn, pk)


def resume(db: Database, _pk: int, how: str) -> None:
    from tidings.store.tables import setting

    with db.transaction() as conn:
        match how:
            case "campaign":
                conn.execute(update(campaign).values(paused_at=None, epoch=campaign.c.epoch + 1))
            case "switch":
                conn.execute(delete(setting))
            case "agent":
                conn.execute(update(agent).values(paused=False))
            case _:
                pass


def test_a_no_said_while_sending_is_heard_within_a_second(sqlite_database: Database) -> None:
    pk, contacts = launch(sqlite_database, 800)
    noes: dict[int, float] = {}

    def may(_conn: Any, pks: Sequence[int], *_: object) -> dict[int, HeldBack | None]:
        return {pk: HeldBack.SUPPRESSED if pk in noes else None for pk in pks}

    with (
        bed.sink(bed.Faults(delay=0.01)) as sink,
        bed.running(bed.make_worker(sqlite_database, sink.port, may_send=may)),
    ):
        bed.wait_for(lambda: len(sink.taken) > 50)
        noes.update(dict.fromkeys(contacts, time.monotonic()))
        said_at = time.monotonic()
        bed.wait_for(lambda: finished_after(sqlite_database, pk, 800))
    counts = bed.states(sqlite_database, pk)
    assert sink.last_at - said_at < 1.0
    assert counts["suppressed"] > 300
    assert counts["suppressed"] + counts["accepted"] == 800
    with sqlite_database.reading() as conn:
        reasons = set(conn.execute(select(delivery.c.reason).where(delivery.c.state == "suppressed")).scalars())
    assert reasons == {"the address is on the suppression list"}


def test_quiet_hours_put_off_and_erased_people_are_settled(database: Database, clock: Any) -> None:
    contacts = bed.add_people(database, 10, clock.now())
    pk = bed.add_campaign(database, contacts, clock.now())
    quiet, gone = contacts[0], contacts[1]
    until = clock.now() + 3 * HOUR

    def wait(_conn: Any, _pk: int, people: Sequence[int], now: int) -> dict[int, int]:
        return {quiet: until} if quiet in people and now < until else {}

    def fields(conn: Any, pks: Sequence[int]) -> Any:
        return {person: each for person, each in bed.own_fields(conn, pks).items() if person != gone}

    with (
        bed.sink() as sink,
        bed.running(bed.make_worker(database, sink.port, clock=clock, must_wait=wait, merge_fields=fields)) as worker,
    ):
        bed.wait_for(lambda: bed.states(database, pk) == {"accepted": 8, "suppressed": 1, "planned": 1})
        clock.advance(3 * HOUR)
        worker.wake()
        bed.wait_for(lambda: bed.states(database, pk) == {"accepted": 9, "suppressed": 1})


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def holding(self, reason: str, held: int) -> None:
        self.lines.append(f"holding {held}: {reason}")

    def going_on(self, held: int) -> None:
        self.lines.append(f"going on {held}")

    def taken_over(self, uncertain: int, planned: int) -> None:
        self.lines.append(f"took {uncertain} {planned}")


def test_relay_away_holds_visibly_and_sends_once_when_it_is_back(sqlite_database: Database) -> None:
    pk, _ = launch(sqlite_database, 250)
    port, told = bed.free_port(), Told()
    with bed.running(bed.make_worker(sqlite_database, port, observer=told)):
        bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"held": 250})
        with sqlite_database.reading() as conn:
            reason = conn.execute(select(delivery.c.reason).limit(1)).scalar_one()
        assert reason.startswith(f"relay not reachable: 127.0.0.1:{port}")
        with bed.sink(port=port) as sink:
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 250})
    assert set(sink.taken.values()) == {1}
    assert told.lines[0].startswith("holding 250: relay not reachable")
    assert told.lines[-1].startswith("going on")


def test_a_relay_that_refuses_the_sender_fails_nobody(sqlite_database: Database) -> None:
    pk, _ = launch(sqlite_database, 50)
    faults = bed.Faults(mail_reply=b"550 5.7.1 sender not allowed\r\n")
    told = Told()
    with bed.sink(faults) as sink, bed.running(bed.make_worker(sqlite_database, sink.port, observer=told)):
        bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"held": 50})
        time.sleep(0.3)
    assert bed.states(sqlite_database, pk).keys() <= {"held", "planned"}
    assert "refuses the sender" in told.lines[0]
    assert sink.taken == {}


def test_one_poisonous_message_does_not_stop_the_others(sqlite_database: Database) -> None:
    pk, contacts = launch(sqlite_database, 100)

    def fields(conn: Any, pks: Sequence[int]) -> Any:
        found = {person: dict(each) for person, each in bed.own_fields(conn, pks).items()}
        if contacts[5] in found:
            found[contacts[5]]["email"] = "ева@example.com"
        return found

    with bed.sink() as sink, bed.running(bed.make_worker(sqlite_database, sink.port, merge_fields=fields)):
        bed.wait_for(lambda: finished_after(sqlite_database, pk, 100))
    assert bed.states(sqlite_database, pk) == {"accepted": 99, "failed": 1}
    with sqlite_database.reading() as conn:
        assert "SMTPUTF8" in conn.execute(select(delivery.c.reason).where(delivery.c.state == "failed")).scalar_one()


def test_a_message_above_the_relays_size_fails_alone(sqlite_database: Database) -> None:
    pk, _ = launch(sqlite_database, 20)
    with bed.sink(bed.Faults(size=500)) as sink, bed.running(bed.make_worker(sqlite_database, sink.port)):
        bed.wait_for(lambda: finished_after(sqlite_database, pk, 20))
    assert bed.states(sqlite_database, pk) == {"failed": 20}


@pytest.mark.parametrize("pipelining", [True, False])
def test_relays_without_pipelining_work_too(sqlite_database: Database, pipelining: bool) -> None:
    pk, _ = launch(sqlite_database, 100)
    with bed.sink(bed.Faults(pipelining=pipelining)) as sink, bed.running(bed.make_worker(sqlite_database, sink.port)):
        bed.wait_for(lambda: finished_after(sqlite_database, pk, 100))
    assert bed.states(sqlite_database, pk) == {"accepted": 100}


def test_takeover_settles_a_dead_workers_chunks(database: Database, clock: Any) -> None:
    contacts = bed.add_people(database, 4, clock.now())
    pk = bed.add_campaign(database, contacts, clock.now())
    states = ["attempting", "claimed", "accepted", "planned"]
    with database.transaction() as conn:
        for person, state in zip(contacts, states, strict=True):
            conn.execute(update(delivery).where(delivery.c.contact_pk == person).values(state=state, at=clock.now()))
        gone = {"state": "leased", "owner": "elsewhere/1/1/a", "fence": 3, "lease_until": clock.now() + MINUTE}
        conn.execute(update(chunk).values(boot_id=bed.boot_id(database), **gone))
    worker = bed.make_worker(database, 1, clock=clock)
    assert worker._ledger.take_over() == {}  # it may live: its lease holds
    clock.advance(2 * MINUTE)
    assert worker._ledger.take_over() == {"uncertain": 1, "planned": 1}
    assert bed.states(database, pk) == {"uncertain": 1, "planned": 2, "accepted": 1}
    with database.reading() as conn:
        kinds = sorted(conn.execute(select(event.c.kind)).scalars())
        fence = conn.execute(select(chunk.c.fence)).scalar_one()
    assert kinds == ["accepted", "uncertain"]  # the dead worker had no time to tell of the accepted one
    assert fence == 4
    worker._ledger.close()


def test_a_killed_senders_file_tells_what_had_left(sqlite_database: Database, sqlite_path: Path, clock: Any) -> None:
    contacts = bed.add_people(sqlite_database, 5, clock.now())
    pk = bed.add_campaign(sqlite_database, contacts, clock.now())
    dead = bed.make_worker(sqlite_database, 1, clock=clock, owner=f"{host()}/999999999/1/a")._ledger
    claimed = dead.step(10).claimed
    assert dead.flush([], claimed[:4], []) == [True] * 4
    told = [
        (claimed[0], Outcome(Result.ACCEPTED, "250 2.0.0", "Ok")),
        (claimed[1], Outcome(Result.FAILED, "550 5.1.1")),
    ]
    dead.flush(told, [], [])
    assert bed.states(sqlite_database, pk) == {"claimed": 5}  # the answers would come with the next step
    other = bed.make_worker(sqlite_database, 1, clock=clock)._ledger
    assert other.take_over() == {"uncertain": 2, "planned": 1}
    assert bed.states(sqlite_database, pk) == {"accepted": 1, "failed": 1, "uncertain": 2, "planned": 1}
    assert not list(sqlite_path.parent.glob("*-flight-*"))
    with sqlite_database.reading() as conn:
        kinds = sorted(conn.execute(select(event.c.kind)).scalars())
        row = conn.execute(select(delivery.c.code, delivery.c.attempt).where(delivery.c.state == "failed")).one()
    assert kinds == ["accepted", "failed", "uncertain", "uncertain"]
    assert row == ("550 5.1.1", 1)
    assert other.take_over() == {}
    other.close()
    dead.close()


def test_cancelled_while_on_the_wire_is_what_the_relay_said(database: Database, clock: Any) -> None:
    contacts = bed.add_people(database, 3, clock.now())
    pk = bed.add_campaign(database, contacts, clock.now())
    ledger = bed.make_worker(database, 1, clock=clock)._ledger
    claimed = ledger.step(10).claimed
    assert ledger.flush([], claimed[:1], []) == [True]
    pause(database, pk, "cancel")
    assert ledger.flush([(claimed[0], Outcome(Result.ACCEPTED, "250"))], claimed[1:2], []) == [False]
    ledger.flush([], [], claimed[1:])
    ledger.step(0)
    assert bed.states(database, pk) == {"accepted": 1, "cancelled": 2}
    ledger.close()


def test_the_hot_statements_find_rows_by_their_whole_key(sqlite_database: Database) -> None:
    of = statements.of_channel(Channel.EMAIL)
    asked = {of.accepted: 5, of.claim[True]: 3, statements.DUE[True]: 4}
    with sqlite_database.reading() as conn:
        for statement, values in asked.items():
            plan = conn.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", ["[1]"] * values).fetchall()
            (search,) = [row[3] for row in plan if row[3].startswith("SEARCH delivery")]
            assert search.count("=?") >= 3, search


def test_after_a_reboot_claimed_is_uncertain_too(sqlite_database: Database, clock: Any) -> None:
    contacts = bed.add_people(sqlite_database, 2, clock.now())
    pk = bed.add_campaign(sqlite_database, contacts, clock.now())
    with sqlite_database.transaction() as conn:
        conn.execute(update(delivery).values(state="claimed"))
        conn.execute(update(chunk).values(state="leased", owner="x/1/1/a", lease_until=0, boot_id="another boot"))
    worker = bed.make_worker(sqlite_database, 1, clock=clock)
    worker._ledger.take_over()
    worker._ledger.close()
    assert bed.states(sqlite_database, pk) == {"uncertain": 2}


def test_a_worker_that_comes_back_late_is_refused_by_the_fence(database: Database, clock: Any) -> None:
    contacts = bed.add_people(database, 3, clock.now())
    bed.add_campaign(database, contacts, clock.now())
    late, other = bed.make_worker(database, 1, clock=clock)._ledger, bed.make_worker(database, 1, clock=clock)._ledger
    claimed = late.step(10).claimed
    assert len(claimed) == 3
    assert late.flush([], claimed[:1], []) == [True]
    clock.advance(2 * MINUTE)
    other.take_over()
    again = other.step(10).claimed
    assert late.flush([], claimed[1:], []) == [False, False]
    assert [each.contact_pk for each in again] == contacts[1:]
    assert other.flush([], again, []) == [True, True]
    late.close()
    other.close()


def test_one_that_comes_back_late_lets_go_of_nothing_that_is_in_anothers_hand(database: Database, clock: Any) -> None:
    contacts = bed.add_people(database, 3, clock.now())
    pk = bed.add_campaign(database, contacts, clock.now())
    late, other = bed.make_worker(database, 1, clock=clock)._ledger, bed.make_worker(database, 1, clock=clock)._ledger
    late.step(10)
    clock.advance(2 * MINUTE)
    other.take_over()
    again = other.step(10).claimed
    assert other.flush([], again[:1], []) == [True]
    in_hand = bed.states(database, pk)
    late.leave()
    assert bed.states(database, pk) == in_hand
    assert other.flush([], again[1:], []) == [True, True]
    late.close()
    other.close()


def test_what_its_own_worker_cannot_account_for_is_in_doubt_with_its_instant(database: Database, clock: Any) -> None:
    contacts = bed.add_people(database, 3, clock.now())
    pk = bed.add_campaign(database, contacts, clock.now())
    ledger = bed.make_worker(database, 1, clock=clock)._ledger
    ledger.step(10)
    with database.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == contacts[0]).values(state="attempting"))
    ledger.leave()
    assert bed.states(database, pk) == {"uncertain": 1, "planned": 2}
    with database.reading() as conn:
        row = conn.execute(select(delivery).where(delivery.c.contact_pk == contacts[0])).one()
    assert row.at == clock.now()
    assert "before the relay's answer" in row.reason
    ledger.close()


def test_a_row_without_its_instant_stops_no_takeover(database: Database, clock: Any) -> None:
    """Such rows were written once; each sender that met one ended."""
    contacts = bed.add_people(database, 2, clock.now())
    pk = bed.add_campaign(database, contacts, clock.now())
    with database.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == contacts[0]).values(state="uncertain", at=None))
        conn.execute(
            update(chunk).values(state="leased", owner="elsewhere/1/1/a", fence=3, lease_until=clock.now() - 1)
        )
    ledger = bed.make_worker(database, 1, clock=clock)._ledger
    ledger.take_over()
    assert bed.states(database, pk) == {"uncertain": 1, "planned": 1}
    with database.reading() as conn:
        assert conn.execute(select(event.c.kind, event.c.at)).all() == [("uncertain", clock.now())]
    ledger.close()


@pytest.mark.postgres
def test_two_workers_on_postgresql_share_and_never_repeat(postgres_address: str) -> None:
    from tidings.store.database import open_postgresql

    db = open_postgresql(postgres_address)
    try:
        pk, _ = launch(db, 3000)
        with (
            bed.sink() as sink,
            bed.running(bed.make_worker(db, sink.port)),
            bed.running(bed.make_worker(db, sink.port)),
        ):
            bed.wait_for(lambda: finished_after(db, pk, 3000), 60)
        assert bed.states(db, pk) == {"accepted": 3000}
        assert set(sink.taken.values()) == {1}
        with db.reading() as conn:
            owners = conn.execute(select(chunk.c.fence)).scalars().all()
        assert len(owners) == 6
    finally:
        db.close()


def test_max_per_hour_keeps_its_distance(sqlite_database: Database) -> None:
    pk, _ = launch(sqlite_database, 30)
    with bed.sink() as sink:
        worker = bed.make_worker(sqlite_database, sink.port, turns=OwnTurns(72_000))
        started = time.monotonic()
        with bed.running(worker):
            bed.wait_for(lambda: finished_after(sqlite_database, pk, 30))
    assert time.monotonic() - started > 29 * 0.05 * 0.8


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_encryption_is_verified(sqlite_database: Database, tmp_path: Path, tls: Any) -> None:
    """A relay whose certificate is not of a known authority gets nothing."""
    import asyncio
    import ssl

    files = ensure_certificates(tmp_path / "tls", b"p" * 32, ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.private_key, files.password)
    pk, _ = launch(sqlite_database, 5)
    if tls == "starttls":
        from tidings.distribution.mailbox.server import MailboxServer

        server: Any = MailboxServer(sqlite_database, bed.WallClock(), "127.0.0.1", 0, server_context(files))
        asyncio.run(server.start())
        port, stop = server.port, lambda: asyncio.run(server.stop())
    else:
        held = bed.sink(context=context)
        port, stop = held.__enter__().port, lambda: held.__exit__(None, None, None)
    try:
        told = Told()
        strange = Relay("localhost", port, tls)
        with bed.running(bed.make_worker(sqlite_database, port, relay=strange, observer=told)):
            bed.wait_for(lambda: bool(told.lines))
        assert "certificate" in told.lines[0]
        assert bed.states(sqlite_database, pk) == {"held": 5}
        known = Relay("localhost", port, tls, ca=files.ca_certificate)
        with bed.running(bed.make_worker(sqlite_database, port, relay=known)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 5})
    finally:
        stop()
