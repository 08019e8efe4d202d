"""Appends what happened, and keeps every count in step within the same transaction.

Unique people come from a first-time bit per person, campaign and kind, set here; nothing ever counts distinct rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, insert, select, update

from tidings.domain.event import Event, EventKind
from tidings.domain.instant import HOUR
from tidings.events import bulk
from tidings.events.local import weekday_of
from tidings.events.place import located
from tidings.store.tables import engagement, event, rollup_hour, rollup_local
from tidings.store.upsert import upsert, upsert_of

MACHINE = 0.5
"""From this score on, an event counts as a machine's: kept and labelled, but not a person's act."""

# Written into the database: a kind keeps its bit for good, new kinds take the next one.
BITS: dict[EventKind, int] = {
    EventKind.ACCEPTED: 1 << 0,
    EventKind.DELIVERED: 1 << 1,
    EventKind.DEFERRED: 1 << 2,
    EventKind.FAILED: 1 << 3,
    EventKind.UNCERTAIN: 1 << 4,
    EventKind.OPENED: 1 << 5,
    EventKind.CLICKED: 1 << 6,
    EventKind.BOUNCED: 1 << 7,
    EventKind.COMPLAINED: 1 << 8,
    EventKind.UNSUBSCRIBED: 1 << 9,
    EventKind.CONVERTED: 1 << 10,
}
_LOOKUP = 500  # keys in one query: well under both databases' limits for parameters

Key = tuple[int, int]
"""Campaign and contact."""


def append(conn: Connection, events: Sequence[Event]) -> None:
    """Writes events to the log and brings bits and rollups up to date, all in the caller's transaction.

    The order given decides which of several equal events counts as a person's first. Duplicates within one call
    and over calls are counted once in `people`. Meant for batches: tens to thousands of events a call.
    Where the local hour is not given, it is taken from the contact's zone, if that is known.
    """
    if not events:
        return
    events = located(conn, events)
    if conn.dialect.name == "sqlite":
        bulk.insert_events(conn, events)
    else:
        conn.execute(insert(event), [_row(each) for each in events])
    firsts = _mark_first_times(conn, events)
    _add_hours(conn, events, firsts)
    _add_local(conn, events, firsts)


def append_posting(conn: Connection, each: Event) -> None:
    """Writes an event that is nobody's own (a posting): it stands in the log, and in no count of people."""
    conn.execute(insert(event).values(_row(each)))


def _row(each: Event) -> dict[str, Any]:
    return {
        "kind": each.kind.value,
        "at": each.at,
        "campaign_pk": each.campaign_pk,
        "contact_pk": each.contact_pk,
        "channel": each.channel,
        "step": each.step,
        "variant": each.variant,
        "machine": each.machine,
        "hour_local": each.hour_local,
        "detail": each.detail,
    }


def _mark_first_times(conn: Connection, events: Sequence[Event]) -> list[bool]:
    """For each event whether it is this person's first of its kind in this campaign; remembers it."""
    human = {(each.campaign_pk, each.contact_pk) for each in events if each.machine < MACHINE}
    sqlite = conn.dialect.name == "sqlite"
    before = bulk.bits(conn, human) if sqlite else _bits(conn, sorted(human))
    now = dict(before)
    firsts: list[bool] = []
    kind, bit = None, 0
    for each in events:
        if each.kind is not kind:  # most batches are of one kind
            kind, bit = each.kind, BITS[each.kind]
        key = (each.campaign_pk, each.contact_pk)
        first = each.machine < MACHINE and not now[key] & bit
        if first:
            now[key] |= bit
        firsts.append(first)
    if sqlite:
        bulk.set_bits(conn, {key: bits for key, bits in now.items() if bits != before[key]})
        return firsts
    changed = [
        {"campaign": key[0], "contact": key[1], "new": bits} for key, bits in sorted(now.items()) if bits != before[key]
    ]
    if changed:
        conn.execute(_SET_BITS, changed)
    return firsts


_SET_BITS = (
    update(engagement)
    .where(engagement.c.campaign_pk == bindparam("campaign"), engagement.c.contact_pk == bindparam("contact"))
    .values(bits=bindparam("new"))
)


def _bits(conn: Connection, keys: Sequence[Key]) -> dict[Key, int]:
    """The bits of each key (sorted), zero for new ones, with their rows held until the transaction ends.

    Rows are made first and locked in one order, so that two servers taking in events of one person neither count
    twice nor wait for each other in a circle. On SQLite the write transaction alone does that.
    """
    found: dict[Key, int] = {}
    if not keys:
        return found
    rows = [{"campaign_pk": campaign, "contact_pk": contact, "bits": 0} for campaign, contact in keys]
    conn.execute(upsert(conn, engagement).on_conflict_do_nothing(), rows)
    for campaign, group in groupby(keys, key=lambda key: key[0]):
        contacts = [contact for _, contact in group]
        for start in range(0, len(contacts), _LOOKUP):
            query = (
                select(engagement.c.contact_pk, engagement.c.bits)
                .where(engagement.c.campaign_pk == campaign)
                .where(engagement.c.contact_pk.in_(contacts[start : start + _LOOKUP]))
                .order_by(engagement.c.contact_pk)
                .with_for_update()
            )
            found.update({(campaign, row.contact_pk): row.bits for row in conn.execute(query)})
    return found


def _add_hours(conn: Connection, events: Sequence[Event], firsts: Sequence[bool]) -> None:
    """Adds to the counts per campaign, variant, kind and hour (UTC)."""
    sums: defaultdict[tuple[int, str, str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for each, first in zip(events, firsts, strict=True):
        counts = sums[each.campaign_pk, each.variant, str(each.kind), each.at // HOUR * HOUR]
        counts[0] += 1
        counts[1] += first
        counts[2] += each.machine >= MACHINE
    rows = [
        {
            "campaign_pk": campaign,
            "variant": variant,
            "kind": kind,
            "hour_at": hour,
            "total": counts[0],
            "people": counts[1],
            "machine": counts[2],
        }
        for (campaign, variant, kind, hour), counts in sorted(sums.items())
    ]
    add_up(conn, rollup_hour, rows, ("total", "people", "machine"))


def _add_local(conn: Connection, events: Sequence[Event], firsts: Sequence[bool]) -> None:
    """Adds people's first acts to the counts per kind, local weekday and local hour."""
    sums: defaultdict[tuple[str, int, int], int] = defaultdict(int)
    for each, first in zip(events, firsts, strict=True):
        weekday = weekday_of(each) if first else None
        if weekday is not None and each.hour_local is not None:
            sums[each.kind.value, weekday, each.hour_local] += 1
    rows = [
        {"kind": kind, "weekday": weekday, "hour": hour, "people": people}
        for (kind, weekday, hour), people in sorted(sums.items())
    ]
    add_up(conn, rollup_local, rows, ("people",))


def add_up(conn: Connection, table: Table, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """Adds rows of counts onto the ones there; rows come in key order, so that servers cannot deadlock."""
    if not rows:
        return
    conn.execute(_adding_up(conn.dialect.name, table, tuple(columns)), rows)


@cache
def _adding_up(dialect: str, table: Table, columns: tuple[str, ...]) -> Executable:
    """Built once: it runs with every batch of events."""
    statement = upsert_of(dialect, table)
    sums = {name: table.c[name] + statement.excluded[name] for name in columns}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums)
