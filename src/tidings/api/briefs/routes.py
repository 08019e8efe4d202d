"""The route that reads a brief in plain words."""

from __future__ import annotations

from fastapi import APIRouter

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.briefs import schemas
from tidings.api.given import Given

router = APIRouter(prefix="/briefs", tags=["campaigns"])


@router.post("/parse", summary="Read a brief in plain words", **needs(Permission.CAMPAIGNS_WRITE))
def parse_plain_brief(actor: CurrentActor, given: Given, body: schemas.PlainBrief) -> schemas.ParsedBrief:
    """By rules; every value stands in the text. Creates nothing."""
    return schemas.ParsedBrief.model_validate(given.briefs.parse(actor, body.text))
