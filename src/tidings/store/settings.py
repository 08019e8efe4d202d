"""Values changed at run time, one JSON document a key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tidings.domain.instant import Instant
from tidings.store.tables import setting


def get_setting(conn: Connection, key: str) -> dict[str, Any] | None:
    """The document under the key, or None."""
    return conn.execute(select(setting.c.value).where(setting.c.key == key)).scalar()


def put_setting(conn: Connection, key: str, value: dict[str, Any], at: Instant) -> None:
    """Writes the document, in place of one that stood there."""
    insert = sqlite_insert if conn.dialect.name == "sqlite" else postgresql_insert
    row = {"key": key, "value": value, "updated_at": at}
    conn.execute(
        insert(setting)
        .values(row)
        .on_conflict_do_update(index_elements=["key"], set_={"value": value, "updated_at": at})
    )


def drop_setting(conn: Connection, key: str) -> None:
    """Forgets the key; nothing happens when there is none."""
    conn.execute(delete(setting).where(setting.c.key == key))
