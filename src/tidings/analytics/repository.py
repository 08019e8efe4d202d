"""Queries of the Analytics agent: counts from the rollups, people from the first-time bits, recommendations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, insert, or_, select, update

from tidings.domain.actor import Actor
from tidings.domain.campaign import CampaignState
from tidings.domain.delivery import OPEN, SENT
from tidings.domain.errors import NotFoundError
from tidings.domain.event import EventKind
from tidings.domain.instant import HOUR, Instant
from tidings.domain.money import money
from tidings.domain.plan import SlotReason
from tidings.events.log import BITS
from tidings.store.confirmations import confirmations
from tidings.store.tables import (
    campaign,
    contact,
    conversion,
    delivery,
    engagement,
    recommendation,
    revision,
    rollup_hour,
    slot,
)

_OPEN = sorted(OPEN)
_SENT = sorted(SENT)


@dataclass(frozen=True, slots=True)
class HourCount:
    """People of one kind in one campaign in one hour."""

    campaign_pk: int
    hour_at: Instant
    kind: str
    people: int


@dataclass(frozen=True, slots=True)
class NextSend:
    """A campaign that will go out: when it starts or goes on, and to how many people."""

    campaign_id: str
    name: str
    at: Instant
    people: int
    state: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign has got: deliveries still open, all of them, and when the last one went."""

    open: int
    total: int
    last_at: Instant | None


@dataclass(frozen=True, slots=True)
class Earned:
    """What conversions of one currency were worth, as a decimal number; `currency` is empty for those without value."""

    currency: str
    conversions: int
    value: str


def seen_by(actor: Actor) -> list[ColumnElement[bool]]:
    """The condition on `campaign` that cuts down to the actor's brands."""
    return [campaign.c.brand_id.in_(actor.brands)] if actor.brands else []


def find_campaign(conn: Connection, actor: Actor, campaign_id: str) -> Row[Any]:
    """A campaign's row. Raises NotFoundError when there is none the actor may see."""
    row = conn.execute(select(campaign).where(campaign.c.id == campaign_id, *seen_by(actor))).first()
    if row is None:
        raise NotFoundError(f"There is no campaign {campaign_id}.")
    return row


def campaign_of_pk(conn: Connection, campaign_pk: int) -> Row[Any]:
    """A campaign's row by its number."""
    return conn.execute(select(campaign).where(campaign.c.pk == campaign_pk)).one()


def hour_counts(conn: Connection, actor: Actor, since: Instant, until: Instant) -> list[HourCount]:
    """People per campaign, hour and kind in [since, until), of the campaigns the actor may see.

    Confirmation mails are left out: nothing of them is measured, so they would only thin the rates.
    """
    query = (
        select(rollup_hour.c.campaign_pk, rollup_hour.c.hour_at, rollup_hour.c.kind, func.sum(rollup_hour.c.people))
        .where(rollup_hour.c.hour_at >= since, rollup_hour.c.hour_at < until)
        .where(rollup_hour.c.campaign_pk.not_in(confirmations()))
        .group_by(rollup_hour.c.campaign_pk, rollup_hour.c.hour_at, rollup_hour.c.kind)
    )
    if actor.brands:
        query = query.join(campaign, campaign.c.pk == rollup_hour.c.campaign_pk).where(*seen_by(actor))
    return [HourCount(pk, hour, kind, int(people)) for pk, hour, kind, people in conn.execute(query)]


def confirming(conn: Connection) -> set[int]:
    """The campaigns whose channel reports deliveries."""
    query = select(rollup_hour.c.campaign_pk).where(rollup_hour.c.kind == EventKind.DELIVERED.value).distinct()
    return set(conn.execute(query).scalars())


