"""Fills in the local hour of events whose writer did not know where the person is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import Connection, Select

from tidings.domain.event import Event, EventKind
from tidings.events.local import local_hour_weekday, weekday_of
from tidings.store.among import among, keys, rows, together
from tidings.store.tables import contact

LEARNED = frozenset({EventKind.ACCEPTED, EventKind.DELIVERED, EventKind.OPENED, EventKind.CLICKED, EventKind.CONVERTED})
"""The kinds send times are learned from; only these are worth the look-up."""


@cache
def _zones(dialect: str) -> Select[Any]:
    query = together(dialect, contact.c.pk, contact.c.time_zone)
    return query.where(among(dialect, contact.c.pk, "people"), contact.c.time_zone != "")


def located(conn: Connection, events: Sequence[Event]) -> Sequence[Event]:
    """The same events in the same order, with local hours from the contacts' zones where they were missing."""
    missing = sorted({each.contact_pk for each in events if _wants(each)})
    if not missing:
        return events
    found = rows(conn, _zones(conn.dialect.name), {"people": keys(conn, missing)})
    zones: dict[int, str] = {row[0]: row[1] for row in found}
    if not zones:
        return events
    return [_at(each, zones[each.contact_pk]) if _wants(each) and each.contact_pk in zones else each for each in events]


def _wants(each: Event) -> bool:
    return each.hour_local is None and each.kind in LEARNED


def _at(each: Event, zone: str) -> Event:
    try:
        hour, weekday = local_hour_weekday(each.at, zone)
    except (ZoneInfoNotFoundError, ValueError):  # a zone this machine's tables do not know
        return each
    placed = replace(each, hour_local=hour)
    if weekday_of(placed) == weekday:
        return placed
    return replace(placed, detail={**each.detail, "weekday": str(weekday)})
