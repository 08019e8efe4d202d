"""The editor's commands against a real server on the loopback, with fake use cases behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_cli_server import Run, address, briefed, run, services

__all__ = ["address", "run", "services"]


def test_the_editors_commands(run: Run, services: Any, tmp_path: Path) -> None:
    briefed(services)
    assert "2 *" in run("campaign", "revisions", "latest").output
    found = run("campaign", "diff", "latest", "1", "2")
    assert "{+" in found.output
    assert "now" in found.output
    assert run("campaign", "restore", "latest", "1").exit_code == 0
    assert "Name the date." in run("campaign", "comment", "latest", "Name the date.", "--block", "1").output
    assert "Come and bake" in run("campaign", "suggest", "latest").output
    assert run("campaign", "suggest", "latest", "--accept", "sug_1").exit_code == 0
    assert run("campaign", "suggest", "latest", "--accept", "sug_gone").exit_code == 1
    assert "accepted" in run("campaign", "test", "latest", "bob@example.com").output
    into = tmp_path / "draft.mjml"
    assert run("campaign", "export", "latest", "--form", "mjml", "--into", str(into)).exit_code == 0
    assert into.read_text() == "<mjml>"
    page = tmp_path / "mail.html"
    page.write_text("<h1>Come</h1><p>It is bread.</p><script>x</script>")
    read = run("campaign", "import-html", "latest", str(page), "--yes")
    assert "Left out: <script>" in read.output
    assert "Saved 2 blocks" in read.output
    assert services.editing.saved[-1][1].blocks[0] == {"kind": "heading", "text": "Come"}
    assert run("campaign", "import-html", "latest", str(page), "--no-input").exit_code != 0
    assert run("campaign", "import-html", "latest", str(tmp_path / "none.html")).exit_code == 2
    assert json.loads(run("campaign", "origin", "latest", "--json").stdout)["ai_part"] == "ai-originated"
    assert "smollm2" in run("campaign", "origin", "latest").output


def test_templates_and_pictures(run: Run, services: Any, tmp_path: Path) -> None:
    briefed(services)
    assert "Workshop" in run("template", "list", "Northwind").output
    assert run("template", "save", "latest", "Workshop").exit_code == 0
    assert run("template", "remove", "tpl_1").exit_code == 0
    assert run("template", "remove", "tpl_none").exit_code == 3
    assert "/i/" in run("image", "list", "Northwind").output
    picture = tmp_path / "loaf.png"
    assert run("image", "upload", "Northwind", str(picture), "--alt", "A loaf").exit_code == 2
    picture.write_bytes(b"png")
    assert "A loaf" in run("image", "upload", "Northwind", str(picture), "--alt", "A loaf").output


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_who_may_not_write_is_told_so(run: Run, services: Any, role: str) -> None:
    briefed(services)
    assert run("campaign", "restore", "latest", "1", role=role).exit_code == 4
    assert run("campaign", "test", "latest", role=role).exit_code == 4


def test_the_bundled_model_is_fetched_only_after_a_yes(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fetched: list[Path] = []
    monkeypatch.setattr("tidings.llm.llama.weights.is_there", lambda _folder: False)
    monkeypatch.setattr("tidings.llm.llama.weights.fetch", lambda folder: fetched.append(folder) or tmp_path / "m.gguf")
    refused = run("models", "add", "smollm2", "--no-input")
    assert (refused.exit_code, fetched) == (2, [])
    assert "132 MB" in refused.output
    assert "Apache-2.0" in refused.output
    assert "--yes" in refused.output
    run("models", "add", "smollm2", "--yes")
    assert len(fetched) == 1
    monkeypatch.setattr("tidings.llm.llama.weights.is_there", lambda _folder: True)
    again = run("models", "add", "smollm2", "--no-input")
    assert "Download" not in again.output, "what is there is not asked for"


@pytest.mark.parametrize(("said", "stored"), [("usual", "usual"), ("none", ""), ("With AI.", "With AI.")])
def test_a_brands_line_about_ai_by_command(run: Run, services: Any, said: str, stored: str) -> None:
    briefed(services)
    changed = run("brand", "edit", "Northwind Bakery", "--ai-disclosure", said, "--json")
    assert json.loads(changed.stdout)["ai_disclosure"] == stored
    assert run("brand", "edit", "Northwind Bakery").exit_code == 2, "nothing to change"
