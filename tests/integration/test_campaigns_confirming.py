"""Double opt-in from the import to the yes: mails over real SMTP, the page behind their link, and who starts it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, update
from tests.conftest import FakeClock
from tests.integration import distribution_bed as bed

from tidings.agents.state import ensure_agents
from tidings.analytics.repository import hour_counts
from tidings.app.asgi import build_asgi
from tidings.app.sending import build_sender, must_wait
from tidings.app.wiring import House, open_house, wire
from tidings.audience.confirming import may_ask
from tidings.distribution.ledger import Ledger
from tidings.distribution.page_texts_confirm import MAIL, PAGE
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.consent import CONFIRM_WITHIN, ConsentState
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from tidings.domain.instant import DAY, HOUR, Instant
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.settings import Settings, load_settings
from tidings.store.database import Database
from tidings.store.tables import campaign, consent, contact, delivery

ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
BRAND = {
    "name": "Northwind Bakery", "sender": {"name": "Northwind", "address": "hello@northwind.example"},
    "postal_address": "Mill Lane 1, 12345 Berlin", "website": "https://northwind.example",
}  # fmt: skip
_LINK = re.compile(r"https://\S+/y/([A-Za-z0-9_-]{24})")


@contextmanager
def house_at(tmp_path: Path, relay: str, clock: FakeClock | None = None) -> Iterator[House]:
    """A whole house with one brand, which sends through that relay."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    environ = {
        "TIDINGS_KEY": "ab" * 32, "TIDINGS_DATA_DIR": str(folder), "TIDINGS_KEYRING": "off", "TIDINGS_RELAY": relay,
        "TIDINGS_NAMESERVER": "127.0.0.1:9",
    }  # fmt: skip
    house = open_house(load_settings(environ), executor="test", create=True, clock=clock)
    house.jobs.prepare()
    house.services.brands.create_brand(ADMIN, BRAND)
    try:
        yield house
    finally:
        house.close()


