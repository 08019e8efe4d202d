"""How each agent stands: paused or not, how autonomous, with which settings, and what it is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tidings.agents.base import PROFILES
from tidings.agents.config import check_config
from tidings.domain.actor import AgentName
from tidings.domain.decision import Autonomy
from tidings.domain.instant import Instant
from tidings.store.tables import agent


@dataclass(frozen=True, slots=True)
class AgentState:
    """One agent's row. `config` holds every setting, at its default where nobody changed it."""

    name: AgentName
    paused: bool
    paused_by: str
    autonomy: Autonomy
    config: dict[str, Any]
    version: int
    doing: str
    doing_at: Instant | None


def ensure_agents(conn: Connection) -> None:
    """Gives each agent that has none its row, with the default autonomy and settings."""
    known = set(conn.execute(select(agent.c.name)).scalars())
    for profile in PROFILES.values():
        if profile.name.value not in known:
            row = {"name": profile.name.value, "autonomy": profile.autonomy.value}
            conn.execute(insert(agent).values(config=check_config(profile.name, {}), **row))


def load(conn: Connection, name: AgentName) -> AgentState:
    """The state of one agent; its default when `ensure_agents` has not run yet."""
    row = conn.execute(select(agent).where(agent.c.name == name.value)).first()
    if row is None:
        autonomy = PROFILES[name].autonomy
        return AgentState(name, False, "", autonomy, check_config(name, {}), 1, "", None)
    defaults = check_config(name, {})
    # Another version of Tidings may have written the row: what it did not know is at its default, the rest is left.
    kept = {setting: value for setting, value in row.config.items() if setting in defaults}
    return AgentState(
        name=name, paused=row.paused, paused_by=row.paused_by, autonomy=Autonomy(row.autonomy),
        config={**defaults, **kept}, version=row.version, doing=row.doing, doing_at=row.doing_at,
    )  # fmt: skip


def set_doing(conn: Connection, name: AgentName, text: str, at: Instant) -> None:
    """What the agent is doing, in words for its page; empty when it has nothing to do."""
    conn.execute(update(agent).where(agent.c.name == name.value).values(doing=text, doing_at=at))
