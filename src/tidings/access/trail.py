"""The audit trail as people read it: page by page, filtered, and checked against itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from tidings.access.audit import AuditBrokenError, verify
from tidings.access.permissions import Permission, require
from tidings.domain.actor import Actor
from tidings.domain.cursor import cursor_number
from tidings.domain.errors import ForbiddenError
from tidings.domain.instant import Instant
from tidings.store.database import Database
from tidings.store.tables import audit

_T = audit.c


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what to what. The hashes chain it to the row before."""

    id: int
    at: Instant
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str
    object_id: str
    detail: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """Whether every row is as it was written; `problem` says which is not."""

    intact: bool
    rows: int
    problem: str = ""
    remedy: str = ""


class AuditTrail:
    """Reading alone: rows are written beside what they tell of, in its transaction, and never changed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rows(
        self, actor: Actor, *, action: str = "", who: str = "", about: str = "", after: str = "", limit: int = 50
    ) -> tuple[list[AuditRow], str]:
        """The newest first, and the cursor of the next page.

        `action` is a whole action or its noun (`campaign`), `who` an actor's id or name, `about` an object's id. Raises
        ForbiddenError, InvalidInputError.
        """
        _require(actor)
        query = select(audit).order_by(_T.pk.desc()).limit(limit + 1)
        if action:
            query = query.where(or_(_T.action == action, _T.action.startswith(f"{action}.", autoescape=True)))
        if who:
            query = query.where(or_(_T.actor_id == who, _T.actor_name == who))
        if about:
            query = query.where(_T.object_id == about)
        if (before := cursor_number(after)) is not None:
            query = query.where(_T.pk < before)
        with self._db.reading() as conn:
            found = [_row(row) for row in conn.execute(query).mappings()]
        return found[:limit], str(found[limit - 1].id) if len(found) > limit else ""

    def check(self, actor: Actor) -> AuditCheck:
        """Reads the whole trail and holds each row against the one before. Raises ForbiddenError."""
        _require(actor)
        return check_trail(self._db)


def check_trail(db: Database) -> AuditCheck:
    """The same for the machine itself, whoever asks."""
    with db.reading() as conn:
        try:
            return AuditCheck(intact=True, rows=verify(conn))
        except AuditBrokenError as error:
            return AuditCheck(intact=False, rows=0, problem=error.message, remedy=error.remedy)


def _require(actor: Actor) -> None:
    require(actor, Permission.AUDIT_READ)
    if actor.brands:  # the rows tell of every brand
        raise ForbiddenError("Only who may see every brand reads the audit trail.", remedy="Ask an administrator.")


def _row(row: Mapping[Any, Any]) -> AuditRow:
    return AuditRow(id=row["pk"], **{name: row[name] for name in AuditRow.__slots__ if name != "id"})
