"""How fast mails leave the encrypted ledger, beside `smtp-source` and aiosmtplib, on the same `smtp-sink`, in turns.

    python bench/delivery.py [--messages 20000] [--rounds 3] [--sizes 5000 50000] [--connections 10] [--far 600]
        [--long 300000]

`whole` is what the product does: consent and suppression asked for each person, merge fields read, claimed before
(synchronous=FULL), outcome and event written after. `ledger` is the same without the other rooms' part (audience and
event log), to see what is the sender's own. `smtp-source` sends one canned body and keeps no record; aiosmtplib sends
one body of bytes to people it is given. The far sink answers 20 ms late, as a relay in another country does;
`chunking` is `whole` with the relay's option `chunking=4`. Each sender is a process of its own; its CPU time and its
memory are what the system counts for that process alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration"))
import distribution_bed as bed
from sqlalchemy import insert

from tidings.audience.repository import merge_fields
from tidings.audience.selection import may_send
from tidings.events.alike import append_alike
from tidings.events.log import append
from tidings.store.database import open_sqlite
from tidings.store.tables import consent, metadata

SINK, SOURCE = "/usr/sbin/smtp-sink", "/usr/sbin/smtp-source"


def prepare(path: Path, messages: int, size: int) -> None:
    """A launched campaign in an encrypted file."""
    db = open_sqlite(path, bed.KEY)
    metadata.create_all(db.engine)
    now = bed.WallClock().now()
    people = bed.add_people(db, messages, now)
    with db.transaction() as conn:
        rows = [
            {"id": f"cns_{pk}", "contact_pk": pk, "purpose": "marketing_email", "state": "granted", "at": now - 1000,
             "source": "bench", "wording": ""}
            for pk in people
        ]  # fmt: skip
        conn.execute(insert(consent), rows)
    bed.add_campaign(db, people, now, filler=max(0, size - 1500))
    db.close()


def send(path: Path, port: int, connections: int, mode: str) -> None:
    """The measured process: sends everything, then prints its figures as JSON. `chunking`: `whole` with four on the
    way on each connection.
    """
    db = open_sqlite(path, bed.KEY)
    done: list[int] = []
    finished = threading.Event()

    def ended(_conn: object, campaign_pk: int) -> None:
        done.append(campaign_pk)
        finished.set()

    real: dict[str, Any] = {
        "may_send": may_send, "merge_fields": merge_fields, "append_events": append, "append_alike": append_alike
    }  # fmt: skip
    given = real if mode != "ledger" else {"append_events": bed.no_events, "append_alike": bed.no_events}
    worker = bed.pooled(
        db, [bed.at(port, chunking=4 if mode == "chunking" else 1)], lanes=connections, on_finished=ended, **given
    )
    wall, cpu = time.perf_counter(), time.process_time()
    worker.start()
    memory: list[float] = []
    while not finished.wait(0.5) and worker.alive:
        memory.append(own_memory("VmRSS"))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    worker.stop_and_wait()
    print(json.dumps({"wall": wall, "cpu": cpu, "rss": own_rss(), "states": bed.states(db, done[0]), "memory": memory}))


def own_rss() -> float:
    """The most memory this process has had, in MB. `ru_maxrss` would begin with that of the process that made it."""
    return own_memory("VmHWM")


def own_memory(what: str) -> float:
    """What the system says of this process, in MB."""
    return int(Path("/proc/self/status").read_text().partition(f"{what}:")[2].split()[0]) / 1024


def send_with_aiosmtplib(port: int, messages: int, size: int, connections: int) -> None:
    """The other measured process: bytes made beforehand, a connection each for as many tasks."""
    import aiosmtplib

    line = b"Fresh bread every morning, baked by people you know, for all.\r\n"
    body = b"From: a@x.example\r\nTo: b@y.example\r\nSubject: x\r\n\r\n" + line * (size // len(line))
    left = iter(range(messages))

    async def lane() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for number in left:
                await client.sendmail("a@x.example", [f"p{number}@y.example"], body)

    async def all_of_them() -> None:
        await asyncio.gather(*(lane() for _ in range(connections)))

    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(all_of_them())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"wall": wall, "cpu": cpu, "rss": own_rss()}))


class FarSession(asyncio.Protocol):
    """A sink that hears and answers everything 20 ms late, but keeps the order."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport: Any = transport
        self.rest, self.in_data, self.chunk = b"", False, -1
        self.answer(b"220 far\r\n")

    def data_received(self, data: bytes) -> None:
        """Takes whole lines or the whole text."""
        self.rest += data
        replies: list[bytes] = []
        while True:
            if self.chunk >= 0:
                if len(self.rest) < self.chunk:
                    break
                self.rest, self.chunk = self.rest[self.chunk :], -1
                replies.append(b"250 2.0.0 Ok\r\n")
            text, end, rest = self.rest.partition(b"\r\n.\r\n" if self.in_data else b"\r\n")
            if not end:
                break
            self.rest, verb = rest, text[:4].upper()
            if not self.in_data and verb == b"DATA":
                self.in_data = True
                replies.append(b"354 go\r\n")
            elif not self.in_data and verb == b"BDAT":
                self.chunk = int(text.split()[1])
            else:
                self.in_data = False
                replies.append(
                    b"250-far\r\n250-CHUNKING\r\n250 PIPELINING\r\n" if verb == b"EHLO" else b"250 2.0.0 Ok\r\n"
                )
        if replies:
            self.answer(b"".join(replies))

    def answer(self, data: bytes) -> None:
        """Later."""
        asyncio.get_running_loop().call_later(0.02, self.transport.write, data)


