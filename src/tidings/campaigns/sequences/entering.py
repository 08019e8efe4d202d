"""Who enters a sequence: found in batches, each in one transaction, so that looking twice lets nobody in twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, select

from tidings.audience.repository import consents, reachable, suppressed
from tidings.audience.segments import matching
from tidings.campaigns.sequences import repository
from tidings.campaigns.sequences.facts import CHANNEL
from tidings.domain.consent import marketing_purpose
from tidings.domain.instant import DAY, HOUR, MINUTE, Instant
from tidings.domain.sequence import SequenceDefinition
from tidings.store.tables import contact, sequence_person

BATCH = 1_000
LOOK_EVERY = 10 * MINUTE
"""How often a segment is looked through for people who fit it now; new contacts are seen at once."""
FULL_AGAIN = 5 * MINUTE
"""When to look again after the limit of people was reached."""
P = sequence_person.c


@dataclass(frozen=True, slots=True)
class Entered:
    """What one look brought."""

    people: int = 0
    more: bool = False
    """There may be more to let in now."""


def wants_look(row: Row[Any], made: SequenceDefinition, now: Instant) -> bool:
    """Whether there is somebody to look for, from a row of `repository.running`: costs nothing."""
    new_contacts = made.trigger.kind in {"segment", "import"} and (row.newest_contact or 0) > row.known_to
    return new_contacts or (row.enter_at is not None and row.enter_at <= now)


def enter(conn: Connection, row: Row[Any], made: SequenceDefinition, newest: int, now: Instant) -> Entered:
    """Lets the next batch in. `row` is locked; `newest` is the highest contact there is."""
    room = room_left(conn, row.campaign_pk, made, now)
    if room <= 0:
        repository.change(conn, row.campaign_pk, enter_at=now + FULL_AGAIN, known_to=newest)
        return Entered()
    limit = min(room, BATCH)
    if row.enter_at is not None and row.enter_at <= now:
        return _whole_pass(conn, row, made, newest, now, limit)
    found = _fitting(conn, row, made, row.known_to, now, limit)
    reached = found[-1] if len(found) == limit else newest
    repository.change(conn, row.campaign_pk, known_to=reached)
    return Entered(repository.add_people(conn, row.campaign_pk, found, made.steps[0].id, now), reached < newest)


def _whole_pass(
    conn: Connection, row: Row[Any], made: SequenceDefinition, newest: int, now: Instant, limit: int
) -> Entered:
    """The next part of a walk through everybody."""
    found = _fitting(conn, row, made, row.entered_to, now, limit)
    first_step = made.steps[0].id
    entered = repository.add_people(conn, row.campaign_pk, found, first_step, now)
    if len(found) == limit:
        repository.change(conn, row.campaign_pk, entered_to=found[-1])
        return Entered(entered, more=True)
    again = _returning(conn, row, made, now, limit - len(found))
    repository.enter_again(conn, row.campaign_pk, again, first_step, now)
    every = made.trigger.kind == "segment"
    repository.change(
        conn, row.campaign_pk, entered_to=0, known_to=max(row.known_to, newest),
        enter_at=(now if len(found) + len(again) == limit else now + LOOK_EVERY) if every else None,
    )  # fmt: skip
    return Entered(entered + len(again), more=len(found) + len(again) == limit)


def room_left(conn: Connection, campaign_pk: int, made: SequenceDefinition, now: Instant) -> int:
    """How many may still enter now by the sequence's limits."""
    room = BATCH
    for limit, span in ((made.limits.per_hour, HOUR), (made.limits.per_day, DAY)):
        if limit is not None:
            room = min(room, limit - repository.count_entered(conn, campaign_pk, now - span + 1))
    return room


def may_enter(now: Instant) -> ColumnElement[bool]:
    """Whether a row of `contact` may be written to at all."""
    return reachable(CHANNEL) & ~suppressed(CHANNEL) & consents(marketing_purpose(CHANNEL), now)


def _audience(conn: Connection, row: Row[Any], made: SequenceDefinition, now: Instant) -> list[ColumnElement[bool]]:
    conditions = [may_enter(now)]
    if row.segment_id is not None:
        conditions.append(matching(conn, row.segment_id, now))
    if made.trigger.kind == "import":
        conditions.append(contact.c.created_at >= row.launched_at)
    return conditions


def _fitting(
    conn: Connection, row: Row[Any], made: SequenceDefinition, after: int, now: Instant, limit: int
) -> list[int]:
    inside = exists().where(P.campaign_pk == row.campaign_pk, P.contact_pk == contact.c.pk)
    query = (
        select(contact.c.pk)
        .where(contact.c.pk > after, *_audience(conn, row, made, now), ~inside)
        .order_by(contact.c.pk)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def _returning(conn: Connection, row: Row[Any], made: SequenceDefinition, now: Instant, limit: int) -> list[int]:
    """Those who left long enough ago to enter anew."""
    if made.again is None:
        return []
    query = (
        select(P.contact_pk)
        .join(contact, contact.c.pk == P.contact_pk)
        .where(P.campaign_pk == row.campaign_pk, P.exited_at <= now - made.again.after, P.round < made.again.at_most)
        .where(*_audience(conn, row, made, now))
        .limit(limit)
    )
    return list(conn.execute(query).scalars())
