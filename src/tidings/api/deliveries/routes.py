"""The routes of single deliveries: what happened to one, finding one, and settling an uncertain one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.deliveries import schemas
from tidings.api.given import Given

router = APIRouter(tags=["deliveries"])
Step = Annotated[int | None, Query(ge=0, description="Of several to one person; without it, the latest")]
ByChannel = Annotated[str | None, Query(max_length=20)]


@router.get("/deliveries", summary="Find what happened to a mail", **needs(Permission.CAMPAIGNS_READ))
def find_deliveries(
    actor: CurrentActor,
    given: Given,
    address: Annotated[str, Query(max_length=320, description="Needs `contacts:read_pii`")] = "",
    message_id: Annotated[str, Query(max_length=998, description="With or without its brackets")] = "",
) -> schemas.FoundDeliveries:
    """By address, by Message-ID, or both. By Message-ID alone it may take some seconds."""
    found = given.deliveries.find(actor, address=address, message_id=message_id)
    return schemas.FoundDeliveries(items=[schemas.FoundDelivery.model_validate(item) for item in found])


@router.get(
    "/campaigns/{campaign_id}/deliveries/{contact_id}", summary="Get a delivery", **needs(Permission.CAMPAIGNS_READ)
)
def get_delivery(
    actor: CurrentActor, given: Given, campaign_id: str, contact_id: str, channel: ByChannel = None, step: Step = None
) -> schemas.DeliveryDetail:
    """Its state, plan, every attempt with the server's words, what came after, and what was sent."""
    found = given.deliveries.get(actor, campaign_id, contact_id, channel=channel, step=step)
    return schemas.DeliveryDetail.model_validate(found)


@router.post(
    "/campaigns/{campaign_id}/deliveries/{contact_id}/settle",
    summary="Settle an uncertain delivery",
    **needs(Permission.CAMPAIGNS_SEND),
)
def settle_delivery(
    actor: CurrentActor, given: Given, campaign_id: str, contact_id: str, body: schemas.Settle
) -> schemas.DeliveryDetail:
    """It arrived, or send it again with the same Message-ID. Only people do; it is recorded as an override."""
    found = given.deliveries.settle(
        actor, campaign_id, contact_id, body.verdict, body.reason, channel=body.channel, step=body.step
    )
    return schemas.DeliveryDetail.model_validate(found)
