"""What a route is given: the use cases, and the built-in mailbox where there is one."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from tidings.distribution.mailbox.service import MailboxService
from tidings.domain.errors import UnavailableError
from tidings.services import Services


async def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


async def _mailbox(request: Request) -> MailboxService:
    """Raises UnavailableError where mail goes out by a real relay and no built-in mailbox runs."""
    mailbox: MailboxService | None = request.app.state.mailbox
    if mailbox is None:
        raise UnavailableError("No built-in mailbox runs here.", remedy="Read the mail where your relay delivers it.")
    return mailbox


Given = Annotated[Services, Depends(_services)]
GivenMailbox = Annotated[MailboxService, Depends(_mailbox)]
