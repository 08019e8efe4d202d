"""The listener for returned mail: encrypted on request, for return addresses only, within limits, by SMTP and LMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.distribution_bed import free_port

from tidings.distribution.returns import listener as module
from tidings.distribution.returns.listener import Listener
from tidings.distribution.returns.source import Source, parse_source
from tidings.domain.errors import UnavailableError
from tidings.keys.certificates import ensure_certificates
from tidings.keys.served import server_context

OURS, RAW = "bounces+abc@example.net", b"From: x@example.org\r\nSubject: Undeliverable\r\n\r\nx\r\n"


class Taken:
    """What arrived; fails when told to."""

    def __init__(self) -> None:
        self.mails: list[tuple[bytes, list[str]]] = []
        self.broken = False

    def __call__(self, raw: bytes, came_to: Sequence[str]) -> None:
        if self.broken:
            raise OSError("disk full")
        self.mails.append((raw, list(came_to)))


@contextmanager
def listening(taken: Taken, scheme: str = "smtp", tls: ssl.SSLContext | None = None) -> Iterator[int]:
    source = Source(parse_source(f"{scheme}://127.0.0.1:1").scheme, "127.0.0.1", free_port(), "none")
    server = Listener(source, "bounces@example.net", taken, tls)
    server.start()
    try:
        yield source.port
    finally:
        server.stop()


def test_offers_starttls_with_the_houses_certificate(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path, b"p" * 32, ["localhost"])
    trusting = ssl.create_default_context(cafile=str(files.ca_certificate))
    taken = Taken()
    with listening(taken, tls=server_context(files)) as port, smtplib.SMTP("localhost", port, timeout=10) as client:
        client.starttls(context=trusting)
        client.sendmail("", [OURS], RAW)
        client.sendmail("", [OURS.upper()], RAW)
    assert [to for _, to in taken.mails] == [[OURS], [OURS.upper()]]


def test_relays_nothing(tmp_path: Path) -> None:
    taken = Taken()
    with listening(taken) as port, smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        for other in (
            "ann@example.com", "bounces@example.org", "other@example.net", "bounces%example.com@example.net",
            "bounces@example.net@example.com", '"bounces@example.net"@example.com',
        ):  # fmt: skip
            client.mail("who@example.com")
            assert client.rcpt(other)[0] >= 500, other
            client.rset()
    assert taken.mails == []


def test_keeps_within_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RECIPIENTS", 2)
    monkeypatch.setattr(module, "MAX_A_MINUTE", 2)
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 1)
    monkeypatch.setattr(module, "MAX_BYTES", 10_000)
    taken = Taken()
    with listening(taken) as port:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            with pytest.raises(smtplib.SMTPConnectError, match="Too many connections"):
                smtplib.SMTP("127.0.0.1", port, timeout=10)
            third = "bounces+c@example.net"
            refused = client.sendmail("", [OURS, "bounces+b@example.net", third], RAW)
            assert [(to, code) for to, (code, _) in refused.items()] == [(third, 452)]
            client.sendmail("", [OURS], RAW)
            with pytest.raises(smtplib.SMTPDataError, match="Too much mail"):
                client.sendmail("", [OURS], RAW)
            client.ehlo()
            with pytest.raises(smtplib.SMTPSenderRefused):
                client.sendmail("", [OURS], RAW + b"x" * 20_000)
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as again:  # the place is free again
            again.noop()
    assert len(taken.mails) == 2


def test_what_cannot_be_recorded_stays_with_the_other_side() -> None:
    taken = Taken()
    taken.broken = True
    with listening(taken) as port, smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            client.sendmail("", [OURS], RAW)
        taken.broken = False
        client.sendmail("", [OURS], RAW)
    assert len(taken.mails) == 1


def test_lmtp_answers_for_each_recipient() -> None:
    taken = Taken()
    with listening(taken, "lmtp") as port, smtplib.LMTP("127.0.0.1", port) as client:
        client.ehlo("mx.example")
        assert client.ehlo_resp
        client.mail("")
        assert [client.rcpt(to)[0] for to in (OURS, "bounces+x@example.net", "a@example.com")] == [250, 250, 550]
        client.putcmd("DATA")
        assert client.getreply()[0] == 354
        client.send(RAW + b".\r\n")
        assert [client.getreply()[0] for _ in range(2)] == [250, 250]
    assert taken.mails[0][1] == [OURS, "bounces+x@example.net"]


def test_says_when_the_port_is_taken() -> None:
    with listening(Taken()) as port:
        taken = Listener(Source("smtp", "127.0.0.1", port, "none"), "bounces@example.net", Taken())
        with pytest.raises(UnavailableError, match="cannot be received"):
            taken.start()
