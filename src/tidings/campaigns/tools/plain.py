"""What every tool shares: its kit, its input, and answers without an address or a person."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from tidings.agents.policy import Effect
from tidings.agents.tools import Tool, tool
from tidings.campaigns.views import CampaignDetail, CampaignRow
from tidings.domain.actor import Actor
from tidings.domain.campaign import CampaignState
from tidings.domain.instant import Instant, to_datetime

if TYPE_CHECKING:
    from tidings.analytics.intervals import Share
    from tidings.analytics.service import AnalyticsService
    from tidings.campaigns.service import CampaignService
    from tidings.content.service import BrandService

FEW_PEOPLE = 20
"""A group of fewer people is not described to a model: it might be recognised."""
LEFT_OUT = "(address left out)"
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:/?&=]+(?:@|＠|%40|&#64;)[^\s@<>\"'(),;:/?&=]+")


@dataclass(frozen=True, slots=True)
class Kit:
    """The use cases tools are made of; each checks the rights of whoever calls."""

    campaigns: CampaignService
    brands: BrandService
    analytics: AnalyticsService


class Given(BaseModel):
    """Base of the inputs: what is not named is not accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OfCampaign(Given):
    """One campaign."""

    campaign_id: str = Field(pattern=r"^cmp_\w{1,40}$", description="Its id, as list_campaigns gives it")


class OfCampaigns(Given):
    """Campaigns, perhaps of one state."""

    state: CampaignState | None = Field(None, description="Only campaigns in this state")


def holds_address(text: str) -> bool:
    """Whether the text holds what looks like an e-mail address, however it is spelled."""
    return _ADDRESS.search(unicodedata.normalize("NFKC", text)) is not None


def without_addresses(value: Any) -> Any:
    """The value with every e-mail address in its texts left out."""
    if isinstance(value, str):
        folded = unicodedata.normalize("NFKC", value)
        return _ADDRESS.sub(LEFT_OUT, folded) if _ADDRESS.search(folded) else value
    if isinstance(value, dict):
        items: list[tuple[Any, Any]] = list(value.items())  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        return {without_addresses(key): without_addresses(item) for key, item in items}
    if isinstance(value, list | tuple):
        parts: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return [without_addresses(item) for item in parts]
    return value


def moment(at: Instant | None) -> str | None:
    """An instant as models read it well: `Tuesday 2026-11-24 09:15 UTC`."""
    return None if at is None else f"{to_datetime(at, 'UTC'):%A %Y-%m-%d %H:%M} UTC"


def percent(share: float | None, digits: int = 1) -> str | None:
    """A share as the pages show it."""
    return None if share is None else f"{100 * share:.{digits}f} %"


def share_told(share: Share | None) -> dict[str, Any] | None:
    """A share with its interval; None where nothing was counted."""
    if share is None or share.share is None or share.low is None or share.high is None:
        return None
    interval = f"{100 * share.low:.1f} to {100 * share.high:.1f} %"
    return {"count": share.count, "of": share.of, "share": percent(share.share), "interval_95": interval}


def row_told(row: CampaignRow) -> dict[str, Any]:
    """A campaign in a list."""
    return {
        "campaign_id": row.id, "name": row.name, "brand": row.brand_name, "state": row.state.value,
        "paused": row.paused, "type": row.type, "people": row.people, "first_message": moment(row.first_at),
    }  # fmt: skip


def why_it_stands(detail: CampaignDetail) -> str:
    """Why a campaign is where it is, without the names of those who put it there."""
    row = detail.row
    if row.state is CampaignState.CANCELLED:
        return "A person cancelled it."
    if row.state is CampaignState.BLOCKED and "asks for changes" in row.state_reason:
        return "A person asked for changes."
    return row.state_reason


def list_campaigns(kit: Kit) -> Tool[OfCampaigns]:
    """The tool every agent has: which campaigns there are."""

    @tool("list_campaigns", effect=Effect.READ, given=OfCampaigns)
    def run(actor: Actor, given: OfCampaigns) -> Any:
        """Lists the newest campaigns with their ids, names, states and numbers of people."""
        state = given.state.value if given.state else None
        rows, _ = kit.campaigns.list(actor, state=state, limit=20)
        return without_addresses({"campaigns": [row_told(row) for row in rows], "count": len(rows)})

    return run
