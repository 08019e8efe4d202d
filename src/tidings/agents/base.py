"""What an agent is: a name, a goal, what sets it to work, and the tools it may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tidings.agents.tools import Tool
from tidings.domain.actor import AgentName
from tidings.domain.decision import Autonomy


class Agent(Protocol):
    """One agent. It proposes and records; the room that owns the data commits."""

    @property
    def name(self) -> AgentName:
        """Which of the four it is."""
        ...

    @property
    def goal(self) -> str:
        """What it is there for, in one sentence a marketer would sign."""
        ...

    @property
    def trigger(self) -> str:
        """What sets it to work, in words."""
        ...

    @property
    def tools(self) -> Sequence[Tool[Any]]:
        """What it may do beyond thinking; each passes the policy."""
        ...


@dataclass(frozen=True, slots=True)
class Profile:
    """What does not change about an agent, and the autonomy it starts with."""

    name: AgentName
    goal: str
    trigger: str
    autonomy: Autonomy


PROFILES: dict[AgentName, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            AgentName.CONTENT,
            "Turn each brief into messages that sound like the brand and state nothing the brief does not.",
            "A campaign is created, sent back, or tried again.",
            Autonomy.WITHIN_POLICY,
        ),
        Profile(
            AgentName.SCHEDULING,
            "Reach each person when they are most likely to read, never in their quiet hours or too often.",
            "The drafts of a campaign are ready.",
            Autonomy.WITHIN_POLICY,
        ),
        Profile(
            AgentName.DISTRIBUTION,
            "Deliver every approved message once, on time, and stop at the first sign of harm.",
            "A campaign is approved, or a delivery falls due.",
            Autonomy.SUGGEST,  # a person starts every send until somebody decides otherwise
        ),
        Profile(
            AgentName.ANALYTICS,
            "Say what worked, how sure that is, and what to do next.",
            "A campaign has ended, and daily while one runs.",
            Autonomy.SUGGEST,
        ),
    )
}
