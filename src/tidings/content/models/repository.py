"""Queries for configured models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from tidings.content.exam.licence import Licence
from tidings.domain.instant import Instant
from tidings.store.tables import language_model as table


@dataclass(frozen=True, slots=True)
class Configured:
    """One model as it stands in the store. `secret` never leaves the room."""

    id: str
    name: str
    kind: str
    config: Mapping[str, Any]
    enabled: bool
    rank: int
    monthly_tokens: int | None
    licence: Licence
    licence_reason: str
    model_hash: str
    exam: Mapping[str, Any]
    record: tuple[bool, ...]
    created_at: Instant
    secret: Mapping[str, str] = field(repr=False, default_factory=dict[str, str])


def every(conn: Connection) -> list[Configured]:
    """All, in the order in which they are asked."""
    return [_read(row) for row in conn.execute(select(table).order_by(table.c.rank, table.c.name))]


def named(conn: Connection, id_or_name: str) -> Configured | None:
    """One by its id or name."""
    found = conn.execute(select(table).where((table.c.id == id_or_name) | (table.c.name == id_or_name))).first()
    return None if found is None else _read(found)


def add(conn: Connection, values: Mapping[str, Any], now: Instant) -> None:
    """A new one, not examined yet."""
    conn.execute(insert(table).values(**values, created_at=now, updated_at=now))


def change(conn: Connection, model_id: str, now: Instant, **values: Any) -> int:
    """New values of some columns; how many rows that were."""
    return conn.execute(update(table).where(table.c.id == model_id).values(**values, updated_at=now)).rowcount


def remove(conn: Connection, model_id: str) -> int:
    """Forgets a model; what it was asked stays on record."""
    return conn.execute(delete(table).where(table.c.id == model_id)).rowcount


def _read(row: Any) -> Configured:
    return Configured(
        row.id, row.name, row.kind, row.config, row.enabled, row.rank, row.monthly_tokens, Licence(row.licence),
        row.licence_reason, row.model_hash, row.exam, tuple(row.record), row.created_at, row.secret,
    )  # fmt: skip
