"""Queries of sequences: their rows, who is due, what became of a batch. Each takes the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, literal, or_, select, update

from tidings.campaigns.sequences.advance import EVENT, Place
from tidings.domain.campaign import CampaignState
from tidings.domain.event import EventKind
from tidings.domain.instant import Instant
from tidings.store.among import among, keys
from tidings.store.tables import campaign, contact, event, sequence, sequence_person, sequence_send
from tidings.store.upsert import upsert

P = sequence_person.c
_HUMAN = 0.5
_CHUNK = 50_000  # events looked at in one transaction
_OVERLAP = 1_000  # PostgreSQL: numbers are given before the commit, so a few may appear late
# From the start on it is `sending`; before its launch nobody knows yet whom it is for.
_LAUNCHED = campaign.c.launched_at.is_not(None)
_RUNNING = (campaign.c.state == CampaignState.SENDING.value) & campaign.c.paused_at.is_(None) & _LAUNCHED


def insert_sequence(conn: Connection, campaign_pk: int, wanted: str) -> None:
    """Makes a campaign a sequence, whose messages are still to be written."""
    conn.execute(insert(sequence).values(campaign_pk=campaign_pk, wanted=wanted, variants={}, segment_id=None))


def sequence_row(conn: Connection, campaign_pk: int) -> Row[Any] | None:
    """What makes a campaign a sequence; None for any other campaign."""
    return conn.execute(select(sequence).where(sequence.c.campaign_pk == campaign_pk)).one_or_none()


def change(conn: Connection, campaign_pk: int, **values: Any) -> None:
    """Changes fields of a sequence."""
    conn.execute(update(sequence).where(sequence.c.campaign_pk == campaign_pk).values(**values))


def running(conn: Connection) -> Sequence[Row[Any]]:
    """Every sequence that runs, with what a look needs to know: one indexed query, whatever stands in it."""
    due = (
        select(P.due_at)
        .where(P.campaign_pk == sequence.c.campaign_pk, P.due_at.is_not(None))
        .order_by(P.due_at)
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(
            sequence, campaign.c.id, campaign.c.revision_id, campaign.c.launched_at, campaign.c.name,
            due.label("next_due"), select(func.max(event.c.pk)).scalar_subquery().label("newest_event"),
            select(func.max(contact.c.pk)).scalar_subquery().label("newest_contact"),
        )
        .join(campaign, campaign.c.pk == sequence.c.campaign_pk)
        .where(_RUNNING)
        .order_by(sequence.c.campaign_pk)
    )  # fmt: skip
    return conn.execute(query).all()


def lock_running(conn: Connection, campaign_pk: int) -> Row[Any] | None:
    """The sequence, its row this transaction's alone, unless it was paused or ended, or another worker has it."""
    query = (
        select(sequence, campaign.c.id, campaign.c.revision_id, campaign.c.launched_at, campaign.c.name)
        .join(campaign, campaign.c.pk == sequence.c.campaign_pk)
        .where(sequence.c.campaign_pk == campaign_pk, _RUNNING)
        .with_for_update(of=sequence, skip_locked=True)
    )
    return conn.execute(query).one_or_none()


def in_force(conn: Connection, campaign_pk: int) -> Row[Any] | None:
    """The same without the lock: what a batch goes by. An edit or a pause waits for the batches under way."""
    query = (
        select(sequence, campaign.c.id, campaign.c.revision_id, campaign.c.launched_at)
        .join(campaign, campaign.c.pk == sequence.c.campaign_pk)
        .where(sequence.c.campaign_pk == campaign_pk, _RUNNING)
        .with_for_update(of=campaign, read=True)
    )
    return conn.execute(query).one_or_none()


