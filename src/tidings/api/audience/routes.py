"""The routes of contacts and segments."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from tidings.access.permissions import Permission
from tidings.api.audience import schemas
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given
from tidings.api.pages import After, Limit, Page
from tidings.audience.incoming import ConsentGiven
from tidings.domain.consent import SuppressionReason
from tidings.domain.errors import InvalidInputError

router = APIRouter(tags=["audience"])
CSV_BODY = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "email,first_name\nada@example.com,Ada\n"}},
    }
}


@router.get("/contacts", summary="List contacts", **needs(Permission.CONTACTS_READ))
def list_contacts(
    actor: CurrentActor,
    given: Given,
    query: Annotated[str, Query(max_length=200, description="Part of a name or, with the right, an address")] = "",
    segment_id: str | None = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[schemas.Contact]:
    """Addresses are masked unless you hold `contacts:read_pii`."""
    found, following = given.audience.contacts(actor, query=query, segment_id=segment_id, after=after, limit=limit)
    return Page(items=[schemas.Contact.model_validate(contact) for contact in found], next=following)


@router.get("/contacts/counts", summary="Count contacts", **needs(Permission.CONTACTS_READ))
def count_contacts(actor: CurrentActor, given: Given) -> schemas.AudienceCounts:
    """The audience in numbers."""
    return schemas.AudienceCounts.model_validate(given.audience.counts(actor))


@router.post("/contacts", summary="Add contacts", **needs(Permission.CONTACTS_WRITE))
def add_contacts(actor: CurrentActor, given: Given, body: schemas.NewContacts) -> schemas.ImportResult:
    """Adds or updates. A row without proof of consent is refused; an earlier no is never undone."""
    proof = ConsentGiven(body.consent.source, body.consent.wording) if body.consent else None
    return schemas.ImportResult.model_validate(given.audience.add_contacts(actor, body.rows, consent=proof))


_IMPORT = needs(Permission.CONTACTS_WRITE)
_IMPORT["openapi_extra"] = {**_IMPORT["openapi_extra"], **CSV_BODY}


@router.post("/contacts/import", summary="Import a CSV file", **_IMPORT)
async def import_contacts(
    actor: CurrentActor,
    given: Given,
    request: Request,
    consent_source: Annotated[str, Query(max_length=200)] = "",
    consent_wording: Annotated[str, Query(max_length=1000)] = "",
) -> schemas.ImportResult:
    """The body is the file. The two parameters are the proof for rows that bring no consent of their own."""
    from asyncio import to_thread

    if bool(consent_source) != bool(consent_wording):
        raise InvalidInputError(
            "The proof of consent is half given.",
            remedy="Say both where it was given and in which words people agreed.",
            field="consent_wording" if consent_source else "consent_source",
        )
    proof = ConsentGiven(consent_source, consent_wording) if consent_source else None
    table = await request.body()
    result = await to_thread(given.audience.import_csv, actor, table, consent=proof)
    return schemas.ImportResult.model_validate(result)


@router.post("/contacts/suppress", status_code=204, summary="Suppress an address", **needs(Permission.CONTACTS_WRITE))
def suppress_address(actor: CurrentActor, given: Given, body: schemas.Suppress) -> None:
    """From now on nothing is sent to it, whoever imports it again."""
    given.audience.suppress(actor, body.address, reason=body.reason)


@router.post("/suppressions/import", summary="Import a suppression list", **_IMPORT)
async def import_suppressions(
    actor: CurrentActor,
    given: Given,
    request: Request,
    source: Annotated[str, Query(max_length=100, description="Where the list comes from")] = "another system",
    reason: Annotated[SuppressionReason, Query(description="Of rows that give none")] = SuppressionReason.MANUAL,
) -> schemas.SuppressionImport:
    """The body is a CSV file with a column of addresses, or one address a line, as other systems export it."""
    from asyncio import to_thread

    table = await request.body()
    result = await to_thread(given.audience.import_suppressions, actor, table, told=source, otherwise=reason)
    return schemas.SuppressionImport.model_validate(result)


@router.post(
    "/contacts/personal-data", summary="Export what is held about a person", response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {}, "text/plain": {}}}}, **needs(Permission.CONTACTS_READ_PII),
)  # fmt: skip
def export_personal_data(actor: CurrentActor, given: Given, body: schemas.PersonalDataAsked) -> StreamingResponse:
    """Everything, as a file that may be large: it is sent as it is read. The audit trail keeps who asked about whom.

    A person is named in the body, so that no address stands in an address; of somebody erased the answer says so.
    """
    file = given.personal_data.export(actor, body.contact, body.form)
    return StreamingResponse(file.pieces, media_type=file.media_type, headers={"cache-control": "no-store"})


@router.get("/contacts/{contact_id}", summary="Get a contact", **needs(Permission.CONTACTS_READ))
def get_contact(actor: CurrentActor, given: Given, contact_id: str) -> schemas.ContactDetail:
    """With its consent history."""
    return schemas.ContactDetail.model_validate(given.audience.contact(actor, contact_id))


@router.delete("/contacts/{contact_id}", status_code=204, summary="Erase", **needs(Permission.CONTACTS_WRITE))
def erase_contact(actor: CurrentActor, given: Given, contact_id: str) -> None:
    """For good. Of the address only a keyed hash remains, so that a later import cannot bring it back."""
    given.audience.erase(actor, contact_id)


@router.get("/segments", summary="List segments", **needs(Permission.CONTACTS_READ))
def list_segments(actor: CurrentActor, given: Given) -> schemas.Segments:
    """Every segment with how many people match now."""
    return schemas.Segments(items=[schemas.Segment.model_validate(item) for item in given.audience.segments(actor)])


@router.post("/segments", status_code=201, summary="Save a segment", **needs(Permission.CONTACTS_WRITE))
def create_segment(actor: CurrentActor, given: Given, body: schemas.NewSegment) -> schemas.Segment:
    """A rule that always describes the people who match now."""
    made = given.audience.create_segment(actor, name=body.name, rule=body.rule, description=body.description)
    return schemas.Segment.model_validate(made)
