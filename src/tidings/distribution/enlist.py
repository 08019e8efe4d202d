"""Adds deliveries of a step to a campaign that runs already, as a sequence does when people come to their next step."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from tidings.distribution import repository
from tidings.domain.campaign import TERMINAL
from tidings.domain.channel import Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.errors import ConflictError
from tidings.domain.instant import Instant
from tidings.store.among import among, keys, rows, together
from tidings.store.database import take_turns
from tidings.store.tables import campaign, delivery, message

Row = tuple[int, str, Instant]
"""Contact, variant, and the instant from which on it may go out."""


def enlist(conn: Connection, campaign_pk: int, step: int, channel: Channel, people: Sequence[Row]) -> int:
    """Writes deliveries and their chunks, in the caller's transaction; says how many are new.

    Who has a delivery of that step and channel already keeps it as it is, so that asking twice changes nothing. A
    campaign that is over is not touched. Meant for batches: each call opens chunks of its own. Raises ConflictError
    when the step has no message for one of the variants.
    """
    take_turns(conn, repository.finish_key(campaign_pk))
    state = conn.execute(select(campaign.c.state).where(campaign.c.pk == campaign_pk)).scalar()
    if state is None or state in TERMINAL or not people:
        return 0
    _check_messages(conn, campaign_pk, step, channel, {variant for _, variant, _ in people})
    there = _enlisted(conn, campaign_pk, step, channel, [pk for pk, _, _ in people])
    new = sorted({row[0]: row for row in people if row[0] not in there}.values())
    if not new:
        return 0
    first = repository.next_chunk(conn, campaign_pk)
    conn.execute(
        insert(delivery),
        [
            {"campaign_pk": campaign_pk, "contact_pk": pk, "channel": channel.value, "step": step,
             "chunk_no": first + place // repository.CHUNK_ROWS, "state": DeliveryState.PLANNED.value,
             "variant": variant, "due_at": due_at}
            for place, (pk, variant, due_at) in enumerate(new)
        ],
    )  # fmt: skip
    repository.add_chunks(conn, campaign_pk, first, channel)
    return len(new)


def _check_messages(conn: Connection, campaign_pk: int, step: int, channel: Channel, variants: set[str]) -> None:
    query = select(message.c.variant).where(
        message.c.campaign_pk == campaign_pk, message.c.step == step, message.c.channel == channel.value
    )
    lacking = variants - set(conn.execute(query).scalars())
    if lacking:
        raise ConflictError(
            f"Step {step} has no {channel.value} message for variant {', '.join(sorted(lacking))}.",
            remedy="Write the step's messages first.",
        )


def _enlisted(conn: Connection, campaign_pk: int, step: int, channel: Channel, people: Sequence[int]) -> set[int]:
    dialect = conn.dialect.name
    query = together(dialect, delivery.c.contact_pk).where(
        delivery.c.campaign_pk == campaign_pk, delivery.c.step == step, delivery.c.channel == channel.value,
        among(dialect, delivery.c.contact_pk, "people"),
    )  # fmt: skip
    return {row[0] for row in rows(conn, query, {"people": keys(conn, people)})}