def due_people(conn: Connection, campaign_pk: int, now: Instant, limit: int) -> list[Place]:
    """Those whose time has come, the longest waiting first; other workers get others."""
    query = (
        select(
            P.contact_pk,
            P.position,
            P.waiting_for,
            P.since,
            P.due_at,
            P.sent_step,
            P.entered_at,
            P.round,
            P.exit_reason,
        )
        .where(P.campaign_pk == campaign_pk, P.due_at <= now)
        .order_by(P.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Place(*row) for row in conn.execute(query)]


def write_places(conn: Connection, campaign_pk: int, places: Iterable[Place], now: Instant) -> None:
    """Where the people of a batch stand now."""
    given = [
        {"person": each.contact_pk, "a": each.position, "b": each.waiting_for, "c": each.since, "d": each.due_at,
         "e": each.sent_step, "f": now if each.due_at is None else None, "g": each.exit_reason}
        for each in places
    ]  # fmt: skip
    if given:
        conn.execute(_WRITE.where(P.campaign_pk == campaign_pk), given)


_WRITE = (
    update(sequence_person)
    .where(P.contact_pk == bindparam("person"))
    .values(
        position=bindparam("a"), waiting_for=bindparam("b"), since=bindparam("c"), due_at=bindparam("d"),
        sent_step=bindparam("e"), exited_at=bindparam("f"), exit_reason=bindparam("g"),
    )
)  # fmt: skip


def put_off(conn: Connection, campaign_pk: int, contact_pk: int, until: Instant) -> None:
    """Looks at one person later, so that they do not hold up the others."""
    mine = (P.campaign_pk == campaign_pk) & (P.contact_pk == contact_pk)
    conn.execute(update(sequence_person).where(mine).values(due_at=until))


# What happened


def wake(
    conn: Connection, campaign_pk: int, *, seen: int, newest: int, wakes: Sequence[EventKind],
    ends: Sequence[EventKind], now: Instant,
) -> int:  # fmt: skip
    """Makes those due about whom something happened since event `seen`; the number of the last event looked at.

    `wakes` concern people who wait for an event, `ends` everybody who is still in it.
    """
    last = min(newest, seen + _CHUNK)
    first = seen if conn.dialect.name == "sqlite" else max(0, seen - _OVERLAP)
    happened = select(event.c.contact_pk).where(
        event.c.pk > first, event.c.pk <= last, event.c.campaign_pk == campaign_pk, event.c.machine < _HUMAN
    )
    whom = [(wakes, P.waiting_for == EVENT), (ends, P.waiting_for.is_not(None))]
    for kinds, which in whom:
        if kinds:
            of_kind = happened.where(event.c.kind.in_([kind.value for kind in kinds]))
            conn.execute(
                update(sequence_person)
                .where(P.campaign_pk == campaign_pk, P.due_at > now, which, P.contact_pk.in_(of_kind))
                .values(due_at=now)
            )
    change(conn, campaign_pk, seen_event=last)
    return last


# Entering


def add_people(conn: Connection, campaign_pk: int, people: Sequence[int], first_step: str, now: Instant) -> int:
    """Puts people at the first step; who is in it already, or was, stays as they are. How many are new."""
    before = count_entered(conn, campaign_pk, now)
    rows = [
        {"campaign_pk": campaign_pk, "contact_pk": pk, "position": first_step, "since": now, "due_at": now,
         "entered_at": now}
        for pk in people
    ]  # fmt: skip
    if rows:
        conn.execute(upsert(conn, sequence_person).on_conflict_do_nothing(), rows)
    return count_entered(conn, campaign_pk, now) - before


def enter_again(conn: Connection, campaign_pk: int, people: Sequence[int], first_step: str, now: Instant) -> None:
    """Puts people who have left at the first step of their next round."""
    mine = (P.campaign_pk == campaign_pk) & among(conn.dialect.name, P.contact_pk, "people")
    changed = (
        update(sequence_person)
        .where(mine, P.exited_at.is_not(None))
        .values(
            position=bindparam("step_name"), waiting_for="", since=bindparam("now"), due_at=bindparam("now"),
            sent_step=None, entered_at=bindparam("now"), exited_at=None, exit_reason="", round=P.round + 1,
        )
    )  # fmt: skip
    conn.execute(changed, {"people": keys(conn, people), "step_name": first_step, "now": now})


def count_entered(conn: Connection, campaign_pk: int, since: Instant) -> int:
    """How many have entered at that instant or later."""
    query = select(func.count()).select_from(sequence_person).where(P.campaign_pk == campaign_pk, P.entered_at >= since)
    return conn.execute(query).scalar_one()


def statuses(conn: Connection, campaign_pk: int, people: Sequence[int]) -> dict[int, Row[Any]]:
    """What is known of those people in this sequence, by contact."""
    query = select(sequence_person).where(
        P.campaign_pk == campaign_pk, among(conn.dialect.name, P.contact_pk, "people")
    )
    return {row.contact_pk: row for row in conn.execute(query, {"people": keys(conn, people)})}


# Steps


def ledger_steps(conn: Connection, campaign_pk: int) -> dict[tuple[str, int], int]:
    """The ledger's number of each send step and round."""
    query = select(sequence_send).where(sequence_send.c.campaign_pk == campaign_pk)
    return {(row.name, row.round): row.step for row in conn.execute(query)}


def add_ledger_step(conn: Connection, campaign_pk: int, name: str, round_no: int, step: int) -> None:
    """Gives a send step of a round its number."""
    conn.execute(insert(sequence_send).values(campaign_pk=campaign_pk, step=step, name=name, round=round_no))


def move_on(conn: Connection, campaign_pk: int, moves: Mapping[str, str], now: Instant) -> None:
    """People at a step that is gone stand at the one that follows it."""
    for gone, then in moves.items():
        conn.execute(
            update(sequence_person)
            .where(P.campaign_pk == campaign_pk, P.position == gone, P.due_at.is_not(None))
            .values(position=then, waiting_for="", since=now, due_at=now)
        )


def remove_all(conn: Connection, campaign_pk: int) -> None:
    """Forgets everybody; for a sequence that never ran."""
    conn.execute(delete(sequence_person).where(P.campaign_pk == campaign_pk))


# Shown


def counts_by_position(conn: Connection, campaign_pk: int) -> list[tuple[str, str, int]]:
    """(step, exit reason or empty while they are in it, people)."""
    reason = func.coalesce(P.exit_reason, literal(""))
    query = select(P.position, reason, func.count()).where(P.campaign_pk == campaign_pk).group_by(P.position, reason)
    return [(position, why, count) for position, why, count in conn.execute(query)]


def next_due(conn: Connection, campaign_pk: int) -> Instant | None:
    """When the next person's time comes."""
    query = select(func.min(P.due_at)).where(P.campaign_pk == campaign_pk, P.due_at.is_not(None))
    return conn.execute(query).scalar()


def engaged_by_step(conn: Connection, campaign_pk: int) -> dict[tuple[int, str], int]:
    """People who did something with a message, by the ledger's step and kind; machines left out."""
    kinds = [kind.value for kind in (EventKind.OPENED, EventKind.CLICKED, EventKind.CONVERTED, EventKind.UNSUBSCRIBED)]
    query = (
        select(event.c.step, event.c.kind, func.count(event.c.contact_pk.distinct()))
        .where(event.c.campaign_pk == campaign_pk, event.c.kind.in_(kinds), event.c.machine < _HUMAN)
        .group_by(event.c.step, event.c.kind)
    )
    return {(step, kind): count for step, kind, count in conn.execute(query)}


def people_page(
    conn: Connection, campaign_pk: int, *, step: str | None, still_in: bool | None, after: int, limit: int
) -> Sequence[Row[Any]]:
    """People of a sequence by number, with name and address."""
    query = (
        select(sequence_person, contact.c.id, contact.c.first_name, contact.c.last_name, contact.c.email)
        .join(contact, contact.c.pk == P.contact_pk)
        .where(P.campaign_pk == campaign_pk, P.contact_pk > after)
        .order_by(P.contact_pk)
        .limit(limit)
    )
    if step is not None:
        query = query.where(P.position == step)
    if still_in is not None:
        query = query.where(P.due_at.is_not(None) if still_in else P.due_at.is_(None))
    return conn.execute(query).all()


def list_sequences(conn: Connection, *, brands: frozenset[str], before_pk: int | None, limit: int) -> list[int]:
    """The campaigns that are sequences, newest first."""
    query = (
        select(campaign.c.pk)
        .join(sequence, sequence.c.campaign_pk == campaign.c.pk)
        .order_by(campaign.c.pk.desc())
        .limit(limit)
    )
    if brands:
        query = query.where(campaign.c.brand_id.in_(brands))
    if before_pk is not None:
        query = query.where(campaign.c.pk < before_pk)
    return list(conn.execute(query).scalars())


def waiting_edits(conn: Connection, brands: frozenset[str]) -> list[int]:
    """Running sequences whose edit waits for approval."""
    query = select(campaign.c.pk).join(sequence, sequence.c.campaign_pk == campaign.c.pk)
    query = query.where(sequence.c.proposed_id.is_not(None), or_(_RUNNING, campaign.c.paused_at.is_not(None)))
    if brands:
        query = query.where(campaign.c.brand_id.in_(brands))
    return list(conn.execute(query.order_by(campaign.c.pk)).scalars())
