"""The command line without a server: local commands, connection, help, and what importing it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tidings.cli.campaign_view import show_plan
from tidings.cli.connection import Connection, find_connection
from tidings.cli.failures import CommandError
from tidings.cli.launcher import Check
from tidings.cli.output import show_table
from tidings.cli.program import build_cli
from tidings.cli.references import choose
from tidings.domain.actor import AgentName
from tidings.domain.errors import StoreLockedError
from tidings_client.campaigns import Plan


class FakeLauncher:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.checks = [Check("port", "ok", "free"), Check("key", "warn", "in a file", "Use the keyring.")]
        self.locked = False

    def _ask(self, name: str, **given: Any) -> None:
        self.asked.append((name, given))
        if self.locked:
            raise StoreLockedError("The key does not fit.", remedy="Give the right one.")

    def up(self, **given: Any) -> int:
        self._ask("up", **given)
        return 0

    def worker(self, *, data_dir: Path | None, agents: Sequence[str], name: str = "") -> int:
        self._ask("worker", data_dir=data_dir, agents=tuple(agents), called=name)
        return 7

    def demo(self, **given: Any) -> int:
        self._ask("demo", **given)
        return 0

    def doctor(self, **given: Any) -> list[Check]:
        self._ask("doctor", **given)
        return self.checks

    def logs(self, **given: Any) -> Iterator[str]:
        self._ask("logs", **given)
        yield "one\n"
        yield "two"

    def trust(self, **given: Any) -> str:
        return "Add ca.pem."

    def migrate(self, **given: Any) -> str:
        self._ask("migrate", **given)
        return "Up to date."

    def backup(self, **given: Any) -> str:
        self._ask("backup", **given)
        return "Written."

    def restore(self, **given: Any) -> str:
        self._ask("restore", **given)
        return "Restored."

    def rotate_key(self, **given: Any) -> str:
        self._ask("rotate_key", **given)
        return "Rotated."

    def load_sample(self, **given: Any) -> str:
        return "Loaded."

    def remove_sample(self, **given: Any) -> str:
        self._ask("remove_sample", **given)
        return "Removed."


def run(*arguments: str, launcher: FakeLauncher | None = None) -> Any:
    return CliRunner().invoke(build_cli(launcher), list(arguments))


def test_up_hands_on_what_was_asked(tmp_path: Path) -> None:
    launcher = FakeLauncher()
    answer = run("up", "--port", "9000", "--no-sample", "--data-dir", str(tmp_path), launcher=launcher)
    assert answer.exit_code == 0, answer.output
    expected = {"data_dir": tmp_path, "host": None, "port": 9000, "mailbox_port": None, "sample": False}
    assert launcher.asked == [("up", expected)]


def test_exit_codes_of_what_ran_are_handed_back() -> None:
    launcher = FakeLauncher()
    assert run("worker", "--agent", "content", "--agent", "analytics", launcher=launcher).exit_code == 7
    assert launcher.asked[0][1]["agents"] == ("content", "analytics")


def test_a_worker_has_a_name_that_fits_into_its_own() -> None:
    launcher = FakeLauncher()
    run("worker", "--name", "west-2", launcher=launcher)
    assert launcher.asked[0][1]["called"] == "west-2"
    refused = run("worker", "--name", "west@vm", launcher=launcher)
    assert (refused.exit_code, len(launcher.asked)) == (2, 1)
    assert "letters, digits and hyphens" in refused.stderr


def test_the_doctor_shows_remedies_and_fails_when_something_does() -> None:
    launcher = FakeLauncher()
    answer = run("doctor", launcher=launcher)
    assert answer.exit_code == 0
    assert "! key: in a file\n    Use the keyring." in answer.stdout
    launcher.checks.append(Check("disk", "fail", "full", "Free some."))
    assert run("doctor", launcher=launcher).exit_code == 1
    broken = run("doctor", "--json", launcher=launcher)
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)[2] == {"name": "disk", "status": "fail", "message": "full", "remedy": "Free some."}


START = "Start Tidings: tidings up. Where it runs with TIDINGS_AGENTS=none, start a worker: tidings worker"


def test_the_doctor_says_once_that_nothing_runs() -> None:
    """The web process may well run, with its agents elsewhere."""
    launcher = FakeLauncher()
    agents = [Check(f"{name} agent", "fail", "no worker runs it", "Start it.") for name in AgentName]
    launcher.checks[1:1] = agents
    answer = run("doctor", launcher=launcher)
    assert answer.exit_code == 1
    assert answer.stdout.splitlines()[:3] == ["✓ port: free", "✗ agents: none of the four runs", f"    {START}"]
    assert "no worker" not in answer.stdout
    launcher.checks[1] = Check("content agent", "ok", "last heard 1 s ago")
    assert run("doctor", launcher=launcher).stdout.count("no worker runs it") == 3


def test_the_reference_marks_what_must_be_given() -> None:
    from tidings.cli.reference import write_reference

    marked = [line for line in write_reference().splitlines() if line.endswith("Required. |")]
    assert [line.split("`")[1] for line in marked] == ["--comment", "--reason", "--alt", "--from", "--name", "--role"]


def test_logs_are_data() -> None:
    assert run("logs", "-n", "2", launcher=FakeLauncher()).stdout == "one\ntwo\n"


@pytest.mark.parametrize("command", [["db", "restore", "copy"], ["db", "rotate-key"], ["sample", "remove"]])
def test_what_cannot_be_taken_back_asks_once(command: list[str]) -> None:
    launcher = FakeLauncher()
    refused = run(*command, launcher=launcher)
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert launcher.asked == []
    assert run(*command, "--yes", launcher=launcher).exit_code == 0
    assert len(launcher.asked) == 1


def test_errors_of_the_house_become_words_and_a_code() -> None:
    launcher = FakeLauncher()
    launcher.locked = True
    answer = run("db", "migrate", launcher=launcher)
    assert answer.exit_code == 1, "a key that does not fit is no server that is down"
    assert answer.stderr == "Error: The key does not fit.\nGive the right one.\n"


def test_unexpected_errors_are_not_hidden() -> None:
    launcher = FakeLauncher()
    launcher.doctor = lambda **_: 1 / 0  # type: ignore[method-assign,assignment]
    assert isinstance(run("doctor", launcher=launcher).exception, ZeroDivisionError)


def test_without_the_house_local_commands_say_so() -> None:
    answer = run("up")
    assert answer.exit_code == 1
    assert "where Tidings is installed" in answer.stderr


def known(directory: Path, mode: int = 0o600, **changes: Any) -> Path:
    path = directory / "client.json"
    path.write_text(json.dumps({"url": "https://localhost:8443", "token": "tid_file", "ca": "/ca.pem", **changes}))
    path.chmod(mode)
    return path


def test_the_connection_comes_from_the_data_directory(tmp_path: Path) -> None:
    known(tmp_path)
    environ = {"TIDINGS_DATA_DIR": str(tmp_path)}
    assert find_connection(environ) == Connection("https://localhost:8443", "tid_file", "/ca.pem")
    other = {**environ, "TIDINGS_TOKEN": "tid_mine"}
    assert find_connection(other).token == "tid_mine"
    same = {**environ, "TIDINGS_URL": "https://localhost:8443/"}
    assert find_connection(same).token == "tid_file"


def test_the_environment_wins_and_knows_the_file_for_its_certificate(tmp_path: Path) -> None:
    known(tmp_path)
    environ = {"TIDINGS_DATA_DIR": str(tmp_path), "TIDINGS_URL": "https://localhost:8443", "TIDINGS_TOKEN": "tid_mine"}
    assert find_connection(environ) == Connection("https://localhost:8443", "tid_mine", "/ca.pem")
    assert find_connection({**environ, "TIDINGS_URL": "https://a.example"}).ca is None


def test_a_token_is_never_sent_to_another_server_than_its_own(tmp_path: Path) -> None:
    known(tmp_path)
    with pytest.raises(CommandError, match=r"no token for https://evil\.example") as caught:
        find_connection({"TIDINGS_DATA_DIR": str(tmp_path), "TIDINGS_URL": "https://evil.example"})
    assert caught.value.code == 4


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = known(tmp_path, 0o644)
    with pytest.raises(CommandError) as caught:
        find_connection({"TIDINGS_DATA_DIR": str(tmp_path)})
    assert f"chmod 600 {path}" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": "x"}'])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    known(tmp_path).write_text(text)
    with pytest.raises(CommandError, match=r"client\.json cannot be read"):
        find_connection({"TIDINGS_DATA_DIR": str(tmp_path)})


def test_nothing_known_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        find_connection({"TIDINGS_DATA_DIR": str(tmp_path)})
    assert caught.value.code == 5
    assert "tidings up" in caught.value.remedy


NAMED = [("cmp_01abc", "Autumn sale"), ("cmp_01abd", "Autumn"), ("cmp_02", "Winter sale")]


@pytest.mark.parametrize(
    ("reference", "meant"),
    [("autumn", "cmp_01abd"), ("AUTUMN SALE", "cmp_01abc"), ("cmp_02", "cmp_02"), ("cmp_01abc", "cmp_01abc"),
     ("wint", "cmp_02"), ("winter", "cmp_02")],
)  # fmt: skip
def test_references(reference: str, meant: str) -> None:
    assert choose("campaign", reference, NAMED, listing="…") == meant


@pytest.mark.parametrize(("reference", "code"), [("cmp_01", 2), ("sale", 2), ("spring", 3), ("latest", 3)])
def test_references_that_are_not_clear(reference: str, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        choose("campaign", reference, NAMED, listing="…")
    assert caught.value.code == code


def test_tables_align_numbers_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["NAME", "PEOPLE"], [("Ada", 5), ("Bob", 1200)])
    assert capsys.readouterr().out == "NAME  PEOPLE\nAda        5\nBob     1200\n"
    show_table(["NAME"], [])
    assert capsys.readouterr().out == "NAME\n"


def test_help_is_grouped_and_names_every_command() -> None:
    answer = run("--help")
    assert answer.exit_code == 0
    assert answer.stdout.index("On this machine") < answer.stdout.index("Everyday work")
    for name in (
        "up",
        "demo",
        "doctor",
        "db",
        "campaign",
        "agent",
        "audience",
        "mailbox",
        "replies",
        "sending",
        "token",
        "report",
    ):
        assert f"\n  {name} " in answer.stdout
    assert "tidings 0." in run("--version").stdout


def test_help_imports_nothing_heavy() -> None:
    """The whole program's `--help`, launcher included, as a user starts it."""
    program = (
        "import sys\nsys.argv = ['tidings', '--help']\n"
        "from tidings.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'fastapi', 'starlette', 'httpx2', 'pydantic', 'sqlalchemy', 'numpy', 'dbos', 'yaml', 'rich',\n"
        "         'cryptography', 'agent_framework', 'asyncio'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "HEAVY []" in answer.stdout, answer.stdout


def test_the_reference_is_up_to_date() -> None:
    from tidings.cli.reference import write_reference

    kept = Path(__file__).parents[2] / "docs" / "reference-cli.md"
    assert kept.read_text() == write_reference(), "python -m tidings.cli.reference > docs/reference-cli.md"


def test_a_plan_that_holds_everybody_back_has_nobody_and_no_hours(capsys: pytest.CaptureFixture[str]) -> None:
    empty: dict[str, Any] = {key: {} for key in ("by_reason", "by_variant", "by_channel", "held_by_channel")}
    empty |= {"id": "pln_1", "revision_id": "rev_1", "created_at": "2026-11-22T18:00:00Z", "by_hour": []}
    empty |= {"people": 0, "zones_assumed": 0, "expected_gain": "", "held_back": {"frequency_cap": 7}}
    show_plan(Plan.model_validate(empty))
    said = capsys.readouterr().out
    assert "nobody" in said
    assert " to " not in said