def awake() -> str:
    """A zone in which it is about noon, so that no hour is quiet whenever the test runs."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def take_in(house: House, *people: str, **more: str) -> None:
    """Imports people whose consent is pending, `name` or `name:language`."""
    rows = [
        {"email": f"{name}@example.com", "locale": language or "en", "consent": "pending", "time_zone": awake(),
         "consent_source": "fair in May", "consent_wording": "Send me news.", **more}
        for name, _, language in (each.partition(":") for each in people)
    ]  # fmt: skip
    assert house.services.audience.add_contacts(ADMIN, rows).refused == []


def counts(house: House) -> dict[str, int]:
    """The numbers that are not zero."""
    found = house.services.confirmations.overview(ADMIN).counts
    return {name: getattr(found, name) for name in found.__slots__ if getattr(found, name)}


def words_of(house: House, name: str) -> list[tuple[str, str, str]]:
    """State, source and wording of everything the person has said."""
    with house.db.reading() as conn:
        query = select(consent.c.state, consent.c.source, consent.c.wording).join(contact)
        return [tuple(row) for row in conn.execute(query.where(contact.c.email == f"{name}@example.com"))]


def went_out(house: House, sink: bed.Sink, number: int) -> list[EmailMessage]:
    """Sends until so many mails have arrived, and reads them."""
    with bed.running(build_sender(house)):
        bed.wait_for(lambda: sum(sink.to.values()) >= number)
        bed.wait_for(lambda: "on_the_way" not in counts(house))
    return [cast("EmailMessage", message_from_bytes(body, policy=policy.default)) for body in sink.bodies]


def link_in(mail: EmailMessage) -> str:
    """The path of the one address in both parts."""
    parts = [mail.get_body(kind).get_content() for kind in (("plain",), ("html",))]  # type: ignore[union-attr]
    found = {token for part in parts for token in _LINK.findall(part)}
    addresses = {url for part in parts for url in re.findall(r"https?://[^\s\"<]+", part)}
    assert len(found) == len(addresses) == 1, "one link and no other"
    return f"/y/{found.pop()}"


def ask(house: House, path: str, method: str = "GET") -> tuple[int, str]:
    """The answer of the product's own front."""
    sent: list[dict[str, Any]] = []
    scope = {"type": "http", "path": path, "method": method, "headers": [], "query_string": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    front = build_asgi(house)
    asyncio.run(front(scope, receive, send))
    front.tracking.close()
    return sent[0]["status"], sent[1]["body"].decode()


def test_from_a_pending_import_to_a_consent_with_its_proof(tmp_path: Path) -> None:
    with bed.sink() as sink, house_at(tmp_path, f"smtp://127.0.0.1:{sink.port}?tls=none") as house:
        take_in(house, "ann:en", "bea:de-AT", "cleo:fr", "dora:es", "finn:fi")
        assert counts(house) == {"pending": 5, "to_ask": 5}
        house.services.confirmations.ask(ADMIN)
        assert counts(house) == {"pending": 5, "on_the_way": 5}
        mails = {str(mail["To"]).partition("@")[0]: mail for mail in went_out(house, sink, 5)}
        assert counts(house) == {"pending": 5, "asked": 5}
        for name, language in (("ann", "en"), ("bea", "de"), ("cleo", "fr"), ("dora", "es"), ("finn", "en")):
            mail = mails[name]
            assert mail["Subject"] == MAIL[language].subject.replace("{brand}", "Northwind Bakery")
            assert mail["From"] == "Northwind <hello@northwind.example>"
            assert mail["Content-Language"] == language
            assert mail["Auto-Submitted"] == "auto-generated"
            assert not [header for header in mail if header.lower().startswith("list-")]
            text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
            for part in (text, html):
                assert f"{name}@example.com" in part
                assert "Mill Lane 1" in part
                assert "{" not in part
            assert MAIL[language].nothing in text
            assert "<img" not in html
        path = link_in(mails["bea"])
        before = words_of(house, "bea")
        for method in ("GET", "HEAD", "GET"):
            assert ask(house, path, method)[0] == 200
        assert words_of(house, "bea") == before, "a scanner that opens the link changes nothing"
        assert f'<html lang="de"><head><meta charset="utf-8"><title>{PAGE["de"].ask}' in ask(house, path)[1]
        assert PAGE["de"].done in ask(house, path, "POST")[1]
        [_, yes] = words_of(house, "bea")
        assert yes[0] == "granted"
        [row] = house.services.confirmations.overview(ADMIN).askings
        assert yes[1].startswith("double opt-in: link in the e-mail of 20")
        assert yes[1].endswith(row.campaign_id)
        assert yes[2] == f"{PAGE['de'].ask_words} {PAGE['de'].yes}".replace("{brand}", "Northwind Bakery")
        assert PAGE["de"].already in ask(house, path, "POST")[1]
        assert PAGE["de"].already in ask(house, path)[1]
        assert len(words_of(house, "bea")) == 2, "a second yes adds nothing"
        assert counts(house) == {"pending": 4, "asked": 4, "confirmed": 1}
        assert row.state == "done"
        assert (row.people, row.counts) == (5, {"accepted": 5})
        found, _ = house.services.audience.contacts(ADMIN, query="bea@")
        assert found[0].status == "subscribed"
        said = house.services.audience.contact(ADMIN, found[0].id).consents
        assert [each.state for each in said] == [ConsentState.PENDING, ConsentState.GRANTED]


def test_nobody_is_asked_twice_and_a_reminder_goes_once(tmp_path: Path) -> None:
    with bed.sink() as sink, house_at(tmp_path, f"smtp://127.0.0.1:{sink.port}?tls=none") as house:
        take_in(house, "ann", "bea")
        service = house.services.confirmations
        service.ask(ADMIN)
        with pytest.raises(ConflictError, match="nobody to ask"):
            service.ask(ADMIN)
        went_out(house, sink, 2)
        take_in(house, "ann", "bea", "cleo")
        service.ask(ADMIN, "northwind bakery")
        went_out(house, sink, 3)
        assert set(sink.to.values()) == {1}, "the second asking is for her alone who came with the second import"
        with pytest.raises(ConflictError, match="nobody to remind"):
            service.ask(ADMIN, reminder=True)
        older(house, 4 * DAY)
        assert counts(house) == {"pending": 3, "asked": 3, "to_remind": 3}
        service.ask(ADMIN, reminder=True)
        mails = went_out(house, sink, 6)
        assert set(sink.to.values()) == {2}
        assert len(sink.taken) == 6, "each mail has a Message-ID of its own"
        assert sum(mail["Subject"].startswith("Reminder") for mail in mails) == 3
        assert MAIL["en"].last in mails[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
        older(house, 30 * DAY)
        for reminder in (False, True):
            with pytest.raises(ConflictError):
                service.ask(ADMIN, reminder=reminder)
        assert [each.reminder for each in service.overview(ADMIN).askings] == [True, False, False]


def older(house: House, ms: int) -> None:
    """As if all mails had left so much earlier."""
    with house.db.transaction() as conn:
        conn.execute(update(delivery).values(at=delivery.c.at - ms, due_at=delivery.c.due_at - ms))


def test_a_link_that_is_too_old_or_forged_says_so_and_does_nothing(tmp_path: Path) -> None:
    with bed.sink() as sink, house_at(tmp_path, f"smtp://127.0.0.1:{sink.port}?tls=none") as house:
        take_in(house, "ann:de", "bea:de")
        house.services.confirmations.ask(ADMIN)
        paths = [link_in(mail) for mail in went_out(house, sink, 2)]
        older(house, CONFIRM_WITHIN - 60_000)
        assert ask(house, paths[0], "POST")[0] == 200
        older(house, 60_000)
        late = ask(house, paths[1], "POST")
        assert late[0] == 410
        assert PAGE["de"].expired in late[1]
        assert "14" in late[1]
        assert ask(house, paths[1]) == late
        assert counts(house) == {"pending": 1, "expired": 1, "to_remind": 1, "confirmed": 1}
        assert PAGE["de"].already in ask(house, paths[0])[1], "who confirmed in time is told so for good"
        token = paths[1][3:]
        swapped = token[:-1] + ("A" if token[-1] != "A" else "B")
        for path in (f"/y/{swapped}", "/y/", "/y/x", f"/u/{token}", f"/t/{token}"):
            assert ask(house, path, "POST")[0] in {404, 405}
        assert ask(house, paths[1], "PUT")[0] == 405
        assert [each[0] for name in ("ann", "bea") for each in words_of(house, name)].count("granted") == 1


def test_who_said_no_or_yes_or_is_gone_meanwhile_gets_no_mail(tmp_path: Path) -> None:
    with bed.sink() as sink, house_at(tmp_path, f"smtp://127.0.0.1:{sink.port}?tls=none") as house:
        take_in(house, "stays", "suppressed", "erased", "granted")
        audience = house.services.audience
        audience.suppress(ADMIN, "before@example.com")
        take_in(house, "before")
        assert counts(house)["pending"] == 4, "who is on the list does not wait"
        house.services.confirmations.ask(ADMIN)
        audience.suppress(ADMIN, "suppressed@example.com")
        [found], _ = audience.contacts(ADMIN, query="erased@")
        audience.erase(ADMIN, found.id)
        take_in(house, "granted", consent="yes")
        went_out(house, sink, 1)
        [row] = house.services.confirmations.overview(ADMIN).askings
        assert row.counts == {"accepted": 1, "suppressed": 3}
        assert dict(sink.to) == {"stays@example.com": 1}
        with house.db.reading() as conn:
            reasons = set(conn.execute(select(delivery.c.reason).where(delivery.c.state == "suppressed")).scalars())
        assert {"the address is on the suppression list", "the consent is confirmed already"} < reasons


def test_a_mail_that_left_confirms_nothing_for_those_who_say_no_before_they_click(tmp_path: Path) -> None:
    with bed.sink() as sink, house_at(tmp_path, f"smtp://127.0.0.1:{sink.port}?tls=none") as house:
        take_in(house, "ann:fr", "bea:fr")
        house.services.confirmations.ask(ADMIN)
        paths = {str(mail["To"]): link_in(mail) for mail in went_out(house, sink, 2)}
        audience = house.services.audience
        audience.suppress(ADMIN, "ann@example.com")
        [found], _ = audience.contacts(ADMIN, query="bea@")
        audience.erase(ADMIN, found.id)
        for path in paths.values():
            for method in ("GET", "POST"):
                status, page = ask(house, path, method)
                assert status == 410
                assert PAGE["fr"].closed.replace("’", "&#x27;") in page or PAGE["fr"].closed in page
        assert [each[0] for each in words_of(house, "ann")] == ["pending"]


def test_it_waits_for_the_way_out_and_then_goes_once(tmp_path: Path) -> None:
    port = bed.free_port()
    with house_at(tmp_path, f"smtp://127.0.0.1:{port}?tls=none") as house:
        take_in(house, "ann", "bea")
        house.services.confirmations.ask(ADMIN)
        with bed.running(build_sender(house)):
            bed.wait_for(lambda: house.services.confirmations.overview(ADMIN).askings[0].counts == {"held": 2}, 40)
            assert counts(house) == {"pending": 2, "on_the_way": 2}
            with bed.sink(port=port) as sink:
                bed.wait_for(lambda: counts(house) == {"pending": 2, "asked": 2}, 60)
        assert dict(sink.to) == {"ann@example.com": 1, "bea@example.com": 1}


def test_nothing_of_it_leaves_while_all_sending_is_paused(tmp_path: Path) -> None:
    with house_at(tmp_path, "smtp://127.0.0.1:9?tls=none") as house:
        take_in(house, "ann", "bea")
        house.services.distribution.pause_all(ADMIN)
        house.services.confirmations.ask(ADMIN)
        hooks = bed.hooks(may_ask=may_ask)
        ledger = Ledger(house.db, house.clock, hooks, owner="test", boot_id="test", relay="test")
        step = ledger.step(10)
        assert (step.stopped, step.claimed) == (True, [])
        house.services.distribution.resume_all(ADMIN)
        assert len(ledger.step(10).claimed) == 2
        ledger.close()


def test_a_cancelled_asking_asked_nobody_who_had_no_mail(tmp_path: Path) -> None:
    with house_at(tmp_path, "smtp://127.0.0.1:9?tls=none") as house:
        take_in(house, "ann")
        service = house.services.confirmations
        service.ask(ADMIN)
        [row] = service.overview(ADMIN).askings
        house.services.campaigns.cancel(ADMIN, row.campaign_id)
        assert counts(house) == {"pending": 1, "to_ask": 1}
        service.ask(ADMIN)
        assert counts(house) == {"pending": 1, "on_the_way": 1}


def test_it_needs_the_right_to_send_in_that_brands_name(tmp_path: Path) -> None:
    with house_at(tmp_path, "smtp://127.0.0.1:9?tls=none") as house:
        take_in(house, "ann")
        service = house.services.confirmations
        other = house.services.brands.create_brand(ADMIN, {**BRAND, "name": "Southwind"})
        for role in (Role.AUTHOR, Role.APPROVER, Role.ANALYST, Role.VIEWER):
            with pytest.raises(ForbiddenError):
                service.ask(Actor(ActorKind.PERSON, "acc_2", "Bo", role), "Southwind")
        with pytest.raises(InvalidInputError, match="in which brand"):
            service.ask(ADMIN)
        with pytest.raises(InvalidInputError, match="no brand 'Eastwind'"):
            service.ask(ADMIN, "Eastwind")
        limited = Actor(ActorKind.PERSON, "acc_3", "Cy", Role.MANAGER, brands=frozenset({other.id}))
        with pytest.raises(InvalidInputError, match="no brand 'Northwind Bakery'"):
            service.ask(limited, "Northwind Bakery")
        assert service.ask(limited).askings[0].brand_name == "Southwind"
        with pytest.raises(ForbiddenError):
            service.overview(Actor(ActorKind.PERSON, "acc_4", "Di", Role.VIEWER))


def test_confirmation_mails_are_no_campaign_and_use_up_no_cap(tmp_path: Path) -> None:
    with bed.sink() as sink, house_at(tmp_path, f"smtp://127.0.0.1:{sink.port}?tls=none") as house:
        take_in(house, "ann")
        house.services.confirmations.ask(ADMIN)
        [mail] = went_out(house, sink, 1)
        ask(house, link_in(mail), "POST")
        assert house.services.campaigns.list(ADMIN) == ([], "")
        [row] = house.services.confirmations.overview(ADMIN).askings
        shown = house.services.campaigns.get(ADMIN, row.campaign_id)
        assert (shown.row.state, shown.revision, shown.plan) == ("done", None, None)
        assert shown.row.is_confirmation
        week = (house.clock.now() - 7 * DAY, house.clock.now() + DAY)
        with house.db.reading() as conn:
            assert hour_counts(conn, ADMIN, *week) == [], "it thins no rate of the overview"
        assert committed(house, 0) == {}
        with house.db.transaction() as conn:
            conn.execute(update(campaign).values(policy={}))
        assert len(committed(house, 0)) == 1, "any other campaign's mail would count"
        with house.db.reading() as conn:
            assert sum(each.people for each in hour_counts(conn, ADMIN, *week)) == 1


def committed(house: House, campaign_pk: int) -> dict[int, list[Instant]]:
    """What a cap of one message would count against a new campaign."""
    from tidings.domain.plan import FrequencyCap
    from tidings.scheduling.repository import commitments

    now = house.clock.now()
    with house.db.reading() as conn:
        return commitments(conn, campaign_pk, FrequencyCap(1, 7), now - DAY, now + DAY)


@pytest.fixture
def either(database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path) -> House:
    """A house on either database, whose clock stands still."""
    house = wire(Settings(data_dir=tmp_path), database, MasterKey(bytes(32)), secrets, clock, "test")
    house.services.brands.create_brand(ADMIN, BRAND)
    return house


def fate(house: House, name: str, state: str, ago: int) -> None:
    """What became of a person's mail, and how long ago."""
    then = {"state": state, "at": house.clock.now() - ago}
    mine = select(contact.c.pk).where(contact.c.email == f"{name}@example.com").scalar_subquery()
    with house.db.transaction() as conn:
        assert conn.execute(update(delivery).where(delivery.c.contact_pk == mine).values(**then)).rowcount == 1


def test_the_numbers_add_up_whatever_became_of_the_mails(either: House) -> None:
    names = ["valid", "old", "failed", "soft", "lost", "waits", "cancelled", "quick"]
    take_in(either, *names)
    either.services.confirmations.ask(ADMIN)
    take_in(either, "late")
    for name, state, ago in (
        ("valid", "delivered", CONFIRM_WITHIN - 1), ("old", "accepted", CONFIRM_WITHIN), ("failed", "failed", 4 * DAY),
        ("soft", "bounced", DAY), ("lost", "uncertain", DAY), ("waits", "deferred", DAY), ("cancelled", "cancelled", 0),
        ("quick", "accepted", DAY),
    ):  # fmt: skip
        fate(either, name, state, ago)
    assert counts(either) == {
        "pending": 9, "to_ask": 2, "on_the_way": 1, "asked": 3, "expired": 1, "not_reached": 2, "to_remind": 3,
    }  # fmt: skip
    in_all = either.services.audience.counts(ADMIN)
    assert (in_all.pending, in_all.no_consent, in_all.contacts) == (9, 9, 9)
    before = either.services.confirmations.overview(ADMIN).askings[0]
    asked = either.services.confirmations.ask(ADMIN, reminder=True).askings[0]
    assert (asked.people, asked.reminder, before.reminder) == (3, True, False)
    assert either.services.confirmations.ask(ADMIN).askings[0].people == 2, "the cancelled one had no mail"
    with pytest.raises(ConflictError, match="nobody to ask"):
        either.services.confirmations.ask(ADMIN)


def test_the_brands_language_is_taken_where_the_persons_is_not_known(either: House) -> None:
    either.services.brands.create_brand(ADMIN, {**BRAND, "name": "Bäckerei", "locale": "de-AT"})
    take_in(either, "ann:en-GB", "bea:fr", "cleo:pt", "dora:en")
    either.services.audience.add_contacts(
        ADMIN, [{"email": "eve@example.com", "consent": "pending", "consent_source": "fair"}]
    )
    either.services.confirmations.ask(ADMIN, "Bäckerei")
    with either.db.reading() as conn:
        query = select(contact.c.email, delivery.c.variant).join(contact, contact.c.pk == delivery.c.contact_pk)
        spoken = {email.partition("@")[0]: variant for email, variant in conn.execute(query)}
    assert spoken == {"ann": "en", "bea": "fr", "cleo": "en", "dora": "de", "eve": "de"}


def test_quiet_hours_hold_for_it_as_for_all_mail(either: House, clock: FakeClock) -> None:
    with either.db.transaction() as conn:
        ensure_agents(conn)
    take_in(either, "ann", time_zone="Europe/Berlin")
    either.services.confirmations.ask(ADMIN)
    with either.db.reading() as conn:
        [(pk, person)] = [tuple(row) for row in conn.execute(select(delivery.c.campaign_pk, delivery.c.contact_pk))]
        assert must_wait(conn, pk, [person], clock.now()) == {}, "11 in the morning"
        assert person in must_wait(conn, pk, [person], clock.now() + 14 * HOUR), "one in the night"


def test_an_import_tells_how_many_wait_to_confirm(either: House, clock: FakeClock) -> None:
    take_in(either, "ann", "bea", "cleo")
    clock.advance(1)
    take_in(either, "cleo", consent="yes")
    either.services.audience.suppress(ADMIN, "bea@example.com")
    said = {"ann": "pending", "bea": "pending", "cleo": "pending", "dora": "pending", "eve": "yes"}
    rows = [{"email": f"{name}@example.com", "consent": word, "consent_source": "form"} for name, word in said.items()]
    done = either.services.audience.add_contacts(ADMIN, rows)
    assert (done.added, done.updated, done.pending, done.kept_silent) == (2, 3, 2, 1)
    found, _ = either.services.audience.contacts(ADMIN)
    assert {each.email.partition("@")[0] for each in found if each.pending} == {"ann", "dora"}
