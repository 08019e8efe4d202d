"""Empties what is older than it is to be kept: the fact stays, so that nothing counts anew and no sum changes.

Each function takes one bite in the caller's transaction, so that nobody waits long for the database, and says how many
rows it emptied and from where the next bite goes on; None when there is nothing more for now.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from tidings.domain.event import EventKind
from tidings.domain.instant import HOUR, Instant
from tidings.store.tables import attempt, event, provider_event

_ROWS = 5_000
_SLICE = 6 * HOUR
_HITS = (EventKind.OPENED.value, EventKind.CLICKED.value)
_TRACES = frozenset({"agent", "network"})


class Bite(NamedTuple):
    """What one bite did. `mark` is for the next one; `more`: there may be more at once."""

    emptied: int
    mark: int
    more: bool


def empty_reports(conn: Connection, mark: int, before: Instant) -> Bite:
    """What providers said, and in which words; `mark` is when the first not yet looked at was received."""
    received = provider_event.c.received_at
    settled = provider_event.c.state != "waiting"
    first = conn.execute(select(func.min(received)).where(settled, received >= mark, received < before)).scalar()
    if first is None:
        return Bite(0, mark, more=False)
    until = min(first + _SLICE, before)
    old = update(provider_event).where(settled, received >= first, received < until)
    return Bite(conn.execute(old.values(said={}, body={}, native="")).rowcount, until, more=True)


def empty_words(conn: Connection, mark: int, before: Instant) -> Bite:
    """What servers answered; `mark` is the number of the last attempt looked at."""
    query = select(attempt.c.pk, attempt.c.at).where(attempt.c.pk > mark).order_by(attempt.c.pk).limit(_ROWS)
    old = [pk for pk, at in conn.execute(query) if at < before]
    if not old:
        return Bite(0, mark, more=False)
    spoken = update(attempt).where(attempt.c.pk > mark, attempt.c.pk <= old[-1], attempt.c.at < before)
    return Bite(conn.execute(spoken.where(attempt.c.words != "").values(words="")).rowcount, old[-1], more=True)


def empty_hits(conn: Connection, mark: int, before: Instant) -> Bite:
    """Which program and network opened or clicked; `mark` is the number of the last event looked at."""
    columns = (event.c.pk, event.c.at, event.c.kind, event.c.detail)
    query = select(*columns).where(event.c.pk > mark).order_by(event.c.pk).limit(_ROWS)
    old = [row for row in conn.execute(query) if row.at < before]
    if not old:
        return Bite(0, mark, more=False)
    bare = [
        {"which": row.pk, "rest": {name: told for name, told in row.detail.items() if name not in _TRACES}}
        for row in old
        if row.kind in _HITS and _TRACES & row.detail.keys()
    ]
    if bare:
        rest = bindparam("rest", type_=event.c.detail.type)
        conn.execute(update(event).where(event.c.pk == bindparam("which")).values(detail=rest), bare)
    return Bite(len(bare), old[-1].pk, more=True)
