"""One ledger, several personal channels: each worker sees its own, and later steps join a campaign that runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed
from sqlalchemy import func, insert, select, update

from tidings.audience.selection import may_send
from tidings.distribution import repository
from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.compile import Addressee
from tidings.distribution.enlist import enlist
from tidings.distribution.ledger import Ledger
from tidings.distribution.owner import owner_name
from tidings.distribution.templates import Addresses, compile_campaign
from tidings.distribution.tokens import TokenPurpose
from tidings.domain.channel import Channel
from tidings.domain.consent import Purpose
from tidings.domain.errors import ConflictError
from tidings.domain.message import Link, ShortTemplate
from tidings.events.alike import append_alike
from tidings.events.log import append
from tidings.store.database import Database
from tidings.store.tables import campaign, chunk, consent, delivery, event, link, suppression

SMS = ShortTemplate(
    variant="A", channel="sms", text="Bread! {{ links[0] }}",
    links=(Link(no=0, url="https://northwind.example/sms", label="Order"),),
)  # fmt: skip
ACCEPTED = Outcome(Result.ACCEPTED, "250", "taken")


def ledger_of(db: Database, clock: Any, channel: Channel, **changed: Any) -> Ledger:
    given = {"boot_id": bed.boot_id(db), "relay": channel.value, "channel": channel, "owner": owner_name(), **changed}
    hooks = given.pop("hooks", bed.hooks())
    return Ledger(db, clock, hooks, **given)


def two_channels(db: Database, clock: Any, people: int = 3) -> int:
    """A campaign that writes to everybody by e-mail and by SMS."""
    pk = bed.add_campaign(db, bed.add_people(db, people, clock.now()), clock.now())
    with db.transaction() as conn:
        repository.write_messages(conn, pk, [SMS])
        repository.freeze(conn, pk, None, Channel.SMS)
    return pk


def by_channel(db: Database) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    with db.reading() as conn:
        for row in conn.execute(select(delivery.c.channel, delivery.c.state)):
            found.setdefault(row.channel, set()).add(row.state)
    return found


def send(ledger: Ledger, number: int = 10) -> list[Outgoing]:
    claimed = ledger.step(number).claimed
    assert ledger.flush([], claimed, []) == [True] * len(claimed)
    ledger.flush([(each, ACCEPTED) for each in claimed], [], [])
    ledger.step(0)
    return claimed


def test_each_worker_takes_its_own_channel_and_the_last_one_ends_the_campaign(database: Database, clock: Any) -> None:
    pk = two_channels(database, clock)
    ended: list[int] = []
    hooks = bed.hooks(on_finished=lambda _c, pk: ended.append(pk))
    mail = ledger_of(database, clock, Channel.EMAIL, hooks=hooks)
    sms = ledger_of(database, clock, Channel.SMS, hooks=hooks)
    assert len(send(mail)) == 3
    mail.leave()
    assert by_channel(database) == {"email": {"accepted"}, "sms": {"planned"}}
    assert ended == []
    assert not mail.something_due()
    assert sms.something_due()
    assert len(send(sms)) == 3
    sms.leave()
    assert ended == [pk]
    with database.reading() as conn:
        chunks = conn.execute(select(chunk.c.no, chunk.c.channel, chunk.c.state).order_by(chunk.c.no)).all()
        assert [tuple(row) for row in chunks] == [(0, "email", "done"), (1, "sms", "done")]
        assert sorted(conn.execute(select(event.c.channel)).scalars()) == ["email"] * 3 + ["sms"] * 3
    mail.close()
    sms.close()


def test_holding_one_channel_does_not_hold_the_other(database: Database, clock: Any) -> None:
    two_channels(database, clock)
    sms, mail = ledger_of(database, clock, Channel.SMS), ledger_of(database, clock, Channel.EMAIL)
    work = sms.begin(0, "the SMS provider does not answer")
    sms.carry_out(work)
    assert sms.finish(work).held == 3
    assert by_channel(database) == {"email": {"planned"}, "sms": {"held"}}
    assert mail.release_held() == 0
    assert sms.release_held() == 3
    sms.close()
    mail.close()


def test_consent_and_suppression_are_asked_for_the_channel(database: Database, clock: Any) -> None:
    two_channels(database, clock)
    with database.transaction() as conn:
        people = list(conn.execute(select(delivery.c.contact_pk).distinct().order_by(delivery.c.contact_pk)).scalars())
        given = [(people[0], "marketing_email"), *((pk, "marketing_sms") for pk in people)]
        rows = [
            {"id": f"cns_{n}", "contact_pk": pk, "purpose": purpose, "state": "granted", "at": clock.now() - 1,
             "source": "form", "wording": ""}
            for n, (pk, purpose) in enumerate(given)
        ]  # fmt: skip
        conn.execute(insert(consent), rows)
        conn.execute(insert(suppression).values(address_hash="example.com1", channel="sms", reason="manual", at=0))
        assert may_send(conn, people, Purpose.MARKETING_SMS, "sms", clock.now())[people[0]] is None
    hooks = bed.hooks(may_send=may_send)
    sms, mail = (ledger_of(database, clock, each, hooks=hooks) for each in (Channel.SMS, Channel.EMAIL))
    assert [each.contact_pk for each in mail.step(9).claimed] == people[:1]
    claimed = sms.step(9).claimed
    assert [each.contact_pk for each in claimed] == [people[0], people[2]]
    with database.transaction() as conn:  # a no to e-mail since then does not concern SMS; one to everything does
        conn.execute(insert(suppression).values(address_hash="example.com0", channel="email", reason="manual", at=0))
        conn.execute(insert(suppression).values(address_hash="example.com2", channel="*", reason="manual", at=0))
    assert sms.flush([], claimed, []) == [True, False]
    sms.close()
    mail.close()


def test_a_dead_worker_is_settled_by_one_of_its_channel(database: Database, clock: Any) -> None:
    two_channels(database, clock)
    dead = ledger_of(database, clock, Channel.SMS, owner="gone/1/1/abc")
    claimed = dead.step(2).claimed
    assert dead.flush([], claimed[:1], []) == [True]
    clock.advance(10 * 60_000)
    with database.transaction() as conn:
        conn.execute(update(chunk).where(chunk.c.owner != "").values(lease_until=0))
    mail, sms = ledger_of(database, clock, Channel.EMAIL), ledger_of(database, clock, Channel.SMS)
    assert not mail.take_over()
    assert sms.take_over() == {"uncertain": 1, "planned": 1}
    assert by_channel(database)["email"] == {"planned"}
    mail.close()
    sms.close()


def test_a_later_step_joins_a_campaign_that_runs(database: Database, clock: Any) -> None:
    now = clock.now()
    people = bed.add_people(database, 4, now)
    pk = bed.add_campaign(database, people, now)
    rows = [(person, "A", now) for person in people[:2]]
    with database.transaction() as conn:
        with pytest.raises(ConflictError, match="has no email message"):
            enlist(conn, pk, 1, Channel.EMAIL, rows)
        repository.write_messages(conn, pk, [bed.template()], step=1)
        assert enlist(conn, pk, 1, Channel.EMAIL, rows) == 2
        assert enlist(conn, pk, 1, Channel.EMAIL, [*rows, (people[2], "A", now)]) == 1
        assert enlist(conn, pk, 1, Channel.EMAIL, rows) == 0
        assert enlist(conn, pk, 0, Channel.EMAIL, rows) == 0
        assert enlist(conn, pk, 1, Channel.EMAIL, []) == 0
        numbers = list(conn.execute(select(chunk.c.no).order_by(chunk.c.no)).scalars())
        assert numbers == [0, 1, 2]
    with bed.sink() as sink, bed.running(bed.make_worker(database, sink.port, clock=clock)):
        bed.wait_for(lambda: bed.states(database, pk) == {"accepted": 7})
    assert sum(sink.to.values()) == len(sink.taken) == 7


def test_a_campaign_that_is_over_is_left_alone(database: Database, clock: Any) -> None:
    people = bed.add_people(database, 2, clock.now())
    pk = bed.add_campaign(database, people[:1], clock.now())
    with database.transaction() as conn:
        conn.execute(update(campaign).values(state="done"))
        assert enlist(conn, pk, 0, Channel.EMAIL, [(people[1], "A", 0)]) == 0
        assert enlist(conn, 999, 0, Channel.EMAIL, [(people[1], "A", 0)]) == 0


def test_links_of_later_steps_stand_behind_those_of_the_first(sqlite_database: Database, clock: Any) -> None:
    pk = two_channels(sqlite_database, clock)
    with sqlite_database.transaction() as conn:
        repository.write_messages(conn, pk, [bed.template()], step=1)
        assert list(conn.execute(select(link.c.no).order_by(link.c.no)).scalars()) == [0, 1, 2]
        compiled = compile_campaign(conn, pk, Addresses(bed.BASE_URL, bed.SIGNER))
        assert [base for _, base, _ in repository.bodies_of(conn, pk, Channel.SMS)] == [1]
    assert set(compiled) == {(0, "A"), (1, "A")}
    for (step, _), message in compiled.items():
        _, raw = message.render(Addressee(7, step, {"email": "a@b.example"}), 0)
        token = raw.replace(b"=\r\n", b"").partition(b"/t/")[2][:24].decode()
        read = bed.SIGNER.read(token, TokenPurpose.CLICK)
        assert read is not None
        assert (read.step, read.link) == (step, 2 * step)


def test_senders_on_one_server_add_their_counts_in_one_go(postgres_database: Database, clock: Any) -> None:
    """They are rows that all senders share: two who took them variant by variant would wait in a circle."""
    db, goes = postgres_database, list[list[tuple[int, int]]]()

    def append_and_note(conn: Any, events: Any) -> None:
        goes.append(sorted((each.campaign_pk, each.contact_pk) for each in events))
        append(conn, events)

    people = bed.add_people(db, 4, clock.now())
    campaigns = [bed.add_campaign(db, people, clock.now(), name) for name in ("one", "two")]
    with db.transaction() as conn:
        repository.write_messages(conn, campaigns[0], [bed.template().model_copy(update={"variant": "B"})])
        conn.execute(update(delivery).where(delivery.c.contact_pk == people[0]).values(variant="B"))
    ledger = ledger_of(
        db, clock, Channel.EMAIL, hooks=bed.hooks(append_events=append_and_note, append_alike=append_alike)
    )
    claimed = ledger.step(9).claimed
    assert {(each.campaign_pk, each.variant) for each in claimed} == {(pk, v) for pk in campaigns for v in "AB"}
    ledger.flush([], claimed, [])
    ledger.flush([(each, ACCEPTED) for each in claimed], [], [])
    goes.clear()
    ledger.step(0)
    assert goes == [[(pk, person) for pk in campaigns for person in people]]
    with db.reading() as conn:
        assert conn.execute(select(func.count()).select_from(event)).scalar_one() == 8
