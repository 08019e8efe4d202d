"""Transactions, keys, limits and secrecy of the open database."""

from __future__ import annotations

import shutil
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from tidings.domain.errors import ConflictError, InvalidInputError, StoreLockedError, UnavailableError
from tidings.keys.master import DATABASE_FILE, MasterKey, load_master_key
from tidings.store.backup import backup
from tidings.store.database import Database, open_sqlite, take_turns
from tidings.store.migrations import migrate
from tidings.store.open import open_database
from tidings.store.settings import drop_setting, get_setting, put_setting
from tidings.store.tables import mailbox_message, setting

KEY = bytes(range(32))
OTHER_KEY = bytes(reversed(range(32)))
MARKER = "planted.marker.7f3a@secret-address.example"


def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    with database.transaction() as conn:
        put_setting(conn, "kept", {"n": 1}, 1)
    with pytest.raises(RuntimeError), database.transaction() as conn:
        put_setting(conn, "lost", {"n": 1}, 1)
        put_setting(conn, "kept", {"n": 2}, 2)
        raise RuntimeError
    with database.reading() as conn:
        assert get_setting(conn, "kept") == {"n": 1}
        assert get_setting(conn, "lost") is None


def test_errors_of_the_caller_pass_unchanged(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as conn:
        for _ in range(2):
            conn.execute(setting.insert().values(key="same", value={}, updated_at=1))


def test_reading_sees_one_instant(database: Database) -> None:
    with database.transaction() as conn:
        put_setting(conn, "a", {"n": 1}, 1)
    with database.reading() as reader:
        before = get_setting(reader, "a")
        with database.transaction() as writer:
            put_setting(writer, "a", {"n": 2}, 2)
        assert get_setting(reader, "a") == before
    with database.reading() as reader:
        assert get_setting(reader, "a") == {"n": 2}


def test_settings_replace_and_forget(database: Database) -> None:
    with database.transaction() as conn:
        put_setting(conn, "k", {"ä": [1, None, True]}, 1)
        put_setting(conn, "k", {"ä": "→"}, 2)
        assert get_setting(conn, "k") == {"ä": "→"}
        assert conn.execute(select(setting.c.updated_at)).scalar() == 2
        drop_setting(conn, "k")
        drop_setting(conn, "k")
        assert get_setting(conn, "k") is None


def test_taking_turns_loses_no_count(database: Database) -> None:
    """Read, then write, from eight threads: without turns, counts would be lost on PostgreSQL."""

    def count() -> None:
        for _ in range(5):
            with database.transaction() as conn:
                take_turns(conn, "count")
                found = get_setting(conn, "n") or {"n": 0}
                put_setting(conn, "n", {"n": found["n"] + 1}, 1)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as conn:
        assert get_setting(conn, "n") == {"n": 40}


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as conn:
        conn.execute(text("INSERT INTO session (id_hash, account_id, created_at, expires_at) VALUES ('x','none',1,2)"))


def test_a_wrong_key_is_refused_quietly(sqlite_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = sqlite_path.read_bytes()
    with pytest.raises(StoreLockedError, match="does not open") as refused:
        open_database(sqlite_path.parent, MasterKey(OTHER_KEY), None)
    assert "TIDINGS_KEY" in refused.value.remedy
    assert sqlite_path.read_bytes() == before
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"this is not a database at all, only text" * 200)
    with pytest.raises(StoreLockedError):
        open_database(tmp_path, MasterKey(KEY), None)


def test_a_missing_key_is_refused_and_no_new_one_is_made(sqlite_path: Path, tmp_path: Path) -> None:
    key_file = tmp_path.parent / f"{tmp_path.name}.key"
    environ = {"TIDINGS_KEYRING": "off", "TIDINGS_KEY_FILE": str(key_file)}
    with pytest.raises(StoreLockedError, match="key is missing"):
        load_master_key(sqlite_path.parent, environ, create=True)
    assert not key_file.exists()


def test_first_start_makes_directory_key_and_file_for_the_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "fresh" / "data"
    environ = {"TIDINGS_KEYRING": "off", "HOME": str(tmp_path)}
    master = load_master_key(data, environ, create=True)
    database = open_database(data, master, None)
    migrate(database)
    with database.transaction() as conn:
        put_setting(conn, "a", {}, 1)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()}
    database.close()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}, modes
    again = open_database(data, load_master_key(data, environ, create=False), None)
    with again.reading() as conn:
        assert get_setting(conn, "a") == {}
    again.close()


@pytest.mark.parametrize("url", ["mysql://u:geheim@h/db", "sqlite:///x.db", "nonsense"])
def test_unknown_addresses_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        open_database(tmp_path, MasterKey(KEY), url)
    assert "geheim" not in str(refused.value)


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="does not answer") as refused:
        open_database(tmp_path, MasterKey(KEY), f"postgresql://u:geheim@/db?host={tmp_path}")
    assert "geheim" not in str(refused.value)


@pytest.mark.postgres
def test_a_forgotten_address_begins_no_empty_file_beside_a_server(postgres_address: str, tmp_path: Path) -> None:
    """All would look empty, with a certificate authority and a sample of its own."""
    open_database(tmp_path, MasterKey(KEY), postgres_address).close()
    with pytest.raises(ConflictError, match="TIDINGS_DATABASE_URL is not set") as refused:
        open_database(tmp_path, MasterKey(KEY), None)
    assert not (tmp_path / DATABASE_FILE).exists()
    mark = Path(refused.value.remedy.split("remove ")[1].rstrip("."))
    mark.unlink()
    open_database(tmp_path, MasterKey(KEY), None).close()
    assert (tmp_path / DATABASE_FILE).exists()


