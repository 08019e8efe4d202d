"""How fast mails leave the encrypted ledger, beside `smtp-source`, on the same `smtp-sink`, in turns.

    python bench/delivery.py [--messages 20000] [--rounds 3] [--size 5000] [--connections 10]

`whole` is what the product does: consent and suppression asked for each person, merge fields read, claimed before
(synchronous=FULL), outcome and event written after. `ledger` is the same without the other rooms' part (audience and
event log), to see what is the sender's own. `smtp-source` sends one canned body and keeps no record.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration"))
import distribution_bed as bed
from sqlalchemy import insert

from tidings.audience.repository import merge_fields
from tidings.audience.selection import may_send
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
    """The measured process: sends everything, then prints its figures as JSON."""
    db = open_sqlite(path, bed.KEY)
    done: list[int] = []
    real: dict[str, Any] = {"may_send": may_send, "merge_fields": merge_fields, "append_events": append}
    given = real if mode == "whole" else {"append_events": bed.no_events}
    worker = bed.make_worker(db, port, lanes=connections, on_finished=lambda _c, pk: done.append(pk), **given)
    wall, cpu = time.perf_counter(), time.process_time()
    worker.start()
    while not done and worker.alive:
        time.sleep(0.002)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    worker.stop_and_wait()
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "rss": rss, "states": bed.states(db, done[0])}))


def ours(base: Path, port: int, connections: int, mode: str) -> dict[str, Any]:
    """One round of ours on a fresh copy of the ledger."""
    path = Path(shutil.copy(base, base.with_name("round.db")))
    command = [sys.executable, __file__, "--send", str(path), str(port), str(connections), mode]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    return json.loads(out)


def theirs(port: int, messages: int, size: int, connections: int) -> dict[str, Any]:
    """One round of smtp-source."""
    command = [SOURCE, "-d", "-s", str(connections), "-m", str(messages), "-l", str(size)]
    started = time.perf_counter()
    process = subprocess.Popen([*command, "-f", "a@x.example", "-t", "b@y.example", f"127.0.0.1:{port}"])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("smtp-source failed")
    return {
        "wall": time.perf_counter() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "rss": usage.ru_maxrss / 1024,
    }


def open_sink() -> tuple[subprocess.Popen[bytes], int]:
    """smtp-sink on a free port."""
    port = bed.free_port()
    process = subprocess.Popen([SINK, "-u", "nobody", f"127.0.0.1:{port}", "512"])
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, port
        time.sleep(0.05)
    raise SystemExit("smtp-sink does not listen")


def main() -> None:
    """Runs the rounds in turn and prints medians."""
    if sys.argv[1:2] == ["--send"]:
        send(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=5_000)
    parser.add_argument("--connections", type=int, default=10)
    args = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="tidings-bench-"))
    sink, port = open_sink()
    found: dict[str, list[dict[str, Any]]] = {"smtp-source": [], "ledger": [], "whole": []}
    try:
        prepare(directory / "base.db", args.messages, args.size)
        for _ in range(args.rounds):
            found["smtp-source"].append(theirs(port, args.messages, args.size, args.connections))
            for mode in ("ledger", "whole"):
                found[mode].append(ours(directory / "base.db", port, args.connections, mode))
    finally:
        sink.terminate()
        sink.wait()
        shutil.rmtree(directory)
    show(found, args.messages)


def show(found: dict[str, list[dict[str, Any]]], messages: int) -> None:
    """The table."""
    base = statistics.median(messages / each["wall"] for each in found["smtp-source"])
    print(f"\n{'sender':<14}{'msg/s':>10}{'lowest':>10}{'highest':>10}{'ratio':>8}{'CPU s/1000':>12}{'RSS MB':>8}")
    for name, rounds in found.items():
        rates = [messages / each["wall"] for each in rounds]
        cpu = statistics.median(each["cpu"] / messages * 1000 for each in rounds)
        rate, rss = statistics.median(rates), max(each["rss"] for each in rounds)
        spread = f"{min(rates):>10,.0f}{max(rates):>10,.0f}"
        print(f"{name:<14}{rate:>10,.0f}{spread}{rate / base:>8.2f}{cpu:>12.3f}{rss:>8.0f}")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")


if __name__ == "__main__":
    main()
