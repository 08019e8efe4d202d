"""The senders of a worker process: which way out is used, and that a change of accounts changes it while it runs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import distribution_bed as bed
import provider_bed
import provider_ways
from sqlalchemy import insert, select

from tidings.agents.state import ensure_agents
from tidings.app.processes import ALL_AGENTS
from tidings.app.senders import Senders
from tidings.app.wiring import House, wire
from tidings.audience.incoming import ConsentGiven
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.domain.instant import MINUTE
from tidings.domain.message import ShortTemplate
from tidings.keys.master import MasterKey
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.store.tables import brand, campaign, contact, delivery, slot, worker

ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
BRAND = {
    "name": "Northwind {Bakery}", "sender": {"name": "Northwind", "address": "hello@northwind.example.com"},
    "postal_address": "Mill Lane 4, 1010 Vienna", "website": "https://northwind.example.com",
}  # fmt: skip
PHONES = "email,first_name,phone,sms_consent\n" + "".join(
    f"p{number}@example.com,Ada,+43660000{number:04},yes\n" for number in range(5)
)
WAYS = {way.name: way for way in provider_ways.PROVIDER_WAYS}


@pytest.fixture
def house(sqlite_database: Database, secrets: Any, tmp_path: Path) -> House:
    settings = Settings(data_dir=tmp_path, allowed_places=frozenset({"127.0.0.1"}), mailbox_port=bed.free_port())
    house = wire(settings, sqlite_database, MasterKey(bytes(32)), secrets, bed.WallClock(), "test")
    with sqlite_database.transaction() as conn:
        ensure_agents(conn)
    house.services.brands.create_brand(ADMIN, BRAND)
    return house


def add(house: House, name: str, address: str, **more: Any) -> Any:
    way = WAYS[name]
    values = {**way.settings, way.place: address}
    return house.services.channels.create(ADMIN, provider_name=name, name=name, values=values, **more)


@pytest.mark.parametrize("name", ["sendgrid", "mailgun", "ses", "twilio", "acs_sms"])
def test_a_test_message_goes_the_way_of_campaigns(house: House, name: str) -> None:
    side = provider_bed.OtherSide(refuses=frozenset({"no@example.com", "+436601111112"}))
    mail = WAYS[name].make is provider_ways.mail
    good, bad = ("yes@example.com", "no@example.com") if mail else ("+436601111111", "+436601111112")
    channels = house.services.channels
    with provider_bed.serving(WAYS[name].fake(side)) as fake:
        made = add(house, name, fake.address)
        answer = channels.send_test(ADMIN, made.id, good)
        assert answer.result == "accepted"
        assert answer.reference
        assert channels.get(ADMIN, made.id).state == "works"
        refused = channels.send_test(ADMIN, made.id, bad)
        assert refused.result == "failed"
        assert "nobody here" in refused.words
        with pytest.raises(InvalidInputError):
            channels.send_test(ADMIN, made.id, "nobody")
        assert channels.check(ADMIN, made.id).state == "works"
    assert b"Northwind (Bakery)" in side.bodies()[0].replace(b"=\r\n", b"")
    with pytest.raises(UnavailableError):
        channels.send_test(ADMIN, made.id, good)
    assert channels.check(ADMIN, made.id).state == "problem"


@pytest.mark.parametrize("name", ["sendgrid", "acs_email", "resend"])
def test_each_test_message_is_one_of_its_own(house: House, name: str) -> None:
    """Providers that take a name for the message would call the second a repeat of the first."""
    with provider_bed.serving(WAYS[name].fake(provider_bed.OtherSide())) as fake:
        made = add(house, name, fake.address)
        told = [house.services.channels.send_test(ADMIN, made.id, to) for to in ("a@example.com", "b@example.com")]
    assert [each.result for each in told] == ["accepted", "accepted"]
    assert list(fake.to) == ["a@example.com", "b@example.com"]


def test_health_says_by_what_mail_leaves_and_which_account_is_broken(house: House) -> None:
    def items() -> dict[str, Any]:
        return {item.name: item for item in house.services.health.check()}

    assert "channels" not in items()
    assert "mailbox" in items()["sending"].message
    made = add(house, "resend", "https://api.resend.example")
    assert items()["sending"].message == "account “resend” (resend)"
    assert items()["channels"].status == "ok"
    house.services.channels.trouble(made.id, "Resend refuses the key.")
    assert (items()["channels"].status, "Resend refuses" in items()["channels"].message) == ("fail", True)
    house.services.channels.enable(ADMIN, made.id, enabled=False)
    assert "mailbox" in items()["sending"].message


def test_health_names_a_worker_that_fell_while_another_does_its_work(house: House) -> None:
    now = house.clock.now()
    for executor, beat in (("worker@one", now - 4 * MINUTE), ("worker@two", now)):
        with house.db.transaction() as conn:
            of = {"executor": executor, "pid": 1, "host": "x", "boot_id": "b", "started_at": now, "beat_at": beat}
            conn.execute(insert(worker), [{"id": f"{executor}:{role}", "role": role, **of} for role in ALL_AGENTS])
    found = {item.name: item for item in house.services.health.check()}
    assert found["content agent"].status == "ok"
    assert (found["worker@one"].status, found["worker@one"].message[:23]) == ("warn", "nothing heard for 4 min")
    assert "worker@two" not in found


async def test_accounts_are_taken_up_changed_and_left_while_it_runs(house: House) -> None:
    proof = ConsentGiven("form", "yes")
    assert house.services.audience.import_csv(ADMIN, PHONES, consent=proof).added == 5
    first, second = provider_bed.OtherSide(), provider_bed.OtherSide()
    with (
        provider_bed.serving(WAYS["resend"].fake(first)) as resend,
        provider_bed.serving(WAYS["twilio"].fake(second)) as twilio,
    ):
        mail = add(house, "resend", resend.address)
        senders = Senders(house)
        running = asyncio.create_task(senders.run())
        try:
            await asyncio.to_thread(launch, house)
            await until(lambda: sum(first.taken().values()) == 5)
            assert not second.taken()  # nobody has set up text messages: they wait
            add(house, "twilio", twilio.address)
            await until(lambda: sum(second.taken().values()) == 5)
            # The account breaks, its page says so, and mends when the next message passes.
            house.services.channels.update(ADMIN, mail.id, values={"api_key": "wrong"})
            await asyncio.sleep(2.5)
            await asyncio.to_thread(launch, house, "two")
            await until(lambda: house.services.channels.get(ADMIN, mail.id).state == "problem")
            assert "refuses" in house.services.channels.get(ADMIN, mail.id).problem
            house.services.channels.update(ADMIN, mail.id, values={"api_key": provider_bed.SECRET})
            await until(lambda: sum(first.taken().values()) == 10)
            await until(lambda: house.services.channels.get(ADMIN, mail.id).state == "works")
        finally:
            await senders.stop()
            await running
    assert set(first.taken().values()) == {2}


async def test_an_accounts_limits_hold_for_tests_campaigns_and_the_next_start(house: House) -> None:
    assert house.services.audience.import_csv(ADMIN, PHONES, consent=ConsentGiven("form", "yes")).added == 5
    side = provider_bed.OtherSide()

    def waiting() -> list[str]:
        words = "waits for its turn: the account sendgrid sends at most 3 a minute; goes on at "
        query = select(delivery.c.reason).where(delivery.c.state == "planned", delivery.c.due_at > house.clock.now())
        with house.db.reading() as conn:
            return [reason for reason in conn.execute(query).scalars() if reason.startswith(words)]

    with provider_bed.serving(WAYS["sendgrid"].fake(side)) as fake:
        made = add(house, "sendgrid", fake.address)
        house.services.channels.update(ADMIN, made.id, values={"per_minute": 3})
        await asyncio.to_thread(house.services.channels.send_test, ADMIN, made.id, "test@example.com")
        for name in ("one", "two"):
            senders = Senders(house)
            running = asyncio.create_task(senders.run())
            try:
                await asyncio.to_thread(launch, house, name)
                await until(lambda number={"one": 3, "two": 8}[name]: len(waiting()) == number)
                await until(lambda: side.taken().total() == 3)
            finally:
                await senders.stop()
                await running
        with pytest.raises(UnavailableError, match="used up"):
            await asyncio.to_thread(house.services.channels.send_test, ADMIN, made.id, "test@example.com")
    assert side.taken().total() == 3


async def test_a_database_that_is_away_for_a_while_ends_no_sender(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that ended there would leave everything to whoever notices."""
    assert house.services.audience.import_csv(ADMIN, PHONES, consent=ConsentGiven("form", "yes")).added == 5
    side = provider_bed.OtherSide()

    def away() -> Any:
        raise UnavailableError("The database server does not answer.")

    with provider_bed.serving(WAYS["resend"].fake(side)) as resend:
        add(house, "resend", resend.address)
        senders = Senders(house)
        running = asyncio.create_task(senders.run())
        try:
            await asyncio.to_thread(launch, house)
            await until(lambda: side.taken().total() == 5)
            with monkeypatch.context() as patch:
                patch.setattr(house.db, "reading", away)
                patch.setattr(house.db, "transaction", away)
                await until(lambda: senders.waits or running.done())
                assert not running.done()
            await until(lambda: not senders.waits)
            await asyncio.to_thread(launch, house, "two")
            await until(lambda: side.taken().total() == 10)
        finally:
            await senders.stop()
            await running


