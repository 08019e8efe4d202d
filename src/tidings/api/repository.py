"""Queries for the idempotency of POST: the first answer to a key is the answer for a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from tidings.domain.instant import DAY
from tidings.store.tables import idempotency

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tidings.domain.instant import Instant

IN_PROGRESS = 0
"""The status of a key whose first request has not been answered yet."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a key."""

    body_hash: str
    status: int
    response: dict[str, Any]
    at: Instant


def claim(conn: Connection, key: str, body_hash: str, now: Instant) -> Kept | None:
    """Takes the key for a request about to run; if it is taken already, what is known of it."""
    conn.execute(delete(idempotency).where(idempotency.c.at <= now - DAY))
    found = _find(conn, key)
    if found is not None:
        return found
    row: dict[str, Any] = {"key": key, "body_hash": body_hash, "status": IN_PROGRESS, "response": {}, "at": now}
    try:
        with conn.begin_nested():
            conn.execute(insert(idempotency).values(row))
    except IntegrityError:  # PostgreSQL: another request took it between the two statements
        return _find(conn, key) or Kept(body_hash, IN_PROGRESS, {}, now)
    return None


def _find(conn: Connection, key: str) -> Kept | None:
    columns = idempotency.c
    row = conn.execute(
        select(columns.body_hash, columns.status, columns.response, columns.at).where(columns.key == key)
    ).one_or_none()
    return Kept(*row) if row else None


def keep(conn: Connection, key: str, status: int, response: dict[str, Any]) -> None:
    """Keeps the final answer."""
    conn.execute(update(idempotency).where(idempotency.c.key == key).values(status=status, response=response))


def release(conn: Connection, key: str) -> None:
    """Gives the key back: its request came to nothing final and may be tried again."""
    conn.execute(delete(idempotency).where(idempotency.c.key == key))
