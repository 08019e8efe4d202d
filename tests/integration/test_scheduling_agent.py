"""The Scheduling agent on a real database: slots, plan and decision belong together and keep every rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from tidings.audience.selection import Person, Selection
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.brief import Brief
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, HOUR, Clock, from_datetime
from tidings.domain.plan import FrequencyCap, HeldBack, PlanSummary, QuietHours
from tidings.events.log import append
from tidings.scheduling import repository
from tidings.scheduling.agent import SchedulingAgent
from tidings.scheduling.masks import still_allowed
from tidings.scheduling.policy import PlanPolicy
from tidings.store.database import Database
from tidings.store.tables import agent, brand, campaign, contact, decision, delivery, slot

ZONES = [("Europe/Lisbon", "PT"), ("America/New_York", "US"), ("Asia/Kolkata", "IN"), ("", "BR"), ("", "")]
ANNA = Actor(ActorKind.PERSON, "acc_anna", "Anna", Role.MANAGER)
BRIEF = Brief(
    name="Autumn", goal="Fill the workshop", brand="Northwind", facts=("It is a workshop.",),  # pyright: ignore[reportArgumentType]
    call_to_action="Reserve", link="https://example.com",
)  # fmt: skip


def add_campaign(conn: Connection, pk: int, **more: Any) -> None:
    if pk == 1:
        conn.execute(insert(brand).values(id="brd_1", name="Northwind", created_at=0, updated_at=0))
    row = {"pk": pk, "id": f"cmp_{pk}", "name": f"Campaign {pk}", "brand_id": "brd_1", "state": "planning"}
    conn.execute(insert(campaign).values(brief={}, policy={}, created_at=0, updated_at=0, **{**row, **more}))


def add_people(conn: Connection, count: int) -> list[Person]:
    rows = [
        {
            "pk": pk, "id": f"con_{pk}", "email": f"p{pk}@example.com", "time_zone": ZONES[pk % 5][0],
            "country": ZONES[pk % 5][1], "attributes": {}, "created_at": 0, "updated_at": 0,
        }
        for pk in range(1, count + 1)
    ]  # fmt: skip
    conn.execute(insert(contact), rows)
    return [Person(row["pk"], row["time_zone"], row["country"], "en", 0) for row in rows]


def propose(
    scheduling: SchedulingAgent, conn: Connection, people: Sequence[Person], pk: int = 1, **policy: Any
) -> PlanSummary:
    return scheduling.propose(
        conn, campaign_pk=pk, campaign_id=f"cmp_{pk}", revision_id="rev_1", variants=["A", "B"], seed=7,
        selection=Selection(list(people), {HeldBack.NO_CONSENT: 4}), policy=PlanPolicy(**policy),
    )  # fmt: skip


def slots(conn: Connection, pk: int = 1) -> list[Any]:
    return list(conn.execute(select(slot).where(slot.c.campaign_pk == pk).order_by(slot.c.contact_pk)))


def test_a_plan_writes_slots_summary_and_decision_that_agree(database: Database, clock: Clock) -> None:
    scheduling = SchedulingAgent(database, clock)
    with database.transaction() as conn:
        add_campaign(conn, 1)
        told = propose(scheduling, conn, add_people(conn, 100))
    with database.reading() as conn:
        rows = slots(conn)
        record = conn.execute(select(decision)).one()
        assert repository.latest_plan(conn, 1) == told
    assert told.people == len(rows) == 100
    assert sum(told.by_hour.values()) == sum(told.by_reason.values()) == sum(told.by_variant.values()) == 100
    assert told.by_variant == {"A": 50, "B": 50}
    assert told.held_back == {"no_consent": 4}
    assert told.zones_assumed == sum(row.zone_assumed for row in rows) == 40
    assert (told.first_at, told.last_at) == (min(row.due_at for row in rows), max(row.due_at for row in rows))
    for row in rows:
        zone, country = ZONES[row.contact_pk % 5]
        assert still_allowed(zone, country, row.due_at, QuietHours())
    assert record.agent == "scheduling"
    assert {one["what"] for one in record.alternatives} == {"send_now", "best_global_hour"}
    assert all(one["expected_clicks"] >= 0 for one in record.alternatives)
    assert told.expected_gain.startswith("Not enough data yet")
    assert record.inputs["plan_id"] == told.id


def test_planning_twice_replaces_and_repeats(database: Database, clock: Clock) -> None:
    scheduling = SchedulingAgent(database, clock)
    with database.transaction() as conn:
        add_campaign(conn, 1)
        people = add_people(conn, 40)
        propose(scheduling, conn, people)
        first = [tuple(row) for row in slots(conn)]
        propose(scheduling, conn, people)
        assert [tuple(row) for row in slots(conn)] == first
        propose(scheduling, conn, people[:10])
        assert len(slots(conn)) == 10


def test_an_empty_audience_gives_an_empty_plan(database: Database, clock: Clock) -> None:
    with database.transaction() as conn:
        add_campaign(conn, 1)
        told = propose(SchedulingAgent(database, clock), conn, [])
    assert (told.people, told.first_at, told.by_hour) == (0, None, {})


def test_the_cap_counts_sent_open_and_proposed_messages_of_other_campaigns(database: Database, clock: Clock) -> None:
    now = clock.now()
    scheduling = SchedulingAgent(database, clock)
    with database.transaction() as conn:
        for pk in range(1, 6):
            add_campaign(conn, pk, state="sending" if pk == 2 else "review")
        conn.execute(campaign.update().where(campaign.c.pk == 4).values(state="cancelled"))
        people = add_people(conn, 6)
        ledger = {"campaign_pk": 2, "channel": "email", "step": 0, "chunk_no": 0}
        conn.execute(
            insert(delivery),
            [
                {**ledger, "contact_pk": 1, "state": "delivered", "at": now - DAY, "due_at": now - 2 * DAY},
                {**ledger, "contact_pk": 2, "state": "planned", "at": None, "due_at": now + DAY},
                {**ledger, "contact_pk": 3, "state": "cancelled", "at": now - DAY, "due_at": now + DAY},
                {**ledger, "contact_pk": 6, "state": "uncertain", "at": now - DAY, "due_at": now - DAY},
            ],
        )
        place = {"step": 0, "due_at": now + DAY, "reason": "best_hour", "zone": "UTC"}
        conn.execute(
            insert(slot), [{**place, "campaign_pk": 3, "contact_pk": 4}, {**place, "campaign_pk": 4, "contact_pk": 5}]
        )
        told = propose(scheduling, conn, people, cap=FrequencyCap(limit=1, days=7))
        planned = {row.contact_pk for row in slots(conn)}
    assert planned == {3, 5}
    assert told.held_back["frequency_cap"] == 4
    assert told.cap_holders == {"cmp_2": 3, "cmp_3": 1}, "whose messages leave them out, the most first"


def test_the_own_former_plan_does_not_count_against_the_cap(database: Database, clock: Clock) -> None:
    scheduling = SchedulingAgent(database, clock)
    with database.transaction() as conn:
        add_campaign(conn, 1)
        people = add_people(conn, 10)
        for _ in range(3):
            told = propose(scheduling, conn, people, cap=FrequencyCap(limit=1, days=7))
            assert (told.people, told.cap_holders) == (10, {})


def test_what_people_did_decides_the_hours(database: Database, clock: Clock) -> None:
    now = clock.now()
    scheduling = SchedulingAgent(database, clock)
    with database.transaction() as conn:
        add_campaign(conn, 1)
        add_campaign(conn, 2, state="done")
        people = add_people(conn, 2500)
        events: list[Event] = []
        for person in people:  # everybody got it at 9 or 17 o'clock; those at 17 clicked far more often
            hour = 17 if person.pk % 2 else 9
            events.append(Event(EventKind.ACCEPTED, now - DAY, 2, person.pk, hour_local=hour))
            if person.pk % (4 if hour == 17 else 40) == (1 if hour == 17 else 0):
                events.append(Event(EventKind.CLICKED, now - DAY + HOUR, 2, person.pk, hour_local=hour))
        append(conn, events)
        told = propose(scheduling, conn, people[:500], holdout_share=0.0)
        model = scheduling.hour_model(conn)
    assert model.rate[:, 17].mean() > model.rate[:, 9].mean()
    assert "90 % interval" in told.expected_gain


def test_an_override_sets_one_time_and_moves_whom_it_would_disturb(database: Database, clock: Clock) -> None:
    scheduling = SchedulingAgent(database, clock)
    due = from_datetime(datetime(2026, 3, 4, 15, 0, tzinfo=UTC))  # 10:00 in New York, 20:30 in Kolkata, noon in Brazil
    late = from_datetime(datetime(2026, 3, 4, 22, 0, tzinfo=UTC))
    with database.transaction() as conn:
        add_campaign(conn, 1)
        people = add_people(conn, 50)
        propose(scheduling, conn, people)
        told = scheduling.override_time(conn, campaign_pk=1, campaign_id="cmp_1", due_at=due, actor=ANNA, reason="Fair")
        assert {row.due_at for row in slots(conn)} == {due}
        assert told.by_reason == {"override": 50}
        moved = scheduling.override_time(conn, campaign_pk=1, campaign_id="cmp_1", due_at=late, actor=ANNA)
        for row in slots(conn):
            assert still_allowed(*ZONES[row.contact_pk % 5], row.due_at, QuietHours())
            assert row.due_at == late or row.reason == "quiet_hours"
        assert moved.by_reason["quiet_hours"] >= 30
        assert sum(moved.by_variant.values()) == moved.people == 50
        forced = scheduling.override_time(
            conn, campaign_pk=1, campaign_id="cmp_1", due_at=late, actor=ANNA, forced=True
        )
        assert forced.by_reason == {"override": 50}
        records = conn.execute(select(decision).where(decision.c.kind == "send_time_override")).all()
    assert len(records) == 3
    assert records[0].decided_by == "person: Anna"
    assert records[0].reason == "Fair"
    assert moved.held_back == {"no_consent": 4}


def test_an_override_too_leaves_out_the_channel_for_which_there_is_no_room(database: Database, clock: Clock) -> None:
    scheduling, now = SchedulingAgent(database, clock), clock.now()
    with database.transaction() as conn:
        add_campaign(conn, 1)
        add_campaign(conn, 2, state="sending")
        people = [person._replace(channels=("email", "sms")) for person in add_people(conn, 3)]
        people[2] = people[2]._replace(channels=("sms",))
        told = propose(scheduling, conn, people)
        assert told.by_channel == {"email": 2, "sms": 3}
        row = {"campaign_pk": 2, "channel": "email", "step": 0, "chunk_no": 0, "state": "accepted", "due_at": now}
        conn.execute(
            insert(delivery),
            [{**row, "contact_pk": 1, "at": now - number * HOUR, "step": number} for number in range(2)],
        )
        told = scheduling.override_time(
            conn, campaign_pk=1, campaign_id="cmp_1", due_at=now + HOUR, actor=ANNA, forced=True,
            policy=PlanPolicy(cap=FrequencyCap(3, 30)),
        )  # fmt: skip
        assert [one.channels for one in slots(conn)] == ["email", "email,sms", "sms"]
    assert (told.by_channel, sum(told.by_variant.values())) == ({"email": 2, "sms": 2}, 2)
    assert told.held_by_channel["sms"] == {"frequency_cap": 1}
    assert told.held_back == {"no_consent": 4}
    assert told.cap_holders == {"cmp_2": 1}


def test_an_override_keeps_the_cap_even_when_forced(database: Database, clock: Clock) -> None:
    scheduling, now = SchedulingAgent(database, clock), clock.now()
    with database.transaction() as conn:
        add_campaign(conn, 1)
        add_campaign(conn, 2, state="sending")
        people = add_people(conn, 2)
        propose(scheduling, conn, people)
        row = {"campaign_pk": 2, "channel": "email", "step": 0, "chunk_no": 0, "state": "accepted", "due_at": now}
        conn.execute(
            insert(delivery),
            [{**row, "contact_pk": 1, "at": now - number * HOUR, "step": number} for number in range(3)],
        )
        told = scheduling.override_time(
            conn, campaign_pk=1, campaign_id="cmp_1", due_at=now + HOUR, actor=ANNA, forced=True,
            policy=PlanPolicy(cap=FrequencyCap(3, 30)),
        )  # fmt: skip
        assert told.held_back["frequency_cap"] == 1
        assert told.cap_holders == {"cmp_2": 1}
        assert [one.contact_pk for one in slots(conn)] == [2]


def test_an_override_needs_a_plan_and_a_time_to_come(database: Database, clock: Clock) -> None:
    scheduling = SchedulingAgent(database, clock)
    with database.transaction() as conn:
        add_campaign(conn, 1)
        with pytest.raises(ConflictError):
            scheduling.override_time(conn, campaign_pk=1, campaign_id="cmp_1", due_at=clock.now() + 1, actor=ANNA)
        with pytest.raises(InvalidInputError):
            scheduling.override_time(conn, campaign_pk=1, campaign_id="cmp_1", due_at=clock.now() - 1, actor=ANNA)


def test_the_policy_comes_from_settings_and_brief(database: Database, clock: Clock) -> None:
    scheduling = SchedulingAgent(database, clock)
    now = clock.now()  # 2 March 2026, 10:00 UTC
    with database.transaction() as conn:
        conn.execute(insert(agent).values(name="scheduling", config={"quiet_start": 20, "max_per_hour": 50}))
        policy = scheduling.policy_for(conn, BRIEF, now)
        assert (policy.quiet.start, policy.max_per_hour, policy.window_hours, policy.earliest) == (20, 50, 72, None)
        later = scheduling.policy_for(conn, BRIEF.model_copy(update={"send_after": "2026-03-05"}), now)
        assert later.earliest == from_datetime(datetime(2026, 3, 5, tzinfo=UTC))
        assert later.window_hours == 72
        begun = scheduling.policy_for(conn, BRIEF.model_copy(update={"send_after": "2026-03-01"}), now)
        assert begun.window_hours == 72 - 34
        with pytest.raises(InvalidInputError) as caught:
            scheduling.policy_for(conn, BRIEF.model_copy(update={"send_after": "2026-02-20"}), now)
    assert caught.value.field == "send_after"


def test_a_paused_agent_plans_nothing(database: Database, clock: Clock) -> None:
    with database.transaction() as conn:
        conn.execute(insert(agent).values(name="scheduling", config={}, paused=True))
        add_campaign(conn, 1)
        with pytest.raises(ForbiddenError):
            propose(SchedulingAgent(database, clock), conn, [])
        assert slots(conn) == []
