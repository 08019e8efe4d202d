"""Backup, restore and a new key, as an administrator does them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.conftest import Running, environment, start
from tests.end_to_end.test_walk import in_state, wait_for

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("care")


def names(running: Running) -> set[str]:
    """The campaigns there are."""
    found = json.loads(running.cli("campaign", "list", "--json").stdout)
    return {row["name"] for row in (found["items"] if isinstance(found, dict) else found)}


def test_a_backup_comes_back_and_sending_waits_for_a_person(tmp_path: Path) -> None:
    environ, copy = environment(tmp_path / "data"), tmp_path / "copy.db"
    running = start(environ)
    wait_for(lambda: in_state(running, "review"))
    running.cli("db", "backup", str(copy))
    running.cli("campaign", "new", "--brief", str(ROOT / "examples" / "win-back.yaml"))
    assert len(names(running)) == 11
    refused = running.cli("db", "restore", str(copy), "--yes", check=False)
    assert refused.returncode != 0, "a running Tidings must not lose its database under its feet"
    running.stop()
    running.cli("db", "restore", str(copy), "--yes")
    again = start(environ)
    try:
        assert len(names(again)) == 10
        state = json.loads(again.cli("sending", "status", "--json").stdout)
        assert state["paused"]
        assert "backup" in state["reason"]
        assert list((tmp_path / "data").glob("tidings.db.before-restore-*"))
    finally:
        again.stop()


def test_a_new_key_opens_everything_and_the_old_one_nothing(tmp_path: Path) -> None:
    environ = environment(tmp_path / "data")
    key = Path(environ["TIDINGS_KEY_FILE"])
    running = start(environ)
    before = names(running)
    running.cli("db", "backup", str(tmp_path / "before.db"))
    authority = (tmp_path / "data" / "tls" / "ca.pem").read_bytes()
    running.stop()
    old = key.read_bytes()
    running.cli("db", "rotate-key", "--yes")
    assert key.read_bytes() != old
    assert (tmp_path / "data" / "tidings.db").stat().st_mode & 0o777 == 0o600
    again = start(environ)
    assert names(again) == before
    assert (tmp_path / "data" / "tls" / "ca.pem").read_bytes() == authority, "nobody should have to trust it anew"
    again.stop()
    new = key.read_bytes()
    key.write_bytes(old)
    refused = subprocess.run(
        [sys.executable, "-m", "tidings", "up"], env=environ, capture_output=True, text=True, timeout=60
    )
    assert refused.returncode != 0
    assert "key" in refused.stderr
    key.write_bytes(new)
    running.cli("db", "restore", str(tmp_path / "before.db"), "--yes")  # a backup from before the rotation
    last = start(environ)
    assert names(last) == before
    last.stop()


def test_when_the_supervisor_is_killed_its_children_end_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    environ = environment(tmp_path / "data")
    running = start(environ)
    wait_for(lambda: in_state(running, "review"))
    brief = str(ROOT / "examples" / "newsletter.yaml")
    made = json.loads(running.cli("campaign", "new", "--brief", brief, "--no-wait", "--json").stdout)
    os.kill(running.process.pid, signal.SIGKILL)
    wait_for(lambda: not of_this_house(environ), seconds=20)
    running.stop()
    again = start(environ)
    try:
        assert made["name"] in names(again)
        wait_for(lambda: (found := in_state(again, "review")) and found["id"] == made["id"], seconds=60)
    finally:
        again.stop()


def of_this_house(environ: dict[str, str]) -> list[int]:
    """The processes that run on this data directory."""
    mine = f"TIDINGS_DATA_DIR={environ['TIDINGS_DATA_DIR']}".encode()
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mine in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found
