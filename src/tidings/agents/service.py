"""What people do with agents: look, pause, configure, read and override their decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, update

from tidings.access.audit import record
from tidings.access.permissions import Permission, may, require
from tidings.agents.base import PROFILES
from tidings.agents.config import check_config, config_schema
from tidings.agents.decisions import (
    find_decision,
    latest_of,
    list_decisions,
    made_since,
    mark_overridden,
    start_of_day,
)
from tidings.agents.policy import Effect
from tidings.agents.state import AgentState, ensure_agents, load
from tidings.agents.tools import Tool
from tidings.domain.actor import Actor, AgentName
from tidings.domain.decision import Autonomy, Decision
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.instant import Clock, Instant
from tidings.engine.heartbeat import alive_roles
from tidings.events.activity import ActivityFeed
from tidings.store.database import Database
from tidings.store.tables import agent as agent_table
from tidings.store.tables import override as override_table

OnResume = Callable[[Connection, AgentName], int]


@dataclass(frozen=True, slots=True)
class ToolView:
    """A tool of an agent. `needs_person`: asked by a person, the agent waits for their yes before it uses it."""

    name: str
    description: str
    effect: Effect
    needs_person: bool


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent as the faces show it. `schema` is the JSON Schema of `config`."""

    name: AgentName
    goal: str
    trigger: str
    status: str
    """working, idle, paused or stopped: stopped when no process has filled its role for 15 seconds."""
    doing: str
    doing_at: Instant | None
    last_seen: Instant | None
    """The last sign of life of its process; None when stopped."""
    paused: bool
    paused_by: str
    autonomy: Autonomy
    config: dict[str, Any]
    schema: dict[str, Any]
    version: int
    decisions_today: int
    last_decision: Decision | None
    tools: tuple[ToolView, ...] = ()


