"""Brands, claims and plain briefs on the command line, against a real server with fake use cases behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from tests import face_fakes as fakes
from typer.testing import CliRunner

from tidings.api.build import MOUNT, build_api
from tidings.cli import briefs
from tidings.cli.failures import CommandError
from tidings.cli.program import build_cli
from tidings_client import AsyncTidings, Tidings

Run = Callable[..., Any]
WORDS = (
    "Tell newsletter readers about the bread workshop on 3 December at 18:00, 45 €, book at "
    "https://northwind.example.com/w. You get a starter to take home."
)


@pytest.fixture
def services(sqlite_database: Any, clock: Any) -> Any:
    return fakes.make_services(sqlite_database, clock)


@pytest.fixture
def address(services: Any) -> Iterator[str]:
    outer = FastAPI()
    outer.mount(MOUNT, build_api(services, fakes.FakeMailbox()))  # pyright: ignore[reportArgumentType]
    with fakes.serving(outer) as url:
        yield url


@pytest.fixture
def run(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command as a role; nobody is at the terminal."""
    monkeypatch.setenv("TIDINGS_URL", address)
    monkeypatch.setenv("TIDINGS_DATA_DIR", str(tmp_path))

    def go(*arguments: str, role: str = "admin", given: str | None = None) -> Any:
        monkeypatch.setenv("TIDINGS_TOKEN", f"tid_{role}")
        return CliRunner().invoke(build_cli(), list(arguments), input=given)

    return go


def test_a_campaign_starts_from_plain_words_only_after_a_yes(run: Run, services: Any) -> None:
    asked = run("campaign", "new", "--from", WORDS, "--no-wait")
    assert asked.exit_code == 2
    assert "Nobody is here to confirm the brief." in asked.stderr
    assert "name: Bread workshop" in asked.stderr
    assert services.campaigns.details == {}
    done = run("campaign", "new", "--from", WORDS, "--yes", "--no-wait", "--json", "--name", "Advent")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "Advent"  # an option holds over the text


def test_what_the_words_leave_open_is_named(run: Run, services: Any) -> None:
    asked = run("campaign", "new", "--from", "-", "--yes", given="The bread is baked every night.")
    assert asked.exit_code == 2
    assert "Where does the button lead? (link)" in asked.stderr
    checked = run("campaign", "new", "--from", WORDS, "--check")
    assert json.loads(checked.stdout)["type"] == "event"
    assert services.campaigns.details == {}


def test_a_person_answers_the_gaps_and_says_yes(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["Bread night", "Sell bread", "everyone", "See it", "https://x.example.com"])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    with Tidings(address, "tid_author") as tidings:
        text = "The bread is baked every night."
        brief = briefs.from_words(tidings, text, {}, yes=False, may_ask=True)
        assert (brief["name"], brief["link"], brief["facts"]) == ("Bread night", "https://x.example.com", [text])
        monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
        with pytest.raises(CommandError, match="Nothing was started"):
            briefs.from_words(tidings, WORDS, {}, yes=False, may_ask=True)


def test_brands_are_listed_shown_made_and_edited(run: Run, tmp_path: Path) -> None:
    assert "Northwind" in run("brand", "list").stdout
    shown = yaml.safe_load(run("brand", "show", "Northwind Bakery").stdout)
    assert shown["manner"]["emoji"] == "free"
    file = tmp_path / "brand.yaml"
    file.write_text(yaml.safe_dump({name: shown[name] for name in ("name", "sender", "postal_address", "website")}))
    made = run("brand", "new", "--file", str(file), "--set", "manner.emoji=never", "--set", "banned_words=[cheap]")
    assert made.exit_code == 0, made.stderr
    assert run("brand", "edit", "Northwind Bakery", "--set", "manner.reading_grade=8").exit_code == 0
    for wrong in (["brand", "new"], ["brand", "edit", "x"], ["brand", "edit", "x", "--set", "nothing"],
                  ["brand", "edit", "x", "--set", "banned_words=[a"]):  # fmt: skip
        assert run(*wrong).exit_code == 2, wrong
    assert run("brand", "new", "--set", "name=X").exit_code == 2


def test_claims_are_listed_added_edited_approved_retired_and_proposed(run: Run, tmp_path: Path) -> None:
    assert "It is bread." in run("claim", "list", "Northwind Bakery").stdout
    assert "It is bread." not in run("claim", "list", "Northwind Bakery", "--state", "expired").stdout
    assert run("claim", "list", "Northwind Bakery", "--state", "stale").exit_code == 2
    assert run("claim", "add", "x", "Our oven is old.", "--until", "2027-01-31", "--channel", "email").exit_code == 0
    edited = run("claim", "edit", "clm_1", "--sentence", "It is rye bread.", "--json")
    assert json.loads(edited.stdout)["state"] == "proposed"
    assert run("claim", "edit", "clm_1").exit_code == 2
    assert run("claim", "add", "x", "Our oven is old.", "--until", "someday").exit_code == 2
    assert "Vouched for by" in run("claim", "approve", "clm_1").stdout
    assert run("claim", "retire", "clm_1").exit_code == 2
    assert run("claim", "retire", "clm_1", "--yes").exit_code == 0
    sheet = tmp_path / "sheet.md"
    sheet.write_text("# Loaf\n\nThe loaf weighs two kilos. The best loaf in town is ours.\n")
    found = run("claim", "propose", "Northwind Bakery", "--file", str(sheet))
    assert "The loaf weighs two kilos." in found.stdout
    assert "needs evidence" in found.stdout
    assert json.loads(run("claim", "propose", "x", "--file", str(sheet), "--json").stdout)["source"] == "sheet.md"
    assert run("claim", "propose", "x", "--url", "https://127.0.0.1/").exit_code == 4
    assert run("claim", "propose", "x").exit_code == 2
    assert run("claim", "propose", "x", "--file", str(sheet), role="viewer").exit_code == 4


async def test_the_asynchronous_client_has_the_same(address: str) -> None:
    async with AsyncTidings(address, "tid_admin") as tidings:
        parsed = await tidings.briefs.parse(WORDS)
        assert parsed.complete
        assert parsed.sources["link"] == "https://northwind.example.com/w"
        found = await tidings.brands.propose_claims("brd_1", text="The loaf weighs two kilos.")
        assert [each.place for each in found.suggestions] == ["line 1"]
        assert (await tidings.brands.claim("clm_1")).state == "valid"
