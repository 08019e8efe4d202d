"""The built-in mailbox: real SMTP in, parsed mails out, broken mails included."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tidings.distribution.mailbox import server as mailbox_server
from tidings.distribution.mailbox.parsing import parse_mail, peek
from tidings.distribution.mailbox.server import MailboxServer
from tidings.distribution.mailbox.service import MailboxService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import ForbiddenError, NotFoundError, UnavailableError
from tidings.keys.certificates import TlsFiles, ensure_certificates
from tidings.keys.served import server_context
from tidings.store.database import Database

# What a session does is the same on both databases; one test stores and reads on each.
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ADA = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
NOBODY = Actor(ActorKind.PERSON, "acc_2", "Eve", Role.ADMIN, scopes=frozenset())
TORTURE = Path(__file__).parents[3] / "shared/data/torture/mime"
MAIL = (
    "From: a@x.example\r\nTo: b@y.example\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\nMessage-ID: <1@x.example>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    '<a href="https://x.example/?a=1&amp;b=2">x</a>\r\n.dot\r\n'
)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return ensure_certificates(tmp_path_factory.mktemp("tls"), b"p" * 32, ["localhost", "127.0.0.1"])


@pytest.fixture
async def running(database: Database, clock: Any, tls: TlsFiles) -> AsyncIterator[MailboxServer]:
    server = MailboxServer(database, clock, "127.0.0.1", 0, server_context(tls))
    await server.start()
    yield server
    await server.stop()


def send(port: int, mail: str | bytes = MAIL, to: str = "b@y.example", context: ssl.SSLContext | None = None) -> None:
    with smtplib.SMTP("127.0.0.1" if context is None else "localhost", port, timeout=10) as client:
        if context is not None:
            client.starttls(context=context)
        client.sendmail("a@x.example", [to], mail)


async def test_what_is_sent_is_read(running: MailboxServer, database: Database, tls: TlsFiles) -> None:
    context = ssl.create_default_context(cafile=str(tls.ca_certificate))
    await asyncio.to_thread(send, running.port, MAIL, "b@y.example", context)
    service = MailboxService(database)
    (row,), cursor = service.messages(ADA)
    assert (row.subject, row.mail_from, row.rcpt_to, row.read, cursor) == (
        "Grüße", "a@x.example", "b@y.example", False, "",
    )  # fmt: skip
    view = service.message(ADA, row.id)
    assert view.mail.links == ("https://x.example/?a=1&b=2",)
    assert view.mail.html.endswith("\n.dot\n")
    assert view.message_id == "1@x.example"
    assert view.raw == MAIL.encode()
    service.mark_read(ADA, row.id)
    assert (service.count(ADA).total, service.count(ADA).unread) == (1, 0)
    assert service.messages(ADA, unread=True)[0] == []
    assert service.clear(ADA) == 1
    assert service.count(ADA).total == 0


@ON_SQLITE
async def test_search_and_pages(running: MailboxServer, database: Database, clock: Any) -> None:
    def all_of_them() -> None:
        with smtplib.SMTP("127.0.0.1", running.port, timeout=10) as client:
            for number in range(25):
                client.sendmail("a@x.example", [f"p{number}_%@y.example"], MAIL)
                clock.advance(number % 2)

    await asyncio.to_thread(all_of_them)
    service = MailboxService(database)
    seen: list[str] = []
    cursor = ""
    while True:
        rows, cursor = service.messages(ADA, limit=10, after=cursor)
        seen += [row.rcpt_to for row in rows]
        if not cursor:
            break
    assert sorted(seen) == sorted(f"p{number}_%@y.example" for number in range(25))
    assert len(service.messages(ADA, query="P7_%")[0]) == 1
    assert len(service.messages(ADA, query="grüße")[0]) == 25
    assert service.messages(ADA, query="nothing like it")[0] == []


@ON_SQLITE
async def test_several_at_once_and_pipelined_rubbish(running: MailboxServer, database: Database) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n")
    # A dot after a bare line feed ends nothing, and neither does one within a line.
    writer.write(b"Subject: smuggle\r\n\r\na\n.\r\nMAIL FROM:<evil@x.example>\r\n..stuffed\r\n.\r\nDATA\r\nQUIT\r\n")
    talk = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    assert talk.count(b"\r\n354 ") == 1
    assert b"503 Error: need RCPT" in talk
    rows, _ = MailboxService(database).messages(ADA)
    assert [row.subject for row in rows] == ["smuggle"]
    raw = MailboxService(database).message(ADA, rows[0].id).raw
    assert raw == b"Subject: smuggle\r\n\r\na\n.\r\nMAIL FROM:<evil@x.example>\r\n.stuffed\r\n"


@ON_SQLITE
async def test_an_empty_message_and_one_that_is_too_large(
    running: MailboxServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(send, running.port, b"")
    monkeypatch.setattr(mailbox_server, "MAX_BYTES", 10_000)
    with pytest.raises(smtplib.SMTPSenderRefused, match="size"):  # announced
        await asyncio.to_thread(send, running.port, b"x" * 26_000_000)

    def unannounced() -> tuple[int, bytes]:
        with smtplib.SMTP("127.0.0.1", running.port, timeout=10) as client:
            client.ehlo()
            client.mail("a@x.example")
            client.rcpt("b@y.example")
            return client.data(b"x" * 20_000)

    assert await asyncio.to_thread(unannounced) == (552, b"5.3.4 The message is too large")
    assert MailboxService(database).count(ADA).total == 1


async def test_what_cannot_be_stored_is_not_acknowledged(sqlite_database: Database, clock: Any) -> None:
    from tidings.store.tables import mailbox_message

    server = MailboxServer(sqlite_database, clock, "127.0.0.1", 0)
    await server.start()
    mailbox_message.drop(sqlite_database.engine)
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        await asyncio.to_thread(send, server.port)
    await server.stop()


@ON_SQLITE
async def test_a_taken_port_is_said_clearly(running: MailboxServer, database: Database, clock: Any) -> None:
    with pytest.raises(UnavailableError, match=str(running.port)):
        await MailboxServer(database, clock, "127.0.0.1", running.port).start()


def test_rights_and_unknown_mails(sqlite_database: Database) -> None:
    service = MailboxService(sqlite_database)
    with pytest.raises(ForbiddenError):
        service.messages(NOBODY)
    with pytest.raises(NotFoundError):
        service.message(ADA, "msg_none")
    with pytest.raises(NotFoundError):
        service.mark_read(ADA, "msg_none")


@pytest.mark.skipif(not TORTURE.exists(), reason="the folder of malformed mails is not here")
def test_malformed_mails_never_raise() -> None:
    files = sorted(TORTURE.rglob("*"))
    mails = [path.read_bytes() for path in files if path.is_file()]
    assert len(mails) > 100
    for raw in [*mails, b"", b"\x00" * 1000, b"Subject: " + b"=?utf-8?q?" * 500, bytes(range(256)) * 40]:
        parsed = parse_mail(raw)
        assert isinstance(parsed.text + parsed.html, str)
        subject, message_id = peek(raw)
        assert "\n" not in subject + message_id
        (parsed.text + parsed.html + subject).encode()
