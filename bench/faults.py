"""Measures sending while a relay misbehaves: a faulty relay beside a healthy one, a storm of 421, and the recovery.

Each fault is a mode of Debian's smtp-sink, or a server that says one byte a second, in a pool with one healthy relay
that answers 20 ms late, as one in another country does: so its rate is that of its lanes and not of this machine. It is
compared with the same lane alone, measured right before. The healthy relay counts Message-IDs: none may come twice. The
storm runs against one relay that answers 421 to every
recipient; each try is counted there, and then the relay gets well.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration"))
import distribution_bed as bed

from tidings.distribution.pool import RelayPool
from tidings.distribution.worker import Worker
from tidings.store.database import Database, open_sqlite
from tidings.store.tables import metadata

SINK = "/usr/sbin/smtp-sink"
LANES = 10
BAR, ROUNDS = 0.8, 3  # on a busy machine one round says little: what misses is measured again, the median counts
_ID = re.compile(rb"^Message-ID: <([^>]+)>", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Mode:
    """One way to misbehave. Every mail ends accepted, but for so many that may end otherwise."""

    name: str
    options: tuple[str, ...]
    uncertain: int = 0
    failed: int = 0


# At most one mail of each connection is on the wire when an answer is lost; a trial after each rest is one more.
MODES = (
    Mode("drops on connect", ("-q", "CONNECT")),
    Mode("drops on MAIL", ("-q", "MAIL")),
    Mode("drops on RCPT", ("-q", "RCPT")),
    Mode("drops on DATA", ("-q", "DATA")),
    Mode("drops after the dot", ("-q", "."), uncertain=3 * LANES),
    Mode("421 on RCPT", ("-Q", "RCPT")),
    Mode("450 greeting", ("-r", "CONNECT")),
    Mode("450 on RCPT", ("-r", "RCPT")),
    Mode("451 at the dot", ("-b", "451 4.3.0 try later", "-r", ".")),
    Mode("5xx greeting", ("-f", "CONNECT")),
    Mode("5xx on MAIL", ("-f", "MAIL")),
    Mode("5xx on RCPT", ("-f", "RCPT")),
    Mode("5xx at the dot", ("-B", "554 5.6.0 no", "-f", "."), failed=4 * LANES),
    Mode("550 within DATA", ("-A", "0"), uncertain=3 * LANES, failed=4 * LANES),
    Mode("2 s late, no pipelining", ("-p", "-w", "2")),
    Mode("no ESMTP", ("-e", "-8")),
)  # fmt: skip


@contextmanager
def smtp_sink(*options: str, port: int = 0) -> Iterator[int]:
    """smtp-sink with options; its port."""
    port = port or bed.free_port()
    process = subprocess.Popen([SINK, "-u", "nobody", *options, f"127.0.0.1:{port}", "512"])
    try:
        wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.wait()


class Healthy(asyncio.Protocol):
    """A relay that takes everything, 20 ms late, and counts Message-IDs."""

    taken: ClassVar[Counter[bytes]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport = cast("asyncio.Transport", transport)
        self.rest, self.in_data = b"", False
        self.answer(b"220 healthy\r\n")

    def data_received(self, data: bytes) -> None:
        """Takes whole lines or the whole text."""
        self.rest += data
        replies: list[bytes] = []
        while True:
            text, end, rest = self.rest.partition(b"\r\n.\r\n" if self.in_data else b"\r\n")
            if not end:
                break
            self.rest, verb = rest, text[:4].upper()
            if not self.in_data and verb == b"DATA":
                self.in_data = True
                replies.append(b"354 go\r\n")
                continue
            if self.in_data and (found := _ID.search(text)) is not None:
                self.taken[found[1]] += 1
            self.in_data = False
            replies.append(b"250-healthy\r\n250 PIPELINING\r\n" if verb == b"EHLO" else b"250 2.0.0 Ok\r\n")
        if replies:
            self.answer(b"".join(replies))

    def answer(self, data: bytes) -> None:
        """Later."""
        asyncio.get_running_loop().call_later(0.02, self.transport.write, data)


def serve_healthy(port: int) -> None:
    """The process of the healthy relay; when asked to end it prints how many came more than once."""

    async def serve() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        server = await loop.create_server(Healthy, "127.0.0.1", port)
        await stop.wait()
        server.close()
        print(sum(times > 1 for times in Healthy.taken.values()), flush=True)

    asyncio.run(serve())


class HealthyRelay:
    """The healthy relay in a process of its own."""

    def __enter__(self) -> HealthyRelay:
        self.port, self.twice = bed.free_port(), 0
        command = [sys.executable, __file__, "--healthy", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        wait_for_port(self.port)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self.twice = int(self._process.communicate()[0].strip() or 0)


def wait_for_port(port: int) -> None:
    """Until somebody listens there."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


