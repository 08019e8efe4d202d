"""Opens the database, encrypted SQLite or PostgreSQL, and hands out transactions."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool

from tidings.domain.errors import StoreLockedError, TidingsError, UnavailableError

BUSY_TIMEOUT_MS = 10_000


class Database:
    """One open database. Calls are blocking: from a coroutine, use a thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def is_sqlite(self) -> bool:
        """Whether it is the encrypted file rather than a server."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """A write transaction: all of it is on disk when the block ends, or none of it.

        On SQLite it takes the write lock at once, so that reading then writing cannot fail half way. A full disk, a
        busy file and a server that is gone become UnavailableError with the remedy.
        """
        with _explained(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.begin()  # else nothing is committed where only the driver's own cursor was used
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """One consistent view for all queries of the block; nothing written in it is kept."""
        with _explained(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            try:
                yield connection
            finally:
                connection.rollback()

    def close(self) -> None:
        """Returns every connection; the object cannot be used after."""
        self.engine.dispose()


def take_turns(connection: Connection, what: str) -> None:
    """Until the transaction ends, nobody else who takes turns at `what` goes on.

    For rules that look at other rows before writing. SQLite's write transactions take turns anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(what.encode())})


def open_sqlite(path: Path, key: bytes) -> Database:
    """Opens or creates the encrypted file with a raw 256-bit key.

    Raises StoreLockedError, at the first connection, when the key does not fit the file.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    engine = create_engine(
        "sqlite://",
        hide_parameters=True,
        module=sqlcipher(),
        creator=lambda: connect_sqlite(path, key),
        poolclass=QueuePool,
        pool_size=3,
        max_overflow=12,
        pool_use_lifo=True,  # the connection used last still has its pages in memory, decrypted
    )
    return Database(engine)


def sqlcipher() -> Any:
    """The driver, imported when it is first needed. It ships no types."""
    import sqlcipher3.dbapi2

    driver: Any = sqlcipher3.dbapi2
    return driver


def connect_sqlite(path: Path, key: bytes) -> Any:
    """One raw connection to the encrypted file, with the settings the promises rest on."""
    while True:
        before = _file_at(path)
        connection = _unlocked(path, key)
        if before in (None, _file_at(path)):
            break
        connection.close()  # while it waited for the former file's lock, a restore or a new key put another one there
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # NORMAL loses acknowledged commits in a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA cache_size = -4000")  # a connection; beyond it the system's own cache helps
    except sqlcipher().DatabaseError:
        connection.close()
        raise
    cursor.close()
    return connection


def _unlocked(path: Path, key: bytes) -> Any:
    """A connection that has read the first page. Raises StoreLockedError when the key does not fit."""
    driver = sqlcipher()
    connection = driver.connect(str(path), timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False)
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")  # it would write to standard error
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("PRAGMA cipher_memory_security = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")  # sorter files on disk would be plain text
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except driver.DatabaseError as error:
        connection.close()
        if "not a database" not in str(error):
            raise
        raise wrong_key(path) from error
    return connection


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file stands there, whatever it holds; None when there is none."""
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def wrong_key(path: Path) -> StoreLockedError:
    """What is said when the key does not open the file."""
    return StoreLockedError(
        f"The key does not open {path}.",
        remedy="Give the key this database was made with (TIDINGS_KEY, the keyring or the key file). "
        "Without it the data cannot be read by anybody.",
    )


def open_postgresql(url: str) -> Database:
    """Opens PostgreSQL from a `postgresql://` address."""
    address = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(address, hide_parameters=True, pool_size=5, max_overflow=10, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _utc(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    return Database(engine)


@contextmanager
def _explained() -> Generator[None]:
    """Turns the database's own words for trouble outside the code into ours."""
    try:
        yield
    except DBAPIError as error:
        known = explain(error)
        if known is None:
            raise
        raise known from error
    except Exception as error:  # of a statement that went to the driver itself
        if not _is_operational(error):
            raise
        wrapped = OperationalError("", None, error)
        raise (explain(wrapped) or wrapped) from error


def _is_operational(error: BaseException | None) -> bool:
    """Whether the driver calls it an OperationalError or a kind of it, whichever driver it is."""
    return any(each.__name__ == "OperationalError" for each in type(error).__mro__)


def explain(error: DBAPIError) -> TidingsError | None:
    """The error a person can act on: full disk, failing disk, busy file, lost server; None for anything else."""
    words = str(error.orig).lower()
    if "disk is full" in words or "no space left" in words or getattr(error.orig, "sqlstate", None) == "53100":
        return UnavailableError(
            "The disk is full: nothing of this was written, and nothing written before is lost.",
            remedy="Free some space; Tidings goes on by itself.",
        )
    if "disk i/o error" in words or "readonly database" in words:
        return UnavailableError(
            "The database file cannot be written.", remedy="Check the disk: is it full, failing or read-only?"
        )
    if "database is locked" in words:
        return UnavailableError(
            "Another process holds the database.", remedy="Try again; if it lasts, see which process that is."
        )
    if error.connection_invalidated or ("connection" in words and _is_operational(error.orig)):
        return UnavailableError(
            "The database server does not answer.",
            remedy="Check that PostgreSQL runs and TIDINGS_DATABASE_URL is right.",
        )
    return None
