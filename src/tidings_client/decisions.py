"""Decision records: what was decided, why, and on what evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Page, Pages, Resource, given


class Decision(Model):
    """One decision. `decided_by` names the model, rule or person."""

    id: str
    agent: str
    at: datetime
    kind: str
    summary: str
    reason: str
    decided_by: str
    campaign_id: str | None = None
    inputs: dict[str, Any]
    alternatives: list[dict[str, Any]]
    evidence: dict[str, Any]
    overridden_by: str | None = None


class Decisions(Resource[Mode]):
    """Decision records."""

    @Endpoint
    def list(
        self, *, agent: str | None = None, campaign_id: str | None = None, after: str = "", limit: int = 50
    ) -> Call[Page[Decision]]:
        """One page, newest first."""
        query = given(agent=agent, campaign_id=campaign_id, after=after or None, limit=limit)
        return Call("GET", "/decisions", Page[Decision], query)

    @Pages
    def all(self, *, agent: str | None = None, campaign_id: str | None = None) -> Call[Page[Decision]]:
        """Every decision, newest first."""
        return Call("GET", "/decisions", Page[Decision], given(agent=agent, campaign_id=campaign_id, limit=100))

    @Endpoint
    def get(self, decision_id: str) -> Call[Decision]:
        """One decision."""
        return Call("GET", f"/decisions/{decision_id}", Decision)

    @Endpoint
    def override(self, decision_id: str, reason: str) -> Call[Decision]:
        """Sets it aside, for the record."""
        return Call("POST", f"/decisions/{decision_id}/override", Decision, body={"reason": reason})
