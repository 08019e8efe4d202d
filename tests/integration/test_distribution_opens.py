"""Opens, click ids and programs: what is noted, what is not, and what it is called. Against a real database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed

from tidings.audience.consents import record
from tidings.audience.opens import refuse_opens
from tidings.audience.selection import may_track
from tidings.distribution import repository
from tidings.distribution.pixel import GIF
from tidings.distribution.tokens import Token, TokenPurpose, TokenSigner
from tidings.distribution.tracking import TrackingApp
from tidings.distribution.way_out import Wishes
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.instant import DAY, HOUR
from tidings.domain.message import TRAP
from tidings.events.repository import totals
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import delivery, event, link, message

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


class Given:
    """A campaign sent an hour ago to three people, and the application in front of it."""

    def __init__(self, db: Database, clock: Any, secrets: Secrets) -> None:
        self.db, self.clock = db, clock
        self.people = bed.add_people(db, 3, clock.now())
        self.pk = bed.add_campaign(db, self.people, clock.now())
        with db.transaction() as conn:
            conn.execute(update(delivery).values(state="accepted", at=clock.now()))
        clock.advance(HOUR)
        self.signer = TokenSigner(secrets.signing_key)
        wishes = Wishes(lambda *_: False, may_track=may_track)
        self.app = TrackingApp(db, clock, secrets, wishes)

    def allow(self, person: int, *, until: int | None = None) -> None:
        word = Consent(Purpose.OPEN_TRACKING, ConsentState.GRANTED, self.clock.now(), "test", "May we see it?", until)
        with self.db.transaction() as conn:
            record(conn, person, word)

    async def get(
        self, purpose: TokenPurpose, person: int, no: int = 0, *, agent: str = BROWSER, method: str = "GET",
        address: str = "203.0.113.9", **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:  # fmt: skip
        token = self.signer.make(Token(purpose, self.pk, person, 0, no))
        path = f"/o/{token}.gif" if purpose is TokenPurpose.OPEN else f"/t/{token}"
        return await self.ask(path, agent, method, address, **headers)

    async def ask(
        self, path: str, agent: str = BROWSER, method: str = "GET", address: str = "", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(told: Any) -> None:
            sent.append(told)

        given = [(b"user-agent", agent.encode())]
        given += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "path": path, "method": method, "headers": given, "client": (address, 1)}
        await self.app(scope, receive, send)
        return sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, sent[1]["body"]

    def events(self) -> list[Any]:
        self.app.close()
        with self.db.reading() as conn:
            return list(conn.execute(select(event).order_by(event.c.pk)))


@pytest.fixture
def given(database: Database, clock: Any, secrets: Secrets) -> Given:
    return Given(database, clock, secrets)


OPEN, CLICK = TokenPurpose.OPEN, TokenPurpose.CLICK


async def test_everybody_gets_the_picture_and_only_those_who_allow_it_are_seen(given: Given) -> None:
    yes, no, expired = given.people
    given.allow(yes)
    given.allow(expired, until=given.clock.now() + DAY)
    given.clock.advance(2 * DAY)
    for person in (yes, no, expired):
        status, headers, body = await given.get(OPEN, person)
        assert (status, body) == (200, GIF)
        assert headers["content-type"] == "image/gif"
        assert "no-store" in headers["cache-control"]
    assert [(row.kind, row.contact_pk, row.machine < 0.5) for row in given.events()] == [("opened", yes, True)]


async def test_a_consent_withdrawn_silences_mail_already_sent(given: Given) -> None:
    person = given.people[0]
    given.allow(person)
    await given.get(OPEN, person)
    assert len(given.events()) == 1
    given.clock.advance(1000)
    with given.db.transaction() as conn:
        refuse_opens(conn, person, "unsubscribe page", given.clock.now())
    assert (await given.get(OPEN, person))[2] == GIF
    assert len(given.events()) == 1


async def test_a_forged_pixel_and_one_of_another_purpose_show_the_picture_and_note_nothing(given: Given) -> None:
    given.allow(given.people[0])
    click = given.signer.make(Token(CLICK, given.pk, given.people[0]))
    for path in (f"/o/{click}.gif", "/o/x.gif", "/o/"):
        assert (await given.ask(path))[2] == GIF
    assert (await given.ask("/o/x.gif", method="POST"))[0] == 405
    assert given.events() == []


async def test_programs_that_load_pictures_are_kept_and_labelled(given: Given) -> None:
    person = given.people[0]
    given.allow(person)
    await given.get(OPEN, person, agent="Mozilla/5.0")  # Apple's proxy
    await given.get(OPEN, person, address="17.58.1.2")
    await given.get(OPEN, person, sec_purpose="prefetch;anonymous-client-ip")
    await given.get(OPEN, person, agent=GMAIL, address="66.249.84.1")  # loads it when the person looks
    apple, network, prefetch, gmail = given.events()
    assert [row.machine >= 0.5 for row in (apple, network, prefetch, gmail)] == [True, True, True, False]
    assert apple.detail["why"] == "agent"
    assert network.detail["why"] == "network"
    assert network.detail["network"] == "apple"
    assert prefetch.detail["why"] == "prefetch"
    assert "17.58" not in str(network.detail)
    with given.db.reading() as conn:
        count = totals(conn, given.pk)["A"]["opened"]
    assert (count.total, count.people, count.machine) == (4, 1, 3)


def more_links(given: Given, number: int) -> None:
    """Gives the campaign's one message more links, and one that nobody sees."""
    links = [{"no": no, "url": f"https://northwind.example/{no}", "label": ""} for no in (*range(number), TRAP)]
    with given.db.transaction() as conn:
        [(_, _, template)] = repository.templates_of(conn, given.pk)
        body = {**template.model_dump(mode="json"), "links": links}
        conn.execute(update(message).values(body=body))
        conn.execute(insert(link), [{"campaign_pk": given.pk, **each} for each in links if each["no"] > 0])


