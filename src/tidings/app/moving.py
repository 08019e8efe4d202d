"""Outgrowing the machine: the encrypted file's data goes to PostgreSQL, whole, and the file refuses to send on."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from tidings.access import audit
from tidings.app.wiring import open_house
from tidings.domain.actor import SYSTEM
from tidings.domain.errors import InvalidInputError, NotFoundError
from tidings.engine.clock import SystemClock
from tidings.engine.orchestrator import Orchestrator
from tidings.keys.master import DATABASE_FILE, load_master_key
from tidings.store import moving
from tidings.store.lock import InstanceLock
from tidings.store.open import open_database
from tidings.store.settings import drop_setting, get_setting, put_setting

if TYPE_CHECKING:
    from tidings.settings import Settings
    from tidings.store.database import Database
    from tidings.store.moving import Moved, Progress


def move(settings: Settings, progress: Progress) -> str:
    """Copies everything into the empty database at `database_url`, jobs that wait included, and closes the file.

    Whatever ends it before its last moment leaves the file as it was and the other database empty. The key stays.
    """
    path = settings.data_dir / DATABASE_FILE
    if settings.database_url is None:
        raise InvalidInputError(
            "Where to is not said.", field="database_url",
            remedy="Set TIDINGS_DATABASE_URL to an empty database: postgresql://user:password@host/database.",
        )  # fmt: skip
    if not path.exists():
        raise NotFoundError(f"There is no database file in {settings.data_dir}.", remedy="Name its folder: --data-dir.")
    with InstanceLock(settings.data_dir), ExitStack() as opened:
        house = open_house(replace(settings, database_url=None), executor="move")
        opened.callback(house.close)
        opened.callback(house.jobs.stop, 0.0)
        target = open_database(settings.data_dir, house.master, settings.database_url)
        opened.callback(target.close)
        moving.prepare(house.db, path, target)
        engine = Orchestrator(target)
        opened.callback(engine.stop, 0.0)
        engine.prepare()
        with house.db.reading() as here, target.transaction() as there:
            done = moving.move(here, there, progress)
            jobs = house.jobs.hand_over(engine, there)
            detail = {"rows": done.total, "jobs": jobs, "from": "the encrypted file"}
            audit.record(there, SystemClock().now(), SYSTEM, "database.move", detail=detail)
            _close_file(house.db, moving.shown_address(target))
            # From here a failed commit leaves a closed file and an empty database: `--undo` opens it.
        with target.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("ANALYZE"))
    return _told(done, jobs, path.name)


def undo(settings: Settings) -> str:
    """Opens the file again, as it was when it was moved. Raises NotFoundError when it was not."""
    with InstanceLock(settings.data_dir):
        master = load_master_key(settings.data_dir, settings.environ, create=False)
        db = open_database(settings.data_dir, master, None)
        try:
            with db.transaction() as conn:
                if get_setting(conn, moving.MOVED) is None:
                    raise NotFoundError("This file was not moved.", remedy="It opens as it is: `tidings up`.")
                drop_setting(conn, moving.MOVED)
                audit.record(conn, SystemClock().now(), SYSTEM, "database.move_undone")
        finally:
            db.close()
    return "The file is open again, as it was when it was moved. Unset TIDINGS_DATABASE_URL before you start."


def _close_file(db: Database, to: str) -> None:
    now = SystemClock().now()
    with db.transaction() as conn:
        put_setting(conn, moving.MOVED, {"at": now, "to": to}, now)


def _told(done: Moved, jobs: int, name: str) -> str:
    texts = "text" if done.cleaned == 1 else "texts"
    cleaned = f" In {done.cleaned:,} {texts} a NUL became “\ufffd”." if done.cleaned else ""
    waiting = f" and {jobs:,} {'job that waits' if jobs == 1 else 'jobs that wait'}" if jobs else ""
    return (
        f"Moved {done.total:,} rows{waiting}, and counted them on both sides.{cleaned} {name} is kept and opens no "
        "more, so that nothing is sent twice. Keep the key: it opens the secrets inside."
    )
