"""A worker to be killed: `engine_program.py FILE KEY EXECUTOR`. A step writes its line once."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sqlalchemy import insert, select

from tidings.engine.clock import SystemClock
from tidings.engine.heartbeat import Heartbeat
from tidings.engine.jobs import Jobs
from tidings.store.database import open_sqlite
from tidings.store.tables import activity

database = open_sqlite(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
jobs = Jobs(database, SystemClock(), sys.argv[3])


def write_once(text: str) -> None:
    with database.transaction() as conn:
        if conn.execute(select(activity.c.pk).where(activity.c.text == text)).first() is None:
            conn.execute(insert(activity).values(at=1, source="content", text=text))


@jobs.job("steps", queue="content")
def steps(label: str) -> None:
    for number in range(5):
        jobs.step(f"step {number}", write_once, f"{label}:{number}")
        time.sleep(0.01)


@jobs.job("hang", queue="content")
def hang(label: str) -> None:
    del label
    write_once("hanging")
    time.sleep(600)


Heartbeat(database, SystemClock(), sys.argv[3], ["content"], every=0.2).start()
jobs.start(["content"], poll_seconds=0.05)
print("ready", flush=True)
time.sleep(600)
