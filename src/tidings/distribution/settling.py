"""A person's word on a delivery whose answer was lost: it arrived, or send it again. Nothing else ever repeats one."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, case, insert, update

from tidings.distribution.story import Told
from tidings.domain.delivery import DeliveryState
from tidings.domain.errors import ConflictError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Instant
from tidings.store.tables import attempt, chunk, delivery

D = DeliveryState


class Verdict(StrEnum):
    """What a person found out, or takes upon themselves."""

    ARRIVED = "arrived"
    SEND_AGAIN = "send_again"


def settle(conn: Connection, row: Any, last: Told, verdict: Verdict, by: str, now: Instant) -> None:
    """Brings an uncertain delivery to its end, or plans it anew: the next attempt carries the same Message-ID.

    Raises ConflictError when it is not uncertain, or no more: then somebody or something has settled it meanwhile.
    """
    values: dict[str, Any] = {
        Verdict.ARRIVED: {"state": D.ACCEPTED.value, "at": now, "reason": f"{by} says that it arrived"},
        Verdict.SEND_AGAIN: {
            "state": D.PLANNED.value, "at": now, "due_at": now, "attempt": last.number, "code": "",
            "reason": f"{by} had it sent again",
        },
    }[verdict]  # fmt: skip
    mine = (
        (delivery.c.campaign_pk == row.campaign_pk) & (delivery.c.contact_pk == row.contact_pk)
        & (delivery.c.channel == row.channel) & (delivery.c.step == row.step)
    )  # fmt: skip
    changed = conn.execute(update(delivery).where(mine, delivery.c.state == D.UNCERTAIN.value).values(**values))
    if changed.rowcount != 1:
        raise ConflictError(
            "This delivery is not uncertain.", remedy="Only one whose answer was lost is settled by a person."
        )
    if verdict is Verdict.SEND_AGAIN:
        _keep_attempt(conn, row, last)
        _open_chunk(conn, row, now)


def accepted_event(row: Any, by: str, now: Instant) -> Event:
    """What the log says of one that arrived by a person's word."""
    return Event(
        EventKind.ACCEPTED, now, row.campaign_pk, row.contact_pk, row.channel, row.step, row.variant,
        detail={"source": f"person: {by}"},
    )  # fmt: skip


def _keep_attempt(conn: Connection, row: Any, last: Told) -> None:
    """The attempt whose answer was lost, where its sender had no time to write it down."""
    mine = (
        (attempt.c.campaign_pk == row.campaign_pk) & (attempt.c.contact_pk == row.contact_pk)
        & (attempt.c.channel == row.channel) & (attempt.c.step == row.step) & (attempt.c.number == last.number)
    )  # fmt: skip
    if conn.execute(attempt.select().where(mine)).first() is None:
        conn.execute(
            insert(attempt).values(
                campaign_pk=row.campaign_pk, contact_pk=row.contact_pk, channel=row.channel, step=row.step,
                number=last.number, at=last.at or row.due_at, outcome=last.outcome, code=last.code, words=last.words,
                relay=last.relay,
            )
        )  # fmt: skip


def _open_chunk(conn: Connection, row: Any, now: Instant) -> None:
    """A worker finds it; one that holds the chunk now finds it by itself."""
    conn.execute(
        update(chunk)
        .where(chunk.c.campaign_pk == row.campaign_pk, chunk.c.no == row.chunk_no, chunk.c.state != "leased")
        .values(
            state="open", owner="", next_due_at=case((chunk.c.state == "done", now), else_=_earlier(now))
        )
    )  # fmt: skip


def _earlier(now: Instant) -> Any:
    return case((chunk.c.next_due_at < now, chunk.c.next_due_at), else_=now)
