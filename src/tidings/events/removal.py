"""Takes campaigns out of the log and out of every count, as if they had never been. For sample data only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from tidings.domain.event import Event, EventKind
from tidings.events.local import weekday_of
from tidings.events.log import BITS, MACHINE
from tidings.store.tables import conversion, engagement, event, rollup_hour, rollup_local


def forget_campaigns(conn: Connection, campaign_pks: Sequence[int]) -> int:
    """Deletes their events and counts and gives how many events that were."""
    removed = 0
    for pk in campaign_pks:
        _subtract_local(conn, pk)
        removed += conn.execute(delete(event).where(event.c.campaign_pk == pk)).rowcount
        conn.execute(delete(conversion).where(conversion.c.campaign_pk == pk))
        conn.execute(delete(engagement).where(engagement.c.campaign_pk == pk))
        conn.execute(delete(rollup_hour).where(rollup_hour.c.campaign_pk == pk))
    conn.execute(delete(rollup_local).where(rollup_local.c.people <= 0))
    return removed


def _subtract_local(conn: Connection, campaign_pk: int) -> None:
    """The counts of local hours know no campaign: what this one added is counted again from the log."""
    sums: Counter[tuple[str, int, int]] = Counter()
    seen: dict[int, int] = {}
    log = select(event).where(event.c.campaign_pk == campaign_pk, event.c.machine < MACHINE).order_by(event.c.pk)
    for row in conn.execute(log):
        kind = EventKind(row.kind)
        if seen.get(row.contact_pk, 0) & BITS[kind]:
            continue
        seen[row.contact_pk] = seen.get(row.contact_pk, 0) | BITS[kind]
        each = Event(kind, row.at, row.campaign_pk, row.contact_pk, hour_local=row.hour_local, detail=row.detail)
        weekday = weekday_of(each)
        if weekday is not None:
            sums[row.kind, weekday, row.hour_local] += 1
    less = (
        update(rollup_local)
        .where(rollup_local.c.kind == bindparam("k"))
        .where(rollup_local.c.weekday == bindparam("w"), rollup_local.c.hour == bindparam("h"))
        .values(people=rollup_local.c.people - bindparam("n"))
    )
    if sums:
        conn.execute(less, [{"k": k, "w": w, "h": h, "n": n} for (k, w, h), n in sums.items()])
