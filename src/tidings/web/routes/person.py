"""One person of the audience: what is known of them, what they allowed, and their erasure for good."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from tidings.access.permissions import Permission, require
from tidings.audience.contacts import ContactDetail, ContactView
from tidings.domain.errors import InvalidInputError
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

router = APIRouter(prefix="/audience/{contact_id}")


@router.get("")
def person(visit: VisitHere, contact_id: str) -> Response:
    """Everything that is kept of them, as far as the visitor may read it."""
    return _page(visit, visit.services.audience.contact(visit.actor, contact_id))


@router.post("/erase")
def erase(visit: VisitHere, contact_id: str, fields: FormHere) -> Response:
    """Erases them for good, if the whole address was typed; a page left open too long erases nobody else."""
    require(visit.actor, Permission.CONTACTS_WRITE)
    found = visit.services.audience.contact(visit.actor, contact_id)
    if text_of(fields, "named").casefold() != named_by(found.contact).casefold():
        problem = InvalidInputError(
            "Nobody is erased: what was typed is not this person.",
            remedy=f"Type {named_by(found.contact)} whole, as it stands in the dialog.", field="named",
        )  # fmt: skip
        return _page(visit, found, problem)
    visit.services.audience.erase(visit.actor, contact_id)
    return visit.back("/audience", "person_erased")


@router.post("/personal-data")
def personal_data(visit: VisitHere, contact_id: str, fields: FormHere) -> Response:
    """Everything that is held of them, as a file to hand over; that it was asked for goes on record."""
    file = visit.services.personal_data.export(visit.actor, contact_id, text_of(fields, "form", "json"))
    named = {"content-disposition": f'attachment; filename="{file.name}"'}
    return StreamingResponse(file.pieces, media_type=file.media_type, headers=named)


def named_by(contact: ContactView) -> str:
    """What one types to be sure of whom one erases: the address."""
    return contact.email or contact.id


def _page(visit: Visit, found: ContactDetail, problem: InvalidInputError | None = None) -> Response:
    contact = found.contact
    return visit.page(
        "person.html", status=problem.status if problem else 200, problem=problem, person=found, contact=contact,
        name=f"{contact.first_name} {contact.last_name}".strip(), named_by=named_by(contact),
    )  # fmt: skip
