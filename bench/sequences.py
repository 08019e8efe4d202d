"""What does a sequence with many people in it cost: asleep, and when all of them go one step on?

    python bench/sequences.py [people] [idle seconds]        (default 100,000 people, 30 s)

On the encrypted file, `synchronous=FULL`, with the event log, consent and suppression as they are in use. Bar: no idle
CPU to speak of (the loop of a runner with nobody in it is measured beside it).
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import func, insert, select, update

from tidings.access.service import AccessService
from tidings.agents.state import ensure_agents
from tidings.app.wiring import House, wire
from tidings.campaigns import repository as campaigns
from tidings.campaigns.sequences.runner import SequenceRunner
from tidings.domain.actor import Role
from tidings.domain.instant import DAY, HOUR
from tidings.domain.sequence import parse_sequence
from tidings.engine.jobs import Jobs
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.settings import Settings
from tidings.store.database import open_sqlite
from tidings.store.migrations import migrate
from tidings.store.tables import consent, contact, delivery, event, sequence_person

BRIEF = {
    "goal": "Fill the bread workshop", "facts": ["It is a bread workshop for beginners."],
    "call_to_action": "Reserve a place", "link": "https://northwind.example.com/workshop",
}  # fmt: skip
STEPS = [
    {"id": "one", "send": {"brief": BRIEF}},
    {"id": "wait", "wait": "1 day"},
    {"id": "asked", "branch": {"when": {"clicked": "one", "within": "30 days"}, "then": "two", "otherwise": "end"}},
    {"id": "two", "send": {"brief": BRIEF}},
]
DEFINITION = {
    "name": "Walk", "brand": "Northwind Bakery", "trigger": {"kind": "start"}, "exits": ["converted"], "steps": STEPS,
}  # fmt: skip


@dataclass
class Clock:
    """A clock that can be put forward."""

    ahead: int = 0

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead


@dataclass
class AtOnce:
    """Jobs that run when `turn` is called."""

    known: dict[str, Any] = field(default_factory=dict)
    waiting: list[Any] = field(default_factory=list)
    on_error: Any = None

    def job(self, name: str, **_: Any) -> Any:
        return lambda function: self.known.setdefault(name, function)

    def enqueue(self, _conn: Any, name: str, *args: Any, delay_ms: int = 0, **_: Any) -> None:
        if not delay_ms:
            self.waiting.append((name, args))

    def turn(self) -> None:
        while self.waiting:
            name, args = self.waiting.pop(0)
            self.known[name](*args)


def cpu() -> float:
    """Seconds of CPU this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> float:
    """MiB in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / (1 << 20)


def fill(house: House, number: int, now: int) -> None:
    """Contacts with consent, in ten zones."""
    zones = ["Europe/Lisbon", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Tokyo", "UTC", "", "", "", ""]
    with house.db.transaction() as conn:
        for start in range(0, number, 20_000):
            some = range(start, min(number, start + 20_000))
            conn.execute(insert(contact), [
                {"id": f"con_{n}", "email": f"p{n}@example.com", "address_hash": f"h{n}", "first_name": "Ada",
                 "time_zone": zones[n % 10], "country": "DE", "created_at": now, "updated_at": now} for n in some
            ])  # fmt: skip
        pks = list(conn.execute(select(contact.c.pk)).scalars())
        for start in range(0, number, 20_000):
            conn.execute(insert(consent), [
                {"id": f"cns_{pk}", "contact_pk": pk, "purpose": "marketing_email", "state": "granted", "at": now}
                for pk in pks[start : start + 20_000]
            ])  # fmt: skip


def build(folder: Path, clock: Clock, jobs: AtOnce) -> House:
    """An installation with the brand."""
    db = open_sqlite(folder / "tidings.db", bytes(32))
    migrate(db)
    keys = Secrets(signing_key=b"s" * 32, hash_key=b"h" * 32)
    house = wire(Settings(folder), db, MasterKey(bytes(32)), keys, clock, "bench", jobs=cast("Jobs", jobs))
    with db.transaction() as conn:
        ensure_agents(conn)
    return house


def begin(house: House, jobs: AtOnce) -> tuple[int, str]:
    """Makes the sequence, has it approved and starts it."""
    access: AccessService = house.services.access
    admin = access.create_account(None, email="a@example.com", name="Ann", role=Role.ADMIN).actor()
    house.services.brands.create_brand(admin, {
        "name": "Northwind Bakery", "sender": {"name": "Northwind", "address": "hello@northwind.example.com"},
        "postal_address": "Mill Lane 4, 1010 Vienna", "website": "https://northwind.example.com",
    })  # fmt: skip
    sequences = house.services.sequences
    made = sequences.create(admin, parse_sequence(DEFINITION))
    jobs.turn()
    made = sequences.get(admin, made.campaign.row.id)
    assert made.campaign.revision is not None, made.campaign.row.state_reason
    sequences.approve(admin, made.campaign.row.id, made.campaign.revision.id)
    sequences.start(admin, made.campaign.row.id)
    jobs.turn()
    with house.db.reading() as conn:
        return campaigns.get_campaign(conn, made.campaign.row.id).pk, made.campaign.row.id


def measured(what: str, number: int, runner: SequenceRunner) -> None:
    """Lets the runner work until it rests."""
    wall, used = time.perf_counter(), cpu()
    looks = 1
    while runner.look():
        looks += 1
    wall, used = time.perf_counter() - wall, cpu() - used
    print(
        f"{what:<44}{wall:8.2f} s{used:8.2f} CPU s{number / wall:12,.0f} people/s{looks:6} looks{resident():8.0f} MiB"
    )


def idle(what: str, runner: SequenceRunner, seconds: float) -> None:
    """Runs the loop with nothing to do."""
    used, wall = cpu(), time.perf_counter()
    runner.start()
    time.sleep(seconds)
    runner.stop()
    used, wall = cpu() - used, time.perf_counter() - wall
    print(f"{what:<44}{wall:8.2f} s{used:8.3f} CPU s{100 * used / wall:11.2f} % of a core")


def main(people: int = 100_000, seconds: float = 30.0) -> None:
    """Fills, measures, prints."""
    with tempfile.TemporaryDirectory() as folder:
        clock, jobs = Clock(), AtOnce()
        house = build(Path(folder), clock, jobs)
        idle("asleep, no sequence", SequenceRunner(house.db, clock, house.run), seconds)
        fill(house, people, clock.now())
        pk, _ = begin(house, jobs)
        runner = SequenceRunner(house.db, clock, house.run)
        before = resident()
        print(f"{people:,} people; {before:.0f} MiB before")
        measured("enter, and come to the first message", people, runner)
        with house.db.transaction() as conn:
            conn.execute(update(delivery).values(state="accepted", at=clock.now()))
        idle(f"asleep, {people:,} people waiting", SequenceRunner(house.db, clock, house.run), seconds)
        clock.ahead = DAY + 14 * HOUR
        measured("a wait over: on to a branch that waits", people, runner)
        now = clock.now()
        with house.db.transaction() as conn:
            people_in = list(conn.execute(select(sequence_person.c.contact_pk)).scalars())
            conn.execute(insert(event), [
                {"kind": "clicked", "at": now, "campaign_pk": pk, "contact_pk": person, "step": 0, "detail": {}}
                for person in people_in
            ])  # fmt: skip
        measured("everybody clicks: on to the second message", people, runner)
        with house.db.reading() as conn:
            sent = conn.execute(select(func.count()).select_from(delivery)).scalar_one()
        print(f"deliveries {sent:,}; database {(Path(folder) / 'tidings.db').stat().st_size / (1 << 20):.0f} MiB; "
              f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")  # fmt: skip
        house.close()


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:2]), *(float(text) for text in sys.argv[2:3]))
