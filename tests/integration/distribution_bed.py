"""What the distribution tests share: a launched campaign without the other rooms, and an SMTP sink with faults.

Run as a program it is the sender that the kill test kills: `distribution_bed.py DATABASE PORT LANES [LEASE_MS]`.
"""

from __future__ import annotations

import asyncio
import random
import re
import ssl
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from tidings.distribution import repository
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.distribution.hooks import Hooks
from tidings.distribution.ledger import Ledger
from tidings.distribution.owner import owner_name
from tidings.distribution.pool import RelayPool, Watcher
from tidings.distribution.relay import Relay
from tidings.distribution.templates import Addresses
from tidings.distribution.throttle.line_up import LineUp
from tidings.distribution.throttle.shares import Shares
from tidings.distribution.throttle.throttle import Rules, Throttle, no_rules
from tidings.distribution.throttle.turns import Turns
from tidings.distribution.tokens import TokenSigner
from tidings.distribution.worker import Observer, Worker
from tidings.domain.event import Event
from tidings.domain.instant import Instant
from tidings.domain.message import EmailTemplate, Link
from tidings.engine.process import boot_id
from tidings.events.alike import append_alike
from tidings.events.log import append
from tidings.store.database import Database, open_postgresql, open_sqlite
from tidings.store.tables import brand, campaign, contact, slot

KEY = bytes(range(32))
BASE_URL = "https://localhost:8443"
SIGNER = TokenSigner(b"s" * 32)


class WallClock:
    """The real time, in milliseconds."""

    def now(self) -> Instant:
        return time.time_ns() // 1_000_000


