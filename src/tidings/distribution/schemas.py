"""What crosses the API from this room."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tidings.distribution.mailbox.service import MailRow, MailView
from tidings.domain.instant import iso


class MailRowOut(BaseModel):
    """A mail in the built-in mailbox's list."""

    model_config = ConfigDict(frozen=True)

    id: str
    received_at: str | None
    mail_from: str
    rcpt_to: str
    subject: str
    read: bool
    size: int

    @classmethod
    def of(cls, row: MailRow) -> MailRowOut:
        """From the view."""
        return cls(
            id=row.id, received_at=iso(row.received_at), mail_from=row.mail_from, rcpt_to=row.rcpt_to,
            subject=row.subject, read=row.read, size=row.size,
        )  # fmt: skip


class MailOut(MailRowOut):
    """One mail, read."""

    message_id: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    links: tuple[str, ...]

    @classmethod
    def of_view(cls, view: MailView) -> MailOut:
        """From the view."""
        return cls(
            **MailRowOut.of(view.row).model_dump(), message_id=view.message_id, headers=view.mail.headers,
            text=view.mail.text, html=view.mail.html, links=view.mail.links,
        )  # fmt: skip
