"""Which campaigns use up the frequency cap, as they may be told to whoever reads a plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from tidings.agents.state import load
from tidings.campaigns import repository
from tidings.campaigns.views import CapHolder, CapHolders
from tidings.domain.actor import Actor, AgentName
from tidings.domain.brief import Brief
from tidings.domain.instant import DAY, HOUR, Instant
from tidings.domain.plan import SlotReason
from tidings.scheduling import capping
from tidings.scheduling.policy import policy_from

MOST_NAMED = 3


def told(conn: Connection, found: Mapping[str, int], brands: Collection[str] | None) -> CapHolders:
    """Of the campaigns by id those of the brands, or all; people in each. What is deleted meanwhile is left out."""
    rows = repository.names_of(conn, found)
    seen = [row for row in rows if brands is None or row.brand_id in brands]
    seen.sort(key=lambda row: (-found[row.id], row.name))
    named = tuple(CapHolder(row.id, row.name, found[row.id]) for row in seen[:MOST_NAMED])
    return CapHolders(named, len(seen) - len(named), len(seen) < len(rows))


def of_people(conn: Connection, actor: Actor, row: Row[Any], places: Sequence[Row[Any]]) -> dict[int, str]:
    """The words about each contact of the campaign's slots whom the cap has moved, by contact."""
    moved = [place.contact_pk for place in places if place.reason == SlotReason.FREQUENCY_CAP.value]
    if not moved or not row.plan_id:
        return {}
    found = capping.holders(conn, row.pk, moved, _span(conn, row))
    return {contact_pk: told(conn, campaigns, actor.brands or None).words for contact_pk, campaigns in found.items()}


def _span(conn: Connection, row: Row[Any]) -> tuple[Instant, Instant]:
    """From when to when a message of another campaign can have moved somebody of the plan."""
    plan = repository.plan_summary(conn, row.plan_id)
    reach = policy_from(load(conn, AgentName.SCHEDULING).config).cap.days * DAY
    first, last = plan.first_at or plan.created_at, plan.last_at or plan.created_at
    start = max(plan.created_at, first - Brief.model_validate(row.brief).send_within_days * DAY)
    return start - reach, last + HOUR + reach
