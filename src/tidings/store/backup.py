"""Backup and restore: a whole, encrypted, verified copy made while Tidings runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, select, update

from tidings.domain.errors import ConflictError, InvalidInputError, StoreLockedError, UnavailableError
from tidings.domain.instant import Instant, to_datetime
from tidings.keys.master import DATABASE_FILE, MasterKey
from tidings.keys.secrets import Secrets
from tidings.store.database import Database, open_sqlite, sqlcipher
from tidings.store.files import (
    KEPT,
    alone,
    check,
    flush,
    open_quietly,
    put_in_place,
    schema_of,
    scratch,
    set_flight_aside,
    sweep,
    told,
)
from tidings.store.former import Former, former_database, settle_rotation
from tidings.store.lock import InstanceLock
from tidings.store.migrations import known_versions, migrate
from tidings.store.noes import Carried, carry
from tidings.store.secrets import load_secrets
from tidings.store.settings import put_setting
from tidings.store.tables import campaign, delivery

RESTORED = "restored"
"""Setting written by a restore: `{"at", "from", "noes"}`. Sends since the backup are not known to it; see `restore`.

`noes`: whether everything people said since the backup could be read, and so stands in the restored one."""

Finish = Callable[[Connection, Secrets, Carried], None]
"""What rooms above do in the restored copy, in the transaction in which it is completed."""


def backup(db: Database, master: MasterKey, target: Path) -> None:
    """Writes everything, at one instant, to a new file under the same key, and verifies it.

    Of the SQLite file it is a database again; of PostgreSQL a sealed dump. Nothing in plain text touches the disk.
    Raises ConflictError when the target exists, UnavailableError when the disk is full; then no file is left.
    """
    if not db.is_sqlite:
        raise UnavailableError(
            "Tidings does not back up PostgreSQL itself.",
            remedy="Use pg_dump or your provider's backups, and keep the master key: it opens the secrets inside.",
        )
    if target.exists():
        raise ConflictError(f"{target} exists already.", remedy="Choose another name; a backup never overwrites.")
    if not target.parent.is_dir():
        raise InvalidInputError(f"There is no folder {target.parent}.", remedy="Make it first.")
    with scratch(target) as part:
        _copy_sqlite(db, part)
        check(part, master.raw)
        part.chmod(0o600)
        flush(part)
        part.replace(target)
    flush(target.parent.resolve())


def _copy_sqlite(db: Database, target: Path) -> None:
    """VACUUM INTO keeps the key of the open database, and one consistent view while others write."""
    connection = db.engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM INTO ?", (str(target),))
    except sqlcipher().DatabaseError as error:
        raise told(error) from error
    except OSError as error:
        raise UnavailableError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        connection.close()


def restore(
    source: Path, data_dir: Path, master: MasterKey, *, force: bool = False, finish: Finish | None = None
) -> Path | None:
    """Puts a backup in place of the encrypted file; returns where the former one is kept, if there was one.

    The backup is verified before anything is touched, and nothing is overwritten without `force`. One made with the
    key before the last rotation is sealed with the present one on the way. What people said since (unsubscribed,
    withdrew a consent, were erased) is carried over as far as the former database can be read. What was sent after
    the backup was made is not known to it, so it marks the database as restored (`RESTORED`): sending has to wait for
    a person. All of it, and what `finish` adds, stands in the copy before the copy takes the database's place in one
    step: a kill at any moment leaves either the former database or a restored one with nothing left to do.

    Raises ConflictError, InvalidInputError (damaged), StoreLockedError (another key).
    """
    with InstanceLock(data_dir):
        path = data_dir / DATABASE_FILE
        if path.exists() and source.exists() and path.samefile(source):
            raise InvalidInputError(f"{source} is the database itself.", remedy="Give one of its backups.")
        sweep(path)
        settle_rotation(path, master)
        opening = _opening(source, master)
        if path.exists() and not force:
            raise ConflictError(
                f"There is a database in {data_dir}.",
                remedy="Add --force to replace it; it is kept aside, not deleted.",
            )
        with scratch(path) as part:
            _copy_file(source, part, opening.raw)
            if opening is not master:
                from tidings.store.rotation import reseal_copy

                reseal_copy(part, opening, master)
            check(part, master.raw)
            kept = _aside(path)
            with former_database(path, master) as former:
                _complete(part, master, source, former, finish)
                if os.name != "posix":
                    former.close()  # elsewhere nothing takes the place of an open file
                put_in_place(part, path, keep=kept)
            # Afterwards: a kill between the two must not leave the former database without it. The restored one then
            # finds nothing to believe it about, for what was due there is in doubt already.
            set_flight_aside(path, kept)
    return kept


def _opening(source: Path, master: MasterKey) -> MasterKey:
    """The key the backup was made with: the present one, or the one before. Raises as `verify_backup` does."""
    try:
        verify_backup(source, master)
    except StoreLockedError:
        former = master.former()
        if former is None:
            raise
        verify_backup(source, former)
        return former
    return master


def verify_backup(source: Path, master: MasterKey) -> None:
    """Whether the file is a whole backup this version and key can use; raises what is wrong with it."""
    if not source.is_file():
        raise InvalidInputError(f"There is no backup {source}.")
    check(source, master.raw)
    schema = schema_of(source, master.raw)
    if not schema:
        raise InvalidInputError(f"{source} is not a backup of Tidings.")
    if schema not in known_versions():
        raise StoreLockedError(
            f"{source} was made by a newer Tidings (schema {schema}).", remedy="Install that version or a later one."
        )


def _copy_file(source: Path, target: Path, key: bytes) -> None:
    """Copies in SQLite's own way: a file that was copied with its log beside it is read rightly too."""
    connection = open_quietly(source, key)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
    except sqlcipher().DatabaseError as error:
        raise told(error) from error
    finally:
        connection.close()


