"""`tidings sequence` and the SDK against a real server on the loopback, with fake use cases behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from tests import face_fakes as fakes
from tests.fake_sequences import SEQUENCE
from typer.testing import CliRunner

from tidings.api.build import MOUNT, build_api
from tidings.cli.program import build_cli
from tidings_client import ForbiddenError, InvalidInputError, Tidings

Run = Callable[..., Any]


@pytest.fixture
def services(sqlite_database: Any, clock: Any) -> Any:
    return fakes.make_services(sqlite_database, clock)


@pytest.fixture
def address(services: Any) -> Iterator[str]:
    outer = FastAPI()
    outer.mount(MOUNT, build_api(services, fakes.FakeMailbox()))  # type: ignore[arg-type]
    with fakes.serving(outer) as url:
        yield url


@pytest.fixture
def run(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command as a role; nobody is at the terminal."""
    monkeypatch.setenv("TIDINGS_URL", address)
    monkeypatch.setenv("TIDINGS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")

    def go(*arguments: str, role: str = "admin", given: str | None = None) -> Any:
        monkeypatch.setenv("TIDINGS_TOKEN", f"tid_{role}")
        return CliRunner().invoke(build_cli(), ["sequence", *arguments], input=given)

    return go


def test_every_verb_does_what_it_says(run: Run, services: Any, tmp_path: Path) -> None:
    path = tmp_path / "welcome.yaml"
    path.write_text(yaml.safe_dump({**SEQUENCE, "ends": "2027-06-30"}))
    assert "welcome" in run("templates").stdout
    assert yaml.safe_load(run("templates", "welcome").stdout)["name"] == "Welcome"
    named = run("templates", "welcome", "--website", "https://rye.example")
    assert "https://rye.example" in named.stdout
    assert "{website}" not in named.stdout
    assert json.loads(run("new", str(path), "--check").stdout)["name"] == "Welcome"
    made = run("new", str(path), "--no-wait")
    assert made.exit_code == 0, made.output
    assert services.sequences.asked.ends.isoformat() == "2027-06-30"
    shown = run("show", "cmp_s1")
    assert "2,644" in shown.stdout or "2644" in shown.stdout
    assert "Next: tidings sequence approve cmp_s1" in shown.stderr
    again = yaml.safe_load(run("show", "cmp_s1", "--definition").stdout)
    assert again["steps"][1] == {"id": "a-while", "wait": "3 days"}
    assert "converted" in run("people", "cmp_s1", "--left").stdout
    for verb in ("approve", "start", "pause", "resume", "stop"):
        more = [] if verb in {"pause", "resume"} else ["--yes"]
        answer = run(verb, "cmp_s1", *more)
        assert answer.exit_code == 0, (verb, answer.output)
        assert services.sequences.calls[-1].endswith(f"{verb} cmp_s1")
    assert "Entered" in run("enter", "cmp_s1", "con_1").stdout
    assert run("edit", "cmp_s2", "-", given=path.read_text()).exit_code == 0
    for command in (["list"], ["show", "cmp_s1"], ["people", "cmp_s1"], ["templates"], ["enter", "cmp_s1", "con_1"]):
        json.loads(run(*command, "--json").stdout)


def test_what_is_wrong_is_said_with_the_remedy(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("steps: [")
    answer = run("new", str(path))
    assert answer.exit_code == 2
    assert "line 1" in answer.stderr
    path.write_text(yaml.safe_dump({**SEQUENCE, "steps": [*SEQUENCE["steps"], {"id": "x", "wait": "soon"}]}))
    answer = run("new", str(path))
    assert answer.exit_code == 2
    assert "step `x`: `wait.at_least` is not a duration" in answer.stderr
    assert run("show", "nothing").exit_code == 3
    assert run("start", "cmp_s1", role="author").exit_code != 0
    assert "--yes" in run("stop", "cmp_s1").stderr


def test_the_sdk_walks_the_same_way(address: str) -> None:
    with Tidings(address, "tid_manager") as client:
        found = client.sequences.get("cmp_s1")
        assert found.proposed_revision is not None
        assert [step.kind for step in found.flow] == ["send", "wait", "branch", "send"]
        assert client.sequences.approve(found.id, found.proposed_revision.id).id == "cmp_s1"
        assert client.sequences.enter("cmp_s1", ["con_1"]).entered == ["con_1"]
        assert len(list(client.sequences.all())) == 3
        assert [person.step for person in client.sequences.all_people("cmp_s1")] == ["a-while", "hello"]
        with pytest.raises(InvalidInputError) as caught:
            client.sequences.create({**SEQUENCE, "steps": []})
        assert "A complete example" in caught.value.remedy
    with Tidings(address, "tid_author") as client, pytest.raises(ForbiddenError):
        client.sequences.enter("cmp_s1", ["con_1"])
