"""The routes of people's answers."""

from __future__ import annotations

from fastapi import APIRouter

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given
from tidings.api.pages import After, Limit, Page
from tidings.api.replies import schemas

router = APIRouter(prefix="/replies", tags=["replies"])


@router.get("", summary="List people's answers, newest first", **needs(Permission.CONTACTS_READ))
def list_replies(
    actor: CurrentActor, services: Given, done: bool | None = None, after: After = "", limit: Limit = 50
) -> Page[schemas.ReplyRow]:
    """With `done` false those that wait for somebody."""
    rows, following = services.replies.replies(actor, done=done, after=after, limit=limit)
    return Page(items=[schemas.ReplyRow.model_validate(row) for row in rows], next=following)


@router.get("/{reply_id}", summary="Read an answer", **needs(Permission.CONTACTS_READ))
def get_reply(actor: CurrentActor, services: Given, reply_id: str) -> schemas.Reply:
    """Its words need `contacts:read_pii`."""
    return schemas.Reply.of(services.replies.reply(actor, reply_id))


@router.put("/{reply_id}/done", status_code=204, summary="Mark as done", **needs(Permission.CONTACTS_WRITE))
def mark_reply(actor: CurrentActor, services: Given, reply_id: str, body: schemas.MarkDone) -> None:
    """Or, with `done` false, as open again."""
    services.replies.mark(actor, reply_id, done=body.done)


@router.post("/{reply_id}/unsubscribe", summary="Write to this person no more", **needs(Permission.CONTACTS_WRITE))
def unsubscribe_sender(actor: CurrentActor, services: Given, reply_id: str) -> schemas.Unsubscribed:
    """Suppresses the address, withdraws the consent, and marks the answer as done."""
    return schemas.Unsubscribed(new=services.replies.unsubscribe(actor, reply_id))
