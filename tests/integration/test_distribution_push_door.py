"""The page on which people allow notifications: signed, kept with its consent, forgotten on a no."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import insert, select

from tidings.app.asgi import build_asgi
from tidings.app.wiring import House, wire
from tidings.distribution.channels.push_crypto import public_bytes, to_url_safe
from tidings.distribution.page_texts import WORDS
from tidings.distribution.page_texts_push import PUSH_WORDS
from tidings.distribution.tokens import Token, TokenPurpose, TokenSigner
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import NotFoundError, UnavailableError
from tidings.keys.master import MasterKey
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.store.tables import consent, contact, push_subscription

ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
P256DH = to_url_safe(public_bytes(ec.generate_private_key(ec.SECP256R1())))
BROWSER = {
    "endpoint": "https://push.example/send/abc", "expirationTime": None,
    "keys": {"p256dh": P256DH, "auth": "AAECAwQFBgcICQoLDA0ODw"},
}  # fmt: skip


@pytest.fixture
def house(database: Database, secrets: Any, clock: Any, tmp_path: Path) -> House:
    house = wire(Settings(data_dir=tmp_path), database, MasterKey(bytes(32)), secrets, clock, "test")
    with database.transaction() as conn:
        row = {"id": "con_1", "email": "a@example.com", "created_at": 0, "updated_at": 0}
        conn.execute(insert(contact).values(**row))
    return house


async def ask(
    house: House, path: str, method: str = "GET", body: bytes = b"", *, speaks: str = ""
) -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "path": path,
        "method": method,
        "headers": [(b"accept-language", speaks.encode())],
        "query_string": b"",
    }
    await build_asgi(house)(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"]


def set_up(house: House) -> str:
    """Web push is set up; the contact's link without its host."""
    channels = house.services.channels
    with pytest.raises(UnavailableError, match="not set up"):
        channels.push_link(ADMIN, "con_1")
    channels.create(ADMIN, provider_name="webpush", name="Push", values={"subject": "mailto:a@example.com"})
    with pytest.raises(NotFoundError):
        channels.push_link(ADMIN, "con_2")
    return "/push/" + channels.push_link(ADMIN, "con_1").rpartition("/")[2]


async def test_a_person_turns_notifications_on_and_off(house: House, clock: Any) -> None:
    path = set_up(house)
    status, headers, page = await ask(house, path)
    assert status == 200
    assert b"data-key=" in page
    assert "script-src 'self'" in headers["content-security-policy"]
    for script in ("app.js", "worker.js"):
        assert (await ask(house, f"/push/{script}"))[1]["content-type"].startswith("text/javascript")
    for _ in range(2):
        assert (await ask(house, path, "POST", json.dumps(BROWSER).encode()))[0] == 204
    with house.db.reading() as conn:
        assert len(conn.execute(select(push_subscription)).all()) == 1
        assert conn.execute(select(consent.c.purpose, consent.c.state)).all() == [("marketing_push", "granted")]
    clock.advance(1000)
    assert (await ask(house, path, "POST", json.dumps({**BROWSER, "off": True}).encode()))[0] == 204
    with house.db.reading() as conn:
        assert conn.execute(select(push_subscription)).all() == []
        states = conn.execute(select(consent.c.state).order_by(consent.c.at)).scalars().all()
    assert states == ["granted", "withdrawn"]


@pytest.mark.parametrize("language", sorted(WORDS))
async def test_the_page_speaks_the_browsers_language_and_the_proof_too(house: House, language: str) -> None:
    assert f'<html lang="{language}">'.encode() in (await ask(house, nobodys(house), speaks=f"{language}-CH"))[2]
    path, words = set_up(house), PUSH_WORDS[language]
    page = (await ask(house, path, speaks=f"xx,{language}-CH;q=0.9,en;q=0.1"))[2].decode()
    assert f'<html lang="{language}">' in page
    told = unescape(page)
    assert all(
        text in told for text in (words.title, words.ask_words, words.on, words.off, words.said_on, words.failed)
    )
    said = json.dumps({**BROWSER, "language": language}).encode()
    assert (await ask(house, path, "POST", said, speaks="en"))[0] == 204
    with house.db.reading() as conn:
        assert conn.execute(select(consent.c.wording)).scalar_one() == words.on


