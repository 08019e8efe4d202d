"""What people answered: read, marked as done, and acted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, update

from tidings.access.audit import record
from tidings.access.permissions import Permission, may, require
from tidings.distribution.returns.intake import Suppress
from tidings.distribution.returns.wishes import own_words
from tidings.domain.actor import Actor
from tidings.domain.consent import SuppressionReason
from tidings.domain.contact import mask_address
from tidings.domain.cursor import cursor_number
from tidings.domain.errors import ConflictError, NotFoundError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Clock, Instant
from tidings.events.log import append
from tidings.store.database import Database
from tidings.store.tables import campaign, contact, returned_mail

_T = returned_mail.c
_PREFIX = "rpl_"
_MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """One answer in a list. Without `contacts:read_pii` the address is masked and the words are left out."""

    id: str
    at: Instant
    sender: str
    subject: str
    excerpt: str
    wish: str
    """`clear`: they want no more mail, and it was honoured; `maybe`: it reads so; empty: it does not."""
    done_at: Instant | None
    done_by: str
    contact_id: str | None
    contact_name: str
    campaign_id: str | None
    campaign_name: str


@dataclass(frozen=True, slots=True)
class ReplyView:
    """One answer with its words, and what else the person wrote, oldest first."""

    row: ReplyRow
    text: str
    own: str
    """The person's words without what they quote."""
    thread: tuple[ReplyRow, ...]


class ReplyService:
    """Reading needs `contacts:read`; addresses and words also `contacts:read_pii`; acting `contacts:write`."""

    def __init__(self, db: Database, clock: Clock, suppress: Suppress) -> None:
        self._db, self._clock, self._suppress = db, clock, suppress

    def replies(
        self, actor: Actor, *, done: bool | None = None, after: str = "", limit: int = 50
    ) -> tuple[list[ReplyRow], str]:
        """A page of answers, newest first, and the cursor of the next page (empty at the end)."""
        require(actor, Permission.CONTACTS_READ)
        limit = max(1, min(limit, _MAX_PAGE))
        query = _seen(actor, _rows()).order_by(_T.pk.desc()).limit(limit + 1)
        if done is not None:
            query = query.where(_T.done_at.is_not(None) if done else _T.done_at.is_(None))
        if (before := cursor_number(after)) is not None:
            query = query.where(_T.pk < before)
        with self._db.reading() as conn:
            rows = conn.execute(query).all()
        more = len(rows) > limit
        return [_row(actor, row) for row in rows[:limit]], str(rows[limit - 1].pk) if more else ""

    def open_count(self, actor: Actor) -> int:
        """How many wait for somebody."""
        require(actor, Permission.CONTACTS_READ)
        query = _seen(actor, _rows()).where(_T.done_at.is_(None)).subquery()
        with self._db.reading() as conn:
            return conn.execute(select(func.count()).select_from(query)).scalar_one()

    def reply(self, actor: Actor, reply_id: str) -> ReplyView:
        """One answer. Raises NotFoundError."""
        require(actor, Permission.CONTACTS_READ)
        with self._db.reading() as conn:
            row = _find(conn, actor, reply_id)
            thread = _thread(conn, actor, row)
        open_ = may(actor, Permission.CONTACTS_READ_PII)
        text = row.text if open_ else ""
        return ReplyView(_row(actor, row), text, own_words(text), thread)

    def mark(self, actor: Actor, reply_id: str, *, done: bool = True) -> None:
        """Marks it as done, or as open again. Raises NotFoundError."""
        require(actor, Permission.CONTACTS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            row = _find(conn, actor, reply_id)
            if (row.done_at is not None) is not done:
                values = {"done_at": now if done else None, "done_by": actor.name if done else ""}
                conn.execute(update(returned_mail).where(_T.pk == row.pk).values(**values))
                record(conn, now, actor, "reply.done" if done else "reply.reopen", reply_id)

    def unsubscribe(self, actor: Actor, reply_id: str) -> bool:
        """Writes to the person who answered no more, and marks the answer as done; True if that was new.

        Raises NotFoundError, and ConflictError when nobody of ours is known to have written it.
        """
        require(actor, Permission.CONTACTS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            row = _find(conn, actor, reply_id)
            if row.contact_id is None:
                raise ConflictError(
                    "Nobody is known to have written this.", remedy="Suppress the address on the Audience page."
                )
            source = f"reply, by {actor.name}"[:200]
            new = self._suppress(conn, row.contact_pk, row.campaign_pk, source, SuppressionReason.UNSUBSCRIBED)
            if new and row.campaign_pk is not None:
                append(
                    conn,
                    [Event(EventKind.UNSUBSCRIBED, now, row.campaign_pk, row.contact_pk, detail={"source": "reply"})],
                )
            conn.execute(update(returned_mail).where(_T.pk == row.pk).values(done_at=now, done_by=actor.name))
            record(conn, now, actor, "reply.unsubscribe", reply_id, {"new": new})
        return new


def _rows() -> Select[Any]:
    return (
        select(
            returned_mail, contact.c.id.label("contact_id"), contact.c.first_name, contact.c.last_name,
            campaign.c.id.label("campaign_id"), campaign.c.name.label("campaign_name"), campaign.c.brand_id,
        )
        .join(contact, contact.c.pk == _T.contact_pk, isouter=True)
        .join(campaign, campaign.c.pk == _T.campaign_pk, isouter=True)
        .where(_T.kind == "reply")
    )  # fmt: skip


def _seen(actor: Actor, query: Select[Any]) -> Select[Any]:
    """Answers to campaigns of brands the actor reaches; what answers none belongs to everybody."""
    return query.where(campaign.c.brand_id.is_(None) | campaign.c.brand_id.in_(actor.brands)) if actor.brands else query


def _find(conn: Connection, actor: Actor, reply_id: str) -> Row[Any]:
    query = _seen(actor, _rows()).where(_T.digest == reply_id.removeprefix(_PREFIX))
    row = conn.execute(query).first()
    if row is None:
        raise NotFoundError("There is no such reply.", remedy="tidings replies list")
    return row


def _thread(conn: Connection, actor: Actor, row: Row[Any]) -> tuple[ReplyRow, ...]:
    if row.contact_pk is None:
        return ()
    query = _seen(actor, _rows()).where(_T.contact_pk == row.contact_pk, _T.pk != row.pk).order_by(_T.pk).limit(20)
    return tuple(_row(actor, each) for each in conn.execute(query))


def _row(actor: Actor, row: Row[Any]) -> ReplyRow:
    open_ = may(actor, Permission.CONTACTS_READ_PII)
    address = row.sender.rpartition("<")[2].rstrip("> ")
    excerpt = " ".join(own_words(row.text).split())[:160]
    return ReplyRow(
        id=_PREFIX + row.digest, at=row.at, sender=row.sender if open_ else mask_address(address),
        subject=row.subject if open_ else "", excerpt=excerpt if open_ else "", wish=row.wish or "",
        done_at=row.done_at, done_by=row.done_by or "", contact_id=row.contact_id,
        contact_name=" ".join(each for each in (row.first_name, row.last_name) if each) if open_ else "",
        campaign_id=row.campaign_id, campaign_name=row.campaign_name or "",
    )  # fmt: skip
