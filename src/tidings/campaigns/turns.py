"""Turns of agents that wait for a person's yes or no: kept for one person, taken once, gone when they expire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from tidings.domain.actor import AgentName
from tidings.domain.errors import ConflictError, NotFoundError
from tidings.domain.instant import DAY, Instant
from tidings.store.tables import agent_turn

WAITS_FOR = DAY


def insert_turn(
    conn: Connection, *, id: str, agent: AgentName, account_id: str, campaign_id: str | None, question: str,  # noqa: A002
    requests: Sequence[dict[str, Any]], state: str, prompt_hash: str, at: Instant,
) -> Instant:  # fmt: skip
    """Keeps a turn and forgets those long expired; says when it expires."""
    conn.execute(delete(agent_turn).where(agent_turn.c.expires_at < at - DAY))
    conn.execute(
        insert(agent_turn).values(
            id=id, agent=agent.value, account_id=account_id, campaign_id=campaign_id, question=question,
            requests=list(requests), state=state, prompt_hash=prompt_hash, created_at=at, expires_at=at + WAITS_FOR,
        )
    )  # fmt: skip
    return at + WAITS_FOR


def find_turn(conn: Connection, agent: AgentName, account_id: str, id: str, at: Instant) -> Row[Any]:  # noqa: A002
    """A turn that waits for this person. Raises NotFoundError, or ConflictError when it is too late for an answer."""
    mine = (agent_turn.c.id == id, agent_turn.c.account_id == account_id, agent_turn.c.agent == agent.value)
    row = conn.execute(select(agent_turn).where(*mine)).first()
    if row is None:
        raise NotFoundError(f"No agent waits for your answer under {id}.")
    if row.taken_at is not None:
        raise ConflictError("This has been answered already.", remedy="Ask the agent again if you need to.")
    if row.expires_at <= at:
        raise ConflictError("This waited too long and has expired; nothing was done.", remedy="Ask the agent again.")
    return row


def take_turn(conn: Connection, id: str, at: Instant) -> None:  # noqa: A002  # its name
    """Takes the turn for good. Raises ConflictError when somebody was faster."""
    free = (agent_turn.c.id == id, agent_turn.c.taken_at.is_(None))
    if not conn.execute(update(agent_turn).where(*free).values(taken_at=at)).rowcount:
        raise ConflictError("This has been answered already.", remedy="Ask the agent again if you need to.")


def give_back(conn: Connection, id: str) -> None:  # noqa: A002  # its name
    """The turn waits again: nothing came of the answer."""
    conn.execute(update(agent_turn).where(agent_turn.c.id == id).values(taken_at=None))


def close_turn(conn: Connection, id: str) -> None:  # noqa: A002  # its name
    """Forgets what a taken turn was about; the row stays a while, so that an answer given twice is told so."""
    conn.execute(update(agent_turn).where(agent_turn.c.id == id).values(state="", question="", requests=[]))


def waiting_turns(conn: Connection, agent: AgentName, account_id: str, at: Instant) -> list[Row[Any]]:
    """The turns of an agent that wait for this person, newest first."""
    query = (
        select(agent_turn)
        .where(
            agent_turn.c.agent == agent.value, agent_turn.c.account_id == account_id,
            agent_turn.c.taken_at.is_(None), agent_turn.c.expires_at > at,
        )
        .order_by(agent_turn.c.created_at.desc())
        .limit(20)
    )  # fmt: skip
    return list(conn.execute(query))
