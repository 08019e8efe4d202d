"""Backup, restore, rotation of the key, the instance lock, and migrations."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from tidings.domain.errors import ConflictError, InvalidInputError, StoreLockedError, TidingsError, UnavailableError
from tidings.keys.file import FileSource
from tidings.keys.master import DATABASE_FILE, MasterKey, load_master_key
from tidings.keys.secrets import address_hash
from tidings.keys.sources import Slot
from tidings.store import files, migrations, rotation
from tidings.store.backup import RESTORED, backup, restore
from tidings.store.database import Database, open_postgresql, open_sqlite
from tidings.store.lock import InstanceLock
from tidings.store.migrations import HEAD, known_versions, migrate
from tidings.store.open import open_database
from tidings.store.rotation import rotate_key
from tidings.store.secrets import load_secrets
from tidings.store.settings import get_setting, put_setting
from tidings.store.tables import metadata

MARKER = "planted.marker.9c1d@secret-address.example"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"TIDINGS_KEYRING": "off", "HOME": str(tmp_path / "home")}


@pytest.fixture
def master(data_dir: Path, environ: dict[str, str]) -> MasterKey:
    """The key of an installation with one setting and its secrets, as a first start leaves it."""
    master = load_master_key(data_dir, environ, create=True)
    database = open_database(data_dir, master, None)
    migrate(database)
    load_secrets(database, master)
    write(database, 1)
    database.close()
    return master


def write(database: Database, number: int) -> None:
    with database.transaction() as conn:
        put_setting(conn, "n", {"n": number, "who": MARKER}, 1)


def number_in(data_dir: Path, master: MasterKey) -> int:
    database = open_database(data_dir, master, None)
    try:
        with database.reading() as conn:
            assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            return (get_setting(conn, "n") or {"n": 0})["n"]
    finally:
        database.close()


@contextmanager
def held_elsewhere(directory: Path) -> Generator[int]:
    """The pid of another process that holds the lock, and is killed at the end."""
    program = (
        "import sys, time; from pathlib import Path; from tidings.store.lock import InstanceLock\n"
        "with InstanceLock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == "held\n"
            yield holder.pid
        finally:
            holder.kill()


# Backup and restore


def test_a_backup_is_whole_encrypted_and_restores(data_dir: Path, master: MasterKey, tmp_path: Path) -> None:
    database = open_database(data_dir, master, None)
    backup(database, master, tmp_path / "b1")
    write(database, 2)
    database.close()
    assert (tmp_path / "b1").stat().st_mode & 0o777 == 0o600
    assert MARKER.encode() not in (tmp_path / "b1").read_bytes()
    with pytest.raises(ConflictError, match="There is a database"):
        restore(tmp_path / "b1", data_dir, master)
    assert number_in(data_dir, master) == 2
    kept = restore(tmp_path / "b1", data_dir, master, force=True)
    assert number_in(data_dir, master) == 1
    database = open_database(data_dir, master, None)
    with database.reading() as conn:
        assert (get_setting(conn, RESTORED) or {})["from"] == "b1"
    database.close()
    assert kept is not None
    restore(kept, data_dir, master, force=True)
    assert number_in(data_dir, master) == 2, "the former database was kept, its log included"


def test_what_a_sender_left_about_the_former_database_goes_with_it(
    data_dir: Path, master: MasterKey, tmp_path: Path
) -> None:
    database = open_database(data_dir, master, None)
    backup(database, master, tmp_path / "b1")
    database.close()
    flight = data_dir / f"{DATABASE_FILE}-flight-0123456789abcdef"
    flight.write_bytes(b"tidings-flight nowhere/1/1/a\n? 1 1 0 0 0\n")
    kept = restore(tmp_path / "b1", data_dir, master, force=True)
    assert kept is not None
    assert [each.name for each in data_dir.glob("*-flight-*")] == [f"{kept.name}-flight-0123456789abcdef"]
    (data_dir / DATABASE_FILE).unlink()
    flight.write_bytes(b"tidings-flight nowhere/1/1/a\n? 1 1 0 0 0\n")
    restore(tmp_path / "b1", data_dir, master)
    assert not flight.exists()


def test_a_backup_while_others_write_is_one_instant(data_dir: Path, master: MasterKey, tmp_path: Path) -> None:
    database = open_database(data_dir, master, None)
    going = threading.Event()

    def keep_writing() -> None:
        for number in range(10_000):
            with database.transaction() as conn:
                put_setting(conn, "left", {"n": number}, 1)
                put_setting(conn, "right", {"n": number}, 1)
            if going.is_set():
                return

    writer = threading.Thread(target=keep_writing)
    writer.start()
    for number in range(5):
        backup(database, master, tmp_path / f"b{number}")
    going.set()
    writer.join()
    database.close()
    for number in range(5):
        copy = open_sqlite(tmp_path / f"b{number}", master.raw)
        with copy.reading() as conn:
            assert get_setting(conn, "left") == get_setting(conn, "right")
        copy.close()


def test_a_backup_never_overwrites(data_dir: Path, master: MasterKey, tmp_path: Path) -> None:
    database = open_database(data_dir, master, None)
    (tmp_path / "there").write_text("mine")
    with pytest.raises(ConflictError):
        backup(database, master, tmp_path / "there")
    with pytest.raises(InvalidInputError):
        backup(database, master, tmp_path / "nowhere" / "b")
    assert (tmp_path / "there").read_text() == "mine"
    database.close()


@pytest.mark.parametrize(
    "damage", ["missing", "empty", "text", "cut short", "one bit", "other key", "newer", "no tables"]
)
def test_a_bad_backup_changes_nothing(data_dir: Path, master: MasterKey, tmp_path: Path, damage: str) -> None:
    database = open_database(data_dir, master, None)
    copy = tmp_path / "copy"
    backup(database, master, copy)
    database.close()
    whole = copy.read_bytes()
    if damage in {"other key", "newer", "no tables"}:
        copy.unlink()
        other = open_sqlite(copy, bytes(32) if damage == "other key" else master.raw)
        with other.transaction() as conn:
            conn.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
            if damage == "newer":
                conn.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
        other.close()
    changed = {
        "empty": b"", "text": b"hello " * 1000, "cut short": whole[: len(whole) // 2],
        "one bit": whole[:9000] + bytes([whole[9000] ^ 1]) + whole[9001:],
    }  # fmt: skip
    if damage in changed:
        copy.write_bytes(changed[damage])
    if damage == "missing":
        copy.unlink()
    before = (data_dir / DATABASE_FILE).read_bytes()
    with pytest.raises((InvalidInputError, StoreLockedError)):
        restore(copy, data_dir, master, force=True)
    assert (data_dir / DATABASE_FILE).read_bytes() == before
    assert {path.name for path in data_dir.iterdir()} == {DATABASE_FILE, "tidings.lock"}


def test_restore_onto_an_empty_directory_and_over_ruins(data_dir: Path, master: MasterKey, tmp_path: Path) -> None:
    database = open_database(data_dir, master, None)
    backup(database, master, tmp_path / "b")
    database.close()
    fresh = tmp_path / "fresh"
    assert restore(tmp_path / "b", fresh, master) is None
    assert number_in(fresh, master) == 1
    (fresh / DATABASE_FILE).write_bytes(b"ruined")
    (fresh / f"{DATABASE_FILE}-wal").write_bytes(b"ruined too")
    kept = restore(tmp_path / "b", fresh, master, force=True)
    assert kept
    assert kept.read_bytes() == b"ruined"
    assert number_in(fresh, master) == 1


def test_restore_needs_tidings_stopped(data_dir: Path, master: MasterKey, tmp_path: Path) -> None:
    database = open_database(data_dir, master, None)
    backup(database, master, tmp_path / "b")
    with held_elsewhere(data_dir), pytest.raises(ConflictError, match="Another Tidings"):
        restore(tmp_path / "b", data_dir, master, force=True)
    with database.reading(), pytest.raises(ConflictError, match="has the database open"):
        restore(tmp_path / "b", data_dir, master, force=True)
    database.close()


def test_whoever_waits_for_the_file_opens_the_one_that_took_its_place(
    data_dir: Path, master: MasterKey, tmp_path: Path
) -> None:
    database = open_database(data_dir, master, None)
    backup(database, master, tmp_path / "b")
    write(database, 2)
    database.close()
    path, found = data_dir / DATABASE_FILE, list[int]()
    opener = threading.Thread(target=lambda: found.append(number_in(data_dir, master)))
    with files.alone(path, master.raw):
        opener.start()
        opener.join(0.3)  # it waits by now, with the former file in its hand
        files.put_in_place(tmp_path / "b", path, keep=tmp_path / "kept")
    opener.join()
    assert found == [1]
    assert not (tmp_path / "kept-wal").exists()
    assert number_in(data_dir, master) == 1


@pytest.mark.postgres
def test_postgresql_backups_are_named_as_the_servers(postgres_address: str, tmp_path: Path) -> None:
    database = open_postgresql(postgres_address)
    with pytest.raises(UnavailableError, match="pg_dump"):
        backup(database, MasterKey(bytes(32)), tmp_path / "b")
    database.close()


# Rotation


def test_after_a_rotation_the_old_key_opens_nothing(
    data_dir: Path, master: MasterKey, environ: dict[str, str], tmp_path: Path
) -> None:
    database = open_database(data_dir, master, None)
    before = load_secrets(database, master)
    backup(database, master, tmp_path / "old backup")
    database.close()
    old = MasterKey(master.raw)
    rotate_key(data_dir, master)
    assert master.raw != old.raw
    with pytest.raises(StoreLockedError, match="does not open"):
        open_database(data_dir, old, None)
    found = load_master_key(data_dir, environ, create=False)
    assert found.raw == master.raw
    assert found.pending() is None
    database = open_database(data_dir, found, None)
    assert load_secrets(database, found) == before, "links and suppression outlive the key"
    assert address_hash(before, "A@b.example") == address_hash(load_secrets(database, found), "a@B.example")
    with pytest.raises(StoreLockedError):
        load_secrets(database, old)
    database.close()
    assert number_in(data_dir, found) == 1
    restore(tmp_path / "old backup", data_dir, found, force=True)  # by the former key, and sealed with the new one
    assert number_in(data_dir, found) == 1
    with pytest.raises(StoreLockedError, match="does not open"):
        open_database(data_dir, old, None)
    found.source.remove(Slot.FORMER)
    with pytest.raises(StoreLockedError):
        restore(tmp_path / "old backup", data_dir, found, force=True)
    for path in data_dir.iterdir():
        assert MARKER.encode() not in path.read_bytes()


class PowerCutError(BaseException):
    """Stops the rotation as nothing inside it expects."""


STEPS = [
    (rotation, "_rotate_file"), (rotation, "reseal_copy"), (rotation, "reseal_secrets"), (rotation, "check"),
    (rotation, "put_in_place"), (files, "flush"), (MasterKey, "settle"), (FileSource, "write"), (FileSource, "remove"),
]  # fmt: skip


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("where", "step"), STEPS, ids=[step for _, step in STEPS])
def test_a_rotation_cut_short_anywhere_loses_nothing(
    data_dir: Path, master: MasterKey, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch,
    where: object, step: str, after: bool,
) -> None:  # fmt: skip
    original = getattr(where, step)

    def cut(*arguments: object, **named: object) -> None:
        if after:
            original(*arguments, **named)
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(where, step, cut)
        with pytest.raises(PowerCutError):
            rotate_key(data_dir, master)
    # A new process: it knows only what is on disk.
    again = load_master_key(data_dir, environ, create=True)
    assert number_in(data_dir, again) == 1
    database = open_database(data_dir, again, None)
    load_secrets(database, again)
    database.close()
    rotate_key(data_dir, again)
    assert number_in(data_dir, load_master_key(data_dir, environ, create=False)) == 1


def test_whoever_holds_the_lock_may_restore_and_rotate(data_dir: Path, master: MasterKey, tmp_path: Path) -> None:
    database = open_database(data_dir, master, None)
    backup(database, master, tmp_path / "b")
    database.close()
    with InstanceLock(data_dir):
        restore(tmp_path / "b", data_dir, master, force=True)
        rotate_key(data_dir, master)
    assert number_in(data_dir, master) == 1


def test_a_rotation_needs_tidings_stopped(data_dir: Path, master: MasterKey) -> None:
    database = open_database(data_dir, master, None)
    raw = master.raw
    with held_elsewhere(data_dir), pytest.raises(ConflictError):
        rotate_key(data_dir, master)
    with database.reading() as conn, pytest.raises(ConflictError, match="has the database open"):
        conn.execute(text("SELECT 1 FROM setting"))
        rotate_key(data_dir, master)
    database.close()
    assert master.raw == raw
    assert number_in(data_dir, master) == 1


def test_a_key_from_the_environment_changes_with_two_variables(tmp_path: Path) -> None:
    old, new = "11" * 32, "22" * 32
    data = tmp_path / "d"
    environ = {"TIDINGS_KEYRING": "off", "HOME": str(tmp_path), "TIDINGS_KEY": old}
    master = load_master_key(data, environ, create=True)
    database = open_database(data, master, None)
    migrate(database)
    load_secrets(database, master)
    database.close()
    with pytest.raises(InvalidInputError, match="TIDINGS_KEY"):
        rotate_key(data, master)
    both = {**environ, "TIDINGS_NEW_KEY": new}
    rotate_key(data, load_master_key(data, both, create=False))
    for after in (both, {**environ, "TIDINGS_KEY": new}):
        found = load_master_key(data, after, create=False)
        database = open_database(data, found, None)
        load_secrets(database, found)
        database.close()
        assert found.raw.hex() == new
    with pytest.raises(StoreLockedError):
        open_database(data, load_master_key(data, environ, create=False), None)


@pytest.mark.postgres
@pytest.mark.parametrize("step", ["settle", None])
def test_on_postgresql_the_sealed_secrets_change_their_key(
    postgres_address: str, data_dir: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, step: str | None
) -> None:
    master = load_master_key(data_dir, environ, create=True)
    database = open_postgresql(postgres_address)
    before = load_secrets(database, master)
    old = MasterKey(master.raw)
    with monkeypatch.context() as patch:
        if step:
            patch.setattr(MasterKey, step, lambda *_: (_ for _ in ()).throw(PowerCutError))
            with pytest.raises(PowerCutError):
                rotate_key(data_dir, master, postgres_address)
        else:
            rotate_key(data_dir, master, postgres_address)
    again = load_master_key(data_dir, environ, create=False)
    assert load_secrets(database, again) == before
    assert again.source.read(Slot.PENDING) is None
    with pytest.raises(StoreLockedError):
        load_secrets(database, old)
    database.close()


# The lock


def test_the_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    with (
        held_elsewhere(tmp_path) as pid,
        pytest.raises(ConflictError, match=rf"pid {pid}\)"),
        InstanceLock(tmp_path),
    ):
        pass
    with InstanceLock(tmp_path):
        assert (tmp_path / "tidings.lock").read_text() == f"{os.getpid()}\n"
    with InstanceLock(tmp_path):
        pass


def test_the_lock_ends_with_the_outermost_block(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from tidings.store.lock import InstanceLock\n"
    program += "with InstanceLock(Path(sys.argv[1])): pass"
    attempt = [sys.executable, "-W", "error", "-c", program, str(tmp_path)]
    with InstanceLock(tmp_path):
        with InstanceLock(tmp_path / "." / "x" / ".."):
            pass
        assert subprocess.run(attempt, capture_output=True, check=False).returncode != 0
    assert subprocess.run(attempt, capture_output=True, check=False).returncode == 0


# Migrations


def shape(database: Database) -> dict[str, object]:
    """Everything the inspector sees of every table."""
    found = inspect(database.engine)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"], str(c.get("default"))) for c in found.get_columns(name)],
            found.get_pk_constraint(name),
            sorted(map(repr, found.get_foreign_keys(name))),
            sorted(map(repr, found.get_indexes(name))),
            sorted(map(repr, found.get_unique_constraints(name))),
            found.get_table_options(name),
        )
        for name in found.get_table_names()
        if name != "alembic_version"
    }


def assert_same(migrated: Database, wanted: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert shape(migrated) == shape(wanted)
    with migrated.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrated_sqlite_has_the_tables_as_they_are_written(tmp_path: Path) -> None:
    migrated, wanted = open_sqlite(tmp_path / "a", bytes(32)), open_sqlite(tmp_path / "b", bytes(32))
    migrate(migrated)
    migrate(migrated)
    metadata.create_all(wanted.engine)
    assert_same(migrated, wanted)
    sql = "SELECT name, sql FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%' ORDER BY name"
    with migrated.reading() as first, wanted.reading() as second:
        assert [row.name for row in first.execute(text(sql))] == [row.name for row in second.execute(text(sql))]
    migrated.close()
    wanted.close()


@pytest.mark.postgres
def test_migrated_postgresql_has_the_tables_as_they_are_written(
    empty_postgres_addresses: tuple[str, str],
) -> None:
    migrated, wanted = map(open_postgresql, empty_postgres_addresses)
    threads = [threading.Thread(target=migrate, args=(migrated,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metadata.create_all(wanted.engine)
    assert_same(migrated, wanted)
    migrated.close()
    wanted.close()


def test_head_is_the_newest_revision() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [HEAD]
    assert known_versions() == {revision.revision for revision in script.walk_revisions()}


def test_a_database_newer_than_the_code_is_refused(database: Database) -> None:
    migrate(database)
    with database.transaction() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreLockedError, match="newer Tidings"):
        migrate(database)
    with database.reading() as conn:
        assert migrations.schema_version(conn) == "9999"


def test_a_migration_cut_short_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_sqlite(tmp_path / "x.db", bytes(32))
    original = migrations._upgrade

    def cut(conn: object) -> None:
        original(conn)  # type: ignore[arg-type]
        raise TidingsError("cut")

    monkeypatch.setattr(migrations, "_upgrade", cut)
    with pytest.raises(TidingsError, match="cut"):
        migrate(database)
    assert inspect(database.engine).get_table_names() == []
    monkeypatch.undo()
    migrate(database)
    assert "campaign" in inspect(database.engine).get_table_names()
    database.close()
