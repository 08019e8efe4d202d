"""Live bounces: a private Postfix is refused by a server of ours, writes its reports, and brings them back to us."""

from __future__ import annotations

import os
import shutil
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select, update
from tests.integration.distribution_bed import free_port, states
from tests.integration.test_distribution_returns import Bed

from tidings.distribution.returns.listener import Listener
from tidings.distribution.returns.source import Source
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import attempt, delivery, returned_mail

PROGRAMS = ("postfix", "postconf")
SAID = {
    "nouser": "550 5.1.1 <nouser@dead.example>: Recipient address rejected: User unknown in virtual mailbox table",
    "full": "552 5.2.2 The mailbox of this recipient is full",
    "spam": "554 5.7.1 Message rejected as spam by content filter",
    "gone": "550 sorry, no mailbox here by that name",
    "later": "450 4.2.0 Greylisted, try again later",
    "german": "550 5.1.1 Empfaenger unbekannt",
    "blocked": "550 5.7.1 Service unavailable; client [192.0.2.9] blocked using zen.spamhaus.org",
}
MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = relay.test.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks, reject
alias_maps =
alias_database =
local_recipient_maps =
smtp_dns_support_level = disabled
smtp_host_lookup = native
notify_classes =
maximal_queue_lifetime = 0
bounce_queue_lifetime = 1h
transport_maps = inline:{{ {{example.net=smtp:[127.0.0.1]:{back}}}, {{dead.example=smtp:[127.0.0.1]:{dead}}} }}
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Refusing:
    """Answers each recipient as `SAID` has it."""

    async def handle_RCPT(  # noqa: N802  # aiosmtpd finds it by this name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        envelope.rcpt_tos.append(address)
        return SAID.get(address.partition("@")[0], "250 2.1.5 Ok")

    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        return "250 2.0.0 Ok"


@pytest.fixture
def bed(database: Database, clock: Any, secrets: Secrets) -> Bed:
    return Bed(database, clock, secrets, number=len(SAID) + 1)


@pytest.fixture
def postfix() -> Iterator[Callable[[int, int], int]]:
    """Starts a Postfix of our own, unknown to the system's; its port. Stops it in the end."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=f"/usr/sbin:{os.environ['PATH']}") is None]
    if missing:
        pytest.skip(f"Postfix is not installed ({', '.join(missing)}; apt install postfix)")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only")
    home = Path(tempfile.mkdtemp(prefix="tidings-postfix-"))
    home.chmod(0o755)
    command = ["/usr/sbin/postfix", "-c", str(home / "etc")]

    def start(back: int, dead: int) -> int:
        port = free_port()
        for name in ("etc", "queue", "data"):
            (home / name).mkdir()
        shutil.chown(home / "data", "postfix")
        (home / "etc/main.cf").write_text(MAIN.format(home=home, back=back, dead=dead))
        (home / "etc/master.cf").write_text(MASTER.format(port=port))
        begun = subprocess.run([*command, "start"], capture_output=True, text=True, timeout=60)
        if begun.returncode:
            log = (home / "log").read_text() if (home / "log").exists() else ""
            pytest.skip(f"Postfix does not start here: {(begun.stderr + log)[-300:]}")
        return port

    try:
        yield start
    finally:
        subprocess.run([*command, "stop"], capture_output=True, timeout=60)
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_reports_of_a_real_postfix_come_back_and_are_understood(
    bed: Bed, postfix: Callable[[int, int], int]
) -> None:  # fmt: skip
    listener = Listener(Source("smtp", "127.0.0.1", free_port(), "none"), "bounces@example.net", bed.intake.take)
    dead = Controller(Refusing(), hostname="127.0.0.1", port=free_port())
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[0]).values(state="uncertain"))
    listener.start()
    dead.start()
    try:
        port = postfix(int(listener._controller.port), int(dead.port))
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            for n, name in enumerate(SAID):
                mail = f"From: hello@northwind.example\r\nTo: {name}@dead.example\r\nSubject: Bread\r\n\r\nWarm.\r\n"
                client.sendmail(bed.verp(bed.people[n]), [f"{name}@dead.example"], mail)
        _wait(lambda: _kept(bed) >= len(SAID))
    finally:
        listener.stop()
        dead.stop()
    with bed.db.reading() as conn:
        rows = conn.execute(select(returned_mail).order_by(returned_mail.c.contact_pk)).all()
        settled = conn.execute(select(attempt.c.outcome)).scalars().all()
    told = {name: (row.kind, row.hard, row.matched) for name, row in zip(SAID, rows, strict=True)}
    hard = {"nouser", "gone", "german"}
    assert told == {name: ("bounce", name in hard, "return address") for name in SAID}
    assert {name for n, name in enumerate(SAID) if bed.suppressed(n)} == hard
    assert states(bed.db, bed.campaign) == {"bounced": len(SAID), "accepted": 1}
    assert settled == ["bounced"]


def _kept(bed: Bed) -> int:
    with bed.db.reading() as conn:
        return len(conn.execute(select(returned_mail.c.pk)).all())


def _wait(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 40
    while not done():
        assert time.monotonic() < until, "the reports did not come back in time"
        time.sleep(0.1)