@contextmanager
def slow_loris() -> Iterator[int]:
    """A server that greets at once and then answers one byte a second."""
    port, ready, loop = bed.free_port(), threading.Event(), asyncio.new_event_loop()

    async def drip(writer: asyncio.StreamWriter, text: bytes) -> None:
        for byte in text:
            writer.write(bytes([byte]))
            await asyncio.sleep(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await talk(reader, writer)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 loris\r\n")
        await reader.readline()
        writer.write(b"250-loris\r\n250 PIPELINING\r\n")
        with_data = False
        while line := await reader.readline():
            if with_data and line != b".\r\n":
                continue
            verb = line[:4].upper()
            with_data = not with_data and verb == b"DATA"
            await drip(writer, b"354 go\r\n" if with_data else b"250 Ok\r\n")
        writer.close()

    async def begin() -> None:
        await asyncio.start_server(serve, "127.0.0.1", port)
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.create_task(begin())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(5)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        loop.call_soon_threadsafe(loop.call_later, 0.2, loop.stop)
        thread.join(5)


def new_campaign(folder: Path, number: int) -> tuple[Database, int]:
    """An encrypted database with one launched campaign, everybody of a domain of their own provider."""
    path = folder / f"{time.monotonic_ns()}.db"
    db = open_sqlite(path, bed.KEY)
    metadata.create_all(db.engine)
    now = bed.WallClock().now()
    return db, bed.add_campaign(db, bed.add_people(db, number, now), now - 1)


def accepted_by(worker: Worker, port: int) -> int:
    """How many the relay on that port took."""
    pool = worker._channel  # noqa: SLF001  # what each relay took is known nowhere else while it runs
    assert isinstance(pool, RelayPool)
    return sum(member.accepted for member in pool.members if member.relay.port == port)


def rate_of(folder: Path, number: int, healthy: int, beside: int | None, seconds: float) -> tuple[float, Counter[str]]:
    """Messages a second on the healthy lane for the first 80 % of what it took, and the states in the end."""
    db, pk = new_campaign(folder, number)
    relays = [bed.at(healthy)] if beside is None else [bed.at(beside), bed.at(healthy)]
    worker = bed.pooled(db, relays, lanes=LANES)
    worker.start()
    last, taken, begun = 0.0, 0, time.monotonic()
    course: list[tuple[float, int]] = []
    while (now := time.monotonic()) - begun < seconds:
        seen = accepted_by(worker, healthy)
        if seen != taken:
            last, taken = now, seen
            course.append((now, seen))
        if course and now - last > 0.3 and _settled(db, pk):
            break
        time.sleep(0.01)
    worker.stop_and_wait()
    states = Counter(bed.states(db, pk))
    db.close()
    begin, before = course[0]
    end, until = next((each for each in course if each[1] >= 0.8 * taken), course[-1])
    return (until - before) / max(end - begin, 0.001), states


def _settled(db: Database, pk: int) -> bool:
    return not {"planned", "claimed", "attempting", "held", "deferred"} & set(bed.states(db, pk))


def faults(folder: Path, number: int, seconds: float, only: str) -> bool:
    """The table of the modes whose name has `only` in it; whether every bar was reached."""
    print(f"\n{'fault':<26}{'alone':>9}{'beside':>9}{'share':>7}  final states")
    good = True
    for mode in (each for each in (*MODES, Mode("one byte a second", ())) if only in each.name):
        shares: list[float] = []
        right = True
        while not shares or (statistics.median(shares) < BAR and len(shares) < ROUNDS):
            alone, beside, states, twice = one_round(folder, mode, number, seconds)
            right &= _right(mode, states, number) and not twice
            shares.append(beside / alone)
        share = statistics.median(shares)
        good &= right and share >= BAR
        shown = ", ".join(f"{state} {count:,}" for state, count in sorted(states.items()))
        verdict = "" if right else f"   WRONG{f', {twice} twice' if twice else ''}"
        print(f"{mode.name:<26}{alone:>9,.0f}{beside:>9,.0f}{share:>7.2f}  {shown}{verdict}", flush=True)
    return good


def one_round(folder: Path, mode: Mode, number: int, seconds: float) -> tuple[float, float, Counter[str], int]:
    """The healthy lane's rate alone and beside the fault, the states in the end, and how many came twice."""
    with HealthyRelay() as healthy:
        alone, _ = rate_of(folder, number, healthy.port, None, seconds)
    beside = smtp_sink(*mode.options) if mode.options else slow_loris()
    with HealthyRelay() as healthy, beside as port:
        rate, states = rate_of(folder, number, healthy.port, port, seconds)
    return alone, rate, states, healthy.twice


def _right(mode: Mode, states: Counter[str], number: int) -> bool:
    uncertain, failed = states.get("uncertain", 0), states.get("failed", 0)
    slow = 4 * LANES if not mode.options or "-w" in mode.options else 0  # still in a slow relay's hands
    return (
        sum(states.values()) == number and uncertain <= mode.uncertain + slow and failed <= mode.failed
        and states.get("accepted", 0) >= number - uncertain - failed - slow
    )  # fmt: skip


def storm(folder: Path, number: int, seconds: float) -> bool:
    """421 to every recipient for a while, then none: tries a mail, and seconds until it goes on and is done."""
    tries: Counter[str] = Counter()
    storming = True

    def answer(address: str) -> bytes | None:
        tries[address] += 1
        return b"421 4.3.2 closing the channel\r\n" if storming else None

    db, pk = new_campaign(folder, number)
    with bed.sink(bed.Faults(refuse_rcpt=answer)) as sink:
        worker = bed.pooled(db, [bed.at(sink.port)], lanes=LANES)
        worker.start()
        time.sleep(seconds)
        storming, ended = False, time.monotonic()
        while not sink.taken and time.monotonic() - ended < 60:
            time.sleep(0.01)
        first = time.monotonic() - ended
        while len(sink.taken) < number * 0.95 and time.monotonic() - ended < 90:
            time.sleep(0.05)
        done = time.monotonic() - ended
        most = max(tries.values())
        worker.stop_and_wait()
        twice = sum(times > 1 for times in sink.taken.values())
    print(
        f"\n421 storm of {seconds:.0f} s on {number:,} mails: at most {most} tries a mail, goes on {first:.1f} s after"
        f" its end, 95 % sent {done:.1f} s after; twice: {twice}; {dict(bed.states(db, pk))}"
    )
    db.close()
    return most <= 6 and first <= 30 and not twice


def main() -> None:
    """Prints both tables; ends with 1 when a bar was missed."""
    if sys.argv[1:2] == ["--healthy"]:
        serve_healthy(int(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=3_000)
    parser.add_argument("--seconds", type=float, default=25.0, help="at most, for each fault")
    parser.add_argument("--storm", type=float, default=45.0, help="seconds of 421")
    parser.add_argument("--only", default="", help="faults with this in their name")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tidings-faults-"))
    try:
        good = faults(folder, args.messages, args.seconds, args.only) & storm(folder, 1_000, args.storm)
    finally:
        shutil.rmtree(folder)
    print(
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; {'every bar reached' if good else 'MISSED'}"
    )
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
