"""Rendered campaigns through a real Postfix into a maildir, and what is then held against each mail.

Shared by the test (a few mails) and `bench/proof.py` (two hundred). Drafts come from the Content agent, mails from the
sender with its ledger, signatures from the sender's own keys; Postfix hands them over SMTP to its own delivery agent.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from sqlalchemy import insert
from tests.unit.content_material import AT, brand, briefs, claims

from tidings.content.agent import ContentAgent
from tidings.content.rendering.email import render_email
from tidings.distribution import attachments, repository
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.distribution.dkim import DkimKey, DkimSigner
from tidings.distribution.findings import Grade
from tidings.distribution.ledger import Ledger
from tidings.distribution.lint import Specimen, lint
from tidings.distribution.owner import owner_name
from tidings.distribution.relay import Relay
from tidings.distribution.spamd import check_spam
from tidings.distribution.templates import Addresses
from tidings.distribution.tracking import TrackingApp
from tidings.distribution.worker import Worker
from tidings.domain.attachment import attachment_of
from tidings.domain.delivery import OPEN
from tidings.domain.invitation import Invitation
from tidings.engine.process import boot_id
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import brand as brand_table
from tidings.store.tables import campaign, slot

SECRETS = Secrets(signing_key=b"s" * 32, hash_key=b"h" * 32)
KEYS = DkimSigner(
    [
        DkimKey("rsa2026", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        DkimKey("ed2026", ed25519.Ed25519PrivateKey.generate()),
    ]
)
PDF = b"%PDF-1.7\n" + b"1 0 obj\n" * 500
SCORE = 0.5
_SCORE = re.compile(r"^(-?[\d.]+) of")
_MASTER = """\
127.0.0.1:{port} inet n - n - 20 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - 4 virtual
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = /dev/stdout
myhostname = mx.northwind.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{root}/unknown
smtpd_client_connection_count_limit = 0
virtual_mailbox_domains = reader.example
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
message_size_limit = 20480000
in_flow_delay = 0
"""


class MissingError(Exception):
    """A tool the proof needs is not here; the text says which."""


@contextlib.contextmanager
def postfix(*, unknown: Sequence[str] = ()) -> Iterator[tuple[int, Path]]:
    """A private Postfix with its own configuration and queue: its port and the folder mails arrive in.

    `unknown`: addresses that it says do not exist.
    """
    program = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
    if program is None or os.geteuid() != 0:
        raise MissingError("a private Postfix needs the postfix package and root")
    root = Path(tempfile.mkdtemp(prefix="tidings-postfix-"))
    root.chmod(0o755)
    owner = pwd.getpwnam("nobody")
    for name in ("conf", "queue", "data", "mail"):
        (root / name).mkdir()
    postfix_user = pwd.getpwnam("postfix")
    os.chown(root / "data", postfix_user.pw_uid, postfix_user.pw_gid)
    os.chown(root / "mail", owner.pw_uid, owner.pw_gid)
    port = bed.free_port()
    (root / "conf/main.cf").write_text(_MAIN.format(root=root, uid=owner.pw_uid, gid=owner.pw_gid))
    (root / "unknown").write_text("".join(f"{address} 550 5.1.1 no such user\n" for address in unknown))
    (root / "conf/master.cf").write_text(_MASTER.format(port=port))
    process: subprocess.Popen[bytes] | None = None
    try:
        with (root / "log").open("wb") as log:
            process = subprocess.Popen([program, "-c", root / "conf", "start-fg"], stdout=log, stderr=log)
        _wait_for_port(port, process, root / "log")
        yield port, root / "mail/box/new"
    finally:
        if process is not None:
            subprocess.run([program, "-c", root / "conf", "stop"], capture_output=True, check=False)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait()
        shutil.rmtree(root, ignore_errors=True)


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > end:
            raise MissingError(f"it does not start here: {log.read_text()[-400:]}")
        time.sleep(0.05)


@contextlib.contextmanager
def spamd() -> Iterator[tuple[str, int]]:
    """A SpamAssassin daemon with its rules and no network tests."""
    program = shutil.which("spamd") or shutil.which("spamd", path="/usr/sbin")
    if program is None:
        raise MissingError("SpamAssassin's spamd is not installed")
    port, log = bed.free_port(), Path(tempfile.mkstemp(prefix="tidings-spamd-")[1])
    with log.open("wb") as out:
        command = [program, "-L", "-i", "127.0.0.1", "-p", str(port), "--max-children=2", "-x", "-s", "stderr"]
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        _wait_for_port(port, process, log)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        log.unlink()


@dataclass
class Made:
    """One campaign of one mail: what it is measured by."""

    pk: int
    contact_pk: int
    postal_address: str
    targets: tuple[str, ...]
    hosts: frozenset[str]
    enclosed: tuple[str, ...]


def make_campaigns(db: Database, number: int) -> list[Made]:
    """Campaigns of different briefs, brands and seeds, each launched for one person; some carry a file or an event."""
    now, agent = bed.WallClock().now(), ContentAgent()
    people = bed.add_people(db, number, now, "reader.example")
    made: list[Made] = []
    with db.transaction() as conn:
        conn.execute(insert(brand_table).values(id="brd_1", name="All", body={}, created_at=0, updated_at=0))
        for no, person in enumerate(people):
            brief = briefs()[no % len(briefs())]
            ours = brand(brief.brand)
            drafts = agent.draft(brief, ours, claims(brief.brand), seed=no, at=AT).drafts
            assert all(draft.sendable for draft in drafts)
            draft = drafts[no // len(briefs()) % len(drafts)]
            pk = conn.execute(
                insert(campaign).values(
                    id=f"cmp_{no}", name=f"{brief.name} {no}", brand_id="brd_1", state="sending", brief={}, policy={},
                    created_at=now, updated_at=now,
                )
            ).inserted_primary_key[0]  # fmt: skip
            files = [attachment_of(f"att_{no}", f"Programm für {no}.pdf", PDF)] if no % 5 == 0 else []
            for file in files:
                attachments.insert_attachment(conn, pk, file, PDF, by="bed", at=now)
            event = (
                Invitation(title=brief.name, start="2030-12-05T18:00", end="2030-12-05T20:00", zone="Europe/Vienna")
                if no % 7 == 0
                else None
            )
            template = render_email(draft, ours).model_copy(
                update={"variant": "A", "attachments": tuple(files), "invitation": event}
            )
            conn.execute(
                insert(slot).values(
                    campaign_pk=pk, contact_pk=person, step=0, due_at=now, variant="A", reason="best_hour", zone="UTC"
                )
            )
            repository.write_messages(conn, pk, [template])
            repository.freeze(conn, pk, None)
            sites = (ours.website, str(brief.link))
            made.append(
                Made(
                    pk, person, ours.postal_address, tuple(link.url for link in template.links),
                    frozenset(site.split("/")[2].removeprefix("www.") for site in sites),
                    (*(file.name for file in files), *(["invite.ics"] if event else [])),
                )
            )  # fmt: skip
    return made


def send_all(db: Database, made: Sequence[Made], port: int, seconds: float) -> None:
    """By the real sender, each mail signed with both keys."""
    clock = bed.WallClock()
    ledger = Ledger(db, clock, bed.hooks(), owner=owner_name(), boot_id=boot_id(db), relay=f"127.0.0.1:{port}")
    channel = SmtpChannel(Relay("127.0.0.1", port, "none"), connections=5, ehlo_name="out.example", signer=KEYS)
    worker = Worker(db, clock, ledger, channel, Addresses(bed.BASE_URL, bed.SIGNER), lanes=5)
    with bed.running(worker):
        bed.wait_for(lambda: not any(bed.states(db, each.pk).get(s) for each in made[-1:] for s in OPEN), seconds)
        bed.wait_for(lambda: all(bed.states(db, each.pk) == {"accepted": 1} for each in made), seconds)


@dataclass
class Verdicts:
    """What was found, counted."""

    mails: int = 0
    lint_clean: int = 0
    dkim: Counter[str] = field(default_factory=Counter)
    scores: list[float] = field(default_factory=list)
    unsubscribed: int = 0
    pixels: int = 0
    enclosed: int = 0
    problems: list[str] = field(default_factory=list)


def judge(db: Database, made: Sequence[Made], box: Path, at: tuple[str, int] | None) -> Verdicts:
    """Every mail as it arrived, against everything."""
    import dkim

    found = Verdicts()
    by_id = {f"{bed.SIGNER.message_id(each.pk, each.contact_pk, 0)}": each for each in made}
    with one_click_server(db) as (address, noes):
        for path in sorted(box.iterdir()):
            raw = _as_sent(path.read_bytes())
            message = message_from_bytes(raw, policy=policy.default)
            mine = by_id.pop(str(message["Message-ID"]).strip("<>").partition("@")[0])
            found.mails += 1
            findings = lint(
                Specimen("A", raw, mine.postal_address, mine.targets, mine.hosts, bed.BASE_URL, stays_here=True)
            )
            wrong = [f"{each.check}: {each.message}" for each in findings if each.grade is not Grade.OK]
            found.lint_clean += not wrong
            found.problems += wrong
            found.pixels += any("tracking" in each for each in wrong)
            for index, key in enumerate(KEYS.keys):
                good = dkim.DKIM(raw).verify(idx=index, dnsfunc=record)
                found.dkim[key.algorithm] += bool(good)
            found.enclosed += tuple(part.get_filename() for part in message.iter_attachments()) == _order(mine)
            if at is not None:
                finding = check_spam(raw, "A", at)
                score = _SCORE.match(finding.message)
                found.scores.append(float(score[1]) if score else 99.0)
                if found.scores[-1] > SCORE:
                    found.problems.append(f"spam: {finding.message}")
            found.unsubscribed += _one_click(message, address, noes, mine.contact_pk)
    assert not by_id, f"{len(by_id)} mails did not arrive"
    return found


def _order(made: Made) -> tuple[str, ...]:
    """The event comes before the files."""
    return tuple(sorted(made.enclosed, key=lambda name: name != "invite.ics"))


def _as_sent(raw: bytes) -> bytes:
    """Without what the delivery agent put on top, and with the line ends of the wire."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return raw[raw.index(b"DKIM-Signature:") :]


