"""Mail that waited until the way out worked again, and by then is late: sent all the same, planned anew, or dropped.

Only what was held for the way out counts: a pause is somebody's decision, and a provider's hold or a ramp moves the
time itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, select, update

from tidings.distribution import repository
from tidings.domain.brief import LatePolicy
from tidings.domain.channel import Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.instant import HOUR, Instant
from tidings.store.tables import campaign, delivery

D = DeliveryState
_BATCH = 1000
Replan = Callable[[Connection, Mapping[int, Instant], Instant], Mapping[int, Instant]]
"""People with the instants they missed → the next ones that suit them."""


@dataclass(frozen=True, slots=True)
class LateRule:
    """What becomes of deliveries that are later than `hours` when the way out works again."""

    policy: LatePolicy
    hours: int

    def of(self, brief: Mapping[str, Any]) -> LateRule:
        """The rule for a campaign: what its brief says, and this where the brief says nothing."""
        return LateRule(brief.get("late") or self.policy, brief.get("late_after_hours") or self.hours)


@dataclass(frozen=True, slots=True)
class Settled:
    """What was done with a campaign's late deliveries."""

    campaign_id: str
    name: str
    number: int
    rule: LateRule
    own: bool
    """Whether the campaign's own brief says so, not the Distribution agent's configuration."""


def settle_late(conn: Connection, now: Instant, channel: Channel, rule: LateRule, replan: Replan) -> list[Settled]:
    """Drops or plans anew what is too late, campaign by campaign; what was done with which."""
    found: list[Settled] = []
    of = (
        delivery.c.campaign_pk == campaign.c.pk,
        delivery.c.channel == channel.value,
        delivery.c.state == D.HELD.value,
    )
    query = select(campaign.c.pk, campaign.c.id, campaign.c.name, campaign.c.brief)
    for pk, campaign_id, name, brief in conn.execute(query.where(repository.sendable(), exists().where(*of))).all():
        own = rule.of(brief)
        if number := _settle(conn, now, (pk, channel), own, replan):
            found.append(Settled(campaign_id, name, number, own, own=bool(brief.get("late"))))
    return found


def _settle(conn: Connection, now: Instant, of: tuple[int, Channel], rule: LateRule, replan: Replan) -> int:
    campaign_pk, channel = of
    if rule.policy == "send":
        return 0
    late = (
        delivery.c.campaign_pk == campaign_pk, delivery.c.channel == channel.value, delivery.c.state == D.HELD.value,
        delivery.c.due_at < now - rule.hours * HOUR,
    )  # fmt: skip
    if rule.policy == "drop":
        words = f"more than {rule.hours} hours late after an interruption: dropped, as the campaign is set"
        return conn.execute(
            update(delivery).where(*late).values(state=D.CANCELLED.value, at=now, reason=words)
        ).rowcount
    number = 0
    columns = (delivery.c.contact_pk, delivery.c.step, delivery.c.due_at)
    while rows := conn.execute(select(*columns).where(*late).limit(_BATCH)).all():
        then = replan(conn, {row.contact_pk: row.due_at for row in rows}, now)
        for row in rows:
            _move(conn, campaign_pk, row.contact_pk, channel, row.step, then.get(row.contact_pk, now), rule.hours)
        number += len(rows)
    return number


def _move(
    conn: Connection, campaign_pk: int, contact_pk: int, channel: Channel, step: int, due_at: Instant, hours: int
) -> None:
    mine = (
        delivery.c.campaign_pk == campaign_pk, delivery.c.contact_pk == contact_pk,
        delivery.c.channel == channel.value, delivery.c.step == step,
    )  # fmt: skip
    words = f"planned anew: it would have been more than {hours} hours late after an interruption"
    conn.execute(update(delivery).where(*mine).values(state=D.PLANNED.value, due_at=due_at, reason=words))
