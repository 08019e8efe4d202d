"""How long does planning take, and how good is the plan? People × 72 hours, against first come, first served.

    python bench/planning.py [people]        (default 1,000,000)

Bars: score and assign a million within 10 s and 2 GB on two cores, gap ≤ 0.1 %, no rule broken.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tidings.domain.instant import HOUR
from tidings.scheduling import repository
from tidings.scheduling.assign import assign
from tidings.scheduling.masks import still_allowed
from tidings.scheduling.model import learn
from tidings.scheduling.planning import Knowledge, plan
from tidings.scheduling.policy import PlanPolicy
from tidings.store.database import open_sqlite
from tidings.store.tables import metadata

NOW = 1_772_445_600_000
ZONES = [
    ("Europe/Lisbon", "PT"), ("Europe/Berlin", "DE"), ("America/New_York", "US"), ("America/Los_Angeles", "US"),
    ("Asia/Kolkata", "IN"), ("Asia/Kathmandu", "NP"), ("Australia/Lord_Howe", "AU"), ("", "BR"), ("", ""),
]  # fmt: skip


class Somebody(NamedTuple):
    """A person of the benchmark."""

    pk: int
    zone: str
    country: str
    channels: tuple[str, ...] = ("email",)


def greedy(utility: np.ndarray, capacity: np.ndarray) -> float:
    """The peer: each person in turn takes their best hour that still has room. Returns the value reached."""
    left, value = capacity.copy(), 0.0
    for row in utility:
        slot = int(np.where(left > 0, row, -np.inf).argmax())
        if left[slot] > 0 and np.isfinite(row[slot]):
            left[slot] -= 1
            value += float(row[slot])
    return value


def compare(people: int = 100_000) -> None:
    """Assignment against the peer on people with tastes of their own."""
    rng = np.random.default_rng(1)
    tide = 0.02 + 0.01 * np.sin(np.arange(72) / 24 * 2 * np.pi)
    utility = (tide * rng.gamma(8, 1 / 8, (people, 72))).astype(np.float32)
    utility[rng.random((people, 72)) < 0.45] = -np.inf
    utility[:, 0] = 0.001
    capacity = np.full(72, int(people / 72 * 1.1), dtype=np.int64)
    start = time.perf_counter()
    ours = assign(utility, capacity, seed=1)
    took = time.perf_counter() - start
    start = time.perf_counter()
    theirs = greedy(utility, capacity)
    slow = time.perf_counter() - start
    print(f"\nassignment of {people:,} people   value     gap     seconds")
    print(f"  dual prices               {ours.value:9.2f}  {ours.gap:.4%}  {took:.2f}")
    print(f"  first come, first served  {theirs:9.2f}  {1 - theirs / ours.value:.2%} lost  {slow:.2f}")


def main() -> None:
    """Prints the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rng = np.random.default_rng(2)
    people = [Somebody(pk, *ZONES[kind]) for pk, kind in enumerate(rng.integers(0, len(ZONES), count).tolist())]
    clicks = {pk: rng.poisson(0.3, 24).astype(float) for pk in range(0, count, 10)}
    sent = np.full((7, 24), count // 60)
    clicked = rng.binomial(sent, 0.02 + 0.012 * np.sin((np.arange(24) - 6) / 24 * 2 * np.pi))
    policy = PlanPolicy(max_per_hour=int(count / 72 * 1.6) + 1)
    knowledge = Knowledge(learn(clicked, sent), clicks=clicks)
    start, used = time.perf_counter(), time.process_time()
    made = plan(people, variants=["A", "B"], policy=policy, knowledge=knowledge, now=NOW, seed=1)
    planned, used = time.perf_counter() - start, time.process_time() - used
    with tempfile.TemporaryDirectory() as folder:
        database = open_sqlite(Path(folder) / "bench.db", bytes(32))
        metadata.create_all(database.engine)
        start = time.perf_counter()
        with database.transaction() as conn:
            repository.replace_slots(conn, 1, made)
        written = time.perf_counter() - start
        database.close()
    sample = rng.choice(len(made.pk), min(20_000, len(made.pk)), replace=False)
    quiet = sum(
        not still_allowed(people[made.pk[one]].zone, people[made.pk[one]].country, int(made.due_at[one]), policy.quiet)
        for one in sample
    )
    fullest = int(np.unique(made.due_at // HOUR, return_counts=True)[1].max())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:,} people × {policy.window_hours} hours, at most {policy.max_per_hour:,} an hour")
    print(f"  score, mask and assign    {planned:6.2f} s ({used:.2f} s of processor)")
    print(f"  write to encrypted SQLite {written:6.2f} s")
    print(f"  gap                       {made.gap:.4%}")
    print(f"  held back                 {made.held_back}")
    print(f"  in quiet hours            {quiet} of {len(sample):,} looked at")
    print(f"  fullest hour              {fullest:,}")
    print(f"  peak memory               {peak:,.0f} MB")
    compare()


if __name__ == "__main__":
    main()
