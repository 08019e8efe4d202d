"""Reads the counts. Every query answers from rollups; none walks the log."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from tidings.domain.event import EventKind
from tidings.domain.instant import Instant
from tidings.store.tables import rollup_hour, rollup_local


@dataclass(frozen=True, slots=True)
class Count:
    """Events in `total`; `people` each once a campaign without machines; `machine` the events left out of people."""

    total: int = 0
    people: int = 0
    machine: int = 0


_SUMS = (
    func.sum(rollup_hour.c.total).label("total"),
    func.sum(rollup_hour.c.people).label("people"),
    func.sum(rollup_hour.c.machine).label("machine"),
)


def totals(conn: Connection, campaign_pk: int) -> dict[str, dict[str, Count]]:
    """Counts of one campaign per variant and kind of event; kinds that never happened are absent."""
    query = (
        select(rollup_hour.c.variant, rollup_hour.c.kind, *_SUMS)
        .where(rollup_hour.c.campaign_pk == campaign_pk)
        .group_by(rollup_hour.c.variant, rollup_hour.c.kind)
        .order_by(rollup_hour.c.variant, rollup_hour.c.kind)
    )
    found: defaultdict[str, dict[str, Count]] = defaultdict(dict)
    for row in conn.execute(query):
        found[row.variant][row.kind] = _count(row.total, row.people, row.machine)
    return dict(found)


def by_hour(
    conn: Connection, campaign_pk: int | None, since: Instant, until: Instant
) -> list[tuple[Instant, str, int, int]]:
    """Per hour (its start, UTC) and kind: events and people, for hours that start in [since, until).

    `campaign_pk` None means all campaigns together. In order of time; hours without events are absent.
    """
    query = (
        select(rollup_hour.c.hour_at, rollup_hour.c.kind, *_SUMS)
        .where(*_between(since, until, campaign_pk))
        .group_by(rollup_hour.c.hour_at, rollup_hour.c.kind)
        .order_by(rollup_hour.c.hour_at, rollup_hour.c.kind)
    )
    return [(row.hour_at, row.kind, int(row.total), int(row.people)) for row in conn.execute(query)]


def totals_between(
    conn: Connection, since: Instant, until: Instant, campaign_pk: int | None = None
) -> dict[str, Count]:
    """Counts per kind over the hours that start in [since, until); kinds that never happened are absent."""
    query = select(rollup_hour.c.kind, *_SUMS).where(*_between(since, until, campaign_pk)).group_by(rollup_hour.c.kind)
    return {row.kind: _count(row.total, row.people, row.machine) for row in conn.execute(query)}


def local_profile(conn: Connection, kind: EventKind | str) -> list[list[int]]:
    """How many people acted per local weekday (0 = Monday) and hour: 7 rows of 24 counts."""
    profile = [[0] * 24 for _ in range(7)]
    query = select(rollup_local).where(rollup_local.c.kind == str(kind))
    for row in conn.execute(query):
        profile[row.weekday][row.hour] = row.people
    return profile


def _between(since: Instant, until: Instant, campaign_pk: int | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [rollup_hour.c.hour_at >= since, rollup_hour.c.hour_at < until]
    if campaign_pk is not None:
        wanted.append(rollup_hour.c.campaign_pk == campaign_pk)
    return wanted


def _count(total: int, people: int, machine: int) -> Count:
    return Count(int(total), int(people), int(machine))  # PostgreSQL sums whole numbers into decimals
