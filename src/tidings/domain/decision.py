"""A decision record: what an agent or a person decided, why, on what evidence, and what else was possible."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tidings.domain.actor import AgentName
from tidings.domain.instant import Instant


class Autonomy(StrEnum):
    """How far an agent may go alone."""

    SUGGEST = "suggest"  # proposes; a person starts each effect
    AFTER_APPROVAL = "after_approval"  # acts by itself on what a person has approved
    WITHIN_POLICY = "within_policy"  # acts by itself wherever the policy allows it


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `evidence` carries its numbers with their uncertainty; `decided_by` names model, rule or person."""

    id: str
    agent: AgentName
    at: Instant
    kind: str
    summary: str
    reason: str
    decided_by: str
    campaign_id: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    alternatives: tuple[dict[str, Any], ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict[str, Any])
    overridden_by: str | None = None
