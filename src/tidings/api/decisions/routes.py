"""The routes of decision records."""

from __future__ import annotations

from fastapi import APIRouter

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.decisions.schemas import Decision, Override
from tidings.api.given import Given
from tidings.api.pages import After, Limit, Page
from tidings.domain.actor import AgentName

router = APIRouter(prefix="/decisions", tags=["decisions"])


@router.get("", summary="List decisions, newest first", **needs(Permission.AGENTS_READ))
def list_decisions(
    actor: CurrentActor,
    given: Given,
    agent: AgentName | None = None,
    campaign_id: str | None = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[Decision]:
    """Each with its reason, evidence and alternatives."""
    found, following = given.agents.decisions(actor, agent=agent, campaign_id=campaign_id, after=after, limit=limit)
    return Page(items=[Decision.model_validate(item) for item in found], next=following)


@router.get("/{decision_id}", summary="Get a decision", **needs(Permission.AGENTS_READ))
def get_decision(actor: CurrentActor, given: Given, decision_id: str) -> Decision:
    """With its inputs, evidence and alternatives."""
    return Decision.model_validate(given.agents.decision(actor, decision_id))


@router.post("/{decision_id}/override", summary="Set a decision aside", **needs(Permission.AGENTS_CONFIGURE))
def override_decision(actor: CurrentActor, given: Given, decision_id: str, body: Override) -> Decision:
    """For the record. What follows from it is done with the campaign's own verbs."""
    return Decision.model_validate(given.agents.override(actor, decision_id, body.reason))
