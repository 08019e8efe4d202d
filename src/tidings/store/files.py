"""The encrypted file as a file: checking it, copying it whole, putting one in another's place."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tidings.domain.errors import ConflictError, InvalidInputError, UnavailableError
from tidings.store.database import connect_sqlite, sqlcipher, wrong_key

SIDE_FILES = ("-wal", "-shm", "-journal")
FLIGHT = "-flight-"
"""Between the database's name and a sender's, in the name of the file that says what is on the wire (ADR 0006)."""
KEPT = ".before-restore-"
"""After the database's name, in the name of a former one that a restore kept."""


@contextmanager
def alone(path: Path, key: bytes) -> Generator[Any]:
    """A connection while nobody else has the file open; its write-ahead log is folded in first.

    Raises ConflictError when another process has it open.
    """
    driver = sqlcipher()
    connection = connect_sqlite(path, key)
    try:
        connection.execute("PRAGMA busy_timeout = 2000")
        connection.execute("PRAGMA journal_mode = DELETE")  # granted to the only connection, never to one of several
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # keeps the lock beyond the transaction
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        yield connection
    except driver.OperationalError as error:
        if "locked" not in str(error):
            raise told(error) from error
        raise ConflictError("Tidings has the database open.", remedy="Stop it first, then run this again.") from error
    finally:
        connection.close()


def check(path: Path, key: bytes) -> None:
    """Reads the whole file: every page authentic, every index right.

    Raises StoreLockedError when the key does not open it, InvalidInputError when it is damaged.
    """
    driver = sqlcipher()
    if path.stat().st_size == 0:
        raise InvalidInputError(f"{path} is empty.")
    connection = open_quietly(path, key)
    try:
        pages = connection.execute("PRAGMA cipher_integrity_check").fetchall()
        found = connection.execute("PRAGMA integrity_check").fetchall()
    except driver.DatabaseError as error:
        pages, found = [(str(error),)], []
    finally:
        connection.close()
    if pages or found != [("ok",)]:
        raise InvalidInputError(f"{path} is damaged.", remedy="Use another backup.")


def open_quietly(path: Path, key: bytes) -> Any:
    """A connection that leaves the file as it is: no journal mode is changed. Raises StoreLockedError."""
    driver = sqlcipher()
    connection = driver.connect(str(path))
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except driver.DatabaseError as error:
        connection.close()
        raise wrong_key(path) from error
    return connection


def schema_of(path: Path, key: bytes) -> str:
    """The schema version in a file; empty when there is none."""
    connection = open_quietly(path, key)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlcipher().DatabaseError:
        return ""
    finally:
        connection.close()
    return str(row[0]) if row else ""


def put_in_place(new: Path, path: Path, *, keep: Path | None = None) -> None:
    """Puts `new` where `path` is, in one step that a power cut cannot halve; the old file can be kept aside.

    Nobody may have `path` open, and its log must be folded in (`alone`) or be of no use any more.
    """
    new.chmod(0o600)  # VACUUM INTO leaves it as the process's mask says
    flush(new)
    beside = {suffix: path.with_name(path.name + suffix) for suffix in SIDE_FILES}
    if keep is not None and path.exists():
        _keep(path, keep)
        for suffix, side in beside.items():
            if side.exists():
                _keep(side, keep.with_name(keep.name + suffix))
        flush(path.parent)
    for side in beside.values():  # a log left behind would be played into the new file
        side.unlink(missing_ok=True)
    new.replace(path)
    flush(path.parent)


def sweep(path: Path) -> None:
    """Removes what a kill left of a restore or a rotation; only while nobody can be about one (`InstanceLock`).

    A scratch copy may hold people who are erased. A former database whose place was not taken yet is no former one:
    its second name goes.
    """
    scratches = re.compile(rf"{re.escape(path.name)}\.\d+\.part(-\w+)?")
    for each in path.parent.glob(f"{path.name}.*"):
        second = path.exists() and each.name.startswith(path.name + KEPT) and each.samefile(path)
        if second or scratches.fullmatch(each.name):
            each.unlink(missing_ok=True)


def flights(path: Path) -> list[Path]:
    """What senders wrote beside the file at `path` of what they have on the wire, and have not removed."""
    return sorted(path.parent.glob(f"{path.name}{FLIGHT}*"))


def set_flight_aside(path: Path, keep: Path | None) -> None:
    """What senders left about the file that was at `path` goes where that file went, or goes with it."""
    for flight in flights(path):
        if keep is not None:
            flight.replace(keep.with_name(keep.name + flight.name.removeprefix(path.name)))
        else:
            flight.unlink()


def _keep(path: Path, keep: Path) -> None:
    """A second name for the same file, so that there is a database at `path` at every moment."""
    try:
        os.link(path, keep)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, keep)
        keep.chmod(0o600)
        flush(keep)


def flush(path: Path) -> None:
    """Has the file or folder written to the disk itself."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def told(error: Exception) -> Exception:
    """The error a person can act on when a copy could not be written."""
    if "disk is full" in str(error).lower() or "disk i/o" in str(error).lower():
        return UnavailableError("The disk is full: the copy was not made.", remedy="Free some space and try again.")
    return error


@contextmanager
def scratch(path: Path) -> Generator[Path]:
    """A name beside `path` to build a file under; whatever still has it at the end is removed."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    _remove(temporary)
    try:
        yield temporary
    finally:
        _remove(temporary)


def _remove(path: Path) -> None:
    for suffix in ("", *SIDE_FILES):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
