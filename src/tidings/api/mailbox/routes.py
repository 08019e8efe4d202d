"""The routes of the built-in mailbox: mail that stayed on this machine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import GivenMailbox
from tidings.api.mailbox import schemas
from tidings.api.pages import After, Limit, Page

router = APIRouter(prefix="/mailbox", tags=["mailbox"])


@router.get("", summary="List received mail, newest first", **needs(Permission.MAILBOX_READ))
def list_mail(
    actor: CurrentActor,
    mailbox: GivenMailbox,
    query: Annotated[str, Query(max_length=200, description="In subject, sender or recipient")] = "",
    unread: bool = False,
    after: After = "",
    limit: Limit = 50,
) -> Page[schemas.MailRow]:
    """What was sent to the built-in mail server."""
    rows, following = mailbox.messages(actor, query=query, unread=unread, after=after, limit=limit)
    return Page(items=[schemas.MailRow.model_validate(row) for row in rows], next=following)


@router.get("/counts", summary="Count received mail", **needs(Permission.MAILBOX_READ))
def count_mail(actor: CurrentActor, mailbox: GivenMailbox) -> schemas.MailboxCount:
    """All, and those not read yet."""
    return schemas.MailboxCount.model_validate(mailbox.count(actor))


@router.get("/{message_id}", summary="Read a mail", **needs(Permission.MAILBOX_READ))
def get_mail(actor: CurrentActor, mailbox: GivenMailbox, message_id: str) -> schemas.Mail:
    """Both parts, every header, and its source. Reading it here does not mark it read."""
    return schemas.Mail.of(mailbox.message(actor, message_id))


@router.put("/{message_id}/read", status_code=204, summary="Mark as read", **needs(Permission.MAILBOX_READ))
def mark_mail(actor: CurrentActor, mailbox: GivenMailbox, message_id: str, body: schemas.MarkRead) -> None:
    """Or, with `read` false, as not read."""
    mailbox.mark_read(actor, message_id, read=body.read)
