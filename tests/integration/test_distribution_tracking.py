"""Clicks and unsubscribes over raw ASGI, against a real database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed

from tidings.distribution.tokens import Token, TokenPurpose, TokenSigner
from tidings.distribution.tracking import TrackingApp
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import event

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Given:
    """A launched campaign of two people, and the application in front of it."""

    def __init__(self, db: Database, clock: Any, secrets: Secrets) -> None:
        self.db, self.clock = db, clock
        self.people = bed.add_people(db, 2, clock.now())
        self.pk = bed.add_campaign(db, self.people, clock.now())
        self.signer = TokenSigner(secrets.signing_key)
        self.noes: list[tuple[int, int | None, str]] = []
        self.fail = False
        self.app = TrackingApp(db, clock, secrets, self.unsubscribe)

    def unsubscribe(self, conn: Connection, contact_pk: int, campaign_pk: int | None, source: str) -> bool:
        if self.fail:
            raise RuntimeError("disk full")
        new = contact_pk not in {each[0] for each in self.noes}
        self.noes.append((contact_pk, campaign_pk, source))
        return new

    def token(self, purpose: TokenPurpose, link: int = 0) -> str:
        return self.signer.make(Token(purpose, self.pk, self.people[0], 0, link))

    async def ask(
        self, path: str, method: str = "GET", body: bytes = b"", agent: str = BROWSER
    ) -> tuple[int, dict[str, str], bytes]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"user-agent", agent.encode())]
        await self.app({"type": "http", "path": path, "method": method, "headers": headers}, receive, send)
        shown = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], shown, sent[1]["body"]

    def events(self) -> list[Any]:
        self.app.close()
        with self.db.reading() as conn:
            return list(conn.execute(select(event).order_by(event.c.pk)))


@pytest.fixture
def given(database: Database, clock: Any, secrets: Secrets) -> Given:
    return Given(database, clock, secrets)


async def test_a_click_goes_to_the_links_target_and_is_noted_with_its_score(given: Given) -> None:
    given.clock.advance(3_600_000)
    status, headers, body = await given.ask(f"/t/{given.token(TokenPurpose.CLICK)}")
    assert (status, body) == (302, b"")
    assert headers["location"] == "https://northwind.example/workshop?a=1&b=2"
    await given.ask(f"/t/{given.token(TokenPurpose.CLICK)}", agent="curl/8")
    person, machine = given.events()
    assert (person.kind, person.campaign_pk, person.contact_pk, person.detail["link"]) == (
        "clicked", given.pk, given.people[0], "0",
    )  # fmt: skip
    assert person.machine < 0.5 < machine.machine
    assert person.hour_local == 12  # Berlin in winter: 11:00 UTC


async def test_head_is_answered_and_scored_as_a_machine(given: Given) -> None:
    assert (await given.ask(f"/t/{given.token(TokenPurpose.CLICK)}", "HEAD"))[0] == 302
    assert given.events()[0].machine > 0.5


@pytest.mark.parametrize("where", ["/t/", "/u/"])
async def test_forged_cut_and_swapped_tokens_get_a_page_and_nothing_else(given: Given, where: str) -> None:
    click, out = given.token(TokenPurpose.CLICK), given.token(TokenPurpose.UNSUBSCRIBE)
    good = click if where == "/t/" else out
    bad = [
        "",
        "x",
        good[:-1],
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        out if where == "/t/" else click,
        "é" * 24,
    ]
    bad += ["../" * 8, good + "/extra"]
    for token in bad:
        for method in ("GET", "POST") if where == "/u/" else ("GET",):
            status, headers, body = await given.ask(where + token, method)
            assert status == 404
            assert b"not valid" in body
            assert "location" not in headers
    assert given.noes == []
    assert given.events() == []


async def test_a_link_that_is_not_in_the_table_leads_nowhere(given: Given) -> None:
    assert (await given.ask(f"/t/{given.token(TokenPurpose.CLICK, link=7)}"))[0] == 404


async def test_looking_at_the_unsubscribe_page_does_nothing(given: Given) -> None:
    path = f"/u/{given.token(TokenPurpose.UNSUBSCRIBE)}"
    status, headers, body = await given.ask(path)
    assert status == 200
    assert b'<form method="post">' in body
    assert b"<script" not in body
    assert "default-src 'none'" in headers["content-security-policy"]
    assert (await given.ask(path, "HEAD"))[2] == b""
    assert given.noes == []


@pytest.mark.parametrize(("body", "source"), [(b"List-Unsubscribe=One-Click", "one-click"), (b"", "unsubscribe page")])
async def test_a_post_acts_before_it_is_answered_and_only_once(given: Given, body: bytes, source: str) -> None:
    path = f"/u/{given.token(TokenPurpose.UNSUBSCRIBE)}"
    for _ in range(2):
        status, _, page = await given.ask(path, "POST", body)
        assert status == 200
        assert b"You are unsubscribed" in page
    assert given.noes == [(given.people[0], given.pk, source)] * 2
    assert [row.kind for row in given.events()] == ["unsubscribed"]


async def test_a_no_that_cannot_be_written_is_not_confirmed(given: Given) -> None:
    given.fail = True
    status, headers, _ = await given.ask(f"/u/{given.token(TokenPurpose.UNSUBSCRIBE)}", "POST")
    assert status == 503
    assert headers["retry-after"] == "5"


async def test_other_methods_and_paths(given: Given) -> None:
    assert (await given.ask(f"/t/{given.token(TokenPurpose.CLICK)}", "POST"))[0] == 405
    assert (await given.ask(f"/u/{given.token(TokenPurpose.UNSUBSCRIBE)}", "DELETE"))[0] == 405
    assert (await given.ask("/x/y"))[0] == 404
