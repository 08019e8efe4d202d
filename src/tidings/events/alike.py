"""Many events that differ in person and instant only, as a relay's acceptances do: a few statements for all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import Connection

from tidings.domain.event import Event
from tidings.domain.instant import HOUR, MINUTE, Instant
from tidings.events.local import local_hour_weekday, weekday_of
from tidings.events.log import BITS, add_up, append
from tidings.events.place import LEARNED
from tidings.store.tables import rollup_hour, rollup_local

_QUARTER = 15 * MINUTE
"""Every zone's offset is a multiple of it: within one, each zone has one local hour."""
_SEEN = (
    "SELECT count(*) FROM engagement WHERE campaign_pk = ?1 AND bits & ?3"
    " AND contact_pk IN (SELECT CAST(key AS INTEGER) FROM json_each(?2))"
)
_ZONES = (
    "SELECT json_group_object(zone, people) FROM (SELECT contact.time_zone AS zone, count(*) AS people"
    " FROM json_each(?1) AS told CROSS JOIN contact ON contact.pk = CAST(told.key AS INTEGER)"
    " WHERE contact.time_zone <> '' GROUP BY contact.time_zone)"
)
_INSERT = (
    "INSERT INTO event (kind, campaign_pk, channel, step, variant, machine, detail, contact_pk, at, hour_local)"
    " SELECT ?1, ?2, ?3, ?4, ?5, 0.0, '{}', CAST(told.key AS INTEGER), told.value,"
)
_NOWHERE = _INSERT + " NULL FROM json_each(?6) AS told"
_THERE = (
    _INSERT + " ?7 ->> contact.time_zone FROM json_each(?6) AS told"
    " LEFT JOIN contact ON contact.pk = CAST(told.key AS INTEGER) AND contact.time_zone <> ''"
)
_MARK = (
    "INSERT INTO engagement (campaign_pk, contact_pk, bits) SELECT ?1, CAST(key AS INTEGER), ?3 FROM json_each(?2)"
    " WHERE true"
    " ON CONFLICT (campaign_pk, contact_pk) DO UPDATE SET bits = bits | excluded.bits"
)


@dataclass(frozen=True)
class Alike:
    """`like` with the contact and the instant of each of `people`, who are all different.

    What else stands in their rows is not looked at.
    """

    like: Event
    people: Sequence[tuple[int, Instant, str]]

    @cached_property
    def as_json(self) -> str:
        """Contacts with their instants as one value for the database; flat, since each statement reads all of it."""
        return json.dumps({pk: at for pk, at, _ in self.people})

    def events(self) -> list[Event]:
        """Each by itself."""
        return [replace(self.like, contact_pk=pk, at=at) for pk, at, _ in self.people]


def append_alike(conn: Connection, batch: Alike) -> None:
    """`log.append` of the batch's events, in the caller's transaction. Nobody may stand in the batch twice.

    What is not the usual case goes the usual way: repeated acts, an instant that splits the batch, PostgreSQL.
    """
    if conn.dialect.name != "sqlite" or not _append_at_once(conn, batch):
        append(conn, batch.events())


def _append_at_once(conn: Connection, batch: Alike) -> bool:
    """False, with nothing written, when the events do not all count alike."""
    like, cursor = batch.like, conn.connection.cursor()
    instants = [each[1] for each in batch.people]
    at = instants[0]
    if min(instants) // _QUARTER != max(instants) // _QUARTER:
        return False
    if like.hour_local is not None or like.detail or like.machine or like.kind not in LEARNED:
        return False
    bit, rows = BITS[like.kind], batch.as_json
    if cursor.execute(_SEEN, (like.campaign_pk, rows, bit)).fetchone()[0]:
        return False
    zones: dict[str, int] = json.loads(cursor.execute(_ZONES, (rows,)).fetchone()[0])
    hours = _hours(at, like, zones)
    if hours is None:
        return False
    same = (like.kind.value, like.campaign_pk, like.channel, like.step, like.variant, rows)
    if hours:
        cursor.execute(_THERE, (*same, json.dumps({zone: hour for zone, (hour, _) in hours.items()})))
    else:
        cursor.execute(_NOWHERE, same)
    cursor.execute(_MARK, (like.campaign_pk, rows, bit))
    _count(conn, batch, zones, hours)
    return True


def _hours(at: Instant, like: Event, zones: dict[str, int]) -> dict[str, tuple[int, int]] | None:
    """Local hour and weekday in each zone that is known; None when one's weekday would have to be told with it."""
    hours: dict[str, tuple[int, int]] = {}
    for zone in zones:
        try:
            hour, weekday = local_hour_weekday(at, zone)
        except (ZoneInfoNotFoundError, ValueError):
            continue
        if weekday_of(replace(like, at=at, hour_local=hour)) != weekday:
            return None
        hours[zone] = hour, weekday
    return hours


def _count(conn: Connection, batch: Alike, zones: dict[str, int], hours: dict[str, tuple[int, int]]) -> None:
    """The rollups: everybody is there for the first time."""
    like, number = batch.like, len(batch.people)
    key = {"campaign_pk": like.campaign_pk, "variant": like.variant, "kind": like.kind.value}
    hour_at = batch.people[0][1] // HOUR * HOUR
    add_up(
        conn, rollup_hour, [{**key, "hour_at": hour_at, "total": number, "people": number, "machine": 0}],
        ("total", "people", "machine"),
    )  # fmt: skip
    sums: dict[tuple[int, int], int] = {}
    for zone, (hour, weekday) in hours.items():
        sums[weekday, hour] = sums.get((weekday, hour), 0) + zones[zone]
    rows = [
        {"kind": like.kind.value, "weekday": weekday, "hour": hour, "people": people}
        for (weekday, hour), people in sorted(sums.items())
    ]
    add_up(conn, rollup_local, rows, ("people",))