def template(variant: str = "A", filler: int = 0) -> EmailTemplate:
    """A small message with every kind of open place."""
    body = "Fresh bread every morning, baked by people you know. " * (filler // 52)
    return EmailTemplate(
        variant=variant,
        subject='Bread for {{ contact.first_name | default: "you" }}',
        preheader="Warm",
        html='<p>Hi {{ contact.first_name | default: "there" }}</p>'
        f'<a href="{{{{ links[0] }}}}">Reserve</a><p>{body}</p><a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a>',
        text='Hi {{ contact.first_name | default: "there" }}\n{{ links[0] }}\n{{ unsubscribe_url }}\n',
        from_name="Northwind Bakery",
        from_address="hello@northwind.example",
        list_id="northwind.example",
        links=(Link(no=0, url="https://northwind.example/workshop?a=1&b=2", label="Reserve"),),
    )


def add_people(db: Database, number: int, now: Instant, domain: str = "example.com") -> list[int]:
    """Contacts `p0@…`, `p1@…`; their numbers."""
    columns = {column.name for column in contact.columns}
    with db.transaction() as conn:
        rows = [
            {
                "id": f"con_{domain}_{n}",
                "email": f"p{n}@{domain}",
                "first_name": f"Ann{n % 97}",
                "created_at": now,
                "updated_at": now,
                **({"address_hash": f"{domain}{n}"} if "address_hash" in columns else {}),
            }
            for n in range(number)
        ]
        conn.execute(insert(contact), [{**row, "phone": f"+43660{no:07}"} for no, row in enumerate(rows)])
        return list(conn.execute(select(contact.c.pk).where(contact.c.email.like(f"%@{domain}"))).scalars())


def add_campaign(db: Database, people: Sequence[int], due_at: Instant, name: str = "one", filler: int = 0) -> int:
    """A campaign in state `sending` whose people are all due at one instant; launched."""
    with db.transaction() as conn:
        if conn.execute(select(brand.c.id)).first() is None:
            conn.execute(insert(brand).values(id="brd_1", name="Northwind", body={}, created_at=0, updated_at=0))
        pk = conn.execute(
            insert(campaign).values(
                id=f"cmp_{name}", name=name, brand_id="brd_1", state="sending", brief={}, policy={},
                created_at=due_at, updated_at=due_at,
            )
        ).inserted_primary_key[0]  # fmt: skip
        conn.execute(
            insert(slot),
            [
                {"campaign_pk": pk, "contact_pk": person, "step": 0, "due_at": due_at, "variant": "A",
                 "reason": "best_hour", "zone": "Europe/Berlin"}
                for person in people
            ],
        )  # fmt: skip
        repository.write_messages(conn, pk, [template(filler=filler)])
        repository.freeze(conn, pk, None)
    return pk


def own_fields(conn: Connection, pks: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    """Merge fields straight from the table."""
    query = select(contact.c.pk, contact.c.email, contact.c.first_name).where(contact.c.pk.in_(pks))
    return {row.pk: {"email": row.email, "first_name": row.first_name} for row in conn.execute(query)}


def everybody_may(_conn: Connection, pks: Sequence[int], *_: object) -> dict[int, None]:
    """Nobody is held back."""
    return dict.fromkeys(pks)


def no_events(_conn: Connection, _events: Sequence[Event]) -> None:
    """Events are not what this test is about."""


def hooks(**changed: Any) -> Hooks:
    """Hooks that need no other room; the event log is the real one."""
    given: dict[str, Any] = {"may_send": everybody_may, "merge_fields": own_fields, "append_events": append}
    if "append_events" not in changed:
        given["append_alike"] = append_alike
    return Hooks(**{**given, **changed})


def make_worker(
    db: Database, port: int, *, lanes: int = 5, clock: Any = None, observer: Observer | None = None,
    relay: Relay | None = None, owner: str = "", turns: Turns | None = None, **changed: Any,
) -> Worker:  # fmt: skip
    """A worker that sends to a local port."""
    clock = clock or WallClock()
    relay = relay or Relay("127.0.0.1", port, "none")
    ledger = Ledger(
        db, clock, hooks(**changed), owner=owner or owner_name(), boot_id=boot_id(db), relay=f"127.0.0.1:{port}"
    )
    channel = SmtpChannel(relay, connections=lanes, ehlo_name="test.example")
    return Worker(db, clock, ledger, channel, Addresses(BASE_URL, SIGNER), observer, lanes=lanes, turns=turns)


def pooled(
    db: Database, relays: Sequence[Relay], *, lanes: int = 3, watcher: Watcher | None = None, rules: Rules = no_rules,
    shares: Shares | None = None, **changed: Any,
) -> Worker:  # fmt: skip
    """A worker with a pool of relays, as the product builds it."""
    clock = WallClock()
    throttle = Throttle(clock, relays, rules=rules, shares=shares)
    line = LineUp(throttle)
    throttle.waiting = line.waiting
    ledger = Ledger(
        db, clock, hooks(**changed), owner=shares.name if shares else owner_name(), boot_id=boot_id(db),
        relay=relays[0].name, gate=throttle,
    )  # fmt: skip
    pool = RelayPool(relays, throttle, line, clock, connections=lanes, ehlo_name="test.example", watcher=watcher)
    return Worker(db, clock, ledger, pool, Addresses(BASE_URL, SIGNER), lanes=lanes, line_up=line)


def at(port: int, **options: Any) -> Relay:
    """A plain relay on this machine."""
    return Relay("127.0.0.1", port, "none", **options)


@contextmanager
def running(worker: Worker) -> Iterator[Worker]:
    """A worker in its thread."""
    worker.start()
    _running.append(worker)
    try:
        yield worker
    finally:
        _running.remove(worker)
        worker.stop_and_wait()
        assert not worker.alive
        if worker.failed is not None:
            raise worker.failed


def states(db: Database, campaign_pk: int) -> dict[str, int]:
    """Deliveries by state."""
    with db.reading() as conn:
        return repository.counts(conn, campaign_pk)


_running: list[Worker] = []


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits until it holds; fails the test when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        assert all(worker.failed is None for worker in _running)
        time.sleep(0.01)


_ID = re.compile(rb"^Message-ID: <([^>]+)>", re.MULTILINE)


@dataclass
class Faults:
    """How the sink misbehaves."""

    drop_before_250: float = 0.0
    drop_every: int = 0
    """Drop the connection instead of answering every n-th message."""
    refuse_rcpt: Callable[[str], bytes | None] = lambda _address: None
    answer_dot: Callable[[str], bytes | None] = lambda _address: None
    pipelining: bool = True
    chunking: bool = False
    """BDAT is offered beside DATA."""
    size: int = 0
    mail_reply: bytes = b"250 2.1.0 Ok\r\n"
    delay: float = 0.0
    banner: bytes = b"220 sink ESMTP\r\n"
    auth: str = ""
    """The one way to sign in that is offered; then nobody gets further without `secret`."""
    secret: bytes = b""
    """What must follow the way's name, in base64."""


@dataclass
class Sink:
    """Counts messages by Message-ID. `taken` holds those whose final dot came, answered or not."""

    faults: Faults = field(default_factory=Faults)
    taken: Counter[str] = field(default_factory=Counter)
    to: Counter[str] = field(default_factory=Counter)
    last_at: float = 0.0
    bodies: list[bytes] = field(default_factory=list)
    envelopes: list[bytes] = field(default_factory=list)
    """The first senders, as MAIL FROM gave them."""
    dropped: int = 0
    port: int = 0
    connections: int = 0
    logins: int = 0
    chunks: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session."""
        self.connections += 1
        try:
            await self._session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.faults.banner)
        rcpt, refused, begun = "", None, False
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb in {b"EHLO", b"HELO"}:
                lines = [b"250-sink"] + ([b"250-PIPELINING"] if self.faults.pipelining else [])
                lines += [b"250-CHUNKING"] if self.faults.chunking else []
                lines += [b"250-AUTH " + self.faults.auth.encode()] if self.faults.auth else []
                lines += [b"250-SIZE %d" % self.faults.size] if self.faults.size else []
                writer.write(b"\r\n".join([*lines, b"250 8BITMIME", b""]))
            elif verb == b"AUTH":
                self.logins += 1
                if line.split()[1:] == [self.faults.auth.encode(), b64encode(self.faults.secret)]:
                    writer.write(b"235 2.7.0 in\r\n")
                    continue
                if self.faults.auth == "XOAUTH2":  # says why in base64, and waits for an empty line
                    writer.write(b"334 " + b64encode(b'{"status":"401"}') + b"\r\n")
                    assert await reader.readline() == b"\r\n"
                writer.write(b"535 5.7.8 no\r\n")
            elif verb == b"MAIL":
                if len(self.envelopes) < 50:
                    self.envelopes.append(line.partition(b"<")[2].partition(b">")[0])
                writer.write(b"503 5.5.1 nested MAIL command\r\n" if begun else self.faults.mail_reply)
                begun = True
            elif verb == b"RCPT":
                rcpt = line.partition(b"<")[2].partition(b">")[0].decode()
                refused = self.faults.refuse_rcpt(rcpt)
                writer.write(refused or b"250 2.1.5 Ok\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")  # as servers that answer 354 although nobody was accepted
                if self.faults.delay:
                    await asyncio.sleep(self.faults.delay)
                body = b""
                while not body.endswith(b"\r\n.\r\n") and body != b".\r\n":
                    body += await reader.readuntil(b"\r\n")
                if refused or not self.faults.mail_reply.startswith(b"2"):
                    writer.write(b"554 5.5.1 no valid recipients\r\n")
                    continue
                if not self._accept(rcpt, body, writer):
                    return
                begun = False
            elif verb == b"BDAT":
                self.chunks += 1
                body = await reader.readexactly(int(line.split()[1]))
                await asyncio.sleep(self.faults.delay)
                if refused or not self.faults.mail_reply.startswith(b"2"):
                    writer.write(b"503 5.5.1 no valid recipients\r\n")
                elif not self._accept(rcpt, body, writer):
                    return
                else:
                    begun = False
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                begun = begun and verb != b"RSET"
                writer.write(b"250 2.0.0 Ok\r\n")

    def _accept(self, rcpt: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
        found = _ID.search(body)
        self.last_at = time.monotonic()
        answer = self.faults.answer_dot(rcpt)
        if answer is None or answer.startswith(b"2"):
            self.taken[found[1].decode() if found else ""] += 1
            self.to[rcpt] += 1
            if len(self.bodies) < 50:
                self.bodies.append(body)
        count = sum(self.to.values())
        every = self.faults.drop_every and count % self.faults.drop_every == 0
        if every or random.random() < self.faults.drop_before_250:
            self.dropped += 1
            writer.transport.abort()
            return False
        writer.write(answer or b"250 2.0.0 Ok: queued\r\n")
        return True


@contextmanager
def sink(faults: Faults | None = None, port: int = 0, context: ssl.SSLContext | None = None) -> Iterator[Sink]:
    """A sink in a thread of its own, on a free port unless one is given."""
    made = Sink(faults or Faults())
    ready, loop = threading.Event(), asyncio.new_event_loop()
    servers: list[asyncio.Server] = []

    async def begin() -> None:
        server = await asyncio.start_server(made.serve, "127.0.0.1", port, ssl=context)
        servers.append(server)
        made.port = server.sockets[0].getsockname()[1]
        ready.set()

    async def end() -> None:
        servers[0].close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.create_task(begin())
        loop.run_forever()
        loop.run_until_complete(end())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def free_port() -> int:
    """A port nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shorten_leases(milliseconds: int) -> None:
    """Makes a silent worker's chunks free after so long, in this process."""
    from tidings.distribution import leases, worker

    for module, name, value in (
        (leases, "LEASE", milliseconds), (leases, "_RENEW", milliseconds // 3),
        (leases, "_IN_HAND", 1),  # else the first of several workers takes everything
        (worker, "_TAKEOVER_SECONDS", milliseconds / 4000),
    ):  # fmt: skip
        assert hasattr(module, name)
        setattr(module, name, value)


def main() -> None:
    """The sender process of the kill test: runs until it is killed. A fourth argument shortens its leases.

    The third is connections, or connections and messages on each at once: `5x4`.
    """
    path, port, third = sys.argv[1:4]
    lanes, _, ahead = third.partition("x")
    if len(sys.argv) > 4:
        shorten_leases(int(sys.argv[4]))
    db = open_postgresql(path) if path.startswith("postgresql://") else open_sqlite(Path(path), KEY)
    relay = Relay("127.0.0.1", int(port), "none", chunking=int(ahead or 1))
    worker = make_worker(db, int(port), lanes=int(lanes), relay=relay)
    worker.start()
    while worker.alive:
        time.sleep(0.2)


if __name__ == "__main__":
    main()
