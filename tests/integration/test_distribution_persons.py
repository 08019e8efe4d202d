"""Personal channels beside SMTP, from the launch through a real database to a provider's strict fake."""

from __future__ import annotations

import re
import sys
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import distribution_bed as bed
import provider_bed
import provider_ways
from sqlalchemy import insert, select, update

from tidings.audience.browsers import digest, forget, subscribe
from tidings.audience.consents import record
from tidings.audience.erasure import erase_contact
from tidings.audience.repository import fields_for_push, fields_for_sms
from tidings.audience.selection import may_send
from tidings.audience.suppression import is_suppressed
from tidings.audience.unsubscribe import unsubscribe
from tidings.distribution import repository
from tidings.distribution.channels.http import HttpChannel
from tidings.distribution.compile import Addressee, CompiledEmail
from tidings.distribution.ledger import Ledger
from tidings.distribution.owner import owner_name
from tidings.distribution.service import DistributionService
from tidings.distribution.templates import Addresses, ShortTemplates, Templates
from tidings.distribution.worker import Worker
from tidings.domain.channel import Channel
from tidings.domain.consent import Consent, ConsentState, Purpose, SuppressionReason
from tidings.domain.message import Link, ShortTemplate
from tidings.store.database import Database
from tidings.store.tables import attempt, consent, contact, delivery, event, provider_reference, push_subscription

WAYS = {way.name: way for way in provider_ways.PROVIDER_WAYS}
SMS = ShortTemplate(
    variant="A", channel="sms", text='{{ contact.first_name | default: "You" }}: bread! {{ links[0] }}',
    links=(Link(no=0, url="https://northwind.example/sms", label="Order"),),
)  # fmt: skip
PUSH = ShortTemplate(variant="A", channel="push", title="Bread", text="Fresh now", links=SMS.links)


def people_and_campaign(db: Database, number: int, templates: list[Any], secrets: Any) -> tuple[int, list[int]]:
    """Everybody has a phone and a yes to both short channels, and one browser at a push service."""
    now = bed.WallClock().now()
    people = bed.add_people(db, number, now)
    pk = bed.add_campaign(db, people, now)
    yes = [(Purpose.MARKETING_SMS, "form"), (Purpose.MARKETING_PUSH, "form")]
    with db.transaction() as conn:
        for table in (delivery, repository.chunk, repository.message, repository.link):
            conn.execute(table.delete())
        for person in people:
            for purpose, source in yes:
                record(conn, person, Consent(purpose, ConsentState.GRANTED, now - 1000, source, "yes"))
    service = DistributionService(db, bed.WallClock(), secrets, base_url=bed.BASE_URL)
    with db.transaction() as conn:
        service.launch(conn, pk, templates, now)
    return pk, people


def worker_of(db: Database, way: HttpChannel, channel: Channel, **hooks: Any) -> Worker:
    clock = bed.WallClock()
    fields = {Channel.SMS: fields_for_sms, Channel.PUSH: fields_for_push}.get(channel, bed.own_fields)
    ledger = Ledger(
        db, clock, bed.hooks(may_send=may_send if channel is not Channel.EMAIL else bed.everybody_may,
                             merge_fields=fields, **hooks),
        owner=owner_name(), boot_id=bed.boot_id(db), relay=way.name, channel=channel,
    )  # fmt: skip
    addresses = Addresses(bed.BASE_URL, bed.SIGNER)
    mail = channel is Channel.EMAIL
    templates = Templates(db, addresses, parts=way.wants_parts) if mail else ShortTemplates(db, addresses, channel)
    return Worker(db, clock, ledger, way, addresses, lanes=way.room, templates=templates)


def states(db: Database, channel: Channel) -> dict[str, int]:
    found: dict[str, int] = {}
    with db.reading() as conn:
        for row in conn.execute(select(delivery.c.state).where(delivery.c.channel == channel.value)):
            found[row.state] = found.get(row.state, 0) + 1
    return found