def next_sends(conn: Connection, actor: Actor, limit: int = 5) -> list[NextSend]:
    """What goes out next: approved campaigns by their plan, running ones by their open deliveries."""
    columns = (campaign.c.id, campaign.c.name, campaign.c.state)
    live = and_(campaign.c.paused_at.is_(None), *seen_by(actor))
    planned = (
        select(*columns, func.min(slot.c.due_at), func.count())
        .join(slot, slot.c.campaign_pk == campaign.c.pk)
        .where(campaign.c.state == CampaignState.APPROVED.value, live)
        .group_by(*columns)
    )
    running = (
        select(*columns, func.min(delivery.c.due_at), func.count())
        .join(delivery, delivery.c.campaign_pk == campaign.c.pk)
        .where(campaign.c.state == CampaignState.SENDING.value, delivery.c.state.in_(_OPEN), live)
        .group_by(*columns)
    )
    found = [
        NextSend(id_, name, int(at), people, state)
        for query in (planned, running)
        for id_, name, state, at, people in conn.execute(query)
    ]
    return sorted(found, key=lambda one: one.at)[:limit]


def progress(conn: Connection, campaign_pk: int) -> Progress:
    """How far a campaign's deliveries have got."""
    query = select(
        func.coalesce(func.sum(case((delivery.c.state.in_(_OPEN), 1), else_=0)), 0),
        func.count(),
        func.max(case((delivery.c.state.in_(_SENT), delivery.c.at))),
    ).where(delivery.c.campaign_pk == campaign_pk)
    still, total, last = conn.execute(query).one()
    return Progress(int(still), int(total), None if last is None else int(last))


def last_sent_hour(conn: Connection, campaign_pk: int) -> Instant | None:
    """The last hour in which a message of the campaign was taken, by the rollups."""
    query = select(func.max(rollup_hour.c.hour_at)).where(
        rollup_hour.c.campaign_pk == campaign_pk, rollup_hour.c.kind == EventKind.ACCEPTED.value
    )
    return conn.execute(query).scalar_one()


def subjects(conn: Connection, revision_id: str | None) -> dict[str, str]:
    """Subject line by variant of a revision; empty without one."""
    query = select(revision.c.body).where(revision.c.id == revision_id)
    body: dict[str, list[dict[str, str]]] = conn.execute(query).scalar_one_or_none() or {"drafts": []}
    return {draft["variant"]: draft["subject"] for draft in body["drafts"]}


def earned(conn: Connection, campaign_pk: int) -> dict[str, list[Earned]]:
    """What each variant's conversions were worth, by currency, the largest first."""
    value = func.sum(conversion.c.value_milli).label("value")
    query = (
        select(conversion.c.variant, conversion.c.currency, func.count().label("number"), value)
        .where(conversion.c.campaign_pk == campaign_pk)
        .group_by(conversion.c.variant, conversion.c.currency)
        .order_by(value.desc(), conversion.c.currency)
    )
    found: defaultdict[str, list[Earned]] = defaultdict(list)
    for row in conn.execute(query):
        found[row.variant].append(Earned(row.currency, row.number, money(int(row.value))))
    return dict(found)


def clicks_by_slot_reason(conn: Connection, campaign_pk: int) -> dict[str, tuple[int, int]]:
    """(clicked, sent) people of a campaign by whether their hour was drawn at random or chosen by the model.

    Keys are `random` and `chosen`; people whose time a person set are left out.
    """
    drawn = slot.c.reason == SlotReason.HOLDOUT_TIME.value
    query = (
        select(drawn, func.sum(case((_had(EventKind.CLICKED), 1), else_=0)), func.count())
        .join(
            engagement,
            and_(engagement.c.campaign_pk == slot.c.campaign_pk, engagement.c.contact_pk == slot.c.contact_pk),
        )
        .where(slot.c.campaign_pk == campaign_pk, slot.c.reason != SlotReason.OVERRIDE.value, _had(EventKind.ACCEPTED))
        .group_by(drawn)
    )
    return {"random" if is_drawn else "chosen": (int(clicked), sent) for is_drawn, clicked, sent in conn.execute(query)}


def clicks_by_arrival(conn: Connection, since: Instant) -> list[tuple[str, Instant, int, int]]:
    """(zone, hour UTC, clicked, sent) people by when their mail was taken; of people whose zone is known."""
    hour = delivery.c.at - delivery.c.at % HOUR
    query = (
        select(contact.c.time_zone, hour, func.sum(_bit(EventKind.CLICKED)), func.count())
        .select_from(delivery)
        .join(contact, contact.c.pk == delivery.c.contact_pk)
        .join(
            engagement,
            and_(engagement.c.campaign_pk == delivery.c.campaign_pk, engagement.c.contact_pk == delivery.c.contact_pk),
        )
        .where(delivery.c.state.in_(_SENT), delivery.c.at >= since, contact.c.time_zone != "")
        .group_by(contact.c.time_zone, hour)
    )
    return [(zone, int(at), int(clicked), sent) for zone, at, clicked, sent in conn.execute(query)]


