"""What goes with a campaign's mails: files and a calendar invitation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Base64Bytes

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping


class Attachment(Model):
    """A file that goes with every mail of a campaign."""

    id: str
    name: str
    media_type: str
    size: int
    digest: str


class AttachmentFile(Attachment):
    """A file with its bytes."""

    content: Base64Bytes


class AttachmentList(Model):
    """What goes with every mail, in order."""

    items: list[Attachment]


class Invitation(Model):
    """An event for the readers' calendars."""

    title: str
    start: str
    end: str
    zone: str
    place: str
    description: str
    method: str
    sequence: int


class Attachments(Resource[Mode]):
    """Files and invitation. Every change makes a new revision, which must be approved anew."""

    @Endpoint
    def list(self, campaign_id: str) -> Call[AttachmentList]:
        """The files that go with every mail."""
        return Call("GET", f"/campaigns/{campaign_id}/attachments", AttachmentList)

    @Endpoint
    def add(self, campaign_id: str, name: str, content: bytes) -> Call[Attachment]:
        """Attaches a file. Raises InvalidInputError for a kind, name or size that receivers would refuse."""
        return Call(
            "POST",
            f"/campaigns/{campaign_id}/attachments",
            Attachment,
            {"name": name},
            content=content,
            content_type="application/octet-stream",
            seconds=60,
        )

    @Endpoint
    def get(self, campaign_id: str, attachment_id: str) -> Call[AttachmentFile]:
        """One file with its bytes."""
        return Call("GET", f"/campaigns/{campaign_id}/attachments/{attachment_id}", AttachmentFile, seconds=60)

    @Endpoint
    def remove(self, campaign_id: str, attachment_id: str) -> Call[None]:
        """Takes a file off."""
        return Call("DELETE", f"/campaigns/{campaign_id}/attachments/{attachment_id}")

    @Endpoint
    def invite(self, campaign_id: str, invitation: Mapping[str, Any]) -> Call[Invitation]:
        """Puts an event into every mail, or changes it: title, start, end, zone, place, description, method."""
        return Call("PUT", f"/campaigns/{campaign_id}/invitation", Invitation, body=dict(invitation))

    @Endpoint
    def uninvite(self, campaign_id: str) -> Call[None]:
        """Takes the event out."""
        return Call("DELETE", f"/campaigns/{campaign_id}/invitation")
