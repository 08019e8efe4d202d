"""The chunks in one worker's hand: taken when something of them is due, renewed, and given back when nothing is."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, select, update

from tidings.distribution import repository, statements
from tidings.distribution.hooks import Hooks
from tidings.distribution.repository import finish_key
from tidings.distribution.session import Statements
from tidings.domain.channel import Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.instant import SECOND, Instant
from tidings.store.database import take_turns
from tidings.store.tables import campaign, chunk, delivery

log = logging.getLogger("tidings.distribution")
D = DeliveryState
LEASE = 60 * SECOND
_RENEW = 20 * SECOND
_LOOK_AGAIN = 5 * SECOND
_IN_HAND = 32
_AT_ONCE = 4
NO_ANSWER = "the sender stopped before the relay's answer was recorded"
Key = tuple[int, int]
"""Campaign and number of a chunk."""


@dataclass(slots=True)
class Lease:
    """One chunk. `flying` counts deliveries claimed from it whose end is not in the ledger yet."""

    fence: int
    epoch: int
    until: Instant
    flying: int = 0
    exhausted_at: Instant = -1


class Leases:
    """What a worker holds. A copy is changed within a transaction and takes the original's place when it commits."""

    def __init__(
        self, channel: Channel, owner: str, boot_id: str, hooks: Hooks, held: dict[Key, Lease] | None = None
    ) -> None:
        self._channel, self._owner, self._boot, self._hooks = channel, owner, boot_id, hooks
        self._held = held or {}

    def copy(self) -> Leases:
        """To be changed without changing this."""
        held = {key: replace(each) for key, each in self._held.items()}
        return Leases(self._channel, self._owner, self._boot, self._hooks, held)

    def usable(self) -> Iterator[tuple[Key, Lease]]:
        """Those that may have more that is due."""
        return ((key, lease) for key, lease in self._held.items() if lease.exhausted_at < 0)

    def land(self, key: Key, fence: int, number: int = 1, *, back: bool = False) -> None:
        """Deliveries of a chunk came to their end, or back: then the chunk has something due again."""
        lease = self._held.get(key)
        if lease is not None and lease.fence == fence:
            lease.flying -= number
            if back:
                lease.exhausted_at = -1

    def look_again(self, now: Instant) -> None:
        """A chunk of which one message is long on the wire is not given back: what falls due in it goes out too."""
        for lease in self._held.values():
            if lease.flying and 0 <= lease.exhausted_at < now - _LOOK_AGAIN:
                lease.exhausted_at = -1

    def drop_stale(self, conn: Connection, now: Instant) -> set[int]:
        """Gives back idle leases of campaigns that were paused, cancelled or changed, and names those campaigns."""
        campaigns = {key[0] for key in self._held}
        if not campaigns:
            return set()
        found = conn.execute(_sendable_of(), {"campaigns": list(campaigns)})
        good: dict[int, int] = {row.pk: row.epoch for row in found}
        stale = [key for key, lease in self._held.items() if good.get(key[0], -1) != lease.epoch]
        self.release(conn, [key for key in stale if self._held[key].flying == 0], now)
        return {key[0] for key in stale}

    def release_exhausted(self, conn: Connection, now: Instant) -> None:
        """Gives back what has nothing due and nothing flying, and renews the rest in time."""
        keys = [key for key, lease in self._held.items() if lease.flying == 0 and lease.exhausted_at >= 0]
        self.release(conn, keys, now)
        for (pk, no), lease in self._held.items():
            if lease.until - now < LEASE - _RENEW:
                mine = (chunk.c.campaign_pk == pk) & (chunk.c.no == no) & (chunk.c.fence == lease.fence)
                if conn.execute(update(chunk).where(mine).values(lease_until=now + LEASE)).rowcount:
                    lease.until = now + LEASE

    def release_all(self, conn: Connection, now: Instant) -> None:
        """Gives everything back."""
        self.release(conn, list(self._held), now)

    def release(self, conn: Connection, keys: Iterable[Key], now: Instant) -> None:
        """Chunks go back: done when nothing is open, else due when their first row is.

        One that was taken over is only forgotten: its rows are in another worker's hand.
        """
        finished: set[int] = set()
        sql = Statements.within(conn)
        for pk, no in keys:
            lease = self._held.pop((pk, no))
            if sql.one(statements.OWN[sql.is_sqlite], (pk, no, lease.fence)) is None:
                continue
            due = _next_due(conn, pk, no, now)
            state = "open" if due is not None else "done"
            if sql.run(statements.RELEASE, (state, due, pk, no, lease.fence)) and due is None:
                finished.add(pk)
        for pk in sorted(finished):
            self._finish(conn, pk)

    def _finish(self, conn: Connection, campaign_pk: int) -> None:
        take_turns(conn, finish_key(campaign_pk))  # else two who end the last two chunks would each see the other's
        if Statements.within(conn).one(statements.UNDONE, (campaign_pk,)) is None:
            self._hooks.on_finished(conn, campaign_pk)

    def take(self, conn: Connection, now: Instant) -> bool:
        """Takes chunks with something due, the longest waiting first; whether there may be more."""
        room = min(_AT_ONCE, _IN_HAND - sum(1 for _ in self.usable()))
        if room <= 0:
            return True
        query, of = _open_chunks(), {"channel": self._channel.value, "now": now, "room": room}
        found, sql = conn.execute(query, of).all(), Statements.within(conn)
        for pk, no, fence, epoch in found:
            if fence == 0 and no == 0:
                self._hooks.on_first(conn, pk)
            sql.run(statements.LEASE, (self._owner, fence + 1, self._boot, now + LEASE, pk, no))
            self._held[pk, no] = Lease(fence + 1, epoch, now + LEASE)
        return len(found) == room