@pytest.mark.postgres
def test_a_server_that_comes_back_is_used_again(postgres_address: str, tmp_path: Path) -> None:
    database = open_database(tmp_path, MasterKey(KEY), postgres_address.replace("postgresql", "postgres", 1))
    with database.reading() as conn:
        own = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
    killer = open_database(tmp_path, MasterKey(KEY), postgres_address)
    with killer.transaction() as conn:
        conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
    with database.reading() as conn:
        assert conn.execute(text("SELECT 1")).scalar() == 1
    with pytest.raises(UnavailableError, match="does not answer"), database.transaction() as conn:
        own = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with killer.transaction() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
        conn.execute(text("SELECT 1"))
    killer.close()
    database.close()


def test_a_full_disk_is_said_and_nothing_is_lost(sqlite_path: Path) -> None:
    database = open_sqlite(sqlite_path, KEY)
    with database.engine.connect() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
    database.close()

    # A limit of the file's pages gives the very error a full disk gives, on every connection of the pool.
    database = open_sqlite(sqlite_path, KEY)
    with database.transaction() as conn:
        put_setting(conn, "kept", {"n": 1}, 1)
    with pytest.raises(UnavailableError, match="disk is full"), database.transaction() as conn:
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
        put_setting(conn, "big", {"n": "x" * 1_000_000}, 1)
    with database.transaction() as conn:
        conn.exec_driver_sql("PRAGMA max_page_count = 1000000")
        put_setting(conn, "after", {"n": "x" * 1_000_000}, 1)
    with database.reading() as conn:
        assert get_setting(conn, "kept") == {"n": 1}
        assert get_setting(conn, "big") is None
        assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    database.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 2 MB, where the machine lets us mount one."""
    directory = tmp_path / "small"
    directory.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", directory]
    made = mount and subprocess.run(command, check=False, capture_output=True)
    if not made or made.returncode:
        pytest.skip("mounting needs root")
    return directory


def test_a_really_full_disk_is_said_and_left_behind(small_disk: Path, sqlite_template: Path, tmp_path: Path) -> None:
    try:
        path = Path(shutil.copy(sqlite_template, small_disk / "tidings.db"))
        database = open_sqlite(path, KEY)
        kept = 0
        with pytest.raises(UnavailableError):
            for _ in range(10_000):
                with database.transaction() as conn:
                    put_setting(conn, f"row {kept}", {"n": "x" * 20_000}, 1)
                kept += 1
        with pytest.raises(UnavailableError, match="disk is full"):
            backup(database, MasterKey(KEY), small_disk / "copy.backup")
        assert not [name for name in small_disk.iterdir() if "copy" in name.name]
        database.close()
        subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
        database = open_sqlite(path, KEY)
        with database.transaction() as conn:
            put_setting(conn, "after", {}, 1)
            assert conn.execute(text("SELECT count(*) FROM setting WHERE key LIKE 'row %'")).scalar() == kept > 5
        database.close()
    finally:
        subprocess.run(["umount", small_disk], check=False)


def test_planted_addresses_are_nowhere_in_plain_text(sqlite_path: Path, tmp_path: Path) -> None:
    """Database, write-ahead log, backup, and the temporary files of a sort too big for memory."""
    database = open_sqlite(sqlite_path, KEY)
    rows = [
        {"id": f"msg_{n}", "received_at": n, "rcpt_to": MARKER, "raw": f"{n * 7919 % 20_000} {MARKER} ".encode() * 40}
        for n in range(10_000)
    ]
    with database.transaction() as conn:
        conn.execute(mailbox_message.insert(), rows)
    with database.reading() as conn:
        ordered = conn.execute(text("SELECT raw FROM mailbox_message ORDER BY raw DESC, rcpt_to"))
        ordered.fetchone()  # the sort is done by then, and its runs lie wherever they lie
        seen = _open_files_holding_marker()
        ordered.close()
    backup(database, MasterKey(KEY), tmp_path / "copy.backup")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) > 20_000_000
    assert any(path.name.endswith("-wal") and path.stat().st_size for path in files)
    holding = [path for path in files if MARKER.encode() in path.read_bytes()]
    database.close()
    assert not seen
    assert not holding


def _open_files_holding_marker() -> set[str]:
    """Temporary files are deleted as soon as they are made; while open, they can still be read below /proc."""
    holding: set[str] = set()
    for handle in Path("/proc/self/fd").glob("*"):
        try:
            if handle.is_file() and MARKER.encode() in handle.read_bytes():
                holding.add(str(handle.readlink()))
        except OSError:
            continue
    return holding


def test_what_the_drivers_own_cursor_wrote_is_committed(database: Database) -> None:
    """The sender's statements go past SQLAlchemy; a transaction that holds nothing else must be kept all the same."""
    with database.transaction() as conn:
        put_setting(conn, "cursor", {"was": 1}, 1)
    with database.transaction() as conn:
        conn.connection.cursor().execute("UPDATE setting SET updated_at = 7 WHERE key = 'cursor'")
    with database.reading() as conn:
        assert conn.execute(text("SELECT updated_at FROM setting WHERE key = 'cursor'")).scalar_one() == 7
