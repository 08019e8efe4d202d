"""A dead or silent worker's deliveries: none is lost, and none that may have left leaves again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, exists, select, update

from tidings.distribution.backoff import next_try
from tidings.distribution.flight import FlightLog, Flown
from tidings.distribution.hooks import Hooks
from tidings.distribution.leases import NO_ANSWER, Key
from tidings.distribution.onwire import OnWire
from tidings.distribution.owner import is_dead
from tidings.distribution.session import Statements, brief_transaction
from tidings.distribution.statements import ChannelSql
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Instant
from tidings.store.database import Database
from tidings.store.tables import chunk, delivery, event

D = DeliveryState
_TERMINAL_EVENTS = {
    D.ACCEPTED.value: EventKind.ACCEPTED, D.FAILED.value: EventKind.FAILED, D.UNCERTAIN.value: EventKind.UNCERTAIN,
}  # fmt: skip
_NO_WORDS = "the sender stopped before the relay's words were recorded"


class Takeover:
    """One worker's look after the others of its channel."""

    def __init__(self, db: Database, hooks: Hooks, wire: OnWire, of: ChannelSql, *, owner: str, boot_id: str) -> None:
        self._db, self._hooks, self._wire, self._of = db, hooks, wire, of
        self._owner, self._boot = owner, boot_id
        self._chance = random.Random()  # noqa: S311  # spreads retries, guards nothing

    def run(self, now: Instant) -> Counter[str]:
        """Frees chunks of workers that are dead or silent; says how many deliveries became what."""
        became: Counter[str] = Counter()
        fenced = self._fence_off(now)
        logs = self._wire.others()  # read after the fences changed: what is not in them can never leave any more
        if not fenced and not any(each.over for each in logs):
            return became
        with brief_transaction(self._db) as conn:
            gone = [row for row in self._gone(conn, now) if (row.campaign_pk, row.no) in fenced]
            became["uncertain"] += self._settle(conn, logs, fenced, now)
            for row in gone:
                became += self._take(conn, row, now)
        for each in logs:
            if each.over:
                each.path.unlink(missing_ok=True)
        return +became

    def _fence_off(self, now: Instant) -> set[Key]:
        """From here on a worker that was only silent is refused. The chunks to be looked after."""
        with self._db.reading() as conn:
            if not self._gone(conn, now, lock=False):
                return set()
        with brief_transaction(self._db) as conn:
            gone = self._gone(conn, now)
            for row in gone:
                mine = (chunk.c.campaign_pk == row.campaign_pk) & (chunk.c.no == row.no)
                conn.execute(update(chunk).where(mine).values(fence=row.fence + 1))
        return {(row.campaign_pk, row.no) for row in gone}

    def _gone(self, conn: Connection, now: Instant, *, lock: bool = True) -> list[Any]:
        query = select(chunk).where(
            chunk.c.state == "leased", chunk.c.owner != self._owner, chunk.c.channel == self._of.channel.value
        )  # fmt: skip
        rows = conn.execute(query.with_for_update(skip_locked=True) if lock else query)
        return [row for row in rows if (row.lease_until or 0) < now or is_dead(row.owner)]

    def _settle(self, conn: Connection, logs: Sequence[FlightLog], chunks: set[Key], now: Instant) -> int:
        """Writes what dead workers' files tell, and silent ones' of the chunks taken; how many are in doubt."""
        told = [
            each for found in logs for each in found.flown if found.over or (each.campaign_pk, each.chunk_no) in chunks
        ]
        sql = Statements.within(conn)
        uncertain = [each for each in told if not each.state]
        answered = [each for each in told if each.state]
        if answered:
            sql.many(self._of.flown, [self._row(each, now) for each in answered])
        changed = sql.many(self._of.flown, [self._row(each, now) for each in uncertain]) if uncertain else 0
        self._tell(conn, told, now)
        return changed

    def _row(self, each: Flown, now: Instant) -> tuple[Any, ...]:
        key = (each.campaign_pk, each.contact_pk, each.step, each.attempt)
        if not each.state:
            return (D.UNCERTAIN.value, now, "", NO_ANSWER, None, each.attempt, *key, D.UNCERTAIN.value)
        number = each.attempt + 1
        again = next_try(number, now, self._chance) if each.state == D.DEFERRED.value else None
        state = D.FAILED.value if each.state == D.DEFERRED.value and again is None else each.state
        return (state, now, each.code, _NO_WORDS, again, number, *key, state)

    def _tell(self, conn: Connection, told: Iterable[Flown], now: Instant) -> None:
        """Events of what the files told, where no chunk will be looked through for them."""
        for campaign_pk, no in sorted({(each.campaign_pk, each.chunk_no) for each in told}):
            self._publish_missing(conn, campaign_pk, no, now)

    def _take(self, conn: Connection, row: Any, now: Instant) -> Counter[str]:
        of_chunk = (delivery.c.campaign_pk == row.campaign_pk) & (delivery.c.chunk_no == row.no)
        doubtful = [D.ATTEMPTING.value]
        if row.boot_id != self._boot:  # what was written cheaply may be lost: a claimed row may have been sent
            doubtful.append(D.CLAIMED.value)
        uncertain = conn.execute(
            update(delivery)
            .where(of_chunk, delivery.c.state.in_(doubtful))
            .values(state=D.UNCERTAIN.value, at=now, reason=NO_ANSWER)
        ).rowcount
        planned = conn.execute(
            update(delivery).where(of_chunk, delivery.c.state == D.CLAIMED.value).values(state=D.PLANNED.value)
        ).rowcount
        conn.execute(
            update(chunk)
            .where(chunk.c.campaign_pk == row.campaign_pk, chunk.c.no == row.no)
            .values(state="open", owner="", fence=row.fence, lease_until=None, next_due_at=now)
        )
        self._publish_missing(conn, row.campaign_pk, row.no, now)
        return Counter({"uncertain": uncertain, "planned": planned})

    def _publish_missing(self, conn: Connection, campaign_pk: int, no: int, now: Instant) -> None:
        """Events the dead worker had no time for, from the rows of its chunk."""
        told = exists().where(
            event.c.campaign_pk == delivery.c.campaign_pk, event.c.contact_pk == delivery.c.contact_pk,
            event.c.channel == delivery.c.channel, event.c.step == delivery.c.step,
            event.c.kind == delivery.c.state,
        )  # fmt: skip
        rows = conn.execute(
            select(delivery).where(
                delivery.c.campaign_pk == campaign_pk, delivery.c.chunk_no == no,
                delivery.c.state.in_(list(_TERMINAL_EVENTS)), ~told,
            )
        ).all()  # fmt: skip
        events = [
            Event(_TERMINAL_EVENTS[r.state], r.at or now, campaign_pk, r.contact_pk, r.channel, r.step, r.variant)
            for r in rows
        ]
        self._hooks.append_events(conn, events)
