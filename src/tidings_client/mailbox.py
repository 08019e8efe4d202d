"""The built-in mailbox: mail that stayed on the server's machine."""

from __future__ import annotations

from datetime import datetime

from tidings_client.calls import Call, Endpoint, Mode, Model, Page, Pages, Resource, given


class MailRow(Model):
    """One received mail in a list. `size` is in bytes."""

    id: str
    received_at: datetime
    sender: str
    to: str
    subject: str
    read: bool
    size: int


class MailboxCount(Model):
    """How many mails there are."""

    total: int
    unread: int


class Header(Model):
    """One header field; a name can come more than once."""

    name: str
    value: str


class Attachment(Model):
    """A file that came with the mail."""

    name: str
    size: int


class Mail(Model):
    """One received mail, taken apart for reading."""

    row: MailRow
    message_id: str
    headers: list[Header]
    text: str
    html: str
    links: list[str]
    attachments: list[Attachment]
    defects: list[str]
    source: str


class Mailbox(Resource[Mode]):
    """Received mail. Raises UnavailableError where mail goes out by a real relay."""

    @Endpoint
    def list(self, *, query: str = "", unread: bool = False, after: str = "", limit: int = 50) -> Call[Page[MailRow]]:
        """One page, newest first."""
        asked = given(query=query or None, unread=unread or None, after=after or None, limit=limit)
        return Call("GET", "/mailbox", Page[MailRow], asked)

    @Pages
    def all(self, *, query: str = "", unread: bool = False) -> Call[Page[MailRow]]:
        """Every mail, newest first."""
        return Call("GET", "/mailbox", Page[MailRow], given(query=query or None, unread=unread or None, limit=200))

    @Endpoint
    def counts(self) -> Call[MailboxCount]:
        """How many there are."""
        return Call("GET", "/mailbox/counts", MailboxCount)

    @Endpoint
    def get(self, message_id: str) -> Call[Mail]:
        """One mail."""
        return Call("GET", f"/mailbox/{message_id}", Mail)

    @Endpoint
    def mark(self, message_id: str, *, read: bool = True) -> Call[None]:
        """Marks it read, or not read."""
        return Call("PUT", f"/mailbox/{message_id}/read", body={"read": read})
