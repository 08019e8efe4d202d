"""The messages of a campaign with several steps: fixed one step after the other, the same ones for another round."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, literal, select

from tidings.distribution.tokens import MOST_STEPS
from tidings.domain.channel import Channel
from tidings.domain.errors import ConflictError
from tidings.store.tables import delivery, message


def messages_of(conn: Connection, campaign_pk: int, step: int, channel: Channel) -> dict[str, Any]:
    """What a step sends, as JSON by variant."""
    query = select(message.c.variant, message.c.body).where(
        message.c.campaign_pk == campaign_pk, message.c.step == step, message.c.channel == channel.value
    )
    return {row.variant: row.body for row in conn.execute(query)}


def copy_messages(conn: Connection, campaign_pk: int, step: int, to: int) -> None:
    """Lets the step `to` send what `step` sends, under the same links; what it has already stays as it is."""
    there = message.alias("there")
    present = select(there.c.step).where(
        there.c.campaign_pk == campaign_pk, there.c.step == to, there.c.variant == message.c.variant,
        there.c.channel == message.c.channel,
    )  # fmt: skip
    rows = select(
        message.c.campaign_pk, literal(to), message.c.variant, message.c.channel, message.c.body, message.c.link_base
    ).where(message.c.campaign_pk == campaign_pk, message.c.step == step, ~present.exists())
    names = ["campaign_pk", "step", "variant", "channel", "body", "link_base"]
    conn.execute(message.insert().from_select(names, rows))


def counts_by_step(conn: Connection, campaign_pk: int) -> dict[tuple[int, str], int]:
    """Deliveries by step and state."""
    query = (
        select(delivery.c.step, delivery.c.state, func.count())
        .where(delivery.c.campaign_pk == campaign_pk)
        .group_by(delivery.c.step, delivery.c.state)
    )
    return {(step, state): number for step, state, number in conn.execute(query)}


def check_step(step: int) -> None:
    """Raises ConflictError for a number that no link could name."""
    if step >= MOST_STEPS:
        raise ConflictError(
            f"A campaign can send {MOST_STEPS} different steps, all rounds counted, and this one has used them up.",
            remedy="End it, and start a new one.",
        )
