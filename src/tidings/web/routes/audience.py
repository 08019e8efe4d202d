"""The audience: contacts, segments, and importing a file of contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from tidings.access.permissions import Permission, require
from tidings.audience.incoming import ConsentGiven
from tidings.domain.errors import InvalidInputError
from tidings.web.formats import number
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

if TYPE_CHECKING:
    from tidings.audience.intake import ImportResult

router = APIRouter()
SHOWN = 100  # refused rows on the page


@router.get("/audience")
def audience(visit: VisitHere, q: str = "", segment: str = "", after: str = "") -> Response:
    """Contacts, found by name or address and narrowed to a segment."""
    service = visit.services.audience
    contacts, following = service.contacts(
        visit.actor, query=q.strip(), segment_id=segment or None, after=after, limit=50
    )
    counts = service.counts(visit.actor)
    facts = [
        ("Hear from us", number(counts.subscribed)),
        ("No consent", number(counts.no_consent)),
        ("Suppressed", number(counts.suppressed)),
        ("Zone not known", number(counts.without_zone)),
    ]
    return visit.page(
        "audience.html", contacts=contacts, following=following, query=q, segment_id=segment, total=counts.contacts,
        facts=facts, segments=service.segments(visit.actor), pending=counts.pending,
    )  # fmt: skip


@router.get("/audience/import")
def import_page(visit: VisitHere) -> Response:
    """The form."""
    require(visit.actor, Permission.CONTACTS_WRITE)
    return _import_page(visit)


@router.post("/audience/import")
def import_contacts(visit: VisitHere, fields: FormHere) -> Response:
    """Imports the file and shows what became of its rows; sending it again is harmless."""
    require(visit.actor, Permission.CONTACTS_WRITE)
    typed = {"source": text_of(fields, "source"), "wording": text_of(fields, "wording")}
    consent = ConsentGiven(typed["source"], typed["wording"]) if any(typed.values()) else None
    try:
        result = visit.services.audience.import_csv(visit.actor, _content(fields), consent=consent)
    except InvalidInputError as problem:
        return _import_page(visit, status=problem.status, problem=problem, typed=typed)
    return _import_page(visit, result=result, typed=typed)


def _content(fields: FormData) -> bytes:
    file = fields.get("file")
    content = file.file.read() if isinstance(file, UploadFile) else b""
    if not content.strip():
        raise InvalidInputError("There is no file, or it is empty.", remedy="Choose a CSV file.", field="file")
    return content


def _import_page(
    visit: Visit,
    *,
    status: int = 200,
    result: ImportResult | None = None,
    problem: InvalidInputError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    return visit.page(
        "audience_import.html", status=status, result=result, problem=problem, shown=SHOWN,
        typed=typed or {"source": "", "wording": ""},
    )  # fmt: skip
