"""One definition of a tool, every form of it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from tidings.agents.config import CONFIGS, check_config, config_schema
from tidings.agents.policy import Effect, Policy
from tidings.agents.tools import tool
from tidings.domain.actor import Actor, ActorKind, AgentName, Role, agent_actor
from tidings.domain.errors import ForbiddenError, InvalidInputError

MAYA = Actor(ActorKind.PERSON, "acc_1", "Maya", Role.MANAGER)


class Search(BaseModel):
    words: str = Field(min_length=2, description="What to look for")
    limit: int = Field(10, ge=1, le=50)


@tool("find_campaigns", effect=Effect.READ, given=Search)
def find_campaigns(actor: Actor, given: Search) -> list[str]:
    """Finds campaigns
    by words."""
    return [f"{actor.name} {given.words} {given.limit}"]


def test_all_forms_come_from_the_one_definition() -> None:
    model, mcp = find_campaigns.for_models(), find_campaigns.for_mcp()
    assert model["function"]["name"] == mcp["name"] == "find_campaigns"
    assert model["function"]["description"] == mcp["description"] == "Finds campaigns by words."
    assert model["function"]["parameters"] == mcp["inputSchema"]
    assert mcp["inputSchema"]["additionalProperties"] is False
    assert mcp["inputSchema"]["properties"]["words"]["description"] == "What to look for"
    assert mcp["annotations"]["readOnlyHint"] is True


def test_arguments_are_checked_before_the_policy_is_asked_and_anything_happens() -> None:
    assert find_campaigns.call({"words": "bread"}, actor=MAYA, policy=Policy()) == ["Maya bread 10"]
    with pytest.raises(InvalidInputError, match="limit: Input should be less than or equal to 50"):
        find_campaigns.call({"words": "bread", "limit": 51}, actor=MAYA, policy=Policy())


def test_a_tool_does_not_run_for_who_may_not() -> None:
    ran: list[str] = []

    @tool("approve", effect=Effect.APPROVE, given=Search)
    def approve(actor: Actor, given: Search) -> None:
        """Approves."""
        ran.append(actor.name)

    with pytest.raises(ForbiddenError):
        approve.call({"words": "it"}, actor=agent_actor(AgentName.CONTENT), policy=Policy(), approved=True)
    assert ran == []


@pytest.mark.parametrize("name", ["", "Find", "find-it", "1find", "f" * 65])
def test_a_name_some_service_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a tool"):
        tool(name, effect=Effect.READ, given=Search)(find_campaigns.function)


def test_a_tool_needs_words() -> None:
    with pytest.raises(ValueError, match="docstring"):
        tool("find", effect=Effect.READ, given=Search)(lambda actor, given: None)


@pytest.mark.parametrize("name", list(AgentName))
def test_every_setting_has_words_a_default_and_limits(name: AgentName) -> None:
    properties = config_schema(name)["properties"]
    assert set(properties) == set(check_config(name, {}))
    for setting, about in properties.items():
        assert about["title"], setting
        assert about["description"], setting
        assert "default" in about or about["type"] == "array", setting
        assert about["type"] in {"boolean", "string"} or {"minimum", "maximum"} <= set(about) or "maxItems" in about


def test_a_setting_beyond_its_limits_or_unknown_is_named() -> None:
    assert check_config(AgentName.SCHEDULING, {"quiet_start": 22})["quiet_start"] == 22
    with pytest.raises(InvalidInputError, match="`quiet_start` must be at most 23") as caught:
        check_config(AgentName.SCHEDULING, {"quiet_start": 24})
    assert caught.value.field == "quiet_start"
    with pytest.raises(InvalidInputError, match="no setting speed; the settings are connections"):
        check_config(AgentName.DISTRIBUTION, {"speed": 9})
    assert set(CONFIGS) == set(AgentName)
