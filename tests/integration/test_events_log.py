"""The counts always equal what recounting the log gives, on both databases."""

from collections import Counter
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from tidings.domain.event import Event, EventKind
from tidings.domain.instant import HOUR
from tidings.events.local import weekday_of
from tidings.events.log import BITS, append
from tidings.events.removal import forget_campaigns
from tidings.events.repository import Count, by_hour, local_profile, totals, totals_between
from tidings.store.database import Database
from tidings.store.tables import contact, engagement, event, rollup_hour, rollup_local

BASE = 1_772_445_600_000
TABLES = (event, engagement, rollup_hour, rollup_local)

events = st.builds(
    Event,
    kind=st.sampled_from([EventKind.DELIVERED, EventKind.CLICKED, EventKind.OPENED]),
    at=st.integers(BASE, BASE + 3 * HOUR),
    campaign_pk=st.integers(1, 2),
    contact_pk=st.integers(1, 4),
    variant=st.sampled_from("AB"),
    machine=st.sampled_from([0.0, 0.49, 0.5, 1.0]),
    hour_local=st.none() | st.integers(0, 23),
    detail=st.sampled_from([{}, {"weekday": "3"}]),
)


def _recount(db: Database) -> tuple[dict[tuple[object, ...], list[int]], Counter[tuple[object, ...]]]:
    """Hours and local counts, from the log alone, row by row in the order of writing."""
    hours: dict[tuple[object, ...], list[int]] = {}
    local: Counter[tuple[object, ...]] = Counter()
    seen: set[tuple[object, ...]] = set()
    with db.reading() as conn:
        rows = conn.execute(select(event).order_by(event.c.pk)).all()
    for row in rows:
        counts = hours.setdefault((row.campaign_pk, row.variant, row.kind, row.at // HOUR * HOUR), [0, 0, 0])
        first = row.machine < 0.5 and (row.campaign_pk, row.contact_pk, row.kind) not in seen
        counts[0] += 1
        counts[1] += first
        counts[2] += row.machine >= 0.5
        if first:
            seen.add((row.campaign_pk, row.contact_pk, row.kind))
            weekday = weekday_of(Event(EventKind(row.kind), row.at, 0, 0, hour_local=row.hour_local, detail=row.detail))
            if weekday is not None:
                local[row.kind, weekday, row.hour_local] += 1
    return hours, local


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(events, max_size=12), min_size=1, max_size=4))
def test_rollups_equal_a_recount_of_the_log(database: Database, batches: list[list[Event]]) -> None:
    with database.transaction() as conn:
        for table in TABLES:
            conn.execute(delete(table))
    for batch in batches:
        with database.transaction() as conn:
            append(conn, batch)
    hours, local = _recount(database)
    with database.reading() as conn:
        kept = {
            (row.campaign_pk, row.variant, row.kind, row.hour_at): [row.total, row.people, row.machine]
            for row in conn.execute(select(rollup_hour))
        }
        kept_local = {(row.kind, row.weekday, row.hour): row.people for row in conn.execute(select(rollup_local))}
    assert kept == hours
    assert kept_local == dict(local)


def _click(contact: int, *, at: int = BASE, variant: str = "A", machine: float = 0.0, hour: int | None = 10) -> Event:
    return Event(EventKind.CLICKED, at, 1, contact, variant=variant, machine=machine, hour_local=hour)


def test_a_person_counts_once_a_campaign_however_often_they_click(database: Database) -> None:
    with database.transaction() as conn:
        append(conn, [_click(1), _click(1), _click(2, machine=0.9), _click(2, at=BASE + 2 * HOUR, variant="B")])
        append(conn, [_click(1, at=BASE + HOUR)])
    with database.reading() as conn:
        assert totals(conn, 1) == {"A": {"clicked": Count(4, 1, 1)}, "B": {"clicked": Count(1, 1, 0)}}
        assert totals(conn, 2) == {}
        first_hour = BASE // HOUR * HOUR
        assert by_hour(conn, None, first_hour, first_hour + 2 * HOUR) == [
            (first_hour, "clicked", 3, 1), (first_hour + HOUR, "clicked", 1, 0),
        ]  # fmt: skip
        assert totals_between(conn, first_hour, first_hour + HOUR, 1) == {"clicked": Count(3, 1, 1)}
        assert totals_between(conn, first_hour, first_hour + 9 * HOUR) == {"clicked": Count(5, 2, 1)}
        profile = local_profile(conn, EventKind.CLICKED)
        assert profile[0][10] == 2
        assert sum(map(sum, profile)) == 2


