"""Contacts by the SHA-256 of their address, as shops and advertising systems exchange it: trimmed, in lower case.

The digests are made when somebody first asks by one, and for new contacts at the next asking; they go with the contact.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, bindparam, select, update

from tidings.store.database import Database
from tidings.store.tables import contact

_BATCH = 5_000
_SET = update(contact).where(contact.c.pk == bindparam("of")).values(email_sha256=bindparam("digest"))


def digest_of(address: str) -> str:
    """The digest in hex."""
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()


def contact_with_digest(db: Database, digest: str) -> int | None:
    """The number of the contact with that digest, in hex of any case; None when there is none."""
    while _make_some(db):
        pass
    with db.reading() as conn:
        query = select(contact.c.pk).where(contact.c.email_sha256 == digest.strip().lower()).limit(1)
        return conn.execute(query).scalar()


def _make_some(db: Database) -> bool:
    """Makes missing digests; whether there may be more."""
    with db.reading() as conn:
        if not _missing(conn, 1):
            return False
    with db.transaction() as conn:
        rows = _missing(conn, _BATCH)
        if rows:
            conn.execute(_SET, [{"of": pk, "digest": digest_of(email)} for pk, email in rows])
    return len(rows) == _BATCH


def _missing(conn: Connection, limit: int) -> list[tuple[int, str]]:
    query = select(contact.c.pk, contact.c.email).where(contact.c.email_sha256.is_(None)).limit(limit)
    return [(row.pk, row.email) for row in conn.execute(query)]
