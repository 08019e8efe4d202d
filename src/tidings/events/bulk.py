"""The log's writes on SQLite for whole batches: one statement takes hundreds of rows as one JSON value.

While such a statement runs, Python's other threads go on; row by row they would take turns thousands of times.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tidings.domain.event import Event

Key = tuple[int, int]
"""Campaign and contact."""

_ALIKE = (
    "INSERT INTO event (kind, campaign_pk, channel, step, variant, machine, detail, contact_pk, at, hour_local)"
    " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?8)"
)
_MIXED = (
    "INSERT INTO event (kind, at, campaign_pk, contact_pk, channel, step, variant, machine, hour_local, detail)"
    " SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,"
    " value ->> 8, value ->> 9 FROM json_each(?1)"
)
_BITS = (
    "SELECT json_group_array(json_array(contact_pk, bits)) FROM engagement"
    " WHERE campaign_pk = ?1 AND contact_pk IN (SELECT value FROM json_each(?2))"
)
_SET_BITS = (
    "INSERT INTO engagement (campaign_pk, contact_pk, bits)"
    " SELECT ?1, CAST(key AS INTEGER), value FROM json_each(?2) WHERE true"
    " ON CONFLICT (campaign_pk, contact_pk) DO UPDATE SET bits = excluded.bits"
)


def insert_events(conn: Connection, events: Sequence[Event]) -> None:
    """Appends them in the order given. Most batches differ only in person and time."""
    cursor = conn.connection.cursor()
    kinds = {(str(each.kind), each.campaign_pk, each.channel, each.step, each.variant, each.machine) for each in events}
    if len(kinds) == 1 and not any(each.detail for each in events):
        one = events[0]
        rows = json.dumps([(each.contact_pk, each.at, each.hour_local) for each in events])
        kind = (one.kind.value, one.campaign_pk, one.channel, one.step, one.variant, one.machine, "{}", rows)
        cursor.execute(_ALIKE, kind)
    else:
        cursor.execute(_MIXED, (json.dumps([_row(each) for each in events]),))


def _row(each: Event) -> tuple[Any, ...]:
    return (
        str(each.kind), each.at, each.campaign_pk, each.contact_pk, each.channel, each.step, each.variant,
        each.machine, each.hour_local, each.detail,
    )  # fmt: skip


def bits(conn: Connection, keys: Iterable[Key]) -> dict[Key, int]:
    """The bits of each key, zero for new ones. The write transaction holds them."""
    people: defaultdict[int, list[int]] = defaultdict(list)
    for campaign, contact in keys:
        people[campaign].append(contact)
    found: dict[Key, int] = {}
    cursor = conn.connection.cursor()
    for campaign, contacts in people.items():
        found.update(dict.fromkeys(((campaign, contact) for contact in contacts), 0))
        for contact, value in json.loads(cursor.execute(_BITS, (campaign, json.dumps(contacts))).fetchone()[0]):
            found[campaign, contact] = value
    return found


def set_bits(conn: Connection, changed: Mapping[Key, int]) -> None:
    """Remembers them."""
    people: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for (campaign, contact), value in changed.items():
        people[campaign][contact] = value
    cursor = conn.connection.cursor()
    for campaign, values in people.items():
        cursor.execute(_SET_BITS, (campaign, json.dumps(values)))
