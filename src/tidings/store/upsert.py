"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy names per dialect."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def upsert(conn: Connection, table: Table) -> SqliteInsert | PostgresqlInsert:
    """An INSERT of the connection's own dialect; go on with `on_conflict_do_update` or `on_conflict_do_nothing`."""
    return upsert_of(conn.dialect.name, table)


def upsert_of(dialect: str, table: Table) -> SqliteInsert | PostgresqlInsert:
    """The same for statements that are built once for all connections of a dialect."""
    return sqlite_insert(table) if dialect == "sqlite" else postgresql_insert(table)
