"""Many events alike are counted as each by itself."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from tidings.domain.event import Event, EventKind
from tidings.domain.instant import HOUR, MINUTE, Instant
from tidings.events.alike import Alike, append_alike
from tidings.events.log import append
from tidings.store.database import Database
from tidings.store.tables import contact, engagement, event, rollup_hour, rollup_local

NOON = 1_790_000_000_000 // HOUR * HOUR
ZONES = (
    "",
    "Europe/Berlin",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "Mars/Olympus",
    "Asia/Kathmandu",
)
LIKE = Event(EventKind.ACCEPTED, 0, 7, 0, "sms", 2, "B")


def everything(db: Database) -> list[list[tuple[Any, ...]]]:
    """What the log holds, but for row numbers."""
    with db.reading() as conn:
        columns = [column for column in event.c if column.name != "pk"]
        found = [conn.execute(select(*columns).order_by(event.c.pk)).all()]
        counts = (engagement, rollup_hour, rollup_local)
        found += [conn.execute(select(table).order_by(*table.primary_key)).all() for table in counts]
        return [[tuple(row) for row in rows] for rows in found]


def forget(db: Database) -> None:
    with db.transaction() as conn:
        for table in (event, engagement, rollup_hour, rollup_local):
            conn.execute(delete(table))


def people(db: Database, zones: tuple[str, ...] = ZONES) -> list[int]:
    with db.transaction() as conn:
        rows = [
            {"id": f"con_{n}", "email": f"p{n}@example.com", "address_hash": str(n), "time_zone": zone,
             "created_at": 0, "updated_at": 0}
            for n, zone in enumerate(zones * 3)
        ]  # fmt: skip
        conn.execute(insert(contact), rows)
        return list(conn.execute(select(contact.c.pk).order_by(contact.c.pk)).scalars())


def compare(db: Database, batches: list[list[tuple[int, Instant, str]]], before: list[Event] | None = None) -> None:
    ways: list[list[list[tuple[Any, ...]]]] = []
    for one_by_one in (True, False):
        forget(db)
        with db.transaction() as conn:
            append(conn, before or [])
            for rows in batches:
                batch = Alike(LIKE, rows)
                append(conn, batch.events()) if one_by_one else append_alike(conn, batch)
        ways.append(everything(db))
    assert ways[0] == ways[1]
    assert len(ways[0][0]) == sum(map(len, batches)) + len(before or [])


def test_a_batch_counts_as_its_events_do(database: Database) -> None:
    everybody = people(database)
    compare(database, [[(pk, NOON + pk, "Ok") for pk in everybody]])


def test_who_was_there_before_is_not_counted_again(database: Database) -> None:
    everybody = people(database)
    known = [Event(EventKind.ACCEPTED, NOON, 7, everybody[0]), Event(EventKind.CLICKED, NOON, 7, everybody[1])]
    compare(database, [[(pk, NOON, "Ok") for pk in everybody], [(pk, NOON + 5, "Ok") for pk in everybody[:3]]], known)


@pytest.mark.parametrize("at", [NOON + 15 * MINUTE - 10, NOON + HOUR - 10])
def test_a_batch_over_a_boundary_is_placed_right(sqlite_database: Database, at: Instant) -> None:
    everybody = people(sqlite_database)
    compare(sqlite_database, [[(pk, at + pk, "Ok") for pk in everybody]])


def test_nobody_known_any_more_still_counts(sqlite_database: Database) -> None:
    everybody = people(sqlite_database, ("",))
    with sqlite_database.transaction() as conn:
        conn.execute(update(contact).values(time_zone=""))
    compare(sqlite_database, [[(pk, NOON, "Ok") for pk in [*everybody, 9999]]])