def test_who_is_reachable_and_said_yes_gets_one_for_each_channel(database: Database, secrets: Any) -> None:
    now = bed.WallClock().now()
    people = bed.add_people(database, 4, now)
    pk = bed.add_campaign(database, people, now)
    with database.transaction() as conn:
        for table in (delivery, repository.chunk, repository.message, repository.link):
            conn.execute(table.delete())
        for person in people[:3]:
            record(conn, person, Consent(Purpose.MARKETING_SMS, ConsentState.GRANTED, now - 9, "form", "yes"))
        conn.execute(update(contact).where(contact.c.pk == people[1]).values(phone=""))
        unsubscribe(conn, secrets, people[2], None, "STOP", now, channel="sms")
    service = DistributionService(database, bed.WallClock(), secrets, base_url=bed.BASE_URL)
    with database.transaction() as conn:
        assert service.launch(conn, pk, [bed.template(), SMS, PUSH], now) == 5
        assert service.launch(conn, pk, [bed.template(), SMS], now) == 5
        rows = conn.execute(select(delivery.c.contact_pk, delivery.c.channel)).all()
    assert sorted(row.contact_pk for row in rows if row.channel == "email") == people
    assert [row.contact_pk for row in rows if row.channel == "sms"] == [people[0]]


def test_text_messages_leave_by_their_own_worker_and_keep_the_providers_name(database: Database, secrets: Any) -> None:
    pk, people = people_and_campaign(database, 30, [bed.template(), SMS], secrets)
    hard: list[int] = []
    side = provider_bed.OtherSide(refuses=frozenset({"+436600000003"}), puts_off=frozenset({"+436600000007"}))
    with WAYS["twilio"].open(side) as way:
        assert isinstance(way, HttpChannel)
        with bed.running(worker_of(database, way, Channel.SMS, on_hard=lambda _c, who, _w: hard.append(who))):
            bed.wait_for(lambda: set(states(database, Channel.SMS)) == {"accepted", "failed", "deferred"})
    assert states(database, Channel.SMS) == {"accepted": 28, "failed": 1, "deferred": 1}
    assert states(database, Channel.EMAIL) == {"planned": 30}
    assert len(hard) == 1
    text = side.bodies()[0].decode()
    assert re.search(r"^Ann\d*: bread! https://\S+/t/[\w-]{24}\nSTOP: https://\S+/u/[\w-]{24}$", text)
    with database.reading() as conn:
        references = conn.execute(select(provider_reference)).all()
        words = conn.execute(select(attempt.c.words).where(attempt.c.code == "21211")).scalar_one()
        kinds = set(conn.execute(select(event.c.channel, event.c.kind)).all())
    assert len(references) == 28
    assert {(row.provider, row.channel, row.campaign_pk) for row in references} == {("twilio", "sms", pk)}
    assert {row.contact_pk for row in references} <= set(people)
    assert "nobody here" in words
    assert ("sms", "accepted") in kinds


def test_a_refused_key_holds_everybody_and_the_right_one_sends_each_once(database: Database, secrets: Any) -> None:
    people_and_campaign(database, 25, [SMS], secrets)
    way, side = WAYS["twilio"], provider_bed.OtherSide()
    with provider_bed.serving(way.fake(side)) as fake:
        refused = way.channel(fake.address, secret="wrong")
        with bed.running(worker_of(database, refused, Channel.SMS)) as worker:
            bed.wait_for(lambda: bool(worker.holding) and set(states(database, Channel.SMS)) <= {"held", "planned"})
            assert "refuses the account" in worker.holding
        assert sum(states(database, Channel.SMS).values()) == 25
        assert not side.taken()
        with bed.running(worker_of(database, way.channel(fake.address), Channel.SMS)):
            bed.wait_for(lambda: states(database, Channel.SMS) == {"accepted": 25})
    assert set(side.taken().values()) == {1}


def test_a_no_to_text_messages_said_meanwhile_is_heard(database: Database, secrets: Any) -> None:
    _, people = people_and_campaign(database, 3, [SMS], secrets)
    with database.transaction() as conn:
        unsubscribe(conn, secrets, people[0], None, "STOP", bed.WallClock().now(), channel="sms")
    side = provider_bed.OtherSide()
    with WAYS["acs_sms"].open(side) as way:
        assert isinstance(way, HttpChannel)
        with bed.running(worker_of(database, way, Channel.SMS)):
            bed.wait_for(lambda: states(database, Channel.SMS) == {"accepted": 2, "suppressed": 1})
    assert sum(side.taken().values()) == 2