def _complete(path: Path, master: MasterKey, source: Path, former: Former, finish: Finish | None) -> None:
    """Everything the restored database has to know before anybody opens it."""
    database = open_sqlite(path, master.raw)
    try:
        migrate(database)
        secrets = load_secrets(database, master)
        with database.transaction() as conn:
            carried = carry(conn, former, secrets)
            _mark(conn, source, carried)
            if finish is not None:
                finish(conn, secrets, carried)
    finally:
        database.close()
    with alone(path, master.raw):  # its log does not move with it: all must stand in the file itself
        pass


def _mark(conn: Connection, source: Path, carried: Carried) -> None:
    at = time.time_ns() // 1_000_000
    put_setting(conn, RESTORED, {"at": at, "from": source.name, "noes": carried.whole}, at)
    words = "Restored from a backup: check what went out since, then resume."
    if not carried.whole:
        words += " Who said no since is not known for sure: give their addresses to `tidings audience suppress-list`."
    put_setting(conn, "sending_paused", {"by": "Tidings", "reason": words, "at": at}, at)
    _doubt_what_was_due(conn, at)


def _doubt_what_was_due(conn: Connection, at: Instant) -> None:
    """What was due before the restore may have gone out since the backup was made: never blindly sent again."""
    running = select(campaign.c.pk).where(campaign.c.state == "sending")
    waiting = ("planned", "held", "claimed", "attempting", "deferred")
    doubtful = delivery.c.campaign_pk.in_(running) & delivery.c.state.in_(waiting) & (delivery.c.due_at <= at)
    words = "restored from a backup: it may have gone out since"
    conn.execute(update(delivery).where(doubtful).values(state="uncertain", at=at, reason=words))


def _aside(path: Path) -> Path | None:
    """A free name to keep the former database under; None when there is none."""
    if not path.exists():
        return None
    stamp = to_datetime(time.time_ns() // 1_000_000).strftime("%Y%m%dT%H%M%S")
    names = (path.with_name(f"{path.name}{KEPT}{stamp}{more}") for more in ("", *(f"-{n}" for n in range(2, 100))))
    return next(name for name in names if not name.exists())
