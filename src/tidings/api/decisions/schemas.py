"""What crosses the API about decisions."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from tidings.api.pages import Body, Moment, Schema
from tidings.domain.actor import AgentName


class Decision(Schema):
    """What an agent decided, why, on what evidence, and what else was possible."""

    id: str
    agent: AgentName
    at: Moment
    kind: str
    summary: str
    reason: str
    decided_by: str = Field(description="The model, rule or person that decided")
    campaign_id: str | None
    inputs: dict[str, Any]
    alternatives: tuple[dict[str, Any], ...]
    evidence: dict[str, Any]
    overridden_by: str | None


class Override(Body):
    """Why the decision is set aside."""

    reason: str = Field(min_length=1, max_length=1000)
