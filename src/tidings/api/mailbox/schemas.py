"""What crosses the API about the built-in mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from tidings.api.pages import Moment, Schema

if TYPE_CHECKING:
    from tidings.distribution.mailbox.service import MailView


class MailRow(Schema):
    """One received mail in a list. `size` is in bytes."""

    id: str
    received_at: Moment
    sender: str = Field(validation_alias="mail_from")
    to: str = Field(validation_alias="rcpt_to")
    subject: str
    read: bool
    size: int


class MailboxCount(Schema):
    """How many mails there are."""

    total: int
    unread: int


class Header(Schema):
    """One header field; a name can come more than once."""

    name: str
    value: str


class Attachment(Schema):
    """A file that came with the mail. `size` is in bytes."""

    name: str
    size: int


class Mail(Schema):
    """One received mail, taken apart for reading."""

    row: MailRow
    message_id: str
    headers: list[Header]
    text: str
    html: str
    links: list[str]
    attachments: list[Attachment]
    defects: list[str] = Field(description="What is not as the standards want it")
    source: str = Field(description="As it came over the wire")

    @classmethod
    def of(cls, view: MailView) -> Mail:
        """The mail as the API shows it."""
        mail = view.mail
        return cls(
            row=MailRow.model_validate(view.row),
            message_id=view.message_id,
            headers=[Header(name=name, value=value) for name, value in mail.headers],
            text=mail.text,
            html=mail.html,
            links=list(mail.links),
            attachments=[Attachment(name=name, size=size) for name, size in mail.attachments],
            defects=list(mail.defects),
            source=view.raw.decode("utf-8", errors="replace"),
        )


class MarkRead(Schema):
    """Whether it counts as read."""

    read: bool = True
