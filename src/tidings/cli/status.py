"""`tidings status`: how everything is, and what waits for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import ERROR
from tidings.cli.options import AsJson, Watch
from tidings.cli.output import count_of, moment, say_next, show_json
from tidings.cli.progress import watch

if TYPE_CHECKING:
    from tidings_client import Tidings
    from tidings_client.activity import Line
    from tidings_client.campaigns import CampaignRow

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
    sending = tidings.campaigns.list(state="sending").items
    return {
        "health": tidings.health.get(),
        "agents": tidings.agents.list().items,
        "waiting": tidings.approvals.list().items,
        "sending": sending,
        "held": {row.id: _held_because(tidings, row) for row in sending if row.counts.get("held")},
        "activity": tidings.activity.list(limit=5).items,
    }


def _held_because(tidings: Tidings, row: CampaignRow) -> str:
    held = tidings.campaigns.deliveries(row.id, state="held", limit=1).items
    return held[0].reason if held else ""


def _draw(found: dict[str, Any]) -> str:
    lines: list[str] = []
    for item in found["health"].items:
        lines.append(f"{_MARKS.get(item.status, '?')} {item.name}: {item.message}")
        if item.status != "ok" and item.remedy:
            lines.append(f"    {item.remedy}")
    lines += [f"  {agent.name} agent: {agent.doing}" for agent in found["agents"] if agent.doing]
    lines += [
        f"Waits for approval: {row.name} ({count_of(row.people, 'person', 'people')})" for row in found["waiting"]
    ]
    lines += [_sending(row, found["held"].get(row.id, "")) for row in found["sending"]]
    lines += [_happened(line) for line in reversed(found["activity"])]
    return "\n".join(lines)


def _sending(row: CampaignRow, because: str) -> str:
    """One campaign on its way; what is held counts too, with its reason."""
    waiting = row.counts.get("planned", 0) + row.counts.get("deferred", 0)
    words = f"Sending: {row.name}, {waiting:,} of {row.people:,} still planned"
    if held := row.counts.get("held", 0):
        words += f", {held:,} held" + (f": {because}" if because else "")
    return f"{words} (paused)" if row.paused else words


def _happened(line: Line) -> str:
    """A line of the feed with its subject: of an agent's line the agent; people's lines begin with their name."""
    subject = "" if line.source in {"person", "system"} else f"{line.source.capitalize()} "
    return f"{moment(line.at)}  {subject}{line.text}"
