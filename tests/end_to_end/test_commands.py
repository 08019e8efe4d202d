"""The same walk by commands alone: the very lines of the README, and what a person gets wrong."""

from __future__ import annotations

import re
import shlex
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.conftest import Running, environment, start

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("commands")


def console_lines(document: Path, heading: str) -> list[str]:
    """The `$` lines of the first console block under a heading."""
    text = document.read_text()
    section = text[text.index(f"## {heading}") :]
    block = re.search(r"```console\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return [line.removeprefix("$ ") for line in block[1].splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize(
    ("document", "heading"),
    [("README.md", "By command"), ("docs/guide.md", "A campaign by command"), ("docs/guide.md", "People and roles"),
     ("docs/guide.md", "Care")],
)  # fmt: skip
def test_what_the_documents_tell_to_type_works(
    tidings: Running, document: str, heading: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    for line in console_lines(ROOT / document, heading):
        program, *arguments = shlex.split(line)
        assert program == "tidings"
        if arguments[:2] in (["campaign", "approve"], ["campaign", "send"], ["account", "close"]):
            arguments.append("--yes")  # in a terminal they ask
        done = tidings.cli(*arguments, environ=another_shell(tidings))
        assert "Traceback" not in done.stderr, line


def another_shell(tidings: Running) -> dict[str, str]:
    """A shell that was not told where the data lies, as the reader of the README has it."""
    return {name: value for name, value in tidings.environ.items() if name not in {"TIDINGS_DATA_DIR", "TIDINGS_PORT"}}


def test_a_malformed_brief_names_the_fields_and_shows_a_whole_one(tidings: Running, tmp_path: Path) -> None:
    brief = tmp_path / "brief.yaml"
    brief.write_text("name: Half a brief\nbrand: Northwind Bakery\nfacts: [no capital]\nsubjets: 2\n")
    done = tidings.cli("campaign", "new", "--brief", str(brief), check=False)
    assert done.returncode != 0
    for expected in ("`goal` is missing", "`link` is missing", "capital letter", "`subjets` is not a field", "facts:"):
        assert expected in done.stderr


def test_an_unknown_brand_or_audience_names_those_there_are(tidings: Running, tmp_path: Path) -> None:
    brief = (ROOT / "examples" / "workshop.yaml").read_text()
    for field, known in (("brand", "Northwind Bakery"), ("audience", "everyone")):
        path = tmp_path / f"{field}.yaml"
        path.write_text(re.sub(rf"^{field}:.*$", f"{field}: Nobody's", brief, flags=re.MULTILINE))
        done = tidings.cli("campaign", "new", "--brief", str(path), check=False)
        assert done.returncode != 0
        assert known in done.stderr


def test_a_second_one_on_the_same_data_is_refused(tidings: Running) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "tidings", "up"], env=tidings.environ, text=True, capture_output=True, timeout=60
    )
    assert second.returncode != 0
    assert "uses the data directory" in second.stderr
    assert tidings.cli("campaign", "list").returncode == 0


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    environ = environment(tmp_path / "data")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environ["TIDINGS_PORT"])))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "tidings", "up"], env=environ, text=True, capture_output=True, timeout=60
        )
    assert done.returncode != 0
    assert f"Port {environ['TIDINGS_PORT']}" in done.stderr
    assert "TIDINGS_PORT" in done.stderr


def test_the_wrong_key_is_refused_and_the_right_one_still_opens(tmp_path: Path) -> None:
    environ = environment(tmp_path / "data")
    first = start(environ, "--no-sample")
    first.stop()
    wrong = subprocess.run(
        [sys.executable, "-m", "tidings", "up"], env={**environ, "TIDINGS_KEY": "ab" * 32}, text=True,
        capture_output=True, timeout=60,
    )  # fmt: skip
    assert wrong.returncode != 0
    assert "key" in wrong.stderr
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "data" / "tidings.db").execute("SELECT * FROM sqlite_master")
    again = start(environ, "--no-sample")
    assert again.cli("campaign", "list").returncode == 0
    assert again.stop() == 0
