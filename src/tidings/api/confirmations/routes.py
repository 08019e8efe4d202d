"""The routes of double opt-in."""

from __future__ import annotations

from fastapi import APIRouter

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.confirmations import schemas
from tidings.api.given import Given

router = APIRouter(prefix="/confirmations", tags=["audience"])


@router.get("", summary="See who confirmed", **needs(Permission.CONTACTS_READ))
def get_confirmations(actor: CurrentActor, given: Given) -> schemas.Confirmations:
    """How many people wait to confirm their consent, were asked, and confirmed it."""
    return schemas.Confirmations.model_validate(given.confirmations.overview(actor))


@router.post("", status_code=201, summary="Ask to confirm", **needs(Permission.CAMPAIGNS_SEND))
def ask_to_confirm(actor: CurrentActor, given: Given, body: schemas.NewAsking) -> schemas.Confirmations:
    """Writes to everybody whose consent is pending and who was not asked, or reminds those who have not answered.

    Each person gets one such mail, and one reminder at most. Where there is nobody to ask, it is a conflict.
    """
    done = given.confirmations.ask(actor, body.brand, reminder=body.reminder)
    return schemas.Confirmations.model_validate(done)
