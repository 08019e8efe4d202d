"""What became of one delivery: its row, every attempt, and how it is found by address or by Message-ID."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from tidings.distribution.tokens import TokenSigner
from tidings.distribution.wire import wire_address
from tidings.domain.delivery import SENT, DeliveryState
from tidings.domain.event import EventKind
from tidings.domain.instant import Instant
from tidings.domain.message import EmailTemplate
from tidings.store.tables import attempt, campaign, decision, delivery, event, message

D = DeliveryState
_AT_ONCE = 10_000
EMAIL = "email"
MOST_LOOKED_AT = 1_000_000
"""Deliveries a search by Message-ID alone looks at: some ten seconds."""
Place = tuple[int, int, str, int]
"""Campaign, contact, channel, step: the key of a delivery."""


@dataclass(frozen=True, slots=True)
class Told:
    """One attempt and what the other side said. `relay` is empty where it is not known."""

    number: int
    at: Instant | None
    outcome: str
    code: str
    words: str
    relay: str


def deliveries_to(conn: Connection, campaign_pk: int, contact_pk: int) -> Sequence[Row[Any]]:
    """Every delivery of a campaign to one person, the latest step first."""
    query = (
        select(delivery)
        .where(delivery.c.campaign_pk == campaign_pk, delivery.c.contact_pk == contact_pk)
        .order_by(delivery.c.step.desc(), delivery.c.channel)
    )
    return conn.execute(query).all()


def attempts_of(conn: Connection, row: Any) -> list[Told]:
    """Every attempt, oldest first.

    One that simply succeeded is no row of its own (that would double what is written): it is told by the delivery
    itself, or once a bounce took that place, by the event. Nor is one whose sender died before its answer.
    """
    query = select(attempt).where(*_of(attempt, row)).order_by(attempt.c.number, attempt.c.pk)
    told = [Told(each.number, each.at, each.outcome, each.code, each.words, each.relay) for each in conn.execute(query)]
    relay = _relay_of(conn, row.campaign_pk)
    known = max((each.number for each in told), default=0)
    if row.state == D.ACCEPTED.value:
        told.append(Told(max(row.attempt, 1), row.at, D.ACCEPTED.value, row.code, row.reason, relay))
    elif row.state in SENT:
        at = conn.execute(_event(row, EventKind.ACCEPTED)).scalar()
        words = "the relay took it; its words gave way to what came back"
        told.append(Told(max(row.attempt, 1), at, D.ACCEPTED.value, "", words, relay))
    elif row.state == D.UNCERTAIN.value and not any(each.outcome == D.UNCERTAIN.value for each in told):
        told.append(Told(max(row.attempt, known) + 1, row.at, D.UNCERTAIN.value, row.code, row.reason, relay))
    elif row.state == D.FAILED.value and known < row.attempt:  # told by a dead sender's file
        told.append(Told(row.attempt, row.at, D.FAILED.value, row.code, row.reason, relay))
    return told


def _of(table: Any, row: Any) -> tuple[Any, ...]:
    return (
        table.c.campaign_pk == row.campaign_pk, table.c.contact_pk == row.contact_pk,
        table.c.channel == row.channel, table.c.step == row.step,
    )  # fmt: skip


def _event(row: Any, kind: EventKind) -> Any:
    return select(event.c.at).where(*_of(event, row), event.c.kind == kind.value).order_by(event.c.pk).limit(1)


def _relay_of(conn: Connection, campaign_pk: int) -> str:
    """The relay the Distribution agent started the campaign with."""
    query = (
        select(decision.c.inputs)
        .join(campaign, campaign.c.id == decision.c.campaign_id)
        .where(campaign.c.pk == campaign_pk, decision.c.kind == "start_sending")
        .order_by(decision.c.at.desc())
        .limit(1)
    )
    inputs: dict[str, Any] = conn.execute(query).scalar() or {}
    return str(inputs.get("relay", ""))


def message_of(conn: Connection, row: Any) -> EmailTemplate | None:
    """The launched e-mail of a delivery; None for another channel, or when it is not there."""
    if row.channel != EMAIL:
        return None
    query = select(message.c.body).where(
        message.c.campaign_pk == row.campaign_pk, message.c.step == row.step, message.c.variant == row.variant,
        message.c.channel == row.channel,
    )  # fmt: skip
    body = conn.execute(query).scalar_one_or_none()
    return None if body is None else EmailTemplate.model_validate(body)


def events_of(conn: Connection, row: Any) -> Sequence[Any]:
    """What happened to it by the event log, oldest first."""
    query = select(event.c.kind, event.c.at, event.c.machine, event.c.detail).where(*_of(event, row))
    return conn.execute(query.order_by(event.c.at, event.c.pk)).all()


def of_contact(conn: Connection, contact_pk: int, *, brands: Collection[str], limit: int) -> list[Place]:
    """The latest deliveries to one person, of some brands (empty: of all)."""
    query = (
        select(*_KEY)
        .join(campaign, campaign.c.pk == delivery.c.campaign_pk)
        .where(delivery.c.contact_pk == contact_pk)
        .order_by(delivery.c.due_at.desc(), delivery.c.campaign_pk.desc(), delivery.c.step.desc())
        .limit(limit)
    )
    if brands:
        query = query.where(campaign.c.brand_id.in_(brands))
    return [(row[0], row[1], row[2], row[3]) for row in conn.execute(query)]


_KEY = (delivery.c.campaign_pk, delivery.c.contact_pk, delivery.c.channel, delivery.c.step)


def by_message_id(
    conn: Connection, signer: TokenSigner, message_id: str, *, brands: Collection[str]
) -> tuple[Place | None, bool]:
    """The delivery whose Message-ID this is, and whether all that could be looked at was.

    A Message-ID is a MAC and is stored nowhere: it is made again for each delivery of the campaigns that send from
    its domain, the newest first.
    """
    left, _, domain = message_id.strip().strip("<>").partition("@")
    looked_at = 0
    for campaign_pk in _campaigns_of(conn, domain.lower(), brands):
        for rows in _keys(conn, campaign_pk):
            for pk, person, channel, step in rows:
                if signer.message_id(pk, person, step) == left:
                    return (pk, person, channel, step), True
            looked_at += len(rows)
            if looked_at >= MOST_LOOKED_AT:
                return None, False
    return None, True


def _campaigns_of(conn: Connection, domain: str, brands: Collection[str]) -> list[int]:
    query = select(message.c.campaign_pk, message.c.body["from_address"].as_string().label("sender")).distinct()
    if brands:
        query = query.join(campaign, campaign.c.pk == message.c.campaign_pk).where(campaign.c.brand_id.in_(brands))
    found = {
        row.campaign_pk
        for row in conn.execute(query)
        if (wire_address(row.sender or "") or "").rpartition("@")[2].lower() == domain
    }
    return sorted(found, reverse=True)


def _keys(conn: Connection, campaign_pk: int) -> Iterator[Sequence[Any]]:
    """The keys of a campaign's deliveries, some at a time."""
    after = -1
    while True:
        query = (
            select(*_KEY)
            .where(delivery.c.campaign_pk == campaign_pk, delivery.c.contact_pk > after)
            .order_by(delivery.c.contact_pk)
            .limit(_AT_ONCE)
        )
        rows = conn.execute(query).all()
        if not rows:
            return
        yield rows
        last = rows[-1].contact_pk
        # The steps of one person may be cut apart by the limit: begin with that person again, unless alone.
        after = last if len(rows) < _AT_ONCE or last == rows[0].contact_pk else last - 1
        if len(rows) < _AT_ONCE:
            return
