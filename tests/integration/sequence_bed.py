"""What the tests of sequences share: a house with people in it, sequences that run, and a post worked by hand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import insert, select, update
from tests.conftest import FakeClock
from tests.integration.test_campaigns_service import HandTurned

from tidings.agents.state import ensure_agents
from tidings.app.wiring import House, wire
from tidings.audience.incoming import ConsentGiven
from tidings.campaigns.sequences.runner import SequenceRunner
from tidings.campaigns.sequences.views import SequenceDetail
from tidings.domain.actor import Actor, Role
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Instant
from tidings.domain.sequence import SequenceDefinition, parse_sequence
from tidings.engine.jobs import Jobs
from tidings.events.log import append
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.store.tables import contact, delivery, sequence_person

BRIEF = {
    "goal": "Fill the bread workshop", "facts": ["It is a bread workshop for beginners."],
    "call_to_action": "Reserve a place", "link": "https://northwind.example.com/workshop", "subjects": 1,
}  # fmt: skip


def send(name: str, **more: Any) -> dict[str, Any]:
    """A send step."""
    return {"id": name, "send": {"brief": BRIEF}, **more}


def sequence(*steps: dict[str, Any], **more: Any) -> SequenceDefinition:
    """A definition around these steps; everybody enters at its start."""
    raw = {"name": "Walk", "brand": "Northwind Bakery", "trigger": {"kind": "start"}, "steps": list(steps), **more}
    return parse_sequence(raw)


@dataclass
class Bed:
    """A house whose jobs are turned by hand and whose mail is delivered by saying so."""

    house: House
    jobs: HandTurned
    clock: FakeClock
    admin: Actor
    author: Actor
    approver: Actor
    runner: SequenceRunner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = SequenceRunner(self.house.db, self.clock, self.house.run)

    @property
    def service(self) -> Any:
        return self.house.services.sequences

    def people(self, number: int, zone: str = "UTC", prefix: str = "p") -> list[int]:
        """Contacts with consent; their numbers."""
        table = "email,first_name,time_zone\n" + "".join(f"{prefix}{n}@example.com,Ada,{zone}\n" for n in range(number))
        given = ConsentGiven(source="sign-up form", wording="Yes, write to me.")
        assert self.house.services.audience.import_csv(self.admin, table, consent=given).added == number
        with self.house.db.reading() as conn:
            query = select(contact.c.pk).where(contact.c.email.like(f"{prefix}%")).order_by(contact.c.pk)
            return list(conn.execute(query).scalars())

    def made(self, definition: SequenceDefinition) -> SequenceDetail:
        """Made and written; waits for approval."""
        detail = self.service.create(self.author, definition)
        self.jobs.turn()
        return self.service.get(self.author, detail.campaign.row.id)

    def running(self, definition: SequenceDefinition) -> SequenceDetail:
        """Approved and begun."""
        detail = self.made(definition)
        assert detail.campaign.revision is not None, detail.campaign.row.state_reason
        self.service.approve(self.approver, detail.campaign.row.id, detail.campaign.revision.id)
        self.service.start(self.approver, detail.campaign.row.id)
        self.jobs.turn()
        return self.service.get(self.author, detail.campaign.row.id)

    def pk(self, detail: SequenceDetail) -> int:
        with self.house.db.reading() as conn:
            from tidings.campaigns.repository import get_campaign

            return get_campaign(conn, detail.campaign.row.id).pk

    def turn(self) -> None:
        """Looks until there is nothing more to do now."""
        for _ in range(200):
            if not self.runner.look():
                return
        raise AssertionError("the runner never comes to rest")

    def post(self, only: Sequence[int] | None = None) -> None:
        """Delivers what is due, as the sender would."""
        now = self.clock.now()
        due = (delivery.c.state == "planned") & (delivery.c.due_at <= now)
        if only is not None:
            due &= delivery.c.contact_pk.in_(only)
        with self.house.db.transaction() as conn:
            conn.execute(update(delivery).where(due).values(state="accepted", at=now))

    def pass_time(self, ms: int, *, step: int = 4 * 3_600_000) -> None:
        """Lets time pass, looking and delivering on the way."""
        until = self.clock.now() + ms
        while True:
            self.turn()
            self.post()
            self.turn()
            if self.clock.now() >= until:
                return
            self.clock.advance(min(step, until - self.clock.now()))

    def happen(self, kind: EventKind, campaign_pk: int, contact_pk: int, step: int = 0) -> None:
        with self.house.db.transaction() as conn:
            append(conn, [Event(kind, self.clock.now(), campaign_pk, contact_pk, step=step)])

    def places(self, campaign_pk: int) -> dict[int, Any]:
        with self.house.db.reading() as conn:
            found = conn.execute(select(sequence_person).where(sequence_person.c.campaign_pk == campaign_pk))
            return {row.contact_pk: row for row in found}

    def deliveries(self, campaign_pk: int) -> list[Any]:
        with self.house.db.reading() as conn:
            query = select(delivery).where(delivery.c.campaign_pk == campaign_pk)
            return list(conn.execute(query.order_by(delivery.c.contact_pk, delivery.c.step)))


def make_bed(database: Database, clock: FakeClock, secrets: Secrets, folder: Path) -> Bed:
    """A house with a brand and accounts, and nobody in it."""
    jobs = HandTurned()
    house = wire(Settings(folder), database, MasterKey(bytes(32)), secrets, clock, "test", jobs=cast("Jobs", jobs))
    with database.transaction() as conn:
        ensure_agents(conn)
    access = house.services.access
    who = {
        role: access.create_account(None, email=f"{role}@example.com", name=role.title(), role=role).actor()
        for role in (Role.ADMIN, Role.AUTHOR, Role.MANAGER)
    }
    house.services.brands.create_brand(
        who[Role.ADMIN],
        {"name": "Northwind Bakery", "sender": {"name": "Northwind", "address": "hello@northwind.example.com"},
         "postal_address": "Mill Lane 4, 1010 Vienna", "website": "https://northwind.example.com"},
    )  # fmt: skip
    return Bed(house, jobs, clock, who[Role.ADMIN], who[Role.AUTHOR], who[Role.MANAGER])


def add_bare_people(database: Database, number: int, now: Instant) -> None:
    """Contacts with consent, straight into the tables: for many."""
    from tidings.store.tables import consent

    with database.transaction() as conn:
        for start in range(0, number, 10_000):
            some = range(start, min(number, start + 10_000))
            conn.execute(
                insert(contact),
                [
                    {"id": f"con_{n}", "email": f"p{n}@example.com", "address_hash": f"h{n}", "first_name": "Ada",
                     "time_zone": "UTC", "created_at": now, "updated_at": now}
                    for n in some
                ],
            )  # fmt: skip
        pks = list(conn.execute(select(contact.c.pk)).scalars())
        for start in range(0, number, 10_000):
            conn.execute(
                insert(consent),
                [
                    {"id": f"cns_{pk}", "contact_pk": pk, "purpose": "marketing_email", "state": "granted", "at": now}
                    for pk in pks[start : start + 10_000]
                ],
            )


def main(path: str, ahead: str) -> None:
    """Run as a program: a runner with small batches, which the crash test kills."""
    import time

    from tests.conftest import DATABASE_KEY

    from tidings.store.database import open_sqlite

    class Ahead:
        def now(self) -> Instant:
            return time.time_ns() // 1_000_000 + int(ahead)

    clock = cast("FakeClock", Ahead())
    database = open_sqlite(Path(path), DATABASE_KEY)
    keys = Secrets(signing_key=b"s" * 32, hash_key=b"h" * 32)
    jobs = cast("Jobs", HandTurned())
    house = wire(Settings(Path(path).parent), database, MasterKey(bytes(32)), keys, clock, "killed", jobs=jobs)
    runner = SequenceRunner(database, clock, house.run, batch=10)
    print("begun", flush=True)
    while runner.look():
        pass
    print("rested", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
