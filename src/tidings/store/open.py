"""Opens the installation's database, whichever kind it is, and settles a key change that was cut short."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DBAPIError

from tidings.domain.errors import ConflictError, InvalidInputError, StoreLockedError
from tidings.keys.master import DATABASE_FILE, MasterKey
from tidings.store.database import Database, explain, open_postgresql, open_sqlite

SERVER_MARK = "on-a-server"
"""A file in the data directory of an installation whose database is a server's."""


def open_database(data_dir: Path, master: MasterKey, url: str | None) -> Database:
    """The database at `url`, or the encrypted file in the data directory, made if it is not there.

    It is tried once before it is handed out. Raises StoreLockedError for a wrong key, UnavailableError when the server
    does not answer, ConflictError where a forgotten `url` would begin an empty file. Tables are the business of
    `migrate`.
    """
    mark = data_dir / SERVER_MARK
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if url:
        database = _tried(open_postgresql(_postgresql(url)))
        mark.touch(mode=0o600)
        return database
    path = data_dir / DATABASE_FILE
    if mark.exists() and not path.exists():
        raise ConflictError(
            f"The data of {data_dir} are in PostgreSQL, and TIDINGS_DATABASE_URL is not set: all would look empty.",
            remedy=f"Set it, or choose another directory. To begin anew with an encrypted file, remove {mark}.",
        )
    try:
        return _tried(open_sqlite(path, master.raw))
    except StoreLockedError:
        pending = master.pending()
        if pending is None:
            raise
        database = _tried(open_sqlite(path, pending.raw))
        master.settle(pending.raw)  # the rotation had reached the file; now it has reached the key's place too
        return database


def _tried(database: Database) -> Database:
    """The database, after a first connection."""
    try:
        database.engine.connect().close()
    except DBAPIError as error:
        database.close()
        raise explain(error) or error from error
    except BaseException:
        database.close()
        raise
    return database


def _postgresql(url: str) -> str:
    for scheme in ("postgresql://", "postgres://", "postgresql+psycopg://"):
        if url.startswith(scheme):
            return "postgresql://" + url.removeprefix(scheme)
    raise InvalidInputError(
        f"A database address of the kind {url.split(':', 1)[0]!r} is not known.",
        remedy="Give postgresql://user:password@host/database, or nothing for the encrypted file.",
        field="database_url",
    )
