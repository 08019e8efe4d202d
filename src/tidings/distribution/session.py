"""A connection of its own for the ledger's cheap commits: they survive the process, not the power.

What they lose in a power cut is known to be in doubt, because the claim before was fully synced; see `ledger.py`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from tidings.store.database import Database


class CheapSession:
    """Plain SQL with `?` for values, on SQLite and PostgreSQL. One thread at a time."""

    def __init__(self, db: Database) -> None:
        self._sqlite = db.is_sqlite
        self._pooled = db.engine.raw_connection()
        self._cursor: Any = self._pooled.cursor()
        self._texts: dict[str, str] = {}
        self._set("PRAGMA synchronous = NORMAL", "SET synchronous_commit = off")

    def _set(self, sqlite: str, postgresql: str) -> None:
        self._cursor.execute(sqlite if self._sqlite else postgresql)
        if not self._sqlite:
            self._pooled.commit()

    @contextmanager
    def transaction(self) -> Generator[Self]:
        """One commit; on SQLite the write lock is taken at once."""
        if self._sqlite:
            self._cursor.execute("BEGIN IMMEDIATE")
        try:
            yield self
        except BaseException:
            self._pooled.rollback()
            raise
        self._pooled.commit()

    def _text(self, sql: str) -> str:
        if self._sqlite:
            return sql
        found = self._texts.get(sql)
        if found is None:
            found = self._texts[sql] = sql.replace("?", "%s")
        return found

    def many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
        """Runs a statement for each row; how many rows it changed in all."""
        self._cursor.executemany(self._text(sql), rows)
        return self._cursor.rowcount

    def one(self, sql: str, values: tuple[Any, ...]) -> Any:
        """The first row, or None."""
        self._cursor.execute(self._text(sql), values)
        return self._cursor.fetchone()

    def close(self) -> None:
        """Makes commits durable again and returns the connection."""
        self._set("PRAGMA synchronous = FULL", "SET synchronous_commit = on")
        self._cursor.close()
        self._pooled.close()
