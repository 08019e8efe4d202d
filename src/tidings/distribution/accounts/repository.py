"""Queries of accounts at providers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from tidings.domain.brand import Brand
from tidings.domain.instant import Instant
from tidings.store.tables import brand, contact, push_subscription
from tidings.store.tables import channel_account as table


def all_accounts(conn: Connection, channel: str | None = None) -> Sequence[RowMapping]:
    """Every account, by channel, the one used first before the others."""
    order = (table.c.channel, table.c.enabled.desc(), table.c.priority.desc(), table.c.created_at, table.c.id)
    query = select(table).order_by(*order)
    if channel is not None:
        query = query.where(table.c.channel == channel)
    return conn.execute(query).mappings().all()


def find(conn: Connection, id_or_name: str, *, lock: bool = False) -> RowMapping | None:
    """The account with that id, or else that name in any case."""
    for which in (table.c.id == id_or_name, func.lower(table.c.name) == id_or_name.strip().lower()):
        query = select(table).where(which)
        row = conn.execute(query.with_for_update() if lock else query).mappings().first()
        if row is not None:
            return row
    return None


def usable(conn: Connection, channel: str) -> Sequence[RowMapping]:
    """The enabled accounts of a channel, the highest priority first, the older of two alike."""
    query = select(table).where(table.c.channel == channel, table.c.enabled.is_(True))
    return conn.execute(query.order_by(table.c.priority.desc(), table.c.created_at, table.c.id)).mappings().all()


def in_use(conn: Connection, channels: Iterable[str]) -> dict[str, str]:
    """By channel, id and last change of the account that `usable` names first. One small query: it is asked often."""
    query = select(table.c.channel, table.c.id, table.c.updated_at).where(
        table.c.channel.in_([str(each) for each in channels]), table.c.enabled.is_(True)
    )
    found: dict[str, str] = {}
    for row in conn.execute(query.order_by(table.c.priority.desc(), table.c.created_at, table.c.id)):
        found.setdefault(row.channel, f"{row.id} {row.updated_at}")
    return found


def add(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new account. Raises IntegrityError for a name in use."""
    conn.execute(insert(table).values(**values))


def change(conn: Connection, account_id: str, values: Mapping[str, Any], at: Instant) -> None:
    """New values of some columns."""
    conn.execute(update(table).where(table.c.id == account_id).values(**values, updated_at=at))


def remove(conn: Connection, account_id: str) -> None:
    """It is gone, its secrets with it."""
    conn.execute(delete(table).where(table.c.id == account_id))


def say_problem(conn: Connection, account_id: str, problem: str, at: Instant) -> None:
    """Why it does not work; nothing changes while it is the same."""
    which = (table.c.id == account_id) & (table.c.problem != problem)
    conn.execute(update(table).where(which).values(problem=problem, problem_at=at if problem else None))


def say_works(conn: Connection, account_id: str, at: Instant) -> None:
    """Its credentials were proved."""
    values = {"problem": "", "problem_at": None, "checked_at": at}
    conn.execute(update(table).where(table.c.id == account_id).values(**values))


def first_brand(conn: Connection) -> Brand | None:
    """The brand in whose name a test is sent: the oldest that is not a sample, else the oldest."""
    query = select(brand.c.body).order_by(brand.c.sample, brand.c.created_at, brand.c.id).limit(1)
    body = conn.execute(query).scalar()
    return None if body is None else Brand.model_validate(body)


def browsers_of(conn: Connection, contact_id: str) -> list[dict[str, str]]:
    """The browsers of a contact that may be sent notifications."""
    query = (
        select(push_subscription.c.endpoint, push_subscription.c.p256dh, push_subscription.c.auth)
        .join(contact, contact.c.pk == push_subscription.c.contact_pk)
        .where(contact.c.id == contact_id)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def contact_pk(conn: Connection, contact_id: str) -> int | None:
    """The number of a contact's row."""
    return conn.execute(select(contact.c.pk).where(contact.c.id == contact_id)).scalar()
