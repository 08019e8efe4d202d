"""What the Distribution agent can do when asked: count, hold, go on, and start what is approved."""

from __future__ import annotations

from typing import Any

from tidings.access.permissions import Permission
from tidings.agents.policy import Effect
from tidings.agents.tools import Tool, tool
from tidings.campaigns import actions, repository
from tidings.campaigns.tools.plain import Kit, OfCampaign, row_told, why_it_stands, without_addresses
from tidings.domain.actor import Actor
from tidings.domain.delivery import DeliveryState

OUR_WORDS = frozenset(state.value for state in (DeliveryState.PLANNED, DeliveryState.HELD, DeliveryState.CANCELLED))
"""States whose reason is worded here. Others hold what a server said, perhaps of a person: only its code is told."""


def distribution_tools(kit: Kit) -> tuple[Tool[Any], ...]:
    """Every tool of the Distribution agent, beside the list of campaigns."""

    @tool("read_progress", effect=Effect.READ, given=OfCampaign)
    def read_progress(actor: Actor, given: OfCampaign) -> Any:
        """Counts a campaign's deliveries by state, with the reasons or the reply codes of servers."""
        detail = kit.campaigns.get(actor, given.campaign_id)
        told = {**row_told(detail.row), "why": why_it_stands(detail), "by_state": detail.row.counts}
        return without_addresses({**told, "reasons": _reasons(kit, actor, given.campaign_id)})

    @tool("pause_campaign", effect=Effect.PAUSE, given=OfCampaign)
    def pause_campaign(actor: Actor, given: OfCampaign) -> Any:
        """Holds a campaign where it is: nothing more of it is sent until it is resumed."""
        return without_addresses(row_told(kit.campaigns.pause(actor, given.campaign_id).row))

    @tool("resume_campaign", effect=Effect.RESUME, given=OfCampaign)
    def resume_campaign(actor: Actor, given: OfCampaign) -> Any:
        """Lets a paused campaign go on from exactly where it was."""
        return without_addresses(row_told(kit.campaigns.resume(actor, given.campaign_id).row))

    @tool("start_campaign", effect=Effect.START_SEND, given=OfCampaign)
    def start_campaign(actor: Actor, given: OfCampaign) -> Any:
        """Starts sending an approved campaign at its planned times."""
        return without_addresses(row_told(kit.campaigns.send(actor, given.campaign_id, now=False).row))

    return (read_progress, pause_campaign, resume_campaign, start_campaign)


def _reasons(kit: Kit, actor: Actor, campaign_id: str) -> list[dict[str, Any]]:
    """The commonest reasons, each with how many deliveries it stands for."""
    with kit.campaigns.db.reading() as conn:
        row = repository.get_campaign(conn, campaign_id)
        actions.require_any(actor, [Permission.CAMPAIGNS_READ], row.brand_id)
        counted = kit.campaigns.distribution.reasons(conn, row.pk)
    found: dict[tuple[str, str], int] = {}
    for state, code, reason, people in counted:
        words = without_addresses(reason) if state in OUR_WORDS else f"code {code}" if code else ""
        if words:
            found[state, words] = found.get((state, words), 0) + people
    commonest = sorted(found.items(), key=lambda item: -item[1])[:20]
    return [{"state": state, "reason": words, "people": people} for (state, words), people in commonest]
