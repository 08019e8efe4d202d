"""Queries of the Scheduling agent: people's other messages, their clicks, and the slots of a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)

from tidings.domain.campaign import CampaignState
from tidings.domain.delivery import OPEN, SENT, DeliveryState
from tidings.domain.event import EventKind
from tidings.domain.instant import DAY, Instant
from tidings.domain.plan import FrequencyCap, PlanSummary, SlotReason
from tidings.scheduling.planning import Plan
from tidings.store.confirmations import confirmations
from tidings.store.database import Database
from tidings.store.tables import campaign, contact, delivery, event, send_plan, slot

_ROWS = 10_000
_HISTORY_DAYS = 180
_WENT_OUT = sorted(SENT | {DeliveryState.UNCERTAIN})
_STILL_TO_GO = sorted(OPEN)
_PROPOSED = (CampaignState.PLANNING.value, CampaignState.REVIEW.value, CampaignState.APPROVED.value)


def messages_of_slot() -> ColumnElement[int]:
    """How many messages somebody gets in their slot: one for each channel it names."""
    named = slot.c.channels
    return func.length(named) - func.length(func.replace(named, ",", "")) + 1


def commitments(
    conn: Connection, campaign_pk: int, cap: FrequencyCap, since: Instant, until: Instant, *, beside: int = 0
) -> dict[int, list[Instant]]:
    """Other campaigns' messages by contact, as `messages_of_others` has them; only of people at the cap or above.

    `beside` is how many more than one the new message is, in further channels.
    """
    messages = messages_of_others(campaign_pk, since, until)
    enough = func.sum(messages.c.number) >= max(1, cap.limit - beside)
    many = select(messages.c.contact_pk).group_by(messages.c.contact_pk).having(enough)
    found: defaultdict[int, list[Instant]] = defaultdict(list)
    query = select(messages.c.contact_pk, messages.c.at, messages.c.number).where(messages.c.contact_pk.in_(many))
    for contact_pk, at, number in conn.execute(query):
        found[contact_pk] += [int(at)] * number
    return dict(found)


def messages_of_others(campaign_pk: int, since: Instant, until: Instant) -> CTE:
    """The messages of all campaigns but one, sent or planned in [since, until): contact, time, number and campaign.

    Confirmation mails are left out: they are no marketing, so no cap counts them.

    Sent ones count at the time they went, open and proposed ones at the time they are due.
    """
    when = case(
        (delivery.c.state.in_(_WENT_OUT), func.coalesce(delivery.c.at, delivery.c.due_at)), else_=delivery.c.due_at
    )
    ledger = select(delivery.c.contact_pk, when.label("at"), literal(1).label("number"), delivery.c.campaign_pk).where(
        delivery.c.campaign_pk != campaign_pk,
        delivery.c.campaign_pk.not_in(confirmations()),
        delivery.c.state.in_([*_WENT_OUT, *_STILL_TO_GO]),
        when >= since,
        when < until,
    )
    proposed = (
        select(slot.c.contact_pk, slot.c.due_at.label("at"), messages_of_slot().label("number"), slot.c.campaign_pk)
        .join(campaign, campaign.c.pk == slot.c.campaign_pk)
        .where(
            slot.c.campaign_pk != campaign_pk,
            campaign.c.state.in_(_PROPOSED),
            campaign.c.launched_at.is_(None),
            slot.c.due_at >= since,
            slot.c.due_at < until,
        )
    )
    return union_all(ledger, proposed).cte("messages")


def clicks_by_hour(conn: Connection, now: Instant, only: int | None = None) -> dict[int, list[float]]:
    """People's own clicks per local hour in the last half year, machines left out: 24 counts by contact, or of one."""
    query = (
        select(event.c.contact_pk, event.c.hour_local, func.count())
        .where(
            event.c.kind == EventKind.CLICKED.value,
            event.c.machine < 0.5,
            event.c.hour_local.is_not(None),
            event.c.at >= now - _HISTORY_DAYS * DAY,
        )
        .group_by(event.c.contact_pk, event.c.hour_local)
    )
    if only is not None:
        query = query.where(event.c.contact_pk == only)
    found: defaultdict[int, list[float]] = defaultdict(lambda: [0.0] * 24)
    for contact_pk, hour, count in conn.execute(query):
        found[contact_pk][hour] = float(count)
    return dict(found)


def replace_slots(conn: Connection, campaign_pk: int, plan: Plan) -> None:
    """Writes the plan's slots in place of any the campaign had."""
    conn.execute(delete(slot).where(slot.c.campaign_pk == campaign_pk))
    rows = _rows(campaign_pk, plan)
    statement = insert(slot)
    while part := list(islice(rows, _ROWS)):
        conn.execute(statement, part)


def write_slots(db: Database, campaign_pk: int, plan: Plan) -> None:
    """The same in many short transactions, so that nobody else waits long for the database."""
    while True:
        first = select(slot.c.contact_pk).where(slot.c.campaign_pk == campaign_pk).limit(_ROWS)
        with db.transaction() as conn:
            gone = conn.execute(delete(slot).where(slot.c.campaign_pk == campaign_pk, slot.c.contact_pk.in_(first)))
        if gone.rowcount < _ROWS:
            break
    rows = _rows(campaign_pk, plan)
    while part := list(islice(rows, _ROWS)):
        with db.transaction() as conn:
            conn.execute(insert(slot), part)


