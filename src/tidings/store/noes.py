"""What people said no to after a backup was made, carried into it: a restore must not write to them again."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from tidings.domain.errors import TidingsError
from tidings.store.database import sqlcipher
from tidings.store.files import open_quietly
from tidings.store.tables import suppression
from tidings.store.upsert import upsert

_COLUMNS = ("address_hash", "channel", "reason", "source", "at")


def carry_noes(conn: Connection, former: Path, key: bytes) -> bool:
    """Puts every no of the former database on the list here; False when that database cannot be read.

    A no that stands here keeps its reason and instant, but that of an erasure goes before all others.
    """
    rows = _noes_of(former, key)
    if rows is None:
        return False
    said: list[dict[str, object]] = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    erased = [row for row in said if row["reason"] == "erased"]
    others = [row for row in said if row["reason"] != "erased"]
    if others:
        conn.execute(upsert(conn, suppression).on_conflict_do_nothing(), others)
    if erased:
        insert = upsert(conn, suppression)
        newer = {name: insert.excluded[name] for name in _COLUMNS[2:]}
        conn.execute(insert.on_conflict_do_update(index_elements=list(_COLUMNS[:2]), set_=newer), erased)
    return True


def _noes_of(former: Path, key: bytes) -> list[tuple[object, ...]] | None:
    try:
        connection = open_quietly(former, key)
    except (TidingsError, OSError):
        return None
    try:
        return connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM suppression").fetchall()
    except sqlcipher().DatabaseError:
        return None
    finally:
        connection.close()
