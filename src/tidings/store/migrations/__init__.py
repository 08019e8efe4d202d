"""Brings a database to the tables this version of Tidings works with."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from tidings.domain.errors import StoreLockedError
from tidings.store.database import Database, take_turns

HEAD = "0002"
"""The newest revision. Known without Alembic, whose import would slow every start."""


def migrate(db: Database) -> None:
    """Applies what is missing, in one transaction. Raises StoreLockedError for a database newer than this code."""
    with db.transaction() as conn:
        take_turns(conn, "migrations")
        found = schema_version(conn)
        if found == HEAD:
            return
        if found and found not in known_versions():
            raise StoreLockedError(
                f"The database was made by a newer Tidings (schema {found}; this one knows up to {HEAD}).",
                remedy="Install that version or a later one; nothing was changed.",
            )
        _upgrade(conn)


def schema_version(conn: Connection) -> str:
    """The revision the database is at; empty for a new one."""
    if not inspect(conn).has_table("alembic_version"):
        return ""
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def known_versions() -> frozenset[str]:
    """Every revision this code has."""
    return frozenset(path.name.split("_", 1)[0] for path in (Path(__file__).parent / "versions").glob("[0-9]*.py"))


def _upgrade(conn: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
