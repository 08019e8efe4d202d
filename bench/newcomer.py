"""How long a newcomer's first campaign takes: sender and built-in mailbox in one process, on one encrypted file.

python bench/newcomer.py [--messages 1571] [--rounds 3] [--connections 10]
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import delivery
from delivery import bed
from tidings.audience.repository import merge_fields
from tidings.audience.selection import may_send
from tidings.distribution.mailbox.server import MailboxServer
from tidings.distribution.mailbox.service import MailboxService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.events.alike import append_alike
from tidings.events.log import append
from tidings.store.database import open_sqlite

_READER = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)


def one_round(path: Path, connections: int) -> tuple[float, float]:
    """Wall and CPU seconds until the last delivery is in the ledger; every mail is counted in the mailbox."""
    db = open_sqlite(path, bed.KEY)
    server = MailboxServer(db, bed.WallClock())
    asyncio.run(server.start())
    done: list[int] = []
    rooms: dict[str, Any] = {
        "may_send": may_send, "merge_fields": merge_fields, "append_events": append, "append_alike": append_alike
    }  # fmt: skip
    worker = bed.make_worker(db, server.port, lanes=connections, on_finished=lambda _conn, pk: done.append(pk), **rooms)
    wall, cpu = time.perf_counter(), time.process_time()
    worker.start()
    while not done and worker.alive:
        time.sleep(0.002)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    worker.stop_and_wait()
    total, accepted = MailboxService(db).count(_READER).total, bed.states(db, done[0])["accepted"]
    asyncio.run(server.stop())
    db.close()
    if total != accepted:
        raise SystemExit(f"{accepted} accepted, {total} in the mailbox")
    return wall, cpu


def main() -> None:
    """Runs the rounds and prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1571)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=10)
    args = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="tidings-bench-"))
    try:
        delivery.prepare(directory / "base.db", args.messages, 5000)
        found = [
            one_round(Path(shutil.copy(directory / "base.db", directory / f"{no}.db")), args.connections)
            for no in range(args.rounds)
        ]
    finally:
        shutil.rmtree(directory)
    wall = statistics.median(each[0] for each in found)
    cpu = statistics.median(each[1] for each in found) / args.messages * 1000
    rate = f"{args.messages / wall:,.0f} a second, {cpu:.3f} CPU s/1000 (both sides)"
    print(f"{args.messages} mails in {wall:.2f} s: {rate}")


if __name__ == "__main__":
    main()