def test_notifications_reach_every_browser_and_forget_those_that_are_gone(database: Database, secrets: Any) -> None:
    now = bed.WallClock().now()
    people = bed.add_people(database, 2, now)
    side = provider_bed.OtherSide(refuses=frozenset({"old"}))
    with WAYS["webpush"].open(side) as way:
        assert isinstance(way, HttpChannel)
        fake = WAYS["webpush"].opened[0]
        assert isinstance(fake, provider_bed.FakePush)
        key, auth = fake.p256dh, provider_bed._b64(fake.auth)
        with database.transaction() as conn:
            for person, names in zip(people, (("phone", "old"), ("old2",)), strict=True):
                for name in names:
                    browser = (f"{fake.address}/push/{name}", key, auth)
                    subscribe(conn, person, browser, source="page", wording="yes", at=now - 2)
                    subscribe(conn, person, browser, source="page", wording="yes", at=now - 1)
        gone: list[str] = []

        def told(endpoints: Any) -> None:
            gone.extend(endpoints)
            with database.transaction() as conn:
                forget(conn, endpoints)

        way.provider.forget = told  # type: ignore[attr-defined]
        pk = bed.add_campaign(database, people, now)
        with database.transaction() as conn:
            for table in (delivery, repository.chunk, repository.message, repository.link):
                conn.execute(table.delete())
            service = DistributionService(database, bed.WallClock(), secrets, base_url=bed.BASE_URL)
            assert service.launch(conn, pk, [PUSH], now) == 2
        with bed.running(worker_of(database, way, Channel.PUSH)):
            bed.wait_for(lambda: states(database, Channel.PUSH) == {"accepted": 2})
    assert gone == [f"{fake.address}/push/old"]
    assert {shown["body"] for shown in fake.shown} == {"Fresh now"}
    assert all("/t/" in shown["url"] for shown in fake.shown)
    with database.reading() as conn:
        left = set(conn.execute(select(push_subscription.c.digest)).scalars())
    assert left == {digest(f"{fake.address}/push/{name}") for name in ("phone", "old2")}


@pytest.mark.parametrize("name", ["resend", "ses"])
def test_mail_by_an_account_is_the_mail_of_the_relay(database: Database, secrets: Any, name: str) -> None:
    people_and_campaign(database, 12, [bed.template()], secrets)
    side = provider_bed.OtherSide()
    with WAYS[name].open(side) as way:
        assert isinstance(way, HttpChannel)
        with bed.running(worker_of(database, way, Channel.EMAIL)):
            bed.wait_for(lambda: states(database, Channel.EMAIL) == {"accepted": 12})
    with database.reading() as conn:
        providers = set(conn.execute(select(provider_reference.c.provider)).scalars())
    assert providers == {name}
    assert len(side.taken()) == 12


def test_the_parts_say_what_the_mime_says() -> None:
    """The one code path: uncoded parts are what a mail program reads from the coded message."""
    template = bed.template().model_copy(
        update={"html": '<p>Grüße {{ contact.first_name | default: "Sie" }} & <a href="{{ links[0] }}">x</a></p> ',
                "text": "Grüße {{ contact.first_name }}.\n.dot {{ links[0] }}\n{{ unsubscribe_url }}",
                "reply_to": "r@x.example"}
    )  # fmt: skip
    mail = CompiledEmail(template, campaign_pk=7, campaign_id="cmp_x", base_url=bed.BASE_URL, signer=bed.SIGNER)
    person = Addressee(5, 0, {"email": "ada@example.com", "first_name": "Ada <b>"})
    to, raw = mail.render(person, 1_772_445_600_000)
    parts, read = mail.parts(person), message_from_bytes(raw, policy=policy.default)
    bodies = {part.get_content_type(): part.get_content().replace("\r\n", "\n") for part in read.iter_parts()}  # type: ignore[attr-defined]
    assert (parts.to, parts.subject) == (to, read["Subject"])
    assert bodies["text/plain"].rstrip("\n") == parts.text
    assert bodies["text/html"].rstrip("\n") == parts.html
    assert "Ada &lt;b&gt;" in parts.html
    assert parts.reply_to == "r@x.example"
    for header, value in parts.headers.items():
        assert " ".join(str(read[header]).split()) == value


