"""Queries about the files that go with campaigns' mails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tidings.domain.attachment import Attachment
from tidings.domain.instant import Instant
from tidings.store.tables import attachment

_SHOWN = (attachment.c.id, attachment.c.name, attachment.c.media_type, attachment.c.size, attachment.c.digest)


def insert_attachment(
    conn: Connection, campaign_pk: int, file: Attachment, content: bytes, *, by: str, at: Instant
) -> None:
    """Keeps a file, sealed like everything in the database."""
    conn.execute(
        insert(attachment).values(
            **file.model_dump(), campaign_pk=campaign_pk, content=content, added_by=by, added_at=at
        )
    )


def attached(conn: Connection, campaign_pk: int) -> tuple[Attachment, ...]:
    """What goes with the campaign now, in the order in which it was added."""
    query = (
        select(*_SHOWN)
        .where(attachment.c.campaign_pk == campaign_pk, attachment.c.removed_at.is_(None))
        .order_by(attachment.c.added_at, attachment.c.id)
    )
    return tuple(_shown(row) for row in conn.execute(query))


def take_off(conn: Connection, campaign_pk: int, attachment_id: str, at: Instant) -> bool:
    """It goes with the campaign no more; whether it did. Its bytes stay for the revisions that name it."""
    mine = (attachment.c.id == attachment_id) & (attachment.c.campaign_pk == campaign_pk)
    query = update(attachment).where(mine, attachment.c.removed_at.is_(None)).values(removed_at=at)
    return conn.execute(query).rowcount == 1


def file_of(conn: Connection, campaign_pk: int, attachment_id: str) -> tuple[Attachment, bytes] | None:
    """One file of a campaign with its bytes, taken off or not."""
    mine = (attachment.c.id == attachment_id) & (attachment.c.campaign_pk == campaign_pk)
    row = conn.execute(select(*_SHOWN, attachment.c.content).where(mine)).one_or_none()
    return None if row is None else (_shown(row), bytes(row.content))


def contents(conn: Connection, files: Iterable[Attachment]) -> dict[str, bytes]:
    """The bytes of files by their id; those that are gone are absent."""
    wanted = [each.id for each in files]
    if not wanted:
        return {}
    query = select(attachment.c.id, attachment.c.content).where(attachment.c.id.in_(wanted))
    return {row.id: bytes(row.content) for row in conn.execute(query)}


def _shown(row: Any) -> Attachment:
    return Attachment(id=row.id, name=row.name, media_type=row.media_type, size=row.size, digest=row.digest)
