"""Queries about what came back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, union, update

from tidings.distribution.returns.matching import Match
from tidings.domain.delivery import SENT, TRANSITIONS, DeliveryState
from tidings.domain.instant import Instant
from tidings.store.tables import attempt, contact, delivery, provider_event, returned_mail
from tidings.store.upsert import upsert

REPORTED = {"bounce": ("bounced", "rejected", "failed"), "complaint": ("complained",)}
"""Kinds of returned mail and what providers call the same."""


def keep(conn: Connection, row: dict[str, Any]) -> bool:
    """Notes a returned mail; False when this very mail was noted before."""
    insert = upsert(conn, returned_mail).on_conflict_do_nothing(index_elements=["digest"])
    return conn.execute(insert.returning(returned_mail.c.pk), row).first() is not None


def delivery_of(conn: Connection, match: Match) -> Row[str, str, int] | None:
    """State, variant and number of attempts of the delivery, held until the transaction ends."""
    query = select(delivery.c.state, delivery.c.variant, delivery.c.attempt).where(*_row(match)).with_for_update()
    return conn.execute(query).one_or_none()


def address_of(conn: Connection, contact_pk: int) -> str:
    """The person's address; empty when they were erased."""
    return conn.execute(select(contact.c.email).where(contact.c.pk == contact_pk)).scalar() or ""


def move(conn: Connection, match: Match, state: DeliveryState, at: Instant, code: str, words: str) -> bool:
    """Brings the delivery into the state if that may follow; whether it did."""
    before = [each.value for each, after in TRANSITIONS.items() if state in after]
    values = {"state": state.value, "at": at, "code": code, "reason": words}
    query = update(delivery).where(*_row(match), or_(*(delivery.c.state == each for each in before)))
    return conn.execute(query.values(**values)).rowcount == 1


def _row(match: Match) -> tuple[Any, ...]:
    return (
        delivery.c.campaign_pk == match.campaign_pk, delivery.c.contact_pk == match.contact_pk,
        delivery.c.channel == match.channel, delivery.c.step == match.step,
    )  # fmt: skip


def sent(conn: Connection, campaign_pk: int) -> int:
    """How many of a campaign's messages a relay took."""
    states = [state.value for state in SENT]
    query = select(func.count()).where(delivery.c.campaign_pk == campaign_pk, delivery.c.state.in_(states))
    return conn.execute(query).scalar_one()


def refused_at_once(conn: Connection, campaign_pk: int) -> int:
    """How many recipients a relay said do not exist while it was offered the mail (5.1.x)."""
    query = select(func.count()).where(
        delivery.c.campaign_pk == campaign_pk, delivery.c.state == DeliveryState.FAILED.value,
        delivery.c.code.like("% 5.1.%"), delivery.c.code.not_like("% 5.1.7"), delivery.c.code.not_like("% 5.1.8"),
    )  # fmt: skip
    return conn.execute(query).scalar_one()


def people(conn: Connection, campaign_pk: int, kind: str, *, hard: bool) -> int:
    """For how many people of a campaign a kind of mail came back, or a provider reported the same."""
    mails = select(returned_mail.c.contact_pk).where(
        returned_mail.c.campaign_pk == campaign_pk, returned_mail.c.kind == kind, returned_mail.c.hard.is_(hard)
    )
    told = select(provider_event.c.contact_pk).where(
        provider_event.c.campaign_pk == campaign_pk,
        provider_event.c.kind.in_(REPORTED[kind]),
        provider_event.c.hard.is_(hard),
    )
    both = union(mails, told).subquery()
    return conn.execute(select(func.count(both.c.contact_pk))).scalar_one()


def add_attempt(conn: Connection, row: dict[str, Any]) -> None:
    """What was learnt about an attempt after it ended."""
    conn.execute(insert(attempt), row)


def done(conn: Connection, digest: str, at: Instant, by: str) -> None:
    """Nobody needs to look at a reply any more."""
    conn.execute(update(returned_mail).where(returned_mail.c.digest == digest).values(done_at=at, done_by=by))
