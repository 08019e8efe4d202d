"""`tidings worker`: which agents it takes, and several of them on one machine."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from tidings.app import processes
from tidings.app.processes import ALL_AGENTS, LogLine, work
from tidings.domain.errors import ConflictError, InvalidInputError, UnavailableError
from tidings.engine.process import executor_name
from tidings.settings import Settings
from tidings.store.database import Database


class _House:
    """As much of a house as is looked at before the agents begin."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def close(self) -> None:
        """The fixture closes the database."""


@pytest.fixture
def begun(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    """What the workers began, each as its name and its agents."""
    told: list[tuple[str, tuple[str, ...]]] = []

    async def begin(_house: Any, executor: str, roles: tuple[str, ...]) -> None:
        told.append((executor, roles))

    monkeypatch.setattr(processes, "open_house", lambda _settings, executor: _House(database))
    monkeypatch.setattr(processes, "_work", begin)
    return told


def test_an_agent_that_is_none_is_refused_before_anything_begins(begun: list[Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="There is no agent 'bogus'") as refused:
        work(Settings(data_dir=tmp_path), ["content", "bogus"])
    assert all(name in refused.value.remedy for name in ALL_AGENTS)
    assert begun == []


def test_a_worker_says_what_it_runs_and_keeps_its_name(
    begun: list[Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "tidings.app"):
        work(Settings(data_dir=tmp_path), [])
        work(Settings(data_dir=tmp_path), ["content", "content"])
    assert begun == [(executor_name("worker"), ALL_AGENTS), (executor_name("worker-content"), ("content",))]
    assert f"{executor_name('worker')} runs content, scheduling, distribution, analytics" in caplog.text


def test_what_is_away_takes_two_lines_of_the_log_and_a_fault_has_its_frames() -> None:
    """An hour without PostgreSQL would else be half a million lines."""

    def written(error: Exception) -> list[str]:
        try:
            raise error
        except Exception:
            record = logging.makeLogRecord({"msg": "trying again\nforged", "exc_info": sys.exc_info()})
        return LogLine("%(message)s").format(record).splitlines()

    assert written(UnavailableError("It does not answer.", remedy="Check it.")) == [
        "trying again\\nforged", "  It does not answer. Check it.",
    ]  # fmt: skip
    assert written(ValueError("x"))[1] == "Traceback (most recent call last):"


def test_a_second_worker_of_a_machine_has_a_name_and_needs_a_server(
    begun: list[Any], database: Database, tmp_path: Path
) -> None:
    if database.is_sqlite:
        with pytest.raises(ConflictError, match="takes one worker") as refused:
            work(Settings(data_dir=tmp_path), [], "west")
        assert "TIDINGS_DATABASE_URL" in refused.value.remedy
        assert begun == []
        return
    work(Settings(data_dir=tmp_path), [], "west")
    work(Settings(data_dir=tmp_path), ["distribution"], "east")
    assert [name for name, _ in begun] == [executor_name("worker-west"), executor_name("worker-distribution-east")]
