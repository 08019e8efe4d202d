"""The four agents: what they do, how they are set, and holding them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given
from tidings_client.decisions import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tool(Model):
    """What an agent can do when asked; `needs_person`: it waits for your yes."""

    name: str
    description: str
    effect: str
    needs_person: bool


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
    tools: tuple[Tool, ...] = ()


class AgentList(Model):
    """The four, in the order in which the work passes them."""

    items: list[Agent]


class ToolUse(Model):
    """A tool the agent used; `outcome` is `done` or why it was refused."""

    tool: str
    arguments: dict[str, Any]
    outcome: str


class Wish(Model):
    """What the agent wants to do, in words and exactly."""

    tool: str
    arguments: dict[str, Any]
    words: str


class Figure(Model):
    """A number of the answer, and where it stands; `source` empty: nowhere."""

    quote: str
    source: str


class Answer(Model):
    """What came of a question. `status` answered, or waiting: then `wishes` wait for your yes under `turn_id`."""

    agent: str
    status: str
    question: str
    answer: str
    acted: bool
    findings: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    model: str
    where: str
    campaign_id: str | None = None
    decision_id: str
    turn_id: str
    wishes: tuple[Wish, ...] = ()
    expires_at: datetime | None = None


class AnswerList(Model):
    """What waits for you."""

    items: list[Answer]


TURN_SECONDS = 180.0
"""How long an agent may think; small machines are slow at it."""


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

    @Endpoint
    def ask(self, name: str, question: str, *, campaign_id: str | None = None) -> Call[Answer]:
        """Asks an agent in words. What would change something waits for your yes; see `status`."""
        body = given(question=question, campaign_id=campaign_id)
        return Call("POST", f"/agents/{name}/ask", Answer, body=body, seconds=TURN_SECONDS)

    @Endpoint
    def waiting(self, name: str) -> Call[AnswerList]:
        """What of this agent waits for you."""
        return Call("GET", f"/agents/{name}/turns", AnswerList)

    @Endpoint
    def approve(self, name: str, turn_id: str) -> Call[Answer]:
        """Yes to exactly what it wants to do."""
        return Call("POST", f"/agents/{name}/turns/{turn_id}/approve", Answer, seconds=TURN_SECONDS)

    @Endpoint
    def decline(self, name: str, turn_id: str) -> Call[Answer]:
        """No; nothing is done."""
        return Call("POST", f"/agents/{name}/turns/{turn_id}/decline", Answer, seconds=TURN_SECONDS)
