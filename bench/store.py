"""Measures the encrypted store against plain SQLite, in one run: `python bench/store.py [rows]`."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, event, select, text

from tidings.keys.master import MasterKey
from tidings.store.backup import backup
from tidings.store.database import Database, open_sqlite
from tidings.store.migrations import migrate
from tidings.store.rotation import rotate_key
from tidings.store.tables import contact

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
COMMITS = 500


def plain(path: Path) -> Database:
    """The peer: the same settings without encryption."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _settings(connection, _record) -> None:
        for setting in ("journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY", "cache_size=-16000"):
            connection.execute(f"PRAGMA {setting}")

    return Database(engine)


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def insert(db: Database) -> None:
    """All contacts, in one transaction."""
    rows = [
        {"pk": n, "id": f"con_{n}", "email": f"person{n}@example{n % 997}.test", "created_at": n, "updated_at": n}
        for n in range(1, ROWS + 1)
    ]
    with db.transaction() as conn:
        for start in range(0, ROWS, 10_000):
            conn.execute(contact.insert(), rows[start : start + 10_000])


def look_up(db: Database) -> None:
    """20,000 single look-ups by address, spread over the table."""
    with db.reading() as conn:
        query = select(contact.c.pk).where(contact.c.email == text(":e"))
        for n in range(1, 20_001):
            key = (n * 7919) % ROWS + 1
            conn.execute(query, {"e": f"person{key}@example{key % 997}.test"}).scalar_one()


def scan(db: Database) -> None:
    """A condition no index serves."""
    with db.reading() as conn:
        conn.execute(text("SELECT count(*) FROM contact WHERE locale || country LIKE '%x%'")).scalar()


def commit_p99(db: Database) -> float:
    """The 99th percentile of one-row commits, in seconds."""
    times = []
    for n in range(COMMITS):
        began = time.perf_counter()
        with db.transaction() as conn:
            conn.execute(contact.update().where(contact.c.pk == n + 1).values(updated_at=0))
        times.append(time.perf_counter() - began)
    return statistics.quantiles(times, n=100)[98]


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        master = MasterKey(bytes(range(32)))
        sealed, bare = open_sqlite(data / "tidings.db", master.raw), plain(Path(folder) / "plain.db")
        figures: dict[str, list[float]] = {}
        for db in (bare, sealed):
            migrate(db)
            for name, seconds in (
                (f"insert {ROWS:,} contacts, s", timed(lambda: insert(db))),  # noqa: B023 - called at once
                ("20,000 look-ups by address, s", timed(lambda: look_up(db))),  # noqa: B023
                ("full scan, s", timed(lambda: scan(db))),  # noqa: B023
                ("one-row commit p99, ms", commit_p99(db) * 1000),
            ):
                figures.setdefault(name, []).append(seconds)
        print(f"{'':34}{'plain':>10}{'encrypted':>12}{'times':>8}")
        for name, (first, second) in figures.items():
            print(f"{name:34}{first:10.3f}{second:12.3f}{second / first:8.2f}")
        print(f"{'backup, verified, s':34}{'':10}{timed(lambda: backup(sealed, master, Path(folder) / 'b')):12.3f}")
        sealed.close()
        bare.close()
        print(f"{'rotation of the key, s':34}{'':10}{timed(lambda: rotate_key(data, master)):12.3f}")
        print(f"size of the file: {(data / 'tidings.db').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
