"""What an SMTP session is given and what it tells: mails, and the events about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tidings.distribution.smtp.replies import Reply


class Mail(Protocol):
    """One message to one recipient: envelope and bytes with CRLF and no line beginning with a dot."""

    sender: str
    recipient: str
    body: bytes
    envid: str
    """Asks a server that knows DSN (RFC 3461) to report failures under this name: letters and digits only."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The session is open; mails can be offered."""


@dataclass(frozen=True, slots=True)
class StartTls:
    """The driver must now encrypt the connection, then call `tls_done`."""


@dataclass(slots=True)
class NeedGo:
    """The server waits for this mail's body: `go` writes it."""

    mail: Mail


@dataclass(slots=True)
class Answered:
    """The server's word on one mail. `stage` is what it was about: mail, rcpt, data or dot; size is our own word."""

    mail: Mail
    reply: Reply
    stage: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The session cannot go on. `words` is for people; `refused` says that trying at once again makes no sense."""

    words: str
    refused: bool = False


Event = Ready | StartTls | NeedGo | Answered | Broken
