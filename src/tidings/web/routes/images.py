"""A brand's pictures: what there is, and uploading one more."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from tidings.domain.errors import InvalidInputError
from tidings.web.visit import FormHere, VisitHere, text_of

router = APIRouter(prefix="/images/{brand_id}")


@router.get("")
def images(visit: VisitHere, brand_id: str) -> Response:
    """Every picture of the brand."""
    brand = visit.services.brands.brand(visit.actor, brand_id)
    return visit.page("images.html", brand=brand, images=visit.services.images.images(visit.actor, brand_id))


@router.post("")
def upload(visit: VisitHere, brand_id: str, fields: FormHere) -> Response:
    """One picture more, with its alternative text."""
    file = fields.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidInputError("There is no picture.", remedy="Choose one first.", field="file")
    visit.services.images.upload(visit.actor, brand_id, file.file.read(), text_of(fields, "alt"))
    return visit.back(f"/images/{brand_id}", "saved")
