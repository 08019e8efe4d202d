"""The routes of what a brand keeps for its drafts: templates and pictures; and HTML from elsewhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from tidings.access.permissions import Permission
from tidings.api.attachments.routes import FILE_BODY
from tidings.api.authentication import CurrentActor, needs
from tidings.api.editing import schemas
from tidings.api.given import Given
from tidings.content.importing import import_html

router = APIRouter(tags=["editing"])
_UPLOAD = needs(Permission.CAMPAIGNS_WRITE)
_UPLOAD["openapi_extra"] = {**_UPLOAD["openapi_extra"], **FILE_BODY}


@router.get("/brands/{brand_id}/templates", summary="List templates", **needs(Permission.BRANDS_READ))
def list_templates(actor: CurrentActor, given: Given, brand_id: str) -> schemas.Templates:
    """The brand's templates, by name."""
    found = given.templates.templates(actor, brand_id)
    return schemas.Templates(items=[schemas.Template.model_validate(each) for each in found])


@router.delete(
    "/templates/{template_id}", status_code=204, summary="Remove a template", **needs(Permission.CAMPAIGNS_WRITE)
)
def remove_template(actor: CurrentActor, given: Given, template_id: str) -> None:
    """Drafts that began with it stay."""
    given.templates.remove(actor, template_id)


@router.get("/brands/{brand_id}/images", summary="List pictures", **needs(Permission.BRANDS_READ))
def list_images(actor: CurrentActor, given: Given, brand_id: str) -> schemas.Images:
    """The brand's pictures, newest first."""
    found = given.images.images(actor, brand_id)
    return schemas.Images(items=[schemas.Image.model_validate(each) for each in found])


@router.post("/brands/{brand_id}/images", status_code=201, summary="Upload a picture", **_UPLOAD)
async def upload_image(
    actor: CurrentActor, given: Given, request: Request, brand_id: str,
    alt: Annotated[str, Query(min_length=1, max_length=200, description="What it shows")],
) -> schemas.Image:  # fmt: skip
    """The body is the picture: PNG, JPEG, GIF or WebP. What a camera tells of place and person is taken out."""
    from asyncio import to_thread

    content = await request.body()
    return schemas.Image.model_validate(await to_thread(given.images.upload, actor, brand_id, content, alt))


@router.post("/import-html", summary="Read blocks out of HTML", **needs(Permission.CAMPAIGNS_WRITE))
def import_from_html(body: schemas.Html) -> schemas.Imported:
    """Typed blocks to save as a draft; what is not understood is listed. Nothing is saved."""
    return schemas.Imported.model_validate(import_html(body.html))
