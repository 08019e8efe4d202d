"""Decision records: what an agent decided, why, on what evidence, and what else was possible. Never changed after."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, or_, select, update

from tidings.domain.actor import Actor, AgentName
from tidings.domain.cursor import not_a_cursor
from tidings.domain.decision import Decision
from tidings.domain.errors import NotFoundError
from tidings.domain.instant import DAY, Instant
from tidings.store.tables import campaign, decision


def record_decision(conn: Connection, made: Decision) -> None:
    """Keeps a decision in the transaction of the change it explains."""
    conn.execute(
        insert(decision).values(
            id=made.id, agent=made.agent.value, at=made.at, kind=made.kind, campaign_id=made.campaign_id,
            summary=made.summary, reason=made.reason, decided_by=made.decided_by, inputs=made.inputs,
            alternatives=list(made.alternatives), evidence=made.evidence, overridden_by=made.overridden_by,
        )
    )  # fmt: skip


def list_decisions(
    conn: Connection, actor: Actor, *, agent: AgentName | None, campaign_id: str | None, after: str, limit: int
) -> tuple[list[Decision], str]:
    """Decisions the actor may see, newest first, and the cursor of the next page (empty: there is none)."""
    query = _visible(actor).order_by(decision.c.pk.desc()).limit(limit + 1)
    if agent is not None:
        query = query.where(decision.c.agent == agent.value)
    if campaign_id is not None:
        query = query.where(decision.c.campaign_id == campaign_id)
    if after:
        before = conn.execute(select(decision.c.pk).where(decision.c.id == after)).scalar()
        if before is None:
            raise not_a_cursor(after)
        query = query.where(decision.c.pk < before)
    found = [_decision(row) for row in conn.execute(query)]
    return found[:limit], found[limit - 1].id if len(found) > limit else ""


def find_decision(conn: Connection, actor: Actor, id: str) -> Decision:  # noqa: A002  # its name
    """One decision. Raises NotFoundError when there is none the actor may see."""
    row = conn.execute(_visible(actor).where(decision.c.id == id)).first()
    if row is None:
        raise NotFoundError(f"There is no decision {id}.")
    return _decision(row)


def mark_overridden(conn: Connection, id: str, by: str) -> None:  # noqa: A002  # its name
    """Notes on the decision who set it aside; the decision itself stays as it was."""
    conn.execute(update(decision).where(decision.c.id == id).values(overridden_by=by))


def made_since(conn: Connection, at: Instant) -> dict[str, int]:
    """How many decisions each agent made since an instant."""
    query = select(decision.c.agent, func.count()).where(decision.c.at >= at).group_by(decision.c.agent)
    return {row[0]: row[1] for row in conn.execute(query)}


def start_of_day(now: Instant) -> Instant:
    """Midnight UTC before an instant."""
    return now - now % DAY


def latest_of(conn: Connection, actor: Actor, agent: AgentName) -> Decision | None:
    """The agent's latest decision the actor may see."""
    found, _ = list_decisions(conn, actor, agent=agent, campaign_id=None, after="", limit=1)
    return found[0] if found else None


def _visible(actor: Actor) -> Select[Any]:
    query = select(decision)
    if actor.brands:
        query = query.outerjoin(campaign, campaign.c.id == decision.c.campaign_id).where(
            or_(decision.c.campaign_id.is_(None), campaign.c.brand_id.in_(actor.brands))
        )
    return query


def _decision(row: Row[Any]) -> Decision:
    return Decision(
        id=row.id, agent=AgentName(row.agent), at=row.at, kind=row.kind, summary=row.summary, reason=row.reason,
        decided_by=row.decided_by, campaign_id=row.campaign_id, inputs=row.inputs,
        alternatives=tuple(row.alternatives), evidence=row.evidence, overridden_by=row.overridden_by,
    )  # fmt: skip
