"""Queries about what providers reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, select, update

from tidings.audience.repository import consents
from tidings.distribution.returns.matching import Match
from tidings.domain.consent import Purpose
from tidings.domain.instant import Instant
from tidings.store.tables import contact, delivery, provider_event, provider_reference
from tidings.store.upsert import upsert

_AT_ONCE = 200
_T = TypeVar("_T")


def keep(conn: Connection, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Notes events; the names of those that were not noted before."""
    table = provider_event
    insert = upsert(conn, table).on_conflict_do_nothing(index_elements=["account_id", "event_id"])
    new: set[str] = set()
    for some in _slices(rows):
        new |= set(conn.execute(insert.values(list(some)).returning(table.c.event_id)).scalars())
    return new


def references(
    conn: Connection, provider: str, names: Sequence[str]
) -> dict[str, tuple[int, int, str, int]]:  # fmt: skip
    """Campaign, contact, channel and step by what the provider calls a message."""
    table = provider_reference
    found: dict[str, tuple[int, int, str, int]] = {}
    for some in _slices(list(dict.fromkeys(names))):
        query = select(table).where(table.c.provider == provider, table.c.reference.in_(some))
        for row in conn.execute(query):
            found[row.reference] = (row.campaign_pk, row.contact_pk, row.channel, row.step)
    return found


def recent(conn: Connection, addresses: Sequence[str], since: Instant) -> Sequence[Row[Any]]:
    """Deliveries by e-mail to addresses since an instant, newest first."""
    found: list[Any] = []
    for some in _slices(list(dict.fromkeys(each.lower() for each in addresses))):
        query = (
            select(delivery.c.campaign_pk, delivery.c.contact_pk, delivery.c.step, delivery.c.at, contact.c.email)
            .join(contact, contact.c.pk == delivery.c.contact_pk)
            .where(contact.c.email.in_(some), delivery.c.channel == "email", delivery.c.at > since)
            .order_by(delivery.c.at.desc())
            .limit(5 * _AT_ONCE)
        )
        found += conn.execute(query).all()
    return found


def last_told(conn: Connection, provider: str, recipient: str, channel: str) -> tuple[int, int, int] | None:
    """Campaign, contact and step of the newest report about a recipient (its hash)."""
    table = provider_event.c
    query = select(table.campaign_pk, table.contact_pk, table.step).where(
        table.recipient_hash == recipient, table.channel == channel, table.provider == provider,
        table.contact_pk.is_not(None), table.campaign_pk.is_not(None),
    )  # fmt: skip
    row = conn.execute(query.order_by(table.at.desc()).limit(1)).first() if recipient else None
    return None if row is None else (row.campaign_pk, row.contact_pk, row.step)


def last_written_to(conn: Connection, phone_hash: str, channel: str) -> tuple[int, int, int] | None:
    """Campaign, contact and step of the newest message that went to the contact with that number (its hash)."""
    query = (
        select(delivery.c.campaign_pk, delivery.c.contact_pk, delivery.c.step)
        .join(contact, contact.c.pk == delivery.c.contact_pk)
        .where(contact.c.phone_hash == phone_hash, contact.c.phone_hash != "", delivery.c.channel == channel)
        .where(delivery.c.at.is_not(None))
    )
    row = conn.execute(query.order_by(delivery.c.at.desc()).limit(1)).first()
    return None if row is None else (row.campaign_pk, row.contact_pk, row.step)


def variant_of(conn: Connection, match: Match) -> str:
    """Which variant the person got."""
    query = select(delivery.c.variant).where(
        delivery.c.campaign_pk == match.campaign_pk, delivery.c.contact_pk == match.contact_pk,
        delivery.c.channel == match.channel, delivery.c.step == match.step,
    )  # fmt: skip
    return conn.execute(query).scalar() or "A"


def settled_as(conn: Connection, account_id: str, event_id: str, state: str, match: dict[str, Any]) -> None:
    """What became of an event that had to wait."""
    which = (provider_event.c.account_id == account_id) & (provider_event.c.event_id == event_id)
    conn.execute(update(provider_event).where(which).values(state=state, **match))


def waiting(conn: Connection, since: Instant, limit: int) -> Sequence[Row[Any]]:
    """Events nothing was found for yet, oldest first."""
    query = select(provider_event).where(provider_event.c.state == "waiting", provider_event.c.received_at > since)
    return conn.execute(query.order_by(provider_event.c.received_at).limit(limit).with_for_update()).all()


def give_up(conn: Connection, before: Instant) -> None:
    """Events that waited too long are nobody's; they stay to be read."""
    which = (provider_event.c.state == "waiting") & (provider_event.c.received_at <= before)
    conn.execute(update(provider_event).where(which).values(state="nobody"))


def allows_opens(conn: Connection, contact_pk: int, at: Instant) -> bool:
    """Whether a person has agreed that opens are noted."""
    query = select(consents(Purpose.OPEN_TRACKING, at)).where(contact.c.pk == contact_pk)
    return bool(conn.execute(query.select_from(contact)).scalar())


def _slices(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
