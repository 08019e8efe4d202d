"""Nothing readable on disk: planted people are looked for in every file an installation leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.end_to_end.conftest import environment, start
from tests.end_to_end.test_walk import in_state, wait_for

MARKER = "zq7canary"
pytestmark = pytest.mark.xdist_group("sealed")


def leaks(root: Path, *needles: str) -> list[str]:
    """Files under `root` that hold a needle, whatever its case."""
    found: list[str] = []
    for path in root.rglob("*"):
        if path.is_file():
            held = path.read_bytes().lower()
            found += [f"{path.name}: {needle}" for needle in needles if needle.lower().encode() in held]
    return found


def test_a_planted_address_is_in_no_file_after_import_send_and_backup(tmp_path: Path) -> None:
    running = start(environment(tmp_path / "data"))
    try:
        people = tmp_path / "import" / "people.csv"
        people.parent.mkdir()
        rows = [f"{MARKER}{number}@example.com,Qwertz{MARKER},true,planted by a test" for number in range(40)]
        people.write_text("email,first_name,consent,consent_source\n" + "\n".join(rows) + "\n")
        running.cli("audience", "import", str(people))
        campaign = wait_for(lambda: in_state(running, "review"))
        running.cli("campaign", "replan", campaign["id"], check=False)
        wait_for(lambda: in_state(running, "review"))
        running.cli("campaign", "approve", campaign["id"], "--yes")
        running.cli("campaign", "send", campaign["id"], "--now", "--yes")
        wait_for(lambda: in_state(running, "done"), seconds=90)
        mails = json.loads(running.cli("mailbox", "list", "--json").stdout)
        assert mails
        running.cli("db", "backup", str(tmp_path / "data" / "copy.db"))
        secret = json.loads((tmp_path / "data" / "client.json").read_text())["token"]
        inside = [path for path in tmp_path.joinpath("data").rglob("*") if path.is_file()]
        assert {"tidings.db", "tidings.db-wal", "copy.db", "web.log", "worker.log"} <= {path.name for path in inside}
        assert leaks(tmp_path / "data", MARKER, "northwind bakery", "@mail.example") == []
        assert [leak for leak in leaks(tmp_path / "data", secret) if "client.json" not in leak] == []
    finally:
        running.stop()
    assert leaks(tmp_path / "data", MARKER) == []
    assert leaks(tmp_path / "data" / "logs", "token=") == []
