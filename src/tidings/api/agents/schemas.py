"""What crosses the API about agents."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tidings.api.decisions.schemas import Decision
from tidings.api.pages import Body, Moment, Schema
from tidings.domain.actor import AgentName
from tidings.domain.decision import Autonomy


class Agent(Schema):
    """One agent: what it is for, what it does, and how it is set. `config_schema` is the JSON Schema of `config`."""

    name: AgentName
    goal: str
    trigger: str
    status: str = Field(description="working, idle, paused or stopped")
    doing: str
    doing_at: Moment | None
    last_seen: Moment | None = Field(description="The last sign of life of its process")
    paused: bool
    paused_by: str
    autonomy: Autonomy
    config: dict[str, Any]
    config_schema: dict[str, Any] = Field(validation_alias="schema")
    version: int
    decisions_today: int
    last_decision: Decision | None


class Agents(Schema):
    """The four, in the order in which the work passes them."""

    items: list[Agent]


class Pause(Body):
    """Why the agent is paused."""

    reason: str = Field(default="", max_length=500)


class Configure(Body):
    """New settings. Those that are not named keep their value."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"config": {"max_words": 180}}]})

    config: dict[str, Any] = Field(default_factory=dict[str, Any])
    autonomy: Autonomy | None = None
