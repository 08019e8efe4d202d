"""`tidings status`: how everything is, and what waits for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import ERROR
from tidings.cli.options import AsJson, Watch
from tidings.cli.output import moment, say_next, show_json
from tidings.cli.progress import watch

if TYPE_CHECKING:
    from tidings_client import Tidings

_MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


def status(watching: Watch = False, as_json: AsJson = False) -> None:
    """Show how everything is, what waits for approval and what just happened. Exit code 1 if something fails."""
    with connected() as tidings:
        if as_json:
            found = _look(tidings)
            show_json(found)
        else:
            found = watch(lambda: _look(tidings), _draw, over=lambda _: not watching)
    for row in found["waiting"]:
        say_next(f"tidings campaign approve {row.id}")
    if found["health"].status == "fail":
        raise typer.Exit(ERROR)


def _look(tidings: Tidings) -> dict[str, Any]:
    return {
        "health": tidings.health.get(),
        "agents": tidings.agents.list().items,
        "waiting": tidings.approvals.list().items,
        "sending": tidings.campaigns.list(state="sending").items,
        "activity": tidings.activity.list(limit=5).items,
    }


def _draw(found: dict[str, Any]) -> str:
    lines: list[str] = []
    for item in found["health"].items:
        lines.append(f"{_MARKS.get(item.status, '?')} {item.name}: {item.message}")
        if item.status != "ok" and item.remedy:
            lines.append(f"    {item.remedy}")
    lines += [f"  {agent.name} agent: {agent.doing}" for agent in found["agents"] if agent.doing]
    lines += [f"Waits for approval: {row.name} ({row.people} people)" for row in found["waiting"]]
    for row in found["sending"]:
        lines.append(f"Sending: {row.name}, {row.counts.get('planned', 0)} of {row.people} still planned")
    lines += [f"{moment(line.at)}  {line.text}" for line in reversed(found["activity"])]
    return "\n".join(lines)