def test_a_dead_number_silences_the_number_and_a_stop_the_person(database: Database, secrets: Any) -> None:
    now = bed.WallClock().now()
    people = bed.add_people(database, 2, now)
    with database.transaction() as conn:
        hashes = {"address_hash": "mail", "phone_hash": "phone"}
        conn.execute(update(contact).where(contact.c.pk == people[0]).values(**hashes))
        record(conn, people[0], Consent(Purpose.MARKETING_SMS, ConsentState.GRANTED, now - 9, "form", "yes"))
        assert unsubscribe(conn, secrets, people[0], None, "x", now, SuppressionReason.BOUNCED, "sms")
        assert may_send(conn, people[:1], Purpose.MARKETING_SMS, "sms", now)[people[0]] is not None
        conn.execute(update(contact).where(contact.c.pk == people[0]).values(phone_hash="another"))
        assert may_send(conn, people[:1], Purpose.MARKETING_SMS, "sms", now)[people[0]] is None
        assert unsubscribe(conn, secrets, people[0], None, "STOP", now, channel="sms")
        conn.execute(update(contact).where(contact.c.pk == people[0]).values(phone_hash="a third"))
        assert may_send(conn, people[:1], Purpose.MARKETING_SMS, "sms", now)[people[0]] is not None
        words = conn.execute(select(consent.c.state).where(consent.c.purpose == "marketing_sms")).scalars().all()
    assert sorted(words) == ["granted", "withdrawn"]


def test_erasure_takes_phone_and_browsers_and_leaves_the_no(database: Database, secrets: Any) -> None:
    from tidings.keys.secrets import address_hash

    now = bed.WallClock().now()
    (person,) = bed.add_people(database, 1, now)
    with database.transaction() as conn:
        hashed = {"phone": "+436601111111", "phone_hash": address_hash(secrets, "+436601111111")}
        conn.execute(update(contact).where(contact.c.pk == person).values(**hashed))
        conn.execute(insert(push_subscription), [
            {"contact_pk": person, "digest": "d", "endpoint": "https://push.example/x", "p256dh": "k", "auth": "a",
             "created_at": now},
        ])  # fmt: skip
        erase_contact(conn, secrets, person, now)
        assert conn.execute(select(push_subscription)).all() == []
        assert is_suppressed(conn, secrets, "+436601111111", "sms")


def test_phones_come_in_with_a_consent_of_their_own(database: Database, secrets: Any, clock: Any) -> None:
    from tidings.audience.incoming import ConsentGiven
    from tidings.audience.service import AudienceService
    from tidings.domain.actor import Actor, ActorKind, Role
    from tidings.domain.errors import InvalidInputError

    admin = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
    viewer = Actor(ActorKind.PERSON, "acc_2", "Vi", Role.ANALYST)
    service = AudienceService(database, clock, secrets)
    table = (
        "email,Mobile,sms consent\na@x.example,0043 660 1111111,yes\nb@x.example,+436602222222,no\n"
        "c@x.example,0660 333,yes\nd@x.example,,yes\ne@x.example,+436605555555,perhaps\nf@x.example,+436606666666,yes\n"
    )
    service.suppress(admin, "+43 660 666 66 66")
    with pytest.raises(InvalidInputError, match="phone"):
        service.suppress(admin, "0660 123")
    proof = ConsentGiven("form", "yes to mails and texts")
    for _ in range(2):
        result = service.import_csv(admin, table, consent=proof)
        assert [refused.row for refused in result.refused] == [4, 5, 6]
        clock.advance(1000)
    seen = {view.email[0]: view.phone for view in service.contacts(admin)[0]}
    assert seen == {"a": "+436601111111", "b": "+436602222222", "f": "+436606666666"}
    assert {view.phone for view in service.contacts(viewer)[0]} == {"+43…11", "+43…22", "+43…66"}
    with database.reading() as conn:
        people = {row.email[0]: row.pk for row in conn.execute(select(contact.c.email, contact.c.pk))}
        verdicts = may_send(conn, list(people.values()), Purpose.MARKETING_SMS, "sms", clock.now())
        words = conn.execute(select(consent.c.purpose).where(consent.c.purpose == "marketing_sms")).all()
    assert [verdicts[people[name]] is None for name in "abf"] == [True, False, False]
    assert len(words) == 2