class AgentService:
    """The four agents, for people. `on_resume` starts again what waited for a paused agent."""

    def __init__(
        self, db: Database, clock: Clock, *, on_resume: OnResume | None = None,
        tools: Mapping[AgentName, Sequence[Tool[Any]]] | None = None,
    ) -> None:  # fmt: skip
        self._tools = tools or {}
        self._db = db
        self._clock = clock
        self._feed = ActivityFeed(db, clock)
        self._on_resume = on_resume

    def list(self, actor: Actor) -> list[AgentView]:
        """The four agents, in the order in which the work passes them."""
        require(actor, Permission.AGENTS_READ)
        with self._db.reading() as conn:
            return [self._view(conn, actor, name) for name in AgentName]

    def get(self, actor: Actor, name: str) -> AgentView:
        """One agent. Raises NotFoundError for a name that is none."""
        require(actor, Permission.AGENTS_READ)
        with self._db.reading() as conn:
            return self._view(conn, actor, _named(name))

    def pause(self, actor: Actor, name: str, reason: str = "") -> AgentView:
        """Keeps the agent from taking up work; what it has in hand stops at its next step. Repeating it is harmless."""
        if not may(actor, Permission.AGENTS_CONFIGURE):
            require(actor, Permission.SENDING_PAUSE)
        who = _named(name)
        words = f"{actor.name}: {reason}" if reason else actor.name
        with self._db.transaction() as conn:
            ensure_agents(conn)
            if not load(conn, who).paused:
                self._change(conn, who, paused=True, paused_by=words)
                self._note(conn, actor, "agent.pause", who, "paused", {"reason": reason})
            return self._view(conn, actor, who)

    def resume(self, actor: Actor, name: str) -> AgentView:
        """Lets the agent go on; what waited for it starts again."""
        require(actor, Permission.AGENTS_CONFIGURE)
        who = _named(name)
        with self._db.transaction() as conn:
            ensure_agents(conn)
            if load(conn, who).paused:
                self._change(conn, who, paused=False, paused_by="")
                self._note(conn, actor, "agent.resume", who, "resumed", {})
                if self._on_resume is not None:
                    self._on_resume(conn, who)
            return self._view(conn, actor, who)

    def configure(
        self, actor: Actor, name: str, config: dict[str, Any], autonomy: str, expected_version: int
    ) -> AgentView:
        """Replaces settings and autonomy. Settings that are not named keep their value.

        Raises InvalidInputError for a value beyond its limits, ConflictError when somebody changed them meanwhile.
        """
        require(actor, Permission.AGENTS_CONFIGURE)
        who, level = _named(name), _autonomy(autonomy)
        with self._db.transaction() as conn:
            ensure_agents(conn)
            before = load(conn, who)
            if before.version != expected_version:
                raise ConflictError(
                    f"The settings of the {_title(who)} were changed meanwhile.",
                    remedy="Look at them again, then save.",
                )
            after = check_config(who, {**before.config, **config})
            self._change(conn, who, config=after, autonomy=level.value)
            self._note(conn, actor, "agent.configure", who, "configured", _difference(before, after, level))
            return self._view(conn, actor, who)

    def decisions(
        self, actor: Actor, *, agent: str | None = None, campaign_id: str | None = None, after: str = "",
        limit: int = 50,
    ) -> tuple[list[Decision], str]:  # fmt: skip
        """Decisions, newest first, and the cursor of the next page (empty: there is none)."""
        require(actor, Permission.AGENTS_READ)
        who = None if agent is None else _named(agent)
        with self._db.reading() as conn:
            return list_decisions(conn, actor, agent=who, campaign_id=campaign_id, after=after, limit=limit)

    def decision(self, actor: Actor, decision_id: str) -> Decision:
        """One decision. Raises NotFoundError."""
        require(actor, Permission.AGENTS_READ)
        with self._db.reading() as conn:
            return find_decision(conn, actor, decision_id)

    def override(self, actor: Actor, decision_id: str, reason: str) -> Decision:
        """Sets a decision aside, for the record. What follows from that is done with the campaign's own verbs."""
        require(actor, Permission.AGENTS_CONFIGURE)
        if not reason.strip():
            raise InvalidInputError("Say why the decision is set aside.", remedy="Add a reason.", field="reason")
        with self._db.transaction() as conn:
            made = find_decision(conn, actor, decision_id)
            if made.overridden_by is not None:
                raise ConflictError(f"{made.overridden_by} has already set this decision aside.")
            mark_overridden(conn, decision_id, actor.name)
            conn.execute(
                insert(override_table).values(
                    id=new_id("override"), object_id=made.campaign_id or made.agent.value, what=made.kind,
                    before={"decision": made.id, "summary": made.summary}, after={}, reason=reason, by_id=actor.id,
                    by_name=actor.name, at=self._clock.now(),
                )
            )  # fmt: skip
            record(conn, self._clock.now(), actor, "decision.override", decision_id, {"reason": reason})
            text = f"{actor.name} set aside a decision of the {_title(made.agent)}: {made.summary}"
            self._feed.note(conn, "person", text, made.campaign_id)
            return find_decision(conn, actor, decision_id)

    def _change(self, conn: Connection, who: AgentName, **values: Any) -> None:
        values["version"] = agent_table.c.version + 1
        conn.execute(update(agent_table).where(agent_table.c.name == who.value).values(**values))

    def _note(
        self, conn: Connection, actor: Actor, action: str, who: AgentName, did: str, detail: dict[str, Any]
    ) -> None:
        record(conn, self._clock.now(), actor, action, who.value, detail)
        self._feed.note(conn, "person", f"{actor.name} {did} the {_title(who)}")

    def _view(self, conn: Connection, actor: Actor, name: AgentName) -> AgentView:
        now = self._clock.now()
        state, seen = load(conn, name), alive_roles(conn, now).get(name.value)
        return AgentView(
            name=name, goal=PROFILES[name].goal, trigger=PROFILES[name].trigger, status=_status(state, seen),
            doing=state.doing, doing_at=state.doing_at, last_seen=seen, paused=state.paused,
            paused_by=state.paused_by, autonomy=state.autonomy, config=state.config, schema=config_schema(name),
            version=state.version, decisions_today=made_since(conn, start_of_day(now)).get(name.value, 0),
            last_decision=latest_of(conn, actor, name), tools=tuple(map(_tool_view, self._tools.get(name, ()))),
        )  # fmt: skip


def _tool_view(tool: Tool[Any]) -> ToolView:
    return ToolView(tool.name, tool.description, tool.effect, needs_person=tool.effect is not Effect.READ)


def _status(state: AgentState, seen: Instant | None) -> str:
    if seen is None:
        return "stopped"  # even when paused as well: nobody would hear a resume
    if state.paused:
        return "paused"
    return "working" if state.doing else "idle"


def _named(name: str) -> AgentName:
    try:
        return AgentName(name)
    except ValueError:
        known = ", ".join(AgentName)
        raise NotFoundError(f"There is no agent {name}.", remedy=f"There are: {known}.") from None


def _autonomy(text: str) -> Autonomy:
    try:
        return Autonomy(text)
    except ValueError:
        known = ", ".join(Autonomy)
        raise InvalidInputError(
            f"{text} is not a level of autonomy.", remedy=f"There are: {known}.", field="autonomy"
        ) from None


def _title(who: AgentName) -> str:
    return f"{who.value.capitalize()} agent"


def _difference(before: AgentState, after: dict[str, Any], autonomy: Autonomy) -> dict[str, Any]:
    changed = {
        name: [before.config.get(name), value] for name, value in after.items() if before.config.get(name) != value
    }
    if autonomy is not before.autonomy:
        changed["autonomy"] = [before.autonomy.value, autonomy.value]
    return changed
