"""A server that runs for long: the certificate on disk is renewed before it ends, and the running server shows it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography import x509
from tests.conftest import FakeClock

from tidings.distribution.mailbox.server import MailboxServer
from tidings.domain.instant import DAY, to_datetime
from tidings.keys.certificates import RENEW_DAYS, TlsFiles, ensure_certificates
from tidings.keys.served import ServedCertificate, server_context
from tidings.store.database import Database

PASSPHRASE = b"p" * 32


async def page(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@contextlib.contextmanager
def serving(served: ServedCertificate) -> Iterator[int]:
    """The web process's way of serving, on a port of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            page, ssl_certfile=str(served.tls.certificate), ssl_keyfile=str(served.tls.private_key),
            ssl_keyfile_password=served.tls.password, ssl_context_factory=lambda _, make: served.attach(make()),
            log_config=None, lifespan="off", timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield listener.getsockname()[1]
        server.should_exit = server.force_exit = True
        thread.join(10)


def anybody() -> ssl.SSLContext:
    """A client that looks at no certificate: the one of the moved clock is not valid yet by the machine's."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def shown_by(sock: Any) -> x509.Certificate:
    return x509.load_der_x509_certificate(sock.getpeercert(binary_form=True))


def connected(port: int) -> http.client.HTTPSConnection:
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=anybody(), timeout=10)
    ask(connection)
    return connection


def serial_at(port: int) -> int:
    """Of the certificate that somebody who comes now is shown."""
    with contextlib.closing(connected(port)) as connection:
        return shown_by(connection.sock).serial_number


def ask(connection: http.client.HTTPSConnection) -> None:
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"ok"


@pytest.fixture
def present(clock: FakeClock) -> FakeClock:
    """A clock that begins now."""
    clock.advance(round(datetime.now(UTC).timestamp() * 1000) - clock.now())
    return clock


def files(folder: Path, clock: FakeClock) -> TlsFiles:
    return ensure_certificates(folder, PASSPHRASE, [], now=to_datetime(clock.now()))


def test_it_is_renewed_before_it_ends_and_open_connections_go_on(tmp_path: Path, present: FakeClock) -> None:
    served = ServedCertificate(lambda: files(tmp_path, present))
    with serving(served) as port:
        old = connected(port)
        first = shown_by(old.sock)
        socket_then = old.sock
        ends = round(first.not_valid_after_utc.timestamp() * 1000)
        present.advance(ends - present.now() - (RENEW_DAYS + 1) * DAY)
        assert not served.look(), "there is time yet"
        present.advance(2 * DAY)
        assert served.look()
        assert not served.look(), "once is enough"
        new = connected(port)
        second = shown_by(new.sock)
        assert second.serial_number != first.serial_number
        assert second.not_valid_after_utc > to_datetime(present.now()) + timedelta(days=300)
        ask(old)
        assert old.sock is socket_then, "the open connection was not dropped"
        assert shown_by(old.sock).serial_number == first.serial_number
        second.verify_directly_issued_by(x509.load_pem_x509_certificate(served.tls.ca_certificate.read_bytes()))
        for each in (old, new):
            each.close()


def test_one_renewed_on_disk_by_somebody_else_is_taken_up(tmp_path: Path, present: FakeClock) -> None:
    served = ServedCertificate(lambda: files(tmp_path, present))
    with serving(served) as port:
        first = serial_at(port)
        (tmp_path / "server.key").unlink()
        files(tmp_path, present)  # as another process makes it anew
        assert serial_at(port) == first
        assert served.look()
        now_shown = serial_at(port)
        assert now_shown != first
        # As a client that trusts the authority and names the server sees it.
        context = ssl.create_default_context(cafile=str(served.tls.ca_certificate))
        strict = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
        with contextlib.closing(strict):
            ask(strict)
            assert shown_by(strict.sock).serial_number == now_shown


@pytest.mark.parametrize("broken", ["server.pem", "server.key"])
def test_a_pair_that_cannot_be_used_changes_nothing(
    tmp_path: Path, present: FakeClock, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    tls = files(tmp_path, present)
    served = ServedCertificate(lambda: tls)
    with serving(served) as port:
        first = serial_at(port)
        other = tmp_path / "other"
        ensure_certificates(other, PASSPHRASE, [], now=to_datetime(present.now()))
        (tmp_path / broken).write_bytes((other / broken).read_bytes())
        if broken == "server.key":  # the certificate must differ, for it to be looked at
            tls.certificate.write_bytes(tls.certificate.read_bytes() + b"\n")
        assert not served.look()
        assert "cannot be renewed" in caplog.text
        assert serial_at(port) == first


async def test_the_mailbox_shows_it_after_starttls_too(
    tmp_path: Path, present: FakeClock, sqlite_database: Database
) -> None:
    served = ServedCertificate(lambda: files(tmp_path, present))
    context = served.attach(server_context(served.tls))
    server = MailboxServer(sqlite_database, present, "127.0.0.1", 0, context)
    await server.start()

    def seen() -> int:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
            client.starttls(context=anybody())
            return shown_by(client.sock).serial_number

    try:
        first = await asyncio.to_thread(seen)
        assert await asyncio.to_thread(seen) == first
        present.advance(380 * DAY)
        assert served.look()
        assert await asyncio.to_thread(seen) != first
    finally:
        await server.stop()


async def test_it_looks_by_itself_until_it_is_stopped(tmp_path: Path, present: FakeClock) -> None:
    served = ServedCertificate(lambda: files(tmp_path, present))
    keeping = asyncio.create_task(served.keep(0.01))
    present.advance(380 * DAY)
    async with asyncio.timeout(10):
        while served._newer is None:
            await asyncio.sleep(0.01)
    keeping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await keeping
    assert keeping.cancelled()
