"""What goes with a campaign's mails: attaching files, taking them off, and the calendar invitation."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from tidings.domain.errors import InvalidInputError
from tidings.domain.invitation import parse_invitation
from tidings.web.visit import FormHere, VisitHere, text_of

router = APIRouter(prefix="/campaigns/{campaign_id}")
_FIELDS = ("title", "start", "end", "zone", "place", "description", "method")


@router.post("/attachments")
def attach(visit: VisitHere, campaign_id: str, fields: FormHere) -> Response:
    """Adds a file."""
    file = fields.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidInputError("There is no file.", remedy="Choose one first.", field="file")
    visit.services.attachments.attach(visit.actor, campaign_id, file.filename, file.file.read())
    return visit.back(f"/campaigns/{campaign_id}", "attached")


@router.get("/attachments/{attachment_id}")
def download(visit: VisitHere, campaign_id: str, attachment_id: str) -> Response:
    """The file, to be saved and never shown in place."""
    file, content = visit.services.attachments.content(visit.actor, campaign_id, attachment_id)
    named = {"content-disposition": f"attachment; filename*=utf-8''{quote(file.name)}"}
    return Response(content, media_type="application/octet-stream", headers=named)


@router.post("/attachments/{attachment_id}/remove")
def detach(visit: VisitHere, campaign_id: str, attachment_id: str) -> Response:
    """Takes a file off."""
    visit.services.attachments.detach(visit.actor, campaign_id, attachment_id)
    return visit.back(f"/campaigns/{campaign_id}", "detached")


@router.post("/invitation")
def invite(visit: VisitHere, campaign_id: str, fields: FormHere) -> Response:
    """Puts the event in, or changes it."""
    given = {name: text for name in _FIELDS if (text := text_of(fields, name).replace("\r\n", "\n"))}
    visit.services.attachments.invite(visit.actor, campaign_id, parse_invitation(given))
    return visit.back(f"/campaigns/{campaign_id}", "invited")


@router.post("/invitation/remove")
def uninvite(visit: VisitHere, campaign_id: str) -> Response:
    """Takes the event out."""
    visit.services.attachments.invite(visit.actor, campaign_id, None)
    return visit.back(f"/campaigns/{campaign_id}", "uninvited")
