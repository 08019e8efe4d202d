"""Numbers, reports and recommendations on a real database agree with the events behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from tidings.analytics.agent import AnalyticsAgent
from tidings.analytics.service import AnalyticsService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, HOUR, Instant
from tidings.events.log import append
from tidings.store.database import Database
from tidings.store.tables import (
    agent,
    audit,
    brand,
    campaign,
    contact,
    decision,
    delivery,
    event,
    recommendation,
    revision,
    slot,
)  # fmt: skip

ADMIN = Actor(ActorKind.PERSON, "acc_1", "Anna", Role.ADMIN)
VIEWER = Actor(ActorKind.PERSON, "acc_2", "Vera", Role.VIEWER)
OF_OTHER_BRAND = Actor(ActorKind.PERSON, "acc_3", "Otto", Role.MANAGER, brands=frozenset({"brd_2"}))
DRAFTS = [{"variant": "A", "subject": "Workshop on Friday"}, {"variant": "B", "subject": "Bread, warm"}]


def add_campaign(conn: Connection, pk: int = 1, **more: Any) -> None:
    for number in (1, 2) if pk == 1 else ():
        conn.execute(insert(brand).values(id=f"brd_{number}", name=f"Brand {number}", created_at=0, updated_at=0))
    row = {"pk": pk, "id": f"cmp_{pk}", "name": f"Campaign {pk}", "brand_id": "brd_1", "state": "done"}
    row |= {"brief": {}, "policy": {}, "created_at": 0, "updated_at": 0, "revision_id": f"rev_{pk}"}
    conn.execute(insert(campaign).values(**{**row, **more}))
    revised = {"id": f"rev_{pk}", "campaign_pk": pk, "number": 1, "content_hash": "x", "author": "a", "author_id": "b"}
    conn.execute(insert(revision).values(**revised, body={"drafts": DRAFTS}, created_at=0))


def add_people(conn: Connection) -> None:
    people = [{"pk": one, "id": f"con_{one}", "email": f"p{one}@example.com"} for one in range(1, 3001)]
    common = {"time_zone": "Europe/Lisbon", "attributes": {}, "created_at": 0, "updated_at": 0}
    conn.execute(insert(contact), [{**one, **common} for one in people])


def happened(
    conn: Connection,
    at: Instant,
    *,
    sent: int,
    clicked: dict[str, int],
    pk: int = 1,
    left: int = 0,
    confirmed: bool = False,
) -> list[Event]:
    """`sent` people, every second one variant B, of whom so many clicked per variant; each has a delivery."""
    events: list[Event] = []
    if not conn.execute(select(func.count()).select_from(contact)).scalar_one():
        add_people(conn)
    for person in range(1, sent + 1):
        variant = "AB"[person % 2]
        rank = (person + 1) // 2
        common = {"campaign_pk": pk, "contact_pk": person, "variant": variant}
        events.append(Event(EventKind.ACCEPTED, at, **common))
        if confirmed:
            events.append(Event(EventKind.DELIVERED, at, **common))
        if rank <= clicked[variant]:
            events.append(Event(EventKind.CLICKED, at + HOUR, **common))
            events.append(Event(EventKind.CLICKED, at + 2 * HOUR, **common))  # a second click is no second person
        if person <= left:
            events.append(Event(EventKind.UNSUBSCRIBED, at + 2 * HOUR, **common))
    append(conn, events)
    row = {"campaign_pk": pk, "channel": "email", "step": 0, "chunk_no": 0, "state": "accepted", "due_at": at, "at": at}
    conn.execute(insert(delivery), [{**row, "contact_pk": one, "variant": "AB"[one % 2]} for one in range(1, sent + 1)])
    return events


def people_of(events: Sequence[Event], kind: EventKind, variant: str | None = None) -> int:
    return len({one.contact_pk for one in events if one.kind is kind and variant in {None, one.variant}})


def test_an_empty_organisation_has_empty_numbers(database: Database, clock: Any) -> None:
    numbers = AnalyticsService(database, clock).overview(ADMIN, 30)
    assert (numbers.delivered.count, numbers.clicked.share.share, numbers.opened) == (0, None, None)  # pyright: ignore[reportOptionalMemberAccess]
    assert numbers.opened_note.startswith("off")
    assert numbers.delivered.change == "none yet"
    assert [len(line) for line in numbers.chart.arrays] == [30, 30, 30]
    assert sum(numbers.chart.sent) == 0
    assert numbers.next_sends == ()
    assert AnalyticsService(database, clock).recommendations(ADMIN) == []


def test_the_overview_adds_up_to_the_events(database: Database, clock: Any) -> None:
    now = clock.now()
    with database.transaction() as conn:
        add_campaign(conn, 1)
        add_campaign(conn, 2)
        new = happened(conn, now - DAY, sent=400, clicked={"A": 10, "B": 20}, left=3)
        old = happened(conn, now - 8 * DAY, sent=200, clicked={"A": 5, "B": 5}, pk=2, confirmed=True)
    service = AnalyticsService(database, clock)
    numbers = service.overview(ADMIN, 60)
    assert (numbers.delivered.count, numbers.delivered.before_count) == (400, 200)
    assert numbers.delivered.change == "+100.0 % on the 7 days before"
    assert numbers.clicked.count == people_of(new, EventKind.CLICKED) == 30
    assert numbers.clicked.before_count == people_of(old, EventKind.CLICKED) == 10
    assert numbers.clicked.share is not None
    assert numbers.clicked.share.share == pytest.approx(30 / 400)
    assert numbers.clicked.change == "+2.5 pt on the 7 days before"
    assert numbers.unsubscribed.count == 3
    assert sum(numbers.chart.sent) == 600
    assert sum(numbers.chart.clicked) == 40
    assert list(numbers.chart.at) == sorted(numbers.chart.at)
    assert numbers.chart.sent[-2] == 400
    local = service.overview(ADMIN, 60, zone="Asia/Kolkata")
    assert sum(local.chart.sent) == 600
    assert service.overview(OF_OTHER_BRAND).delivered.count == 0


def test_days_out_of_range_and_missing_rights_are_refused(database: Database, clock: Any) -> None:
    service = AnalyticsService(database, clock)
    with pytest.raises(InvalidInputError):
        service.overview(ADMIN, 0)
    with pytest.raises(ForbiddenError):
        service.overview(Actor(ActorKind.PERSON, "x", "X", Role.ADMIN, scopes=frozenset({"campaigns:read"})))
    with pytest.raises(NotFoundError):
        service.campaign_report(ADMIN, "cmp_none")


def test_next_sends_come_in_order_without_paused_ones(database: Database, clock: Any) -> None:
    now = clock.now()
    with database.transaction() as conn:
        add_campaign(conn, 1, state="approved")
        add_campaign(conn, 2, state="sending")
        add_campaign(conn, 3, state="approved", paused_at=now)
        place = {"step": 0, "reason": "best_hour", "zone": "UTC"}
        conn.execute(
            insert(slot), [{**place, "campaign_pk": pk, "contact_pk": 1, "due_at": now + 2 * HOUR} for pk in (1, 3)]
        )
        row = {"campaign_pk": 2, "channel": "email", "step": 0, "chunk_no": 0, "state": "planned", "due_at": now + HOUR}
        conn.execute(insert(delivery), [{**row, "contact_pk": one} for one in (1, 2)])
    coming = AnalyticsService(database, clock).overview(ADMIN).next_sends
    assert [(one.campaign_id, one.people, one.at - now) for one in coming] == [
        ("cmp_2", 2, HOUR),
        ("cmp_1", 1, 2 * HOUR),
    ]


def test_a_report_agrees_with_the_events_and_waits_for_clicks(database: Database, clock: Any) -> None:
    with database.transaction() as conn:
        add_campaign(conn)
        events = happened(conn, clock.now() - 2 * HOUR, sent=1000, clicked={"A": 10, "B": 60}, left=4)
    service = AnalyticsService(database, clock)
    early = service.campaign_report(VIEWER, "cmp_1")
    assert [line.variant for line in early.lines] == ["A", "B"]
    for line in early.lines:
        assert line.sent == line.delivered == people_of(events, EventKind.ACCEPTED, line.variant) == 500
        assert line.clicked.count == people_of(events, EventKind.CLICKED, line.variant)
        assert line.clicked.low is not None
        assert line.clicked.high is not None
        assert line.clicked.low < line.clicked.count / 500 < line.clicked.high
    assert early.lines[1].subject == "Bread, warm"
    assert early.total.clicked.count == 70
    assert (early.complete, early.winner) == (False, None)
    assert early.verdict.startswith("Too early")
    assert sum(hour.sent for hour in early.hours) == 1000
    assert sum(hour.clicked for hour in early.hours) == 70
    assert len(early.arrays) == 3
    clock.advance(23 * HOUR)
    late = service.campaign_report(VIEWER, "cmp_1")
    assert (late.complete, late.winner) == (True, "B")


@pytest.mark.parametrize(
    ("brief", "drafts", "order"),
    [
        (
            {"versions": [{"name": "german"}, {"name": "austrian"}]}, ("A",),
            ["A", "B", "german-A", "german-B", "austrian-A", "gone-A"],
        ),
        ({}, ("welcome-A", "austrian-A"), ["A", "B", "austrian-A", "german-A", "german-B", "gone-A"]),
        ({}, ("german-A", "austrian-A"), ["A", "B", "german-A", "german-B", "austrian-A", "gone-A"]),
    ],
)  # fmt: skip
def test_variants_stand_in_the_order_of_the_brief(
    database: Database, clock: Any, brief: dict[str, Any], drafts: tuple[str, ...], order: list[str]
) -> None:
    with database.transaction() as conn:
        add_campaign(conn, brief=brief)
        body = {"drafts": [{"variant": variant, "subject": "Bread"} for variant in drafts]}
        conn.execute(revision.update().values(body=body))
        add_people(conn)
        for person, variant in enumerate(sorted(order), 1):
            append(conn, [Event(EventKind.ACCEPTED, clock.now(), campaign_pk=1, contact_pk=person, variant=variant)])
    found = AnalyticsService(database, clock).campaign_report(VIEWER, "cmp_1")
    assert [line.variant for line in found.lines] == order
    named = list(dict.fromkeys(variant.rpartition("-")[0] for variant in order))
    assert [each.version for each in found.versions] == (named if brief else [])


def test_versions_are_told_by_themselves_and_not_compared_with_each_other(database: Database, clock: Any) -> None:
    at, names = clock.now() - 3 * DAY, ("A", "B", "german-A", "german-B")
    clicked = {"A": 70, "B": 20, "german-A": 200, "german-B": 195}
    with database.transaction() as conn:
        add_campaign(conn, brief={"versions": [{"name": "german", "language": "de"}]})
        add_people(conn)
        common = {"campaign_pk": 1, "channel": "email", "step": 0, "chunk_no": 0, "state": "accepted", "due_at": at}
        for person in range(1, 2001):
            variant = names[person % 4]
            place = {"campaign_pk": 1, "contact_pk": person, "variant": variant}
            kinds = [EventKind.ACCEPTED, *([EventKind.CLICKED] if person // 4 < clicked[variant] else [])]
            append(conn, [Event(kind, at, **place) for kind in kinds])
            conn.execute(insert(delivery).values(**common, contact_pk=person, variant=variant, at=at))
        AnalyticsAgent(database, clock).report(conn, 1, "cmp_1")
    service = AnalyticsService(database, clock)
    found = service.campaign_report(VIEWER, "cmp_1")
    base, german = found.versions
    assert (base.version, base.winner, base.total.delivered) == ("", "A", 1000)
    assert (german.version, german.winner, german.total.clicked.count) == ("german", None, 395)
    assert (found.winner, found.winners) == (None, {"A"}), "the German lines drew more clicks, of other people"
    assert {(each.better.name, each.worse.name) for each in found.comparisons} == {("A", "B"), ("german-A", "german-B")}
    assert "not compared with each other" in found.verdict
    assert {each.campaign_id for each in service.recommendations(VIEWER, "cmp_1")} == {"cmp_1"}


def test_messages_still_to_go_keep_it_too_early(database: Database, clock: Any) -> None:
    with database.transaction() as conn:
        add_campaign(conn, state="sending")
        happened(conn, clock.now() - 5 * DAY, sent=1000, clicked={"A": 10, "B": 60})
        conn.execute(delivery.update().where(delivery.c.contact_pk == 1).values(state="deferred"))
    found = AnalyticsService(database, clock).campaign_report(ADMIN, "cmp_1")
    assert "1 of 1,000 messages are still to go out" in found.verdict
    assert found.winner is None


def test_a_campaign_without_events_says_so(database: Database, clock: Any) -> None:
    with database.transaction() as conn:
        add_campaign(conn, state="review")
    found = AnalyticsService(database, clock).campaign_report(ADMIN, "cmp_1")
    assert (found.lines, found.verdict, found.complete) == ((), "Nothing has been sent yet.", False)


def test_the_agent_recommends_what_a_finished_test_showed(database: Database, clock: Any) -> None:
    with database.transaction() as conn:
        add_campaign(conn)
        happened(conn, clock.now() - 3 * DAY, sent=1000, clicked={"A": 10, "B": 60})
        AnalyticsAgent(database, clock).report(conn, 1, "cmp_1")
    service = AnalyticsService(database, clock)
    (found,) = service.recommendations(VIEWER, "cmp_1")
    assert (found.kind, found.status, found.campaign_id) == ("better_subject", "proposed", "cmp_1")
    assert "Bread, warm" in found.title
    assert found.body["evidence"] == "experimental"
    assert found.body["figures"]["low"] > 0
    with database.reading() as conn:
        made = conn.execute(select(decision)).one()
    assert (made.agent, made.kind, made.campaign_id) == ("analytics", "recommendation", "cmp_1")
    assert made.inputs["recommendation_id"] == found.id
    assert service.recommendations(OF_OTHER_BRAND) == []


def test_equal_variants_and_young_campaigns_get_not_enough_data_yet(database: Database, clock: Any) -> None:
    with database.transaction() as conn:
        add_campaign(conn)
        happened(conn, clock.now() - HOUR, sent=200, clicked={"A": 3, "B": 3})
        analytics = AnalyticsAgent(database, clock)
        analytics.report(conn, 1, "cmp_1")
    service = AnalyticsService(database, clock)
    (found,) = service.recommendations(ADMIN)
    assert (found.kind, found.status, found.title) == ("not_enough_data", "noted", "Not enough data yet")
    assert found.body["figures"]["missing_per_variant"] > 0
    with pytest.raises(ConflictError):
        service.decide_recommendation(ADMIN, found.id, accept=True)
    clock.advance(2 * DAY)
    with database.transaction() as conn:
        analytics.report(conn, 1, "cmp_1")
    (again,) = service.recommendations(ADMIN)  # the newer one stands in place of the first
    assert again.id != found.id
    assert again.body["figures"]["complete"] is True
    with database.reading() as conn:
        assert conn.execute(select(func.count()).select_from(recommendation)).scalar_one() == 2


def test_a_person_decides_once_and_it_is_on_record(database: Database, clock: Any) -> None:
    with database.transaction() as conn:
        add_campaign(conn)
        happened(conn, clock.now() - 3 * DAY, sent=1000, clicked={"A": 10, "B": 60})
        AnalyticsAgent(database, clock).report(conn, 1, "cmp_1")
    service = AnalyticsService(database, clock)
    (found,) = service.recommendations(ADMIN)
    with pytest.raises(ForbiddenError):
        service.decide_recommendation(VIEWER, found.id, accept=True)
    with pytest.raises(NotFoundError):
        service.decide_recommendation(OF_OTHER_BRAND, found.id, accept=True)
    told = service.decide_recommendation(ADMIN, found.id, accept=True)
    assert (told.status, told.decided_by, told.decided_at) == ("accepted", "Anna", clock.now())
    with pytest.raises(ConflictError):
        service.decide_recommendation(ADMIN, found.id, accept=False)
    with database.transaction() as conn:
        assert conn.execute(select(audit.c.action)).scalars().all() == ["recommendation.accepted"]
        AnalyticsAgent(database, clock).report(conn, 1, "cmp_1")  # what was decided stays
    assert {one.status for one in service.recommendations(ADMIN)} == {"accepted", "proposed"}


def test_machines_are_left_out_of_people(database: Database, clock: Any) -> None:
    at = clock.now() - 2 * DAY
    with database.transaction() as conn:
        add_campaign(conn)
        happened(conn, at, sent=300, clicked={"A": 0, "B": 0})
        append(
            conn, [Event(EventKind.CLICKED, at, 1, one, variant="AB"[one % 2], machine=0.9) for one in range(1, 301)]
        )
        assert (
            conn.execute(select(func.count()).select_from(event).where(event.c.kind == "clicked")).scalar_one() == 300
        )
    assert AnalyticsService(database, clock).campaign_report(ADMIN, "cmp_1").total.clicked.count == 0


def test_chosen_times_are_judged_by_the_random_ones(database: Database, clock: Any) -> None:
    with database.transaction() as conn:
        add_campaign(conn)
        happened(conn, clock.now() - 3 * DAY, sent=2000, clicked={"A": 60, "B": 60})
        place = {"campaign_pk": 1, "step": 0, "due_at": 1, "zone": "UTC"}
        reasons = {one: "best_hour" if one <= 600 else "holdout_time" for one in range(1, 2001)}
        conn.execute(insert(slot), [{**place, "contact_pk": one, "reason": why} for one, why in reasons.items()])
        AnalyticsAgent(database, clock).report(conn, 1, "cmp_1")
    (found,) = AnalyticsService(database, clock).recommendations(ADMIN)
    assert (found.kind, found.body["evidence"]) == ("send_times", "experimental")


def test_a_paused_agent_reports_nothing(database: Database, clock: Any) -> None:
    with database.transaction() as conn:
        conn.execute(insert(agent).values(name="analytics", config={}, paused=True))
        add_campaign(conn)
        with pytest.raises(ForbiddenError):
            AnalyticsAgent(database, clock).report(conn, 1, "cmp_1")
