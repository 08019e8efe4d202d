"""What one request to the tracking endpoint costs, by CPU, beside a minimal Starlette app that gives the same answer.

Both run as the product runs its own: uvicorn with uvloop and httptools, one process, keep-alive connections without
pipelining, with TLS and without. Ours writes every click into the encrypted log in the same process; what that costs
is told apart by a run in which nothing is kept. The load comes from another process; CPU is read from the server's
/proc/<pid>/stat, so the load's own does not count.

Run: `python bench/tracking.py [requests]`. Medians of five rounds in turn. Bar: 15,000 requests a second and core.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "integration")]

CONNECTIONS = 8
PEOPLE = 20_000
BAR = 15_000
ROUNDS = 5
MODES = ("ours", "ours unkept", "starlette", "ours tls", "ours unkept tls", "starlette tls")
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LOCATION = b"https://northwind.example/workshop?a=1&b=2"


def serve(mode: str, folder: Path, port: int) -> None:
    """The measured process: one uvicorn with the settings of `app/processes.py`."""
    import uvicorn

    from tidings.app.processes import spare_the_collector

    app = starlette_app() if mode.startswith("starlette") else our_app(folder, keeps="unkept" not in mode)
    tls: dict[str, Any] = {}
    if "tls" in mode:
        tls = {"ssl_certfile": str(folder / "cert.pem"), "ssl_keyfile": str(folder / "key.pem")}
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=3, **tls,
    )  # fmt: skip
    spare_the_collector()  # both alike, as the product does
    uvicorn.Server(config).run()


def our_app(folder: Path, *, keeps: bool) -> Any:
    """The tracking application behind the product's own front, over the encrypted database."""
    import distribution_bed as bed

    from tidings.app.asgi import Front
    from tidings.audience.selection import may_track
    from tidings.distribution.tracking import TrackingApp
    from tidings.distribution.way_out import Wishes
    from tidings.keys.secrets import Secrets
    from tidings.store.database import open_sqlite

    db = open_sqlite(folder / "tidings.db", bed.KEY)
    secrets = Secrets(signing_key=b"s" * 32, hash_key=b"h" * 32)
    wishes = Wishes(lambda *_: False, may_track=may_track)
    tracking = TrackingApp(db, bed.WallClock(), secrets, wishes)
    if not keeps:
        tracking._hits._write = lambda _hits: None  # noqa: SLF001  # what is left out is what is measured
    return Front(None, None, tracking)


def starlette_app() -> Any:
    """The same answer, from a route with a path parameter."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import RedirectResponse
    from starlette.routing import Route

    async def follow(request: Request) -> RedirectResponse:
        assert len(request.path_params["token"]) == 24
        headers = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex"}
        return RedirectResponse(LOCATION.decode(), 302, headers)

    return Starlette(routes=[Route("/t/{token}", follow)])


def prepare(folder: Path) -> list[bytes]:
    """A database with a launched campaign, a certificate, and the tokens of its people."""
    import distribution_bed as bed
    from sqlalchemy import update

    from tidings.distribution.tokens import TokenPurpose
    from tidings.store.database import open_sqlite
    from tidings.store.migrations import migrate
    from tidings.store.tables import delivery

    db = open_sqlite(folder / "tidings.db", bed.KEY)
    migrate(db)
    now = bed.WallClock().now()
    people = bed.add_people(db, PEOPLE, now)
    pk = bed.add_campaign(db, people, now)
    with db.transaction() as conn:
        conn.execute(update(delivery).values(state="accepted", at=now - 3_600_000))
    db.close()
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += [
        "-days",
        "1",
        "-keyout",
        str(folder / "key.pem"),
        "-out",
        str(folder / "cert.pem"),
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return [bed.SIGNER.token(TokenPurpose.CLICK, pk, person, 0, 0) for person in people]


def cpu_seconds(process: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(port: int, tokens: list[bytes], count: int, context: ssl.SSLContext | None) -> None:
    """So many requests over some connections, each waiting for its answer."""
    head = b" HTTP/1.1\r\nHost: localhost:8443\r\nUser-Agent: " + AGENT.encode() + b"\r\nAccept: text/html\r\n"
    head += b"Accept-Language: en\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n"

    async def lane(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        for number in range(first, count, CONNECTIONS):
            writer.write(b"GET /t/" + tokens[number % len(tokens)] + head)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 302 "), answer
        writer.close()

    await asyncio.gather(*(lane(number) for number in range(CONNECTIONS)))


def measure(mode: str, folder: Path, tokens: list[bytes], count: int) -> tuple[float, float]:
    """CPU seconds per 1,000 requests, and requests a second by the clock."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, __file__, "--serve", mode, str(folder), str(port)])
    context = None
    if "tls" in mode:
        context = ssl.create_default_context(cafile=str(folder / "cert.pem"))
        context.check_hostname = False
    try:
        _wait(port)
        asyncio.run(load(port, tokens, 2_000, context))  # warm
        time.sleep(0.6)
        cpu, wall = cpu_seconds(process.pid), time.perf_counter()
        asyncio.run(load(port, tokens, count, context))
        wall = time.perf_counter() - wall
        time.sleep(0.6)  # what still waits to be written counts, too
        while _busy(process.pid):
            pass
        cpu = cpu_seconds(process.pid) - cpu
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    return cpu / count * 1000, count / wall


def _busy(process: int) -> bool:
    before = cpu_seconds(process)
    time.sleep(0.4)
    return cpu_seconds(process) - before > 0.05


def _wait(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def written(folder: Path) -> int:
    """How many events are in the log."""
    import distribution_bed as bed
    from sqlalchemy import func, select

    from tidings.store.database import open_sqlite
    from tidings.store.tables import event

    db = open_sqlite(folder / "tidings.db", bed.KEY)
    with db.reading() as conn:
        found = conn.execute(select(func.count()).select_from(event)).scalar_one()
    db.close()
    return found


def main(count: int) -> None:
    """Prints the table."""
    folder = Path(tempfile.mkdtemp(prefix="tidings-bench-"))
    try:
        tokens = prepare(folder)
        print(f"{'server':<20}{'CPU s/1,000':>12}{'req/s/core':>12}{'best':>12}{'req/s wall':>12}   bar {BAR:,}")
        figures: dict[str, list[tuple[float, float]]] = {mode: [] for mode in MODES}
        before = written(folder)
        for _ in range(ROUNDS):
            for mode in MODES:
                figures[mode].append(measure(mode, folder, tokens, count))
        kept = written(folder) - before
        for mode, found in figures.items():
            cost, best = median(each[0] for each in found), min(each[0] for each in found)
            word = "" if "starlette" in mode else "ok" if 1000 / cost >= BAR else "BELOW"
            wall = median(each[1] for each in found)
            print(f"{mode:<20}{cost:>12.4f}{1000 / cost:>12,.0f}{1000 / best:>12,.0f}{wall:>12,.0f}   {word}")
        print(
            f"{kept:,} clicks in the log, {2 * ROUNDS * (count + 2_000):,} were answered; load {os.getloadavg()[0]:.1f}"
        )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
