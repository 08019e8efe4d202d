"""A restore killed at any step leaves the former database or a finished restored one, never one that forgot a no."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import START
from tests.integration import restore_program
from tests.integration.test_app_restore import ADMIN, NO, OPENS, YES, Home, is_here

from tidings.app import care
from tidings.keys.master import DATABASE_FILE, load_master_key
from tidings.store import files
from tidings.store.files import put_in_place, sweep

EVERY = 12


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Ann was watched when the backup was made, eve was there; since then ann said no, eve was erased, fay joined."""
    home = Home(tmp_path)
    care.migrate(home.settings)
    home.join("ann", "bob", "eve")
    home.say("ann", OPENS, YES, START + 1)
    home.backup()
    home.say("ann", OPENS, NO, START + 2)
    home.join("fay")
    house = home.open()
    ids = {view.email: view.id for view in house.services.audience.contacts(ADMIN)[0]}
    house.services.audience.erase(ADMIN, ids["eve@example.com"])
    house.close()
    return home


def after(home: Home, folder: str) -> Home:
    """The installation a killed restore left in that folder."""
    found = Home(home.folder)
    environ = dict(home.settings.environ)
    found.settings = type(home.settings)(home.folder / folder, environ=environ)
    found.path = found.settings.data_dir / DATABASE_FILE
    return found


def left(home: Home) -> list[Path]:
    """What only a kill leaves."""
    scratches = list(home.settings.data_dir.glob("*.part*"))
    seconds = [path for path in home.settings.data_dir.glob("*.before-restore-*") if path.samefile(home.path)]
    return scratches + seconds


def holds_what_was_said(home: Home) -> bool:
    """Whether the restored database is in place; either way nobody's no is forgotten, and nobody stands there twice."""
    for path in home.settings.data_dir.rglob("*"):
        assert not path.is_file() or b"@example.com" not in path.read_bytes()
    assert not is_here(home, "eve")
    assert not home.allowed("ann", OPENS)
    if is_here(home, "fay"):
        return False
    assert "Restored from a backup" in home.paused_because(), "nothing may be sent before somebody looked"
    assert home.last_restore()["erased_again"] == 1
    return True


def test_killed_at_any_step(home: Home) -> None:
    program = [sys.executable, restore_program.__file__, str(home.folder), str(home.folder / "copy.db"), str(EVERY)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcomes: list[bool] = []
    swept = False
    for name in done.stdout.split():
        killed = after(home, name)
        outcomes.append(holds_what_was_said(killed))
        swept = swept or bool(left(killed))
        sweep(killed.path)  # as the next start does
        assert not left(killed)
        assert holds_what_was_said(killed) is outcomes[-1]
        care.restore(killed.settings, home.folder / "copy.db")
        assert holds_what_was_said(killed)
        assert not left(killed)
    assert outcomes == sorted(outcomes), "before a certain step the former database, from then on the restored one"
    assert set(outcomes) == {False, True}
    assert swept, "some were killed with a copy in the making"


def test_a_start_removes_what_a_kill_left(home: Home) -> None:
    from tidings.app.prepare import prepare

    scratch = home.path.with_name(f"{DATABASE_FILE}.12345.part")
    second = home.path.with_name(f"{DATABASE_FILE}.before-restore-20260302T100000")
    others = home.path.with_name(f"{DATABASE_FILE}.mine.part")
    os.link(home.path, second)
    for each in (scratch, others, scratch.with_name(scratch.name + "-wal")):
        each.write_bytes(b"x")
    home.settings = type(home.settings)(home.settings.data_dir, environ=home.settings.environ, port=0, mailbox_port=0)
    prepare(home.settings, sample_people=0)
    assert left(home) == [others]


def test_without_hard_links_there_is_a_database_at_every_moment(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError

    master = load_master_key(home.settings.data_dir, home.settings.environ, create=False)
    copy = home.folder / "part"
    copy.write_bytes((home.folder / "copy.db").read_bytes())
    kept = home.path.with_name("kept")
    before = home.path.read_bytes()
    monkeypatch.setattr(files.os, "link", refused)
    seen: list[bool] = []
    original = Path.unlink
    monkeypatch.setattr(
        Path, "unlink", lambda self, missing_ok=False: seen.append(home.path.exists()) or original(self, missing_ok)
    )
    put_in_place(copy, home.path, keep=kept)
    assert kept.read_bytes() == before
    assert kept.stat().st_mode & 0o777 == 0o600
    assert seen
    assert all(seen)
    files.check(home.path, master.raw)
