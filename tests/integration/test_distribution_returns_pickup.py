"""Fetching returned mail from a real Dovecot, by IMAP and POP3, over TLS that is checked."""

from __future__ import annotations

import imaplib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.integration.distribution_bed import free_port

from tidings.distribution.returns.pickup import fetch
from tidings.distribution.returns.source import parse_source
from tidings.domain.errors import UnavailableError
from tidings.keys.certificates import TlsFiles, ensure_certificates

MAIL = b"From: MAILER-DAEMON@mx.example\r\nTo: bounces@example.net\r\nSubject: failure notice %d\r\n\r\nHi.\r\n"
DOVECOT = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
protocols = imap pop3
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
mail_location = maildir:{home}/mail/%u
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
disable_plaintext_auth = no
auth_failure_delay = 0
passdb {{
  driver = static
  args = password=s/cret
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={home}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {pop3s}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running server with one mailbox that takes any name."""

    home: Path
    imaps: int
    pop3s: int
    ca: Path
    user: str = "nobody"

    def imap(self, options: str = "", folder: str = "INBOX") -> str:
        return f"imaps://{self.user}:s%2Fcret@localhost:{self.imaps}/{folder}?ca={self.ca}{options}"

    def pop3(self) -> str:
        return f"pop3s://{self.user}:s%2Fcret@localhost:{self.pop3s}?ca={self.ca}"

    def box(self) -> imaplib.IMAP4_SSL:
        box = imaplib.IMAP4_SSL("localhost", self.imaps, ssl_context=ssl.create_default_context(cafile=str(self.ca)))
        box.login(self.user, "s/cret")
        return box

    def fill(self, number: int) -> None:
        with self.box() as box:
            for n in range(number):
                box.append("INBOX", "", imaplib.Time2Internaldate(time.time()), MAIL % n)

    def count(self, folder: str = "INBOX", criterion: str = "ALL") -> int:
        with self.box() as box:
            box.select(f'"{folder}"', readonly=True)
            return len(box.search(None, criterion)[1][0].split())


@pytest.fixture
def dovecot(server: Dovecot, request: pytest.FixtureRequest) -> Dovecot:
    """The server with an empty mailbox for this test."""
    return replace(server, user=request.node.name.replace("_", "")[:40])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
    if program is None or os.geteuid() != 0:
        pytest.skip("Dovecot is not installed, or this is not root (scripts/system_packages.sh)")
    home = Path("/tmp") / f"tidings-dovecot-{os.getpid()}-{free_port()}"  # short and open to `nobody`
    home.mkdir(mode=0o755)
    tls = _certificate(tmp_path_factory.mktemp("tls"), home)
    ports = {"imaps": free_port(), "pop3s": free_port()}
    (home / "mail").mkdir()
    shutil.chown(home / "mail", "nobody", "nogroup")
    (home / "conf").write_text(DOVECOT.format(home=home, **ports))
    process = subprocess.Popen([program, "-F", "-c", str(home / "conf")], stderr=subprocess.PIPE)
    try:
        _wait(process, ports["imaps"], home)
        yield Dovecot(home, ports["imaps"], ports["pop3s"], tls.ca_certificate)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        shutil.rmtree(home, ignore_errors=True)


def _certificate(folder: Path, home: Path) -> TlsFiles:
    tls = ensure_certificates(folder, b"test", ("localhost", "127.0.0.1"))
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(tls.private_key.read_bytes(), tls.password.encode())
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (home / "key.pem").write_bytes(plain)
    shutil.copy(tls.certificate, home / "cert.pem")
    return tls


def _wait(process: subprocess.Popen[bytes], port: int, home: Path) -> None:
    end = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                log = home / "log"
                pytest.skip(f"Dovecot does not start here: {log.read_text()[-300:] if log.exists() else ''}")
            time.sleep(0.05)
        else:
            return


def test_imap_marks_as_seen_after_it_was_taken(dovecot: Dovecot) -> None:
    dovecot.fill(3)
    taken: list[bytes] = []

    def take(raw: bytes) -> None:
        if len(taken) == 1:
            taken.append(b"fault")
            raise RuntimeError("the database is away")
        taken.append(raw)

    with pytest.raises(RuntimeError):
        fetch(parse_source(dovecot.imap()), take)
    assert dovecot.count(criterion="UNSEEN") == 2
    assert fetch(parse_source(dovecot.imap()), taken.append) == 2
    assert sorted(raw for raw in taken if raw != b"fault") == [MAIL % n for n in range(3)]
    assert (dovecot.count(criterion="UNSEEN"), dovecot.count()) == (0, 3)
    assert fetch(parse_source(dovecot.imap()), taken.append) == 0


def test_imap_moves_what_was_taken(dovecot: Dovecot) -> None:
    dovecot.fill(2)
    with dovecot.box() as box:
        box.create("Done")
    taken: list[bytes] = []
    assert fetch(parse_source(dovecot.imap("&move=Done")), taken.append) == 2
    assert (dovecot.count(), dovecot.count("Done"), len(taken)) == (0, 2, 2)


def test_pop3_deletes_what_was_taken(dovecot: Dovecot) -> None:
    dovecot.fill(2)

    def fault(_raw: bytes) -> None:
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        fetch(parse_source(dovecot.pop3()), fault)
    taken: list[bytes] = []
    assert fetch(parse_source(dovecot.pop3()), taken.append) == 2
    assert sorted(taken) == [MAIL % n for n in range(2)]
    assert dovecot.count() == 0


def test_says_what_is_wrong_without_the_password(dovecot: Dovecot) -> None:
    wrong = dovecot.imap().replace("s%2Fcret", "other")
    with pytest.raises(UnavailableError, match="cannot be fetched") as caught:
        fetch(parse_source(wrong), len)
    assert "other" not in caught.value.message
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        fetch(parse_source(dovecot.imap().partition("?")[0]), len)
    with pytest.raises(UnavailableError, match="Missing"):
        fetch(parse_source(dovecot.imap(folder="Missing")), len)
