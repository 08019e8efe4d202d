"""Reading the built-in mailbox: list, search, one mail, mark, clear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update

from tidings.access.permissions import Permission, require
from tidings.distribution.mailbox.parsing import ParsedMail, parse_mail
from tidings.domain.actor import Actor
from tidings.domain.cursor import cursor_parts
from tidings.domain.errors import NotFoundError
from tidings.domain.instant import Instant
from tidings.store.database import Database
from tidings.store.tables import mailbox_message

_MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail in the list."""

    id: str
    received_at: Instant
    mail_from: str
    rcpt_to: str
    subject: str
    read: bool
    size: int


@dataclass(frozen=True, slots=True)
class MailView:
    """One mail, parsed, with its source."""

    row: MailRow
    message_id: str
    mail: ParsedMail
    raw: bytes


@dataclass(frozen=True, slots=True)
class MailboxCount:
    """How many mails there are."""

    total: int
    unread: int


class MailboxService:
    """The mails the built-in server took."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def messages(
        self, actor: Actor, *, query: str = "", unread: bool = False, after: str = "", limit: int = 50
    ) -> tuple[list[MailRow], str]:
        """A page of mails, newest first, and the cursor of the next page (empty at the end).

        `query` is looked for in subject, sender and recipient, whatever the case.
        """
        require(actor, Permission.MAILBOX_READ)
        limit = max(1, min(limit, _MAX_PAGE))
        statement = select(*_COLUMNS).order_by(_T.received_at.desc(), _T.id.desc()).limit(limit + 1)
        if query.strip():
            pattern = "%" + query.strip().lower().translate(_LIKE) + "%"
            places = (_T.subject, _T.mail_from, _T.rcpt_to)
            statement = statement.where(or_(*(func.lower(place).like(pattern, escape="\\") for place in places)))
        if unread:
            statement = statement.where(_T.read.is_(False))
        if place := cursor_parts(after, r"(\d{1,18})-(\w+_\w+)"):
            at, last = int(place[0]), place[1]
            statement = statement.where(or_(_T.received_at < at, and_(_T.received_at == at, _T.id < last)))
        with self._db.reading() as conn:
            rows = conn.execute(statement).all()
        shown = [_row(row) for row in rows[:limit]]
        more = len(rows) > limit
        return shown, f"{shown[-1].received_at}-{shown[-1].id}" if more else ""

    def message(self, actor: Actor, message_id: str) -> MailView:
        """One mail, parsed. Raises NotFoundError."""
        require(actor, Permission.MAILBOX_READ)
        with self._db.reading() as conn:
            row = conn.execute(select(*_COLUMNS, _T.message_id, _T.raw).where(_T.id == message_id)).first()
        if row is None:
            raise _no_such_mail()
        return MailView(_row(row), row.message_id, parse_mail(row.raw), row.raw)

    def mark_read(self, actor: Actor, message_id: str, *, read: bool = True) -> None:
        """Marks one mail. Raises NotFoundError."""
        require(actor, Permission.MAILBOX_READ)
        with self._db.transaction() as conn:
            statement = update(mailbox_message).where(_T.id == message_id).values(read=read)
            if conn.execute(statement).rowcount == 0:
                raise _no_such_mail()

    def clear(self, actor: Actor) -> int:
        """Deletes every mail; says how many."""
        require(actor, Permission.MAILBOX_READ)
        with self._db.transaction() as conn:
            return conn.execute(delete(mailbox_message)).rowcount

    def count(self, actor: Actor) -> MailboxCount:
        """How many there are."""
        require(actor, Permission.MAILBOX_READ)
        with self._db.reading() as conn:
            total = conn.execute(select(func.count()).select_from(mailbox_message)).scalar_one()
            unread = conn.execute(
                select(func.count()).select_from(mailbox_message).where(_T.read.is_(False))
            ).scalar_one()
        return MailboxCount(total, unread)


_T = mailbox_message.c
_COLUMNS = (
    _T.id, _T.received_at, _T.mail_from, _T.rcpt_to, _T.subject, _T.read, func.length(_T.raw).label("size"),
)  # fmt: skip
_LIKE = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


def _row(row: Any) -> MailRow:
    return MailRow(row.id, row.received_at, row.mail_from, row.rcpt_to, row.subject, row.read, row.size)


def _no_such_mail() -> NotFoundError:
    return NotFoundError("There is no such mail.", remedy="It may have been cleared; look at the list again.")
