"""The care of the database from the command line: shape, copies, keys, sample. Works with the server down."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tidings.access import audit
from tidings.agents.state import ensure_agents
from tidings.app.wiring import House, open_house
from tidings.audience.erasure import erase_contact, erased_but_here
from tidings.domain.actor import SYSTEM
from tidings.domain.errors import InvalidInputError
from tidings.engine.clock import SystemClock
from tidings.keys.master import load_master_key
from tidings.keys.secrets import Secrets
from tidings.store import backup as copies
from tidings.store.lock import InstanceLock
from tidings.store.noes import Carried
from tidings.store.rotation import rotate_key as rotate

if TYPE_CHECKING:
    from tidings.settings import Settings


@contextmanager
def _house(settings: Settings, *, create: bool = False) -> Generator[House]:
    house = open_house(settings, executor="care", create=create)
    try:
        yield house
    finally:
        house.close()


def migrate(settings: Settings) -> str:
    """Brings the database to this version's shape; one newer than the code is refused."""
    with InstanceLock(settings.data_dir), _house(settings, create=True):
        return "The database has this version's shape."


def backup(settings: Settings, target: Path) -> str:
    """Writes an encrypted, consistent copy, also while Tidings runs."""
    with _house(settings) as house:
        copies.backup(house.db, house.master, target)
    size = target.stat().st_size / (1 << 20)
    return (
        f"{target} ({size:.1f} MiB), encrypted with this installation's key and verified. Keep the key apart from it."
    )


def restore(settings: Settings, source: Path) -> str:
    """Puts a copy in the place of the database; the former one is kept beside it. Sending waits for a person."""
    if settings.database_url is not None:
        raise InvalidInputError(
            "Restoring is for the encrypted file.", remedy="Use PostgreSQL's own tools with the server stopped."
        )
    told: list[str] = []
    with InstanceLock(settings.data_dir):
        master = load_master_key(settings.data_dir, settings.environ, create=False)
        finish = partial(_finish, source.name, told)
        aside = copies.restore(source, settings.data_dir, master, force=True, finish=finish)
    kept = f" The former database is kept as {aside.name}." if aside is not None else ""
    return f"Restored from {source.name}.{kept} {' '.join(told)} All sending is paused until somebody resumes it."


def _finish(source: str, told: list[str], conn: Connection, secrets: Secrets, carried: Carried) -> None:
    """Erases anew who was erased after the backup, and says, also in the audit trail, what is known of the noes."""
    now = SystemClock().now()
    ensure_agents(conn)
    again = erased_but_here(conn)
    for contact_pk in again:
        erase_contact(conn, secrets, contact_pk, now)
    told.append(_noes_since(carried))
    if again:
        told.append(f"{len(again):,} of the backup's people had been erased since and are erased again.")
    detail = {
        "from": source, "complete": carried.whole, "noes": carried.noes, "consents": carried.words,
        "erased_again": len(again), "unread": list(carried.unread), "said": told[0],
    }  # fmt: skip
    audit.record(conn, now, SYSTEM, "database.restore", detail=detail)


def _noes_since(carried: Carried) -> str:
    """What is known of who said no after the backup, and what a person can do about the rest."""
    if carried.whole:
        return "Who unsubscribed, complained, withdrew a consent or was suppressed since the backup stays so."
    unknown = "who unsubscribed, withdrew a consent or was erased since the backup is not known"
    came = f"{carried.noes:,} entries of its suppression list and {carried.words:,} words of consent were carried over"
    if not carried.there:
        why = f"There is no former database to read, so {unknown}"
    elif not carried.readable:
        why = f"The former database cannot be read (it is damaged, or sealed with another key), so {unknown}"
    elif carried.strange:
        why = f"The former database was begun anew after the backup: {came}; beyond that, {unknown}"
    else:
        why = f"The former database is damaged ({', '.join(carried.unread)}): {came}; beyond that, {unknown}"
    return (
        f"{why}: give their addresses to `tidings audience suppress-list` before anything is sent (your relay or "
        "provider keeps such a list), erase again whom you were asked to, and leave open tracking off until people "
        "have said yes to it anew."
    )


def rotate_key(settings: Settings) -> str:
    """Encrypts the database with a new key; the old one then opens nothing but old backups."""
    with InstanceLock(settings.data_dir):
        master = load_master_key(settings.data_dir, settings.environ, create=False)
        rotate(settings.data_dir, master, settings.database_url, finish=_note_rotation)
    given = "TIDINGS_NEW_KEY" in settings.environ
    move = " Now give that key as TIDINGS_KEY, and drop TIDINGS_NEW_KEY." if given else ""
    return (
        "Everything is sealed with a new key. Backups made before keep the old one; it is kept beside the new one "
        f"(as “former”) so that the latest of them can be restored. Delete it if it may be known to others.{move}"
    )


def _note_rotation(conn: Connection) -> None:
    audit.record(conn, SystemClock().now(), SYSTEM, "database.rotate_key")


def load_sample(settings: Settings) -> str:
    """Adds the sample organisation, with its one campaign that waits for approval."""
    from tidings.app.prepare import SAMPLE_PEOPLE, ensure_owner, load_sample_if_absent

    with _house(settings, create=True) as house:
        house.jobs.prepare()
        return (
            load_sample_if_absent(house, ensure_owner(house), SAMPLE_PEOPLE)
            or "The sample organisation is here already."
        )


def remove_sample(settings: Settings) -> str:
    """Removes everything that is marked as sample; what is real stays."""
    from tidings.sample.removal import remove_sample as remove

    with _house(settings) as house:
        gone = remove(house.db)
    return (
        f"The sample organisation is gone: {gone.people:,} people, {gone.campaigns} campaigns. The rest is as it was."
    )