def far_sink(port: int) -> None:
    """The process of the sink that is far away."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(FarSession, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(serve())


def child(*words: object) -> dict[str, Any]:
    """Runs this file as a measured process."""
    command = [sys.executable, __file__, *map(str, words)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def ours(base: Path, port: int, connections: int, mode: str) -> dict[str, Any]:
    """One round of ours on a fresh copy of the ledger."""
    path = Path(shutil.copy(base, base.with_name("round.db")))
    try:
        found = child("--send", path, port, connections, mode)
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    if set(found["states"]) != {"accepted"}:
        raise SystemExit(f"not everything was accepted: {found['states']}")
    return found


def smtp_source(port: int, messages: int, size: int, connections: int) -> dict[str, Any]:
    """One round of smtp-source."""
    command = [SOURCE, "-d", "-s", str(connections), "-m", str(messages), "-l", str(size)]
    started = time.perf_counter()
    process = subprocess.Popen([*command, "-f", "a@x.example", "-t", "b@y.example", f"127.0.0.1:{port}"])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("smtp-source failed")
    return {"wall": time.perf_counter() - started, "cpu": usage.ru_utime + usage.ru_stime, "rss": 0.0}


@contextmanager
def sink(*, far: bool = False) -> Iterator[int]:
    """A sink's port: smtp-sink, or the one that is far away."""
    port = bed.free_port()
    command = (
        [sys.executable, __file__, "--far-sink", str(port)]
        if far
        else [SINK, "-u", "nobody", f"127.0.0.1:{port}", "512"]
    )
    process = subprocess.Popen(command)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


Found = dict[str, list[dict[str, Any]]]


def near(directory: Path, size: int, args: argparse.Namespace) -> None:
    """Rounds in turn on smtp-sink; large messages are fewer."""
    messages = args.messages if size <= 10_000 else args.messages // 4
    slow = max(500, messages // 10)
    base = directory / f"{size}.db"
    prepare(base, messages, size)
    found: Found = {"smtp-source": [], "aiosmtplib": [], "ledger": [], "whole": []}
    with sink() as port:
        for _ in range(args.rounds):
            add(found, "smtp-source", messages, smtp_source(port, messages, size, args.connections))
            for mode in ("ledger", "whole"):
                add(found, mode, messages, ours(base, port, args.connections, mode))
            add(found, "aiosmtplib", slow, child("--aiosmtplib", port, slow, size, args.connections))
    show(f"{size // 1000} kB", found, "smtp-source")


def far(directory: Path, args: argparse.Namespace) -> None:
    """Rounds in turn on the sink that answers late."""
    base = directory / "far.db"
    prepare(base, args.far, 5000)
    found: Found = {"aiosmtplib": [], "whole": [], "chunking": []}
    with sink(far=True) as port:
        for _ in range(args.rounds):
            add(found, "aiosmtplib", args.far, child("--aiosmtplib", port, args.far, 5000, args.connections))
            for mode in ("whole", "chunking"):
                add(found, mode, args.far, ours(base, port, args.connections, mode))
    show("5 kB, 20 ms away", found, "aiosmtplib")


def long(directory: Path, args: argparse.Namespace) -> None:
    """One long run: whether memory stays level."""
    base = directory / "long.db"
    prepare(base, args.long, 5000)
    with sink() as port:
        run = ours(base, port, args.connections, "whole")
    memory = [run["memory"][len(run["memory"]) * tenth // 10] for tenth in range(10)] + [run["memory"][-1]]
    print(f"\n{args.long:,} messages of 5 kB: {args.long / run['wall']:,.0f} msg/s,", end=" ")
    print(f"{run['cpu'] / args.long * 1000:.3f} CPU s/1000, {run['rss']:.0f} MB at most; at each tenth of the run:")
    print("  ".join(f"{each:.0f}" for each in memory), "MB", flush=True)


def add(found: Found, name: str, messages: int, result: dict[str, Any]) -> None:
    """Keeps one round's figures per message."""
    found[name].append(
        {"rate": messages / result["wall"], "cpu": result["cpu"] / messages * 1000, "rss": result["rss"]}
    )


def main() -> None:
    """Runs the rounds in turn and prints medians."""
    match sys.argv[1:2]:
        case ["--send"]:
            send(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
            return
        case ["--aiosmtplib"]:
            send_with_aiosmtplib(*map(int, sys.argv[2:6]))
            return
        case ["--far-sink"]:
            far_sink(int(sys.argv[2]))
            return
        case _:
            pass
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=[5_000, 50_000])
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--far", type=int, default=600, help="messages to the sink that is far away; 0 for none")
    parser.add_argument("--long", type=int, default=0, help="messages of one long run that watches the memory")
    args = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="tidings-bench-"))
    try:
        for size in args.sizes:
            near(directory, size, args)
        if args.far:
            far(directory, args)
        if args.long:
            long(directory, args)
    finally:
        shutil.rmtree(directory)


def show(title: str, found: Found, peer: str) -> None:
    """The table. The ratio is the median of the rounds' own ratios: each against its neighbour in time."""
    print(f"\n{title:<18}{'msg/s':>10}{'lowest':>10}{'highest':>10}{'ratio':>8}{'CPU s/1000':>12}{'RSS MB':>8}")
    for name, rounds in found.items():
        rates = [each["rate"] for each in rounds]
        ratio = statistics.median(each["rate"] / other["rate"] for each, other in zip(rounds, found[peer], strict=True))
        cpu = statistics.median(each["cpu"] for each in rounds)
        rss = f"{max(each['rss'] for each in rounds):>8.0f}" if rounds[0]["rss"] else f"{'':>8}"
        spread = f"{min(rates):>10,.0f}{max(rates):>10,.0f}"
        print(f"{name:<18}{statistics.median(rates):>10,.0f}{spread}{ratio:>8.2f}{cpu:>12.3f}{rss}")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs", flush=True)


if __name__ == "__main__":
    main()