def quiet_readers(conn: Connection, least: int) -> dict[str, tuple[int, int]]:
    """(unsubscribed, people) of those who got at least `least` campaigns: who never clicked, and who did.

    Keys are `never` and `clicked`. Unsubscribed counts people who did so in any campaign.
    """
    got = func.sum(_bit(EventKind.ACCEPTED))
    person = (
        select(func.max(_bit(EventKind.CLICKED)).label("clicked"), func.max(_bit(EventKind.UNSUBSCRIBED)).label("left"))
        .group_by(engagement.c.contact_pk)
        .having(got >= least)
        .cte("person")
    )
    query = select(person.c.clicked, func.sum(person.c.left), func.count()).group_by(person.c.clicked)
    return {"clicked" if hit else "never": (int(left), people) for hit, left, people in conn.execute(query)}


def _had(kind: EventKind) -> ColumnElement[bool]:
    return engagement.c.bits.op("&")(BITS[kind]) != 0


def _bit(kind: EventKind) -> ColumnElement[int]:
    return case((_had(kind), 1), else_=0)


def insert_recommendation(
    conn: Connection,
    *,
    id: str,  # noqa: A002  # the column's name
    campaign_pk: int | None,
    kind: str,
    status: str,
    title: str,
    body: dict[str, Any],
    at: Instant,
) -> None:
    """Keeps a recommendation."""
    row = {"id": id, "campaign_pk": campaign_pk, "kind": kind, "status": status, "title": title, "body": body}
    conn.execute(insert(recommendation).values(**row, created_at=at))


def withdraw_undecided(conn: Connection, campaign_pk: int, at: Instant) -> None:
    """Takes back what a former report of the campaign said and nobody has decided on; the rows stay."""
    conn.execute(
        update(recommendation)
        .where(recommendation.c.campaign_pk == campaign_pk, recommendation.c.status.in_(("proposed", "noted")))
        .values(status="withdrawn", decided_by="Analytics agent", decided_at=at)
    )


def list_recommendations(conn: Connection, actor: Actor, campaign_id: str | None, limit: int) -> Sequence[Row[Any]]:
    """Recommendations the actor may see, newest first, without those taken back."""
    query = _recommendations(actor).where(recommendation.c.status != "withdrawn")
    if campaign_id is not None:
        query = query.where(campaign.c.id == campaign_id)
    order = recommendation.c.created_at.desc(), recommendation.c.id.desc()
    return conn.execute(query.order_by(*order).limit(limit)).all()


def find_recommendation(conn: Connection, actor: Actor, id: str) -> Row[Any]:  # noqa: A002  # the column's name
    """One recommendation. Raises NotFoundError when there is none the actor may see."""
    row = conn.execute(_recommendations(actor).where(recommendation.c.id == id)).first()
    if row is None:
        raise NotFoundError(f"There is no recommendation {id}.")
    return row


def _recommendations(actor: Actor) -> Select[Any]:
    query = select(recommendation, campaign.c.id.label("campaign_id"), campaign.c.brand_id).outerjoin(
        campaign, campaign.c.pk == recommendation.c.campaign_pk
    )
    if actor.brands:
        query = query.where(or_(recommendation.c.campaign_pk.is_(None), *seen_by(actor)))
    return query


def decide(conn: Connection, id: str, status: str, by: str, at: Instant) -> bool:  # noqa: A002  # the column's name
    """Marks a proposed recommendation; False when somebody was faster."""
    done = conn.execute(
        update(recommendation)
        .where(recommendation.c.id == id, recommendation.c.status == "proposed")
        .values(status=status, decided_by=by, decided_at=at)
    )
    return done.rowcount == 1


def people_by_kind(rows: Sequence[HourCount]) -> dict[int, dict[str, int]]:
    """Sums hour counts to campaign → kind → people."""
    found: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        found[row.campaign_pk][row.kind] += row.people
    return {pk: dict(kinds) for pk, kinds in found.items()}
