"""The four agents: what they do, how they are set, and holding them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given
from tidings_client.decisions import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping


class Agent(Model):
    """One agent. `status` is working, idle, paused or stopped; `config_schema` is the JSON Schema of `config`."""

    name: str
    goal: str
    trigger: str
    status: str
    doing: str
    doing_at: datetime | None = None
    last_seen: datetime | None = None
    paused: bool
    paused_by: str
    autonomy: str
    config: dict[str, Any]
    config_schema: dict[str, Any]
    version: int
    decisions_today: int
    last_decision: Decision | None = None


class AgentList(Model):
    """The four, in the order in which the work passes them."""

    items: list[Agent]


class Agents(Resource[Mode]):
    """The four agents."""

    @Endpoint
    def list(self) -> Call[AgentList]:
        """All of them."""
        return Call("GET", "/agents", AgentList)

    @Endpoint
    def get(self, name: str) -> Call[Agent]:
        """One of them."""
        return Call("GET", f"/agents/{name}", Agent)

    @Endpoint
    def pause(self, name: str, reason: str = "") -> Call[Agent]:
        """It takes up no work; the others go on."""
        return Call("POST", f"/agents/{name}/pause", Agent, body={"reason": reason})

    @Endpoint
    def resume(self, name: str) -> Call[Agent]:
        """What waited for it starts again."""
        return Call("POST", f"/agents/{name}/resume", Agent)

    @Endpoint
    def configure(
        self,
        name: str,
        config: Mapping[str, Any] | None = None,
        *,
        autonomy: str | None = None,
        version: int | None = None,
    ) -> Call[Agent]:
        """Changes the named settings. `version` is the one you saw; None overwrites whatever is there."""
        match = "*" if version is None else f'"{version}"'
        body = given(config=dict(config or {}), autonomy=autonomy)
        return Call("PATCH", f"/agents/{name}/configuration", Agent, body=body, headers={"If-Match": match})
