"""Comments on a draft or one of its blocks, until somebody resolves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, select, update

from tidings.access import audit
from tidings.access.permissions import Permission
from tidings.campaigns.attaching import campaign_for
from tidings.campaigns.editing import draft_of
from tidings.domain.blocks import texts_of
from tidings.domain.errors import InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.store.tables import comment, revision

if TYPE_CHECKING:
    from tidings.campaigns.revising import Reviser
    from tidings.domain.actor import Actor
    from tidings.domain.draft import Draft
    from tidings.domain.instant import Clock, Instant
    from tidings.store.database import Database

LONGEST = 2000
_QUOTED = 80


@dataclass(frozen=True, slots=True)
class CommentView:
    """One comment. `block` counts from 0 in the revision it was written on; None means the whole draft."""

    id: str
    revision_number: int
    variant: str
    block: int | None
    quote: str
    """How the block began when it was commented on; blocks move."""
    text: str
    by_name: str
    at: Instant
    resolved_at: Instant | None
    resolved_by: str


class CommentService:
    """Whoever may read a campaign and write or approve may comment."""

    def __init__(self, db: Database, clock: Clock, reviser: Reviser) -> None:
        self._db, self._clock, self._reviser = db, clock, reviser

    def comments(self, actor: Actor, campaign_id: str, *, resolved: bool = True) -> list[CommentView]:
        """The campaign's comments, oldest first; without the resolved ones when those are not wanted."""
        with self._db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            query = (
                select(comment, revision.c.number)
                .join(revision, revision.c.id == comment.c.revision_id)
                .where(comment.c.campaign_pk == row.pk)
                .order_by(comment.c.at, comment.c.id)
            )
            if not resolved:
                query = query.where(comment.c.resolved_at.is_(None))
            return [_view(each) for each in conn.execute(query)]

    def add(self, actor: Actor, campaign_id: str, variant: str, text: str, *, block: int | None = None) -> CommentView:
        """A comment on the revision in force. Raises InvalidInputError for no text, no such variant or block."""
        said = text.strip()
        if not said or len(said) > LONGEST:
            raise InvalidInputError(
                "There is no comment." if not said else "The comment is too long.",
                remedy=f"Write 1 to {LONGEST} characters.", field="text",
            )  # fmt: skip
        made = new_id("comment")
        with self._db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_APPROVE)
            revised = self._reviser.in_force(conn, row)
            conn.execute(
                insert(comment).values(
                    id=made, campaign_pk=row.pk, revision_id=revised.id, variant=variant, block=block,
                    quote=_quote(draft_of(revised, variant), block), body=said, by_id=actor.id, by_name=actor.name,
                    at=self._clock.now(), resolved_by="",
                )
            )  # fmt: skip
            audit.record(conn, self._clock.now(), actor, "campaign.comment", row.id, {"comment": made})
        return self._one(actor, campaign_id, made)

    def resolve(self, actor: Actor, campaign_id: str, comment_id: str, *, done: bool = True) -> CommentView:
        """Settles a comment, or opens it again. Repeating it is harmless. Raises NotFoundError."""
        with self._db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_APPROVE)
            values = {"resolved_at": self._clock.now() if done else None, "resolved_by": actor.name if done else ""}
            mine = (comment.c.id == comment_id) & (comment.c.campaign_pk == row.pk)
            if conn.execute(update(comment).where(mine).values(values)).rowcount != 1:
                raise _unknown(comment_id)
        return self._one(actor, campaign_id, comment_id)

    def _one(self, actor: Actor, campaign_id: str, comment_id: str) -> CommentView:
        found = next((each for each in self.comments(actor, campaign_id) if each.id == comment_id), None)
        if found is None:
            raise _unknown(comment_id)
        return found


def _quote(draft: Draft, block: int | None) -> str:
    if block is None:
        return ""
    if not 0 <= block < len(draft.blocks):
        raise InvalidInputError(
            f"There is no block {block}.", remedy=f"Give 0 to {len(draft.blocks) - 1}, or none.", field="block"
        )
    return " ".join(texts_of(draft.blocks[block]))[:_QUOTED]


def _view(row: Row[Any]) -> CommentView:
    return CommentView(
        id=row.id, revision_number=row.number, variant=row.variant, block=row.block, quote=row.quote, text=row.body,
        by_name=row.by_name, at=row.at, resolved_at=row.resolved_at, resolved_by=row.resolved_by,
    )  # fmt: skip


def _unknown(comment_id: str) -> NotFoundError:
    return NotFoundError(f"There is no comment {comment_id} here.", remedy="See the campaign's comments.")
