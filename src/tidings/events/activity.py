"""The live feed: short lines about what agents and people just did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, or_, select

from tidings.domain.actor import Actor
from tidings.domain.instant import DAY, Clock, Instant
from tidings.store.database import Database
from tidings.store.tables import activity, campaign

KEPT = 14 * DAY
_PRUNE_EVERY = 500  # lines; pruning on each would cost more than it saves


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """One line of the feed. `source` is an agent's name or `person`."""

    pk: int
    at: Instant
    source: str
    text: str
    campaign_id: str | None


class ActivityFeed:
    """Writes and reads the feed. Lines older than 14 days go as new ones come."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def note(self, conn: Connection, source: str, text: str, campaign_id: str | None = None) -> None:
        """Adds a line in the caller's transaction: it is seen when, and only if, the deed itself is."""
        now = self._clock.now()
        result = conn.execute(insert(activity).values(at=now, source=source, text=text, campaign_id=campaign_id))
        key = result.inserted_primary_key
        if key is not None and key[0] % _PRUNE_EVERY == 0:
            conn.execute(delete(activity).where(activity.c.at < now - KEPT))

    def latest(self, limit: int = 20, actor: Actor | None = None) -> list[ActivityLine]:
        """The newest lines, newest first; with an actor, without those of campaigns of other brands."""
        return self._lines(_seen(select(activity), actor).order_by(activity.c.pk.desc()).limit(limit))

    def since(self, pk: int, limit: int = 100, actor: Actor | None = None) -> list[ActivityLine]:
        """Lines after number `pk`, oldest first; what a reader that follows the feed asks for again and again."""
        query = _seen(select(activity), actor).where(activity.c.pk > pk)
        return self._lines(query.order_by(activity.c.pk).limit(limit))

    def _lines(self, query: Select[tuple[object, ...]]) -> list[ActivityLine]:
        with self._db.reading() as conn:
            rows = conn.execute(query).all()
        return [ActivityLine(row.pk, row.at, row.source, row.text, row.campaign_id) for row in rows]


def _seen(query: Select[Any], actor: Actor | None) -> Select[Any]:
    if actor is None or not actor.brands:
        return query
    theirs = select(campaign.c.id).where(campaign.c.brand_id.in_(actor.brands))
    return query.where(or_(activity.c.campaign_id.is_(None), activity.c.campaign_id.in_(theirs)))