def test_what_is_rolled_back_is_counted_nowhere(database: Database) -> None:
    def failing() -> None:
        with database.transaction() as conn:
            append(conn, [_click(1)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    with database.reading() as conn:
        assert [conn.execute(select(table)).all() for table in TABLES] == [[], [], [], []]


def test_nothing_appended_changes_nothing(database: Database) -> None:
    with database.transaction() as conn:
        append(conn, [])
        assert totals(conn, 1) == {}


def test_more_people_than_one_query_holds(database: Database) -> None:
    with database.transaction() as conn:
        append(conn, [_click(contact) for contact in range(1, 1_203)] * 2)
        assert totals(conn, 1)["A"]["clicked"] == Count(2_404, 1_202, 0)


def test_every_kind_has_a_bit_of_its_own() -> None:
    assert set(BITS) == set(EventKind)
    assert len(set(BITS.values())) == len(EventKind)
    assert all(bit.bit_count() == 1 for bit in BITS.values())


def test_two_writers_at_once_count_each_person_once(database: Database) -> None:
    def write(variant: str) -> None:
        for start in range(0, 60, 10):
            with database.transaction() as conn:
                append(conn, [_click(contact, variant=variant) for contact in range(start + 1, start + 11)])

    writers = [Thread(target=write, args=(variant,)) for variant in "AB"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with database.reading() as conn:
        counts = totals(conn, 1)
    assert counts["A"]["clicked"].people + counts["B"]["clicked"].people == 60
    assert counts["A"]["clicked"].total == counts["B"]["clicked"].total == 60


def test_forgetting_a_campaign_leaves_the_counts_of_the_others(database: Database) -> None:
    mine = [_click(1), _click(2, hour=11), _click(1, hour=12), _click(3, machine=0.9), _click(4, hour=None)]
    other = [Event(EventKind.CLICKED, BASE, 2, 1, hour_local=10), Event(EventKind.DELIVERED, BASE, 2, 1, hour_local=10)]
    with database.transaction() as conn:
        append(conn, [*mine, *other])
    with database.transaction() as conn:
        assert forget_campaigns(conn, [1]) == 5
    hours, local = _recount(database)
    with database.reading() as conn:
        assert totals(conn, 1) == {}
        assert totals(conn, 2) == {"A": {"clicked": Count(1, 1, 0), "delivered": Count(1, 1, 0)}}
        assert {(r.kind, r.weekday, r.hour): r.people for r in conn.execute(select(rollup_local))} == dict(local)
    assert len(hours) == 2


def test_a_missing_local_hour_is_taken_from_the_contacts_zone(database: Database) -> None:
    zones = ["Asia/Kolkata", "Pacific/Apia", "", "Mars/Olympus"]
    with database.transaction() as conn:
        for number, zone in enumerate(zones, 1):
            row = {"id": f"con_{number}", "email": f"p{number}@example.com", "time_zone": zone}
            conn.execute(insert(contact).values(pk=number, **row, created_at=0, updated_at=0))
        late = BASE + 13 * HOUR  # Monday 23:00 UTC: Tuesday in Kolkata and in Apia
        sent = [Event(EventKind.ACCEPTED, late, 1, number) for number in range(1, 6)]
        append(conn, [*sent, Event(EventKind.FAILED, late, 2, 1), _click(1, hour=5)])
    with database.reading() as conn:
        hours = conn.execute(select(event.c.hour_local).order_by(event.c.pk)).scalars().all()
        profile = local_profile(conn, EventKind.ACCEPTED)
    assert hours == [4, 12, None, None, None, None, 5]
    assert (profile[1][4], profile[1][12], sum(map(sum, profile))) == (1, 1, 2)
    assert _recount(database)[1]["accepted", 1, 12] == 1
