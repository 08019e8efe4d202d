"""The database a restore replaces, read as far as it can be: that it is damaged is often why one restores."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tidings.domain.errors import ConflictError, StoreLockedError, TidingsError, UnavailableError
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.store.database import sqlcipher
from tidings.store.files import alone, open_quietly
from tidings.store.secrets import KEY as SECRETS
from tidings.store.secrets import unsealed

_BATCH = 500


class Former:
    """Nobody else has the file open meanwhile, so that no word can be said to it after it was read.

    `unread` names the tables of which something could not be read.
    """

    def __init__(self, path: Path, master: MasterKey) -> None:
        """Raises ConflictError when another process has it open; what nobody can open is merely not `readable`."""
        self.path = path
        self.there = path.exists()
        self.unread: set[str] = set()
        self._key: MasterKey | None = None
        self._stack = ExitStack()
        self._connection: Any = None
        for key in filter(None, (master, master.former())) if self.there else ():
            if self._open(key):
                break

    @property
    def readable(self) -> bool:
        """Whether a key opens it, and it is a database of Tidings."""
        return self._key is not None and self.has("contact")

    def close(self) -> None:
        """Gives the file back."""
        self._stack.close()

    def has(self, table: str) -> bool:
        """Whether there is such a table: a former database may be of an earlier version."""
        return bool(self._one("sqlite_master", "type = 'table' AND name = ?", table))

    def knows(self, table: str, column: str, value: str) -> bool:
        """Whether there is a row with that value, which is not empty."""
        return bool(value and self._one(table, f"{column} = ?", value))

    def rows(self, table: str, query: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query over `table`, in batches, newest first.

        Where the file is damaged a second pass begins at the other end, so that what stands behind the damage is
        found too; rows may then come twice.
        """
        for order in ("DESC", "ASC"):
            batch: list[tuple[Any, ...]] = []
            try:
                for row in self._connection.execute(f"{query} ORDER BY {table}.rowid {order}"):
                    batch.append(row)
                    if len(batch) == _BATCH:
                        yield batch
                        batch = []
            except sqlcipher().DatabaseError:
                self.unread.add(table)
                self._reopen()  # after a page that is not authentic the connection reads nothing any more
                yield batch
            else:
                yield batch
                return

    def secrets(self) -> Secrets | None:
        """Those of the former database, or None where they cannot be read."""
        row = self._one("setting", "key = ?", SECRETS, "value")
        if row is None or self._key is None:
            return None
        try:
            return unsealed(json.loads(row[0]), self._key)
        except TidingsError:
            return None

    def _one(self, table: str, where: str, value: str, what: str = "1") -> tuple[Any, ...] | None:
        if self._key is None:
            return None
        try:
            return self._connection.execute(f"SELECT {what} FROM {table} WHERE {where}", (value,)).fetchone()
        except sqlcipher().DatabaseError:
            self.unread.add(table)
            self._reopen()
            return None

    def _open(self, key: MasterKey) -> bool:
        try:
            self._connection = self._stack.enter_context(alone(self.path, key.raw))
        except (StoreLockedError, UnavailableError):
            return False
        except sqlcipher().DatabaseError as error:
            if "locked" in str(error):
                raise ConflictError(
                    "Tidings has the database open.", remedy="Stop it first, then run this again."
                ) from error
            return False
        self._key = key
        return True

    def _reopen(self) -> None:
        key, self._key = self._key, None
        self._stack.close()
        if key is not None:
            self._open(key)


@contextmanager
def former_database(path: Path, master: MasterKey) -> Generator[Former]:
    """What stands at `path`, if anything does, for as long as the block runs."""
    former = Former(path, master)
    try:
        yield former
    finally:
        former.close()


def settle_rotation(path: Path, master: MasterKey) -> None:
    """Finishes a change of the key that was cut short after it had reached the file at `path`."""
    pending = master.pending()
    if pending is None or not path.exists() or _opens(path, master) or not _opens(path, pending):
        return
    master.settle(pending.raw)


def _opens(path: Path, key: MasterKey) -> bool:
    try:
        open_quietly(path, key.raw).close()
    except (StoreLockedError, sqlcipher().DatabaseError):
        return False
    return True
