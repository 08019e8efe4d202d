"""The audit trail: append-only, each row's hash covering the row before it, so that a change anywhere shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from tidings.domain.actor import Actor
from tidings.domain.errors import TidingsError
from tidings.domain.instant import Instant
from tidings.store.database import take_turns
from tidings.store.settings import get_setting, put_setting
from tidings.store.tables import audit

_HEAD = "audit_head"


class AuditBrokenError(TidingsError):
    """Somebody changed or removed rows behind Tidings' back."""

    code = "audit_broken"
    status = 500


def record(
    conn: Connection,
    at: Instant,
    actor: Actor,
    action: str,
    object_id: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Appends one row in the caller's transaction. `action` is `noun.verb`; no secrets or addresses in `detail`.

    An act by an API token is its owner's, and names the token.
    """
    take_turns(conn, "audit")
    head = get_setting(conn, _HEAD) or {"rows": 0, "hash": ""}
    row: dict[str, Any] = {
        "at": at,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "actor_name": actor.name.replace("\0", ""),
        "action": action,
        "object_id": object_id.replace("\0", ""),
        "detail": json.loads(json.dumps({**(detail or {}), **_by(actor)}, allow_nan=False)),
        "previous_hash": head["hash"],
    }
    row["hash"] = _hash(row)
    conn.execute(audit.insert().values(row))
    put_setting(conn, _HEAD, {"rows": head["rows"] + 1, "hash": row["hash"]}, at)


def _by(actor: Actor) -> dict[str, str]:
    return {"token": actor.token.replace("\0", "")} if actor.token else {}


def verify(conn: Connection) -> int:
    """How many rows there are, all of them as they were written. Raises AuditBrokenError naming the first that is not.

    It shows what was changed by hand; somebody who rewrites the whole trail and its head is shown only by a backup.
    """
    previous, rows = "", 0
    for row in conn.execute(select(audit).order_by(audit.c.pk)).mappings():
        if row["previous_hash"] != previous or row["hash"] != _hash(dict(row)):
            raise _broken(f"row {row['pk']} ({row['action']}) was changed, or one before it was removed")
        previous, rows = row["hash"], rows + 1
    head = get_setting(conn, _HEAD) or {"rows": 0, "hash": ""}
    if head != {"rows": rows, "hash": previous}:
        raise _broken(f"{head['rows']} rows were written and {rows} are there")
    return rows


def latest(conn: Connection, limit: int = 50, before: int | None = None) -> list[dict[str, Any]]:
    """The newest rows first; `before` is the `pk` of the last row of the page before."""
    query = select(audit).order_by(audit.c.pk.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.pk < before)
    return [dict(row) for row in conn.execute(query).mappings()]


def count(conn: Connection) -> int:
    """How many rows there are, unchecked."""
    return conn.execute(select(func.count()).select_from(audit)).scalar_one()


def _hash(row: Mapping[str, Any]) -> str:
    fields = ("at", "actor_kind", "actor_id", "actor_name", "action", "object_id", "detail", "previous_hash")
    text = json.dumps([row[field] for field in fields], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _broken(what: str) -> AuditBrokenError:
    return AuditBrokenError(f"The audit trail is broken: {what}.", remedy="Compare it with a backup.")
