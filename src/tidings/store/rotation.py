"""Changing the master key, so that a power cut at any moment leaves a database that one known key opens."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from tidings.domain.errors import NotFoundError
from tidings.keys.master import DATABASE_FILE, MasterKey
from tidings.keys.sources import Slot
from tidings.store.database import open_sqlite
from tidings.store.files import alone, check, open_quietly, put_in_place, scratch, sweep
from tidings.store.lock import InstanceLock
from tidings.store.migrations import migrate
from tidings.store.open import open_database
from tidings.store.secrets import load_secrets, reseal_secrets


def nothing_more(_conn: Connection) -> None:
    """The `finish` of one who has nothing to add."""


def rotate_key(
    data_dir: Path, master: MasterKey, url: str | None = None, new: bytes | None = None,
    finish: Callable[[Connection], None] = nothing_more,
) -> None:  # fmt: skip
    """Seals everything with a new key (random, unless given) and makes `master` that key.

    The order: the new key is kept as pending; a copy is made, sealed with it and verified; the copy takes the
    database's place in one step; the pending key becomes the one in force. `open_database` and `load_secrets` finish
    what a crash cut short. Needs Tidings stopped (ConflictError) and, for the file, room for a second copy. Old
    backups keep the old key; afterwards the old key opens nothing else. What `finish` writes is there if, and only
    if, the new key is in force.
    """
    with InstanceLock(data_dir):
        if not url and not (data_dir / DATABASE_FILE).exists():
            raise NotFoundError(f"There is no database in {data_dir}.")
        sweep(data_dir / DATABASE_FILE)
        _settle(data_dir, master, url)
        following = master.begin_rotation(new or _given(master) or secrets.token_bytes(32))
        if url:
            _rotate_postgresql(data_dir, master, following, url, finish)
        else:
            _rotate_file(data_dir / DATABASE_FILE, master, following, finish)
        master.settle(following.raw)


def _settle(data_dir: Path, master: MasterKey, url: str | None) -> None:
    """Makes sure that the key is right, and finishes an earlier rotation that was cut short."""
    database = open_database(data_dir, master, url)
    try:
        migrate(database)
        load_secrets(database, master)
    finally:
        database.close()


def _given(master: MasterKey) -> bytes | None:
    """A new key the operator has laid ready (TIDINGS_NEW_KEY)."""
    return master.source.read(Slot.PENDING)


def _rotate_file(path: Path, old: MasterKey, new: MasterKey, finish: Callable[[Connection], None]) -> None:
    with scratch(path) as part, alone(path, old.raw) as connection:
        connection.execute("VACUUM INTO ?", (str(part),))
        reseal_copy(part, old, new, finish)
        check(part, new.raw)
        put_in_place(part, path)


def reseal_copy(
    part: Path, old: MasterKey, new: MasterKey, finish: Callable[[Connection], None] = nothing_more
) -> None:
    """Encrypts the copy anew, then its sealed secrets: from then on both know only the new key."""
    connection = open_quietly(part, old.raw)
    try:
        connection.execute(f"PRAGMA rekey = \"x'{new.raw.hex()}'\"")
    finally:
        connection.close()
    database = open_sqlite(part, new.raw)
    try:
        with database.transaction() as conn:
            reseal_secrets(conn, old, new)
            finish(conn)
    finally:
        database.close()


def _rotate_postgresql(
    data_dir: Path, old: MasterKey, new: MasterKey, url: str, finish: Callable[[Connection], None]
) -> None:
    """There the server encrypts its disk; what Tidings sealed itself changes its key in one transaction."""
    database = open_database(data_dir, old, url)
    try:
        with database.transaction() as conn:
            reseal_secrets(conn, old, new)
            finish(conn)
    finally:
        database.close()
