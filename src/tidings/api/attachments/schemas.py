"""What crosses the API about attachments and invitations."""

from __future__ import annotations

from typing import Literal

from pydantic import Base64Bytes, ConfigDict, Field

from tidings.api.pages import Body, Schema


class Attachment(Schema):
    """A file that goes with every mail of a campaign. `digest` is the SHA-256 of its bytes."""

    id: str
    name: str
    media_type: str
    size: int
    digest: str


class AttachmentFile(Attachment):
    """A file with its bytes."""

    content: Base64Bytes


class Attachments(Schema):
    """What goes with every mail, in order."""

    items: list[Attachment]


class NewInvitation(Body):
    """An event for the readers' calendars, at wall times of its zone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Bread workshop", "start": "2026-12-05T18:00", "end": "2026-12-05T20:30",
                    "zone": "Europe/Vienna", "place": "Mill Lane 4, 1010 Vienna",
                }
            ]
        }
    )  # fmt: skip

    title: str = Field(min_length=1, max_length=200)
    start: str
    end: str
    zone: str = Field(description="IANA name")
    place: str = Field(default="", max_length=300)
    description: str = Field(default="", max_length=2000)
    method: Literal["publish", "request"] = Field(
        default="publish", description="`request` asks every reader for an answer"
    )


class Invitation(Schema):
    """The event with what Tidings keeps of it: `sequence` counts edits, as calendars expect."""

    title: str
    start: str
    end: str
    zone: str
    place: str
    description: str
    method: str
    sequence: int
