"""The audit trail: who did what to what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Page, Pages, Resource, given


class AuditRow(Model):
    """One act; its hash covers it and the row before."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str
    object_id: str
    detail: dict[str, Any]
    previous_hash: str
    hash: str


class AuditCheck(Model):
    """Whether every row is as it was written."""

    intact: bool
    rows: int
    problem: str
    remedy: str


class Audit(Resource[Mode]):
    """What was done, by whom."""

    @Endpoint
    def list(
        self, *, action: str = "", who: str = "", about: str = "", after: str = "", limit: int = 50
    ) -> Call[Page[AuditRow]]:
        """One page, newest first. `action` may be a noun (`campaign`) or a whole one (`campaign.send`)."""
        asked = given(action=action or None, who=who or None, about=about or None, after=after or None, limit=limit)
        return Call("GET", "/audit", Page[AuditRow], asked)

    @Pages
    def all(self, *, action: str = "", who: str = "", about: str = "") -> Call[Page[AuditRow]]:
        """Every row, newest first."""
        asked = given(action=action or None, who=who or None, about=about or None, limit=200)
        return Call("GET", "/audit", Page[AuditRow], asked)

    @Endpoint
    def check(self) -> Call[AuditCheck]:
        """Holds every row against the one before."""
        return Call("GET", "/audit/check", AuditCheck)
