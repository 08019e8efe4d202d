"""Which agent has which tools; the one place that local agents, cloud agents and MCP take them from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tidings.campaigns.tools.analytics import analytics_tools
from tidings.campaigns.tools.content import content_tools
from tidings.campaigns.tools.distribution import distribution_tools
from tidings.campaigns.tools.plain import Kit, list_campaigns
from tidings.campaigns.tools.scheduling import scheduling_tools
from tidings.domain.actor import AgentName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tidings.agents.tools import Tool


def agent_tools(kit: Kit) -> Mapping[AgentName, tuple[Tool[Any], ...]]:
    """The tools of each agent. Names are unique within one agent; `list_campaigns` is every agent's."""
    lister = list_campaigns(kit)
    return {
        AgentName.CONTENT: (lister, *content_tools(kit)),
        AgentName.SCHEDULING: (lister, *scheduling_tools(kit)),
        AgentName.DISTRIBUTION: (lister, *distribution_tools(kit)),
        AgentName.ANALYTICS: (lister, *analytics_tools(kit)),
    }
