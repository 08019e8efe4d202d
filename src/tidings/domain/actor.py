"""Who did or decided something: a person, one of the agents, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AgentName(StrEnum):
    """The four agents, in the order in which the work passes them."""

    CONTENT = "content"
    SCHEDULING = "scheduling"
    DISTRIBUTION = "distribution"
    ANALYTICS = "analytics"


class ActorKind(StrEnum):
    """What sort of actor acts."""

    PERSON = "person"
    AGENT = "agent"
    SYSTEM = "system"


class Role(StrEnum):
    """The built-in roles. What each may do stands in `access/permissions.py`."""

    ADMIN = "admin"
    MANAGER = "manager"
    AUTHOR = "author"
    APPROVER = "approver"
    ANALYST = "analyst"
    VIEWER = "viewer"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with the role that is asked for rights. `brands` empty means every brand."""

    kind: ActorKind
    id: str
    name: str
    role: Role
    brands: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    """For API tokens: the permissions the token was given; the role's rights are cut down to them."""
    token: str = ""
    """For API tokens: which one, as the audit trail names it."""

    @property
    def is_person(self) -> bool:
        """Whether a human being stands behind it; only those may approve."""
        return self.kind is ActorKind.PERSON

    def sees_brand(self, brand_id: str) -> bool:
        """Whether the actor's role reaches this brand."""
        return not self.brands or brand_id in self.brands


def agent_actor(agent: AgentName) -> Actor:
    """The agent as an actor: role `service`, which never approves."""
    return Actor(ActorKind.AGENT, agent.value, f"{agent.value.capitalize()} agent", Role.SERVICE)


SYSTEM = Actor(ActorKind.SYSTEM, "system", "Tidings", Role.SERVICE)
