"""The routes of brands and claims."""

from __future__ import annotations

from fastapi import APIRouter

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.brands import schemas
from tidings.api.given import Given
from tidings.api.pages import parse_moment
from tidings.domain.brand import Brand

router = APIRouter(prefix="/brands", tags=["brands"])


@router.get("", summary="List brands", **needs(Permission.BRANDS_READ))
def list_brands(actor: CurrentActor, given: Given) -> schemas.Brands:
    """The brands your role reaches."""
    return schemas.Brands(items=list(given.brands.brands(actor)))


@router.post("", status_code=201, summary="Create a brand", **needs(Permission.BRANDS_WRITE))
def create_brand(actor: CurrentActor, given: Given, body: schemas.BrandFields) -> Brand:
    """A new voice with its sender."""
    return given.brands.create_brand(actor, body.model_dump())


@router.get("/{brand_id}", summary="Get a brand", **needs(Permission.BRANDS_READ))
def get_brand(actor: CurrentActor, given: Given, brand_id: str) -> Brand:
    """By its id or name."""
    return given.brands.brand(actor, brand_id)


@router.patch("/{brand_id}", summary="Change a brand", **needs(Permission.BRANDS_WRITE))
def update_brand(actor: CurrentActor, given: Given, brand_id: str, body: schemas.BrandChanges) -> Brand:
    """What is left out stays. It holds for what is drafted from now on."""
    return given.brands.update_brand(actor, brand_id, body.model_dump(exclude_unset=True))


@router.get("/{brand_id}/claims", summary="List claims", **needs(Permission.BRANDS_READ))
def list_claims(actor: CurrentActor, given: Given, brand_id: str) -> schemas.Claims:
    """What drafts of this brand may state."""
    return schemas.Claims(items=[schemas.Claim.model_validate(claim) for claim in given.brands.claims(actor, brand_id)])


@router.post("/{brand_id}/claims", status_code=201, summary="Add a claim", **needs(Permission.BRANDS_WRITE))
def add_claim(actor: CurrentActor, given: Given, brand_id: str, body: schemas.NewClaim) -> schemas.Claim:
    """You vouch for the sentence; your name stands with it."""
    valid_until = parse_moment(body.valid_until, "valid_until") if body.valid_until else None
    made = given.brands.add_claim(actor, brand_id, body.sentence, body.kind, body.evidence, valid_until=valid_until)
    return schemas.Claim.model_validate(made)
