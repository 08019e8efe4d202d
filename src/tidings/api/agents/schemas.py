"""What crosses the API about agents."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tidings.agents.policy import Effect
from tidings.api.decisions.schemas import Decision
from tidings.api.pages import Body, Moment, Schema
from tidings.domain.actor import AgentName
from tidings.domain.decision import Autonomy


class Tool(Schema):
    """What an agent can do when asked. `needs_person`: it waits for the asker's yes before it does it."""

    name: str
    description: str
    effect: Effect
    needs_person: bool


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
    tools: tuple[Tool, ...]


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


class Question(Body):
    """What a person asks an agent, or wants it to do."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": "How many people does the plan of the workshop reach?"}]}
    )

    question: str = Field(min_length=3, max_length=2_000)
    campaign_id: str | None = Field(default=None, max_length=60, description="The campaign it is about")


class ToolUse(Schema):
    """A tool the agent used; `outcome` is `done` or why it was refused."""

    tool: str
    arguments: dict[str, Any]
    outcome: str


class Wish(Schema):
    """What the agent wants to do, in words and exactly."""

    tool: str
    arguments: dict[str, Any]
    words: str


class Figure(Schema):
    """A number of the answer, and the tool or question it stands in; `source` empty: nowhere."""

    quote: str
    source: str


class Answer(Schema):
    """What came of a question: an answer, or an agent that waits for your yes or no on its `wishes`."""

    agent: AgentName
    status: str = Field(description="answered or waiting")
    question: str
    answer: str
    acted: bool = Field(description="Whether anything was changed")
    findings: tuple[str, ...] = Field(description="What is wrong with the answer: numbers that rest on nothing")
    figures: tuple[Figure, ...]
    tools: tuple[ToolUse, ...]
    model: str
    where: str = Field(description="local or cloud")
    campaign_id: str | None
    decision_id: str
    turn_id: str = Field(description="Under which it waits; empty when answered")
    wishes: tuple[Wish, ...]
    expires_at: Moment | None


class Answers(Schema):
    """What waits for you."""

    items: list[Answer]
