"""The routes of what goes with a campaign's mails: files and a calendar invitation."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

from fastapi import APIRouter, Query, Request

from tidings.access.permissions import Permission
from tidings.api.attachments import schemas
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given
from tidings.domain.invitation import parse_invitation

router = APIRouter(prefix="/campaigns/{campaign_id}", tags=["campaigns"])
FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_ATTACH = needs(Permission.CAMPAIGNS_WRITE)
_ATTACH["openapi_extra"] = {**_ATTACH["openapi_extra"], **FILE_BODY}


@router.get("/attachments", summary="List attachments", **needs(Permission.CAMPAIGNS_READ))
def list_attachments(actor: CurrentActor, given: Given, campaign_id: str) -> schemas.Attachments:
    """The files that go with every mail."""
    found = given.attachments.list(actor, campaign_id)
    return schemas.Attachments(items=[schemas.Attachment.model_validate(item) for item in found])


@router.post("/attachments", status_code=201, summary="Attach a file", **_ATTACH)
async def attach_file(
    actor: CurrentActor,
    given: Given,
    request: Request,
    campaign_id: str,
    name: Annotated[str, Query(min_length=1, max_length=200, description="The file's name as readers see it")],
) -> schemas.Attachment:
    """The body is the file. Makes a new revision, which must be approved anew; dangerous kinds are refused."""
    from asyncio import to_thread

    content = await request.body()
    return schemas.Attachment.model_validate(
        await to_thread(given.attachments.attach, actor, campaign_id, name, content)
    )


@router.get("/attachments/{attachment_id}", summary="Get an attachment", **needs(Permission.CAMPAIGNS_READ))
def get_attachment(actor: CurrentActor, given: Given, campaign_id: str, attachment_id: str) -> schemas.AttachmentFile:
    """The file with its bytes in base64, taken off or not."""
    file, content = given.attachments.content(actor, campaign_id, attachment_id)
    return schemas.AttachmentFile(**file.model_dump(), content=b64encode(content))


@router.delete(
    "/attachments/{attachment_id}", status_code=204, summary="Take a file off", **needs(Permission.CAMPAIGNS_WRITE)
)
def detach_file(actor: CurrentActor, given: Given, campaign_id: str, attachment_id: str) -> None:
    """Makes a new revision, which must be approved anew."""
    given.attachments.detach(actor, campaign_id, attachment_id)


@router.put("/invitation", summary="Put an event into the mail", **needs(Permission.CAMPAIGNS_WRITE))
def set_invitation(
    actor: CurrentActor, given: Given, campaign_id: str, body: schemas.NewInvitation
) -> schemas.Invitation:
    """A calendar invitation; editing it raises its sequence and keeps its UID, so calendars replace the event."""
    made = given.attachments.invite(actor, campaign_id, parse_invitation(body.model_dump()))
    return schemas.Invitation.model_validate(made)


@router.delete(
    "/invitation", status_code=204, summary="Take the event out of the mail", **needs(Permission.CAMPAIGNS_WRITE)
)
def remove_invitation(actor: CurrentActor, given: Given, campaign_id: str) -> None:
    """Makes a new revision, which must be approved anew."""
    given.attachments.invite(actor, campaign_id, None)