@cache
def _sendable_of() -> Select[Any, Any]:
    """Built once, as what follows: they are asked for every few hundred messages that leave."""
    of = campaign.c.pk.in_(bindparam("campaigns", expanding=True))
    return select(campaign.c.pk, campaign.c.epoch).where(of, repository.sendable())


@cache
def _open_chunks() -> Select[Any, Any, Any, Any]:
    return (
        select(chunk.c.campaign_pk, chunk.c.no, chunk.c.fence, campaign.c.epoch)
        .join(campaign, campaign.c.pk == chunk.c.campaign_pk)
        .where(chunk.c.state == "open", chunk.c.next_due_at <= bindparam("now", type_=BigInteger))
        .where(chunk.c.channel == bindparam("channel"), repository.sendable())
        .order_by(chunk.c.next_due_at, chunk.c.campaign_pk, chunk.c.no)
        .limit(bindparam("room"))
        .with_for_update(of=chunk, skip_locked=True)
    )


def _next_due(conn: Connection, campaign_pk: int, no: int, now: Instant) -> Instant | None:
    """When the chunk's first open row is due; None when all are terminal. Nothing of it is in hand any more."""
    first: dict[str, Instant] = dict(Statements.within(conn).all(statements.FIRST_DUE, (campaign_pk, no)))
    if D.CLAIMED.value in first or D.ATTEMPTING.value in first:
        log.error("chunk %d of campaign %d had rows in hand that nobody held", no, campaign_pk)
        of_chunk = (delivery.c.campaign_pk == campaign_pk) & (delivery.c.chunk_no == no)
        doubt = {"state": D.UNCERTAIN.value, "at": now, "reason": NO_ANSWER}
        for now_is, becomes in ((D.CLAIMED, {"state": D.PLANNED.value}), (D.ATTEMPTING, doubt)):
            held = of_chunk & (delivery.c.state == now_is.value)
            conn.execute(update(delivery).where(held).values(**becomes))
    waiting = [due for state, due in first.items() if state in {*repository.WAITING, D.CLAIMED.value}]
    return min(waiting, default=None)