async def test_turning_off_is_the_quieter_of_the_two_buttons(house: House) -> None:
    page = (await ask(house, set_up(house)))[2].decode()
    assert '<button type="button" id="on">' in page
    assert '<button type="button" id="off" class="quiet">' in page


async def test_a_language_there_is_none_of_is_english(house: House) -> None:
    path = set_up(house)
    assert PUSH_WORDS["en"].on in (await ask(house, path, speaks="fi"))[2].decode()
    assert (await ask(house, path, "POST", json.dumps({**BROWSER, "language": ["de"]}).encode()))[0] == 204
    with house.db.reading() as conn:
        assert conn.execute(select(consent.c.wording)).scalar_one() == PUSH_WORDS["en"].on


def nobodys(house: House) -> str:
    """A contact's page before anybody has set up web push."""
    return "/push/" + TokenSigner(house.secrets.signing_key).make(Token(TokenPurpose.PUSH, 1, 1))


BROKEN = (
    b"", b"{}", b"[]", b'{"endpoint": "http://push.example/x", "keys": {}}',
    json.dumps({**BROWSER, "keys": {"p256dh": "AAAA", "auth": "AAAA"}}).encode(),
    json.dumps({**BROWSER, "endpoint": "https://" + "x" * 3000}).encode(), b"x" * 20_000,
)  # fmt: skip


async def test_what_is_no_subscription_is_refused(house: House) -> None:
    path = set_up(house)
    for body in BROKEN:
        assert (await ask(house, path, "POST", body))[0] == 400
    with house.db.reading() as conn:
        assert conn.execute(select(push_subscription)).all() == []


async def test_only_its_own_token_opens_the_page(house: House) -> None:
    path = set_up(house)
    signer = TokenSigner(house.secrets.signing_key)
    other = signer.make(Token(TokenPurpose.UNSUBSCRIBE, 1, 1))
    assert (await ask(house, f"/push/{other}"))[0] == 404
    assert (await ask(house, path[:-1] + ("A" if path[-1] != "A" else "B")))[0] == 404
    assert (await ask(house, "/push/"))[0] == 404
    for at in ("/push/x", "/u/x", "/t/x"):
        assert "Dieser Link ist nicht gültig".encode() in (await ask(house, at, speaks="de-AT,en;q=0.5"))[2]
    assert signer.read(path.rpartition("/")[2], TokenPurpose.UNSUBSCRIBE) is None


async def test_the_way_out_of_a_text_message_ends_text_messages_only(house: House) -> None:
    from tidings.audience.consents import record
    from tidings.audience.repository import consents
    from tidings.domain.consent import Consent, ConsentState, Purpose

    now = house.clock.now()
    with house.db.transaction() as conn:
        pk = conn.execute(select(contact.c.pk)).scalar_one()
        for purpose in (Purpose.MARKETING_SMS, Purpose.MARKETING_EMAIL):
            record(conn, pk, Consent(purpose, ConsentState.GRANTED, now - 1, "form", "yes"))
    token = TokenSigner(house.secrets.signing_key).make(Token(TokenPurpose.UNSUBSCRIBE, 1, pk, link=1))
    assert b"Stop these text messages?" in (await ask(house, f"/u/{token}"))[2]
    status, _, page = await ask(house, f"/u/{token}", "POST")
    assert status == 200
    assert b"no more marketing text messages" in page
    with house.db.reading() as conn:
        held = [
            conn.execute(select(contact.c.pk).where(consents(purpose, now + 1))).first() is not None
            for purpose in (Purpose.MARKETING_SMS, Purpose.MARKETING_EMAIL)
        ]
    assert held == [False, True]