def postpone_slots(conn: Connection, campaign_pk: int, now: Instant) -> None:
    """Moves what is past to the same hour of the first day that is not; what a person set, to now."""
    past = (slot.c.campaign_pk == campaign_pk) & (slot.c.due_at < now)
    wished = slot.c.reason == SlotReason.OVERRIDE.value
    days = (now - slot.c.due_at + (DAY - 1)) // DAY
    later = case((wished, literal(now, BigInteger)), else_=slot.c.due_at + days * DAY)
    conn.execute(update(slot).where(past).values(due_at=later))


def due_times(conn: Connection, campaign_pk: int) -> list[Instant]:
    """When each person of the plan is due."""
    return list(conn.execute(select(slot.c.due_at).where(slot.c.campaign_pk == campaign_pk)).scalars())


def plan_of(conn: Connection, plan_id: str) -> PlanSummary:
    """The plan of that id."""
    return from_json(conn.execute(select(send_plan.c.summary).where(send_plan.c.id == plan_id)).scalar_one())


def _rows(campaign_pk: int, plan: Plan) -> Iterator[dict[str, Any]]:
    names = [zone.shown for zone in plan.zones]
    assumed = [zone.assumed for zone in plan.zones]
    ways = plan.channels or ((),) * len(plan.pk)
    columns = (plan.pk.tolist(), plan.due_at.tolist(), plan.variant.tolist(), plan.reasons, plan.zone.tolist(), ways)
    for pk, due_at, variant, reason, zone, channels in zip(*columns, strict=True):
        yield {
            "campaign_pk": campaign_pk,
            "contact_pk": pk,
            "step": 0,
            "due_at": due_at,
            "variant": plan.variants[variant],
            "reason": reason,
            "zone": names[zone],
            "zone_assumed": assumed[zone],
            "channels": ",".join(channels),
        }


def insert_plan(conn: Connection, campaign_pk: int, summary: PlanSummary) -> None:
    """Keeps the summary; the plan in force is named by the campaign."""
    row = {"id": summary.id, "campaign_pk": campaign_pk, "revision_id": summary.revision_id}
    conn.execute(insert(send_plan).values(**row, summary=as_json(summary), created_at=summary.created_at))


def latest_plan(conn: Connection, campaign_pk: int) -> PlanSummary | None:
    """The newest plan of a campaign, or None."""
    query = select(send_plan.c.summary).where(send_plan.c.campaign_pk == campaign_pk)
    newest = query.order_by(send_plan.c.created_at.desc(), send_plan.c.id.desc()).limit(1)
    body: Mapping[str, Any] | None = conn.execute(newest).scalar_one_or_none()
    return None if body is None else from_json(body)


def as_json(summary: PlanSummary) -> dict[str, Any]:
    """The summary as a JSON document; keys of JSON objects are text."""
    return {**asdict(summary), "by_hour": {str(hour): people for hour, people in summary.by_hour.items()}}


def from_json(body: Mapping[str, Any]) -> PlanSummary:
    """The summary as it was before `as_json`."""
    plain: dict[str, Any] = dict(body)
    plain["by_hour"] = {int(hour): people for hour, people in body["by_hour"].items()}
    return PlanSummary(**plain)


def slots_with_places(conn: Connection, campaign_pk: int) -> list[tuple[int, str, str, str, str]]:
    """Contact, variant, channels by commas, and the contact's own zone and country, of each slot of a campaign."""
    query = (
        select(slot.c.contact_pk, slot.c.variant, slot.c.channels, contact.c.time_zone, contact.c.country)
        .join(contact, contact.c.pk == slot.c.contact_pk)
        .where(slot.c.campaign_pk == campaign_pk, slot.c.step == 0)
        .order_by(slot.c.contact_pk)
    )
    return [tuple(row) for row in conn.execute(query)]


def move_slots(conn: Connection, campaign_pk: int, moved: Iterable[tuple[int, Instant, str, str]]) -> None:
    """Gives people of a plan new times with new reasons: (contact, due time, reason, channels by commas)."""
    rows = [
        {"person": person, "then": due_at, "why": reason, "ways": channels}
        for person, due_at, reason, channels in moved
    ]
    if rows:
        conn.execute(_MOVE.where(slot.c.campaign_pk == campaign_pk), rows)


_MOVE = (
    update(slot)
    .where(slot.c.contact_pk == bindparam("person"), slot.c.step == 0)
    .values(due_at=bindparam("then"), reason=bindparam("why"), channels=bindparam("ways"))
)


def drop_slots(conn: Connection, campaign_pk: int, people: Iterable[int]) -> None:
    """Takes people out of a plan."""
    gone = np.fromiter(people, dtype=np.int64)
    for start in range(0, len(gone), 500):
        part = gone[start : start + 500].tolist()
        conn.execute(delete(slot).where(slot.c.campaign_pk == campaign_pk, slot.c.contact_pk.in_(part)))
