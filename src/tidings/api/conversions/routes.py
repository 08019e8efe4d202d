"""The routes of conversions and of the secret of postbacks."""

from __future__ import annotations

from fastapi import APIRouter

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.conversions import schemas
from tidings.api.given import Given
from tidings.api.pages import parse_moment
from tidings.distribution.conversions import NewConversion

router = APIRouter(tags=["conversions"])


@router.post("/conversions", status_code=201, summary="Record a conversion", **needs(Permission.CONVERSIONS_WRITE))
def record_conversion(actor: CurrentActor, given: Given, body: schemas.NewConversion) -> schemas.Conversion:
    """Counted once for each key, however often it is sent; the answer says what was counted."""
    at = parse_moment(body.at, "at") if body.at else None
    told = body.model_dump(exclude={"at", "value"})
    made = given.conversions.record(actor, NewConversion(**told, value=str(body.value), at=at))
    return schemas.Conversion.model_validate(made)


@router.get(
    "/brands/{brand_id}/postback-secret", summary="Get the secret of postbacks", **needs(Permission.BRANDS_WRITE)
)
def get_postback_secret(actor: CurrentActor, given: Given, brand_id: str) -> schemas.PostbackSecret:
    """What your shop signs its postbacks with; see docs/tracking.md."""
    return schemas.PostbackSecret(brand_id=brand_id, secret=given.postbacks.secret(actor, brand_id))


@router.post(
    "/brands/{brand_id}/postback-secret/rotate", summary="Renew the secret of postbacks",
    **needs(Permission.BRANDS_WRITE),
)  # fmt: skip
def rotate_postback_secret(actor: CurrentActor, given: Given, brand_id: str) -> schemas.PostbackSecret:
    """The one before holds for another day."""
    return schemas.PostbackSecret(brand_id=brand_id, secret=given.postbacks.rotate(actor, brand_id))
