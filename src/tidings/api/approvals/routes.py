"""What waits for a person's yes. The verdict itself is a verb of the campaign."""

from __future__ import annotations

from fastapi import APIRouter

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.campaigns.schemas import CampaignRow
from tidings.api.given import Given
from tidings.api.pages import Page

router = APIRouter(prefix="/approvals", tags=["approvals"])


@router.get("", summary="List what waits for approval, oldest first", **needs(Permission.CAMPAIGNS_READ))
def list_approvals(actor: CurrentActor, given: Given) -> Page[CampaignRow]:
    """Campaigns in review. There are never many: they come on one page."""
    return Page(items=[CampaignRow.model_validate(row) for row in given.campaigns.waiting(actor)])
