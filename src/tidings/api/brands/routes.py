"""The routes of brands and claims."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from tidings.access.permissions import Permission
from tidings.api.attachments.routes import FILE_BODY
from tidings.api.authentication import CurrentActor, needs
from tidings.api.brands import schemas
from tidings.api.given import Given
from tidings.api.pages import parse_moment
from tidings.domain.brand import Brand
from tidings.domain.claim import ClaimState
from tidings.domain.errors import InvalidInputError

router = APIRouter(prefix="/brands", tags=["brands"])
claims = APIRouter(prefix="/claims", tags=["brands"])
_FILE = needs(Permission.BRANDS_WRITE)
_FILE["openapi_extra"] = {**_FILE["openapi_extra"], **FILE_BODY}


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
def list_claims(actor: CurrentActor, given: Given, brand_id: str, state: ClaimState | None = None) -> schemas.Claims:
    """What drafts of this brand may state; of one state, or all but the retired."""
    found, now = given.brands.claims(actor, brand_id, state=state), given.clock.now()
    return schemas.Claims(items=[schemas.Claim.of(claim, now) for claim in found])


@router.post("/{brand_id}/claims", status_code=201, summary="Add a claim", **needs(Permission.BRANDS_WRITE))
def add_claim(actor: CurrentActor, given: Given, brand_id: str, body: schemas.NewClaim) -> schemas.Claim:
    """You vouch for the sentence; your name stands with it."""
    valid_until = parse_moment(body.valid_until, "valid_until") if body.valid_until else None
    made = given.brands.add_claim(
        actor, brand_id, body.sentence, body.kind, body.evidence, evidence_url=body.evidence_url,
        valid_until=valid_until, locale=body.locale, channels=body.channels, approve=body.approve,
    )  # fmt: skip
    return schemas.Claim.of(made, given.clock.now())


@router.post(
    "/{brand_id}/claims/propose", summary="Propose claims from a text or page", **needs(Permission.BRANDS_WRITE)
)
def propose_claims(actor: CurrentActor, given: Given, brand_id: str, body: schemas.Source) -> schemas.Proposal:
    """Whole sentences with their place. A page is fetched from public addresses only, and nothing on it is run."""
    if bool(body.text.strip()) == bool(body.url.strip()):
        raise InvalidInputError("Give a text or an address.", remedy="Send `text` or `url`, not both.", field="text")
    if body.url:
        return schemas.Proposal.model_validate(given.proposals.from_page(actor, brand_id, body.url))
    return schemas.Proposal.model_validate(given.proposals.from_text(actor, brand_id, body.text))


@router.post("/{brand_id}/claims/propose-file", summary="Propose claims from a file", **_FILE)
async def propose_claims_from_file(
    actor: CurrentActor,
    given: Given,
    request: Request,
    brand_id: str,
    name: Annotated[str, Query(min_length=1, max_length=200, description="The file's name")],
) -> schemas.Proposal:
    """The body is a text, Markdown, HTML or PDF file."""
    from asyncio import to_thread

    content = await request.body()
    found = await to_thread(given.proposals.from_file, actor, brand_id, name, content)
    return schemas.Proposal.model_validate(found)


@claims.get("/{claim_id}", summary="Get a claim", **needs(Permission.BRANDS_READ))
def get_claim(actor: CurrentActor, given: Given, claim_id: str) -> schemas.Claim:
    """One claim."""
    return schemas.Claim.of(given.brands.claim(actor, claim_id)[1], given.clock.now())


@claims.patch("/{claim_id}", summary="Edit a claim", **needs(Permission.BRANDS_WRITE))
def edit_claim(actor: CurrentActor, given: Given, claim_id: str, body: schemas.ClaimChanges) -> schemas.Claim:
    """What is left out stays. Another sentence takes the approval away: it needs confirming anew."""
    changes = body.model_dump(exclude_unset=True)
    if changes.get("valid_until"):
        changes["valid_until"] = parse_moment(changes["valid_until"], "valid_until")
    kept = {name: value for name, value in changes.items() if value is not None or name in {"kind", "valid_until"}}
    return schemas.Claim.of(given.brands.edit_claim(actor, claim_id, kept), given.clock.now())


@claims.post("/{claim_id}/approve", summary="Approve a claim", **needs(Permission.BRANDS_WRITE))
def approve_claim(actor: CurrentActor, given: Given, claim_id: str, body: schemas.Approval) -> schemas.Claim:
    """In your name. Only a person can; an expired one needs a new end."""
    until = parse_moment(body.valid_until, "valid_until") if body.valid_until else None
    return schemas.Claim.of(given.brands.approve_claim(actor, claim_id, valid_until=until), given.clock.now())


@claims.post("/{claim_id}/retire", summary="Retire a claim", **needs(Permission.BRANDS_WRITE))
def retire_claim(actor: CurrentActor, given: Given, claim_id: str) -> schemas.Claim:
    """Out of use for good: drafts that say it cannot be sent."""
    return schemas.Claim.of(given.brands.retire_claim(actor, claim_id), given.clock.now())
