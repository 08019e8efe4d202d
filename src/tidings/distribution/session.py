"""Plain SQL with `?` for values on SQLite and PostgreSQL, within a transaction or on a connection of its own."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect

from tidings.store.database import Database

log = logging.getLogger("tidings.distribution")
_TEXTS: dict[str, str] = {}
_STOPPED_SECONDS = 20


@contextmanager
def brief_transaction(db: Database) -> Generator[Connection]:
    """A transaction that ends by itself when its process stands still within it: its locks would stop all the others.

    Only for what never computes for long between two statements. On SQLite there is one sender.
    """
    with db.transaction() as conn:
        if not db.is_sqlite:
            for limit in _limits(conn.dialect):
                conn.exec_driver_sql(f"SET LOCAL {limit} = '{_STOPPED_SECONDS}s'")
        yield conn


def _limits(dialect: Dialect) -> list[str]:
    """PostgreSQL does not call a session idle that stands still amid a batch of statements; since 17 it has a limit
    for the whole transaction.
    """
    version = dialect.server_version_info
    newer = version is not None and int(version[0]) >= 17
    return ["idle_in_transaction_session_timeout", *(["transaction_timeout"] if newer else [])]


def _as_format(sql: str) -> str:
    found = _TEXTS.get(sql)
    if found is None:
        found = _TEXTS[sql] = sql.replace("?", "%s")
    return found


class Statements:
    """Runs statements through the driver's own cursor."""

    def __init__(self, cursor: Any, *, sqlite: bool) -> None:
        self._cursor, self.is_sqlite = cursor, sqlite

    @classmethod
    def within(cls, conn: Connection) -> Statements:
        """In the transaction that a connection is in."""
        return cls(conn.connection.cursor(), sqlite=conn.dialect.name == "sqlite")

    def run(self, sql: str, values: Sequence[Any]) -> int:
        """Runs it once; how many rows it changed."""
        self._cursor.execute(sql if self.is_sqlite else _as_format(sql), values)
        return self._cursor.rowcount

    def many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
        """Runs a statement for each row; how many rows it changed in all."""
        self._cursor.executemany(sql if self.is_sqlite else _as_format(sql), rows)
        return self._cursor.rowcount

    def all(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Every row."""
        self._cursor.execute(sql if self.is_sqlite else _as_format(sql), values)
        return self._cursor.fetchall()

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first row, or None."""
        self._cursor.execute(sql if self.is_sqlite else _as_format(sql), values)
        return self._cursor.fetchone()


class Session(Statements):
    """A connection of its own, held for long. On PostgreSQL its commits survive the process, not the power.

    What they lose is known to be in doubt, because the claim before was fully synced; see `ledger.py`. A server
    that was restarted costs the transaction under way; the next one has a new connection.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._pooled = db.engine.raw_connection()
        super().__init__(self._pooled.cursor(), sqlite=db.is_sqlite)
        self._set("off")

    def _ready(self) -> None:
        """Takes a new connection when the last one was lost. Raises what the driver says when there is none."""
        if self._pooled.is_valid:
            return
        self._pooled = self._db.engine.raw_connection()
        self._cursor = self._pooled.cursor()
        self._set("off")

    def _abandon(self) -> None:
        """Undoes the transaction, and lets go of a connection that cannot even do that."""
        try:
            self._pooled.rollback()
        except Exception as error:  # whatever the driver says of a dead connection, what broke it is told
            log.warning("the sender's connection to the database was lost (%s)", type(error).__name__)
            self._pooled.invalidate()

    def _set(self, commit: str) -> None:
        if not self.is_sqlite:
            seconds = _STOPPED_SECONDS if commit == "off" else 0
            self._cursor.execute(f"SET synchronous_commit = {commit}")
            for limit in _limits(self._db.engine.dialect):
                self._cursor.execute(f"SET {limit} = '{seconds}s'")
            self._pooled.commit()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """One commit. Whether a transaction whose commit fails was kept is not known: its statements may come again."""
        self._ready()
        try:
            yield
            self._pooled.commit()
        except BaseException:
            self._abandon()
            raise

    def version(self) -> int:
        """SQLite only: another number whenever somebody else has committed something."""
        return self._cursor.execute("PRAGMA data_version").fetchone()[0]

    def file(self) -> Path:
        """SQLite only: where the database lies."""
        return Path(self._cursor.execute("PRAGMA database_list").fetchone()[2])

    def close(self) -> None:
        """Makes commits durable again, takes the limit back and returns the connection."""
        if not self._pooled.is_valid:
            return
        try:
            self._set("on")
            self._cursor.close()
        except Exception as error:
            log.warning("the sender's connection to the database was lost (%s)", type(error).__name__)
            self._pooled.invalidate()
        self._pooled.close()