async def test_who_follows_every_link_within_seconds_is_a_program_from_the_first_on(given: Given) -> None:
    more_links(given, 4)
    scanner, person, hasty = given.people
    for no in range(4):
        await given.get(CLICK, scanner, no)
        given.clock.advance(1900)
    await given.get(CLICK, person, 1)
    for no in (0, 1):
        await given.get(CLICK, hasty, no)
        given.clock.advance(4000)
    marks = [(row.contact_pk, row.machine >= 0.5) for row in given.events()]
    assert marks == [(scanner, True)] * 4 + [(person, False)] + [(hasty, False)] * 2


async def test_the_link_nobody_sees_gives_a_program_away(given: Given) -> None:
    more_links(given, 1)
    status, headers, _ = await given.get(CLICK, given.people[0], TRAP)
    assert (status, headers["location"]) == (302, f"https://northwind.example/{TRAP}")
    (row,) = given.events()
    assert (row.machine, row.detail["why"].split()[0]) == (1.0, "trap")


async def test_own_sites_get_the_clicks_id_and_others_do_not(given: Given) -> None:
    person = given.people[0]
    with given.db.transaction() as conn:
        conn.execute(update(link).values(click_id=True, url="https://northwind.example/a?b=1#top"))
        conn.execute(insert(link).values(campaign_pk=given.pk, no=1, url="https://other.example/", label=""))
    token = given.signer.make(Token(CLICK, given.pk, person))
    _, headers, _ = await given.get(CLICK, person)
    assert headers["location"] == f"https://northwind.example/a?b=1&tid={token}#top"
    _, headers, _ = await given.get(CLICK, person, 1)
    assert headers["location"] == "https://other.example/"


async def test_a_scanners_network_is_a_sign_for_clicks(given: Given) -> None:
    await given.get(CLICK, given.people[0], address="209.222.81.4")
    (row,) = given.events()
    assert row.machine >= 0.5
    assert row.detail["network"] == "barracuda"