async def test_changed_settings_of_the_distribution_agent_hold_while_it_runs(house: House) -> None:
    """One message an hour: after the first, everybody waits, though the sender was begun without any limit."""
    assert house.services.audience.import_csv(ADMIN, PHONES, consent=ConsentGiven("form", "yes")).added == 5
    side = provider_bed.OtherSide()
    with provider_bed.serving(WAYS["resend"].fake(side)) as resend:
        add(house, "resend", resend.address)
        senders = Senders(house)
        running = asyncio.create_task(senders.run())
        try:
            await asyncio.to_thread(launch, house)
            await until(lambda: side.taken().total() == 5)
            before = senders.ways
            house.services.agents.configure(ADMIN, "distribution", {"max_per_hour": 1}, "suggest", 1)
            await until(lambda: senders.ways not in ({}, before))
            await asyncio.to_thread(launch, house, "two")
            await until(lambda: side.taken().total() >= 6)
            await asyncio.sleep(1.0)
            assert side.taken().total() <= 7  # what a limit may make up for is one message
        finally:
            await senders.stop()
            await running


def launch(house: House, name: str = "one") -> None:
    """A campaign to everybody, by e-mail and, the first one, by text message."""
    now = house.clock.now()
    with house.db.transaction() as conn:
        people = conn.execute(select(contact.c.pk)).scalars().all()
        values = {
            "id": f"cmp_{name}", "name": name, "brand_id": conn.execute(select(brand.c.id)).scalar_one(),
            "state": "sending", "brief": {}, "policy": {"send_now": True}, "created_at": now, "updated_at": now,
        }  # fmt: skip
        pk = conn.execute(insert(campaign).values(values)).inserted_primary_key[0]  # type: ignore[index]
        rest = {"step": 0, "due_at": now, "variant": "A", "reason": "best_hour", "zone": "Europe/Berlin"}
        conn.execute(insert(slot), [{"campaign_pk": pk, "contact_pk": person, **rest} for person in people])
        short = [ShortTemplate(variant="A", channel="sms", text="Bread!")] if name == "one" else []
        house.services.distribution.launch(conn, pk, [bed.template(), *short], now)


async def until(condition: Any, seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.05)


def test_pre_flight_knows_that_mail_leaves_by_an_account(house: House) -> None:
    """With the built-in mailbox nothing leaves, and nothing of it can do harm; with an account it does."""
    from tidings.app.wiring import preflight_of
    from tidings.distribution.findings import Area, Grade

    channels = house.services.channels
    before = preflight_of(house.settings, house.relay, channels.mail_account)
    assert before.stays_here
    made = add(house, "resend", "https://api.resend.example")
    assert not before.stays_here
    found = [each for each in before.domains(["northwind.example"]) if each.area is Area.RELAY]
    assert [(each.place, each.grade) for each in found] == [("resend", Grade.NOT_CHECKED)]
    channels.enable(ADMIN, made.id, enabled=False)
    assert before.stays_here
