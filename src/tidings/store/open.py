"""Opens the installation's database, whichever kind it is, and settles a key change that was cut short."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DBAPIError

from tidings.domain.errors import InvalidInputError, StoreLockedError
from tidings.keys.master import DATABASE_FILE, MasterKey
from tidings.store.database import Database, explain, open_postgresql, open_sqlite


def open_database(data_dir: Path, master: MasterKey, url: str | None) -> Database:
    """The database at `url`, or the encrypted file in the data directory, made if it is not there.

    It is tried once before it is handed out. Raises StoreLockedError for a wrong key, UnavailableError when the server
    does not answer. Tables are the business of `migrate`.
    """
    if url:
        return _tried(open_postgresql(_postgresql(url)))
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / DATABASE_FILE
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
