"""How many events a second the log takes in with its rollups. Run: `python bench/events.py`; peak at one writer."""

from __future__ import annotations

import os
import random
import tempfile
import time
from pathlib import Path

from tidings.domain.event import Event, EventKind
from tidings.domain.instant import HOUR
from tidings.events.log import append
from tidings.store.database import Database, open_postgresql, open_sqlite
from tidings.store.tables import metadata

EVENTS = 40_000
BAR = 6_000
KINDS = [EventKind.ACCEPTED, EventKind.DELIVERED, EventKind.OPENED, EventKind.CLICKED, EventKind.CLICKED]


def made_up(seed: int = 7) -> list[Event]:
    """Events of 10 campaigns and 20,000 people over 30 days, one in ten by a machine."""
    rng = random.Random(seed)
    return [
        Event(
            rng.choice(KINDS),
            1_790_000_000_000 + rng.randrange(30 * 24 * HOUR),
            rng.randrange(1, 11),
            rng.randrange(1, 20_001),
            variant=rng.choice("AB"),
            machine=0.9 if rng.random() < 0.1 else 0.05,
            hour_local=rng.randrange(24),
            detail={"weekday": str(rng.randrange(7))},
        )
        for _ in range(EVENTS)
    ]


def measure(database: Database, batch: int) -> tuple[float, float]:
    """Events a second and events a second of our own processor time, one transaction a batch."""
    metadata.drop_all(database.engine)
    metadata.create_all(database.engine)
    events = made_up()
    started, used = time.perf_counter(), time.process_time()
    for lo in range(0, len(events), batch):
        with database.transaction() as conn:
            append(conn, events[lo : lo + batch])
    return len(events) / (time.perf_counter() - started), len(events) / (time.process_time() - used)


def _verdict(rate: float, batch: int) -> str:
    """The bar is for batches as the tracking writer makes them under load; small ones are bound by the disk's flush."""
    if batch < 100:
        return "-"
    return "ok" if rate >= BAR else "BELOW"


def main() -> None:
    """Prints one line a database and batch size. Set TIDINGS_BENCH_POSTGRES to a `postgresql://` address to add it."""
    with tempfile.TemporaryDirectory() as directory:
        databases = {"encrypted SQLite": open_sqlite(Path(directory) / "bench.db", os.urandom(32))}
        if address := os.environ.get("TIDINGS_BENCH_POSTGRES"):
            databases["PostgreSQL"] = open_postgresql(address)
        print(f"{'database':<18}{'batch':>7}{'events/s':>12}{'per CPU s':>12}   bar {BAR:,}")
        for name, database in databases.items():
            for batch in (20, 100, 500, 2_000):
                rate, per_cpu = measure(database, batch)
                print(f"{name:<18}{batch:>7}{rate:>12,.0f}{per_cpu:>12,.0f}   {_verdict(rate, batch)}")
            database.close()


if __name__ == "__main__":
    main()