def record(name: bytes, timeout: int = 5) -> bytes:
    selector = name.decode().partition(".")[0]
    return next(key.record for key in KEYS.keys if key.selector == selector).encode()


@contextlib.contextmanager
def one_click_server(db: Database) -> Iterator[tuple[str, list[int]]]:
    """The public part of the product on a port: its address, and whom it unsubscribed."""
    import uvicorn

    noes: list[int] = []

    def unsubscribe(_conn: object, contact_pk: int, _campaign_pk: int | None, _source: str) -> bool:
        noes.append(contact_pk)
        return True

    app = TrackingApp(db, bed.WallClock(), SECRETS, unsubscribe)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))  # type: ignore[arg-type]
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", noes
        finally:
            server.should_exit = server.force_exit = True
            thread.join(10)


def _one_click(message: Any, address: str, noes: list[int], contact_pk: int) -> bool:
    """What a mailbox provider does with the header (RFC 8058)."""
    link = re.search(r"<(https://[^>]+)>", str(message["List-Unsubscribe"]))
    assert link is not None
    body = str(message["List-Unsubscribe-Post"]).encode()
    asked = urllib.request.Request(link[1].replace(bed.BASE_URL, address), data=body, method="POST")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return answer.status == 200 and noes[-1:] == [contact_pk]
