"""Launching, counting, holding, the kill switch and previews."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed

from tidings.distribution.agent import DistributionAgent
from tidings.distribution.service import DistributionService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from tidings.domain.message import Link
from tidings.events.activity import ActivityFeed
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import activity, campaign, chunk, decision, delivery, link, message, slot

ADA = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
VIEWER = Actor(ActorKind.PERSON, "acc_2", "Vic", Role.VIEWER)


@pytest.fixture
def service(database: Database, clock: Any, secrets: Secrets) -> DistributionService:
    return DistributionService(database, clock, secrets, base_url=bed.BASE_URL)


def planned(db: Database, clock: Any, people: int) -> int:
    """A campaign with a plan that is not launched yet."""
    pk = bed.add_campaign(db, bed.add_people(db, people, clock.now()), clock.now() + 5000)
    with db.transaction() as conn:
        for table in (delivery, chunk, message, link):
            conn.execute(delete(table))
    return pk


def test_launch_freezes_the_plan_once(service: DistributionService, database: Database, clock: Any) -> None:
    pk = planned(database, clock, 1203)
    with database.transaction() as conn:
        assert service.launch(conn, pk, [bed.template()], clock.now()) == 1203
    with database.transaction() as conn:
        assert service.launch(conn, pk, [bed.template()], clock.now(), ignore_plan_times=True) == 1203
        assert service.counts(conn, pk) == {"planned": 1203}
        chunks = conn.execute(select(chunk.c.no, chunk.c.next_due_at).order_by(chunk.c.no)).all()
        assert chunks == [(no, clock.now() + 5000) for no in range(3)]
        assert conn.execute(select(link.c.url)).scalars().all() == ["https://northwind.example/workshop?a=1&b=2"]
        rows = service.delivery_rows(conn, pk, after_contact=0, limit=2)
        assert [row.email for row in rows] == ["p0@example.com", "p1@example.com"]
        assert service.message_id(conn, pk, rows[0].contact_pk).endswith("@northwind.example")


def test_sending_now_ignores_the_plans_times(service: DistributionService, database: Database, clock: Any) -> None:
    pk = planned(database, clock, 3)
    with database.transaction() as conn:
        service.launch(conn, pk, [bed.template()], clock.now(), ignore_plan_times=True)
        assert set(conn.execute(select(delivery.c.due_at)).scalars()) == {clock.now()}


def test_what_cannot_be_sent_is_found_before_the_send(
    service: DistributionService, database: Database, clock: Any
) -> None:
    pk = planned(database, clock, 3)
    broken = bed.template().model_copy(update={"text": "{{ contact.first_name | shout }}"})
    needs = bed.template().model_copy(update={"text": "{{ contact.city }}"})
    other = bed.template("B").model_copy(update={"links": (Link(no=0, url="https://other.example", label="x"),)})
    for templates, kind, word in (
        ([broken], InvalidInputError, "shout"),
        ([needs], InvalidInputError, "contact.city"),
        ([bed.template("B")], InvalidInputError, "A"),
        ([bed.template(), other], ConflictError, "links"),
    ):
        with pytest.raises(kind, match=word), database.transaction() as conn:
            service.launch(conn, pk, templates, clock.now())
    with database.reading() as conn:
        assert service.counts(conn, pk) == {}


def test_hold_release_and_cancel_keep_the_sum(service: DistributionService, database: Database, clock: Any) -> None:
    pk = planned(database, clock, 10)
    with database.transaction() as conn:
        service.launch(conn, pk, [bed.template()], clock.now(), ignore_plan_times=True)
        assert service.hold(conn, pk, "legal asks") == 10
        assert service.counts(conn, pk) == {"held": 10}
        paused = conn.execute(select(campaign.c.paused_by, campaign.c.state_reason)).one()
        assert tuple(paused) == ("Tidings", "Paused by the legal asks.")
    worker = bed.make_worker(database, 1, clock=clock)
    assert worker._ledger.step(10).claimed == []
    with database.transaction() as conn:
        assert service.release(conn, pk) == 10
        conn.execute(update(campaign).values(paused_at=None))
        conn.execute(
            update(delivery)
            .where(delivery.c.contact_pk == conn.execute(select(slot.c.contact_pk)).scalars().first())
            .values(state="accepted")
        )
        assert service.cancel_open(conn, pk) == 9
        assert service.counts(conn, pk) == {"accepted": 1, "cancelled": 9}
        assert set(conn.execute(select(chunk.c.state)).scalars()) == {"done"}
    worker._ledger.close()


def test_the_kill_switch(service: DistributionService, database: Database) -> None:
    with pytest.raises(ForbiddenError):
        service.pause_all(VIEWER, "")
    service.pause_all(ADA, "wrong price")
    service.pause_all(ADA, "again")
    with database.reading() as conn:
        paused = service.all_paused(conn)
    assert paused is not None
    assert (paused["by"], paused["reason"]) == ("Ada", "wrong price")
    service.resume_all(ADA)
    service.resume_all(ADA)
    with database.reading() as conn:
        assert service.all_paused(conn) is None


def test_a_preview_shows_plain_links_and_any_address(service: DistributionService) -> None:
    fields = {"first_name": "Åsa", "email": "a…@example.com"}
    shown = service.render_one(bed.template(), fields, ["https://northwind.example/workshop"], "https://x/u/preview")
    assert shown.subject == "Bread for Åsa"
    assert 'href="https://northwind.example/workshop"' in shown.html
    assert "https://x/u/preview" in shown.text
    assert shown.preheader == "Warm"
    assert shown.headers["From"] == "Northwind Bakery <hello@northwind.example>"


def test_the_agent_records_why(database: Database, clock: Any) -> None:
    pk = bed.add_campaign(database, bed.add_people(database, 4, clock.now()), clock.now())
    agent = DistributionAgent(database, clock, ActivityFeed(database, clock).note, relay="r:25", connections=3)
    with database.transaction() as conn:
        agent.starting(conn, pk)
    agent.holding("relay not reachable: r:25 (refused)", 4)
    agent.going_on(4)
    agent.taken_over(2, 1)
    with database.reading() as conn:
        made = conn.execute(select(decision).order_by(decision.c.pk)).all()
        lines = conn.execute(select(activity.c.text)).scalars().all()
    assert [row.kind for row in made] == ["start_sending", "hold", "go_on", "take_over"]
    assert made[0].summary == "Start sending “one”: 4 people, relay r:25, 3 connections"
    assert all(row.reason and row.decided_by for row in made)
    assert len(lines) == 4
