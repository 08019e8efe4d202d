"""Keeps the ramps: which relays warm up, how much each sending domain has used today, and who goes first.

Where every relay warms up, what is over the day's allowance is planned for the next day when it falls due. Where some
do, they stop at their allowance and the others take the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sqlalchemy import Connection, case, func, select
from sqlalchemy.sql import ColumnElement

from tidings.distribution import repository as ledger
from tidings.distribution.channels.base import Outgoing
from tidings.distribution.throttle import repository
from tidings.distribution.throttle.gate import Wait
from tidings.distribution.throttle.warmup import Ramp, day_of
from tidings.distribution.wire import wire_address
from tidings.domain.event import EventKind
from tidings.domain.instant import DAY, Instant
from tidings.events.log import BITS
from tidings.store.tables import delivery, engagement

Person = tuple[int, int]
"""Campaign and contact."""


class Warming:
    """The ramps of one sender's relays."""

    def __init__(self, relays: Sequence[str]) -> None:
        self._all = list(relays)
        self._warm: tuple[str, ...] = ()
        self._ramps: dict[tuple[str, str], Ramp] = {}
        self._domains: dict[int, str] = {}
        self._chosen: dict[str, set[Person]] = {}
        """By sending domain: who may still leave today."""
        self._selected: set[tuple[int, int]] = set()
        """Campaigns and days for which the most engaged were chosen."""
        self._dirty: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self.on = False

    def configure(self, conn: Connection, warm: Sequence[str]) -> None:
        """Which relays warm up (`*`: all); how far their ramps have come is read when that changes."""
        names = tuple(name for name in self._all if "*" in warm or name in warm)
        if names == self._warm:
            return
        with self._lock:
            self._warm, self.on = names, bool(names)
            for row in repository.warmups(conn):
                ramp = Ramp(row.relay, row.domain, row.started_at, row.day, row.sent)
                self._ramps.setdefault((row.relay, row.domain), ramp)

    def write(self, conn: Connection) -> None:
        """Keeps how far the ramps have come."""
        with self._lock:
            rows = [
                {"relay": ramp.relay, "domain": ramp.domain, "started_at": ramp.started_at, "day": ramp.day,
                 "sent": ramp.sent}
                for ramp in map(self._ramps.__getitem__, self._dirty)
            ]  # fmt: skip
            self._dirty.clear()
        if rows:
            repository.save_warmups(conn, rows)

    # The sending thread

    def spent(self, relay: str, now: Instant) -> bool:
        """Whether the relay has used its day while another one has not."""
        if relay not in self._warm or len(self._all) == 1:
            return False
        return self._used_up(relay, now) and not all(self._used_up(other, now) for other in self._all)

    def _used_up(self, relay: str, now: Instant) -> bool:
        if relay not in self._warm:
            return False
        left = [ramp.left(now) for (name, _), ramp in list(self._ramps.items()) if name == relay]
        return any(each is not None and each <= 0 for each in left)

    def took(self, relay: str, message: Outgoing, now: Instant) -> None:
        """One of the day's."""
        domain = self._domains.get(message.campaign_pk)
        if domain is None or relay not in self._warm:
            return
        with self._lock:
            self._ramp(relay, domain, now).use(1, now)
            self._chosen.get(domain, set()).discard((message.campaign_pk, message.contact_pk))
            self._dirty.add((relay, domain))

    def returned(self, message: Outgoing, now: Instant) -> None:
        """It did not leave: its place is free for it again."""
        domain = self._domains.get(message.campaign_pk)
        ramp = self._ramps.get((message.relay, domain)) if domain is not None else None
        if domain is None or ramp is None:
            return
        with self._lock:
            ramp.use(-1, now)
            self._chosen.setdefault(domain, set()).add((message.campaign_pk, message.contact_pk))
            self._dirty.add((message.relay, domain))

    def _ramp(self, relay: str, domain: str, now: Instant) -> Ramp:
        ramp = self._ramps.get((relay, domain))
        if ramp is None:
            ramp = self._ramps[relay, domain] = Ramp(relay, domain, now, day_of(now))
            self._dirty.add((relay, domain))
        return ramp

    # The ledger's thread

    def hold_back(self, conn: Connection, campaign_pk: int, people: Sequence[int], now: Instant) -> dict[int, Wait]:
        """Who must wait for the next day."""
        domain = self._domain(conn, campaign_pk)
        with self._lock:
            ramps = [self._ramp(relay, domain, now) for relay in self._warm]
            if len(self._warm) < len(self._all) or any(ramp.limit(now) is None for ramp in ramps):
                return {}
            chosen = self._chosen.setdefault(domain, set())
            self._new_day(now)
            left = sum(ramp.left(now) or 0 for ramp in ramps) - len(chosen)
            if left > 0 and (campaign_pk, day_of(now)) not in self._selected:
                self._selected.add((campaign_pk, day_of(now)))
                first = self._most_engaged(conn, campaign_pk, left, now)
                chosen.update((campaign_pk, person) for person in first)
                left -= len(first)
            waiting: dict[int, Wait] = {}
            for person in people:
                if (campaign_pk, person) in chosen:
                    continue
                if left > 0:
                    chosen.add((campaign_pk, person))
                    left -= 1
                else:
                    waiting[person] = Wait(now + DAY, ramps[0].words(now))
            return waiting

    def _new_day(self, now: Instant) -> None:
        """Yesterday's choices are made anew."""
        today = day_of(now)
        if any(day != today for _, day in self._selected):
            self._selected.clear()
            for people in self._chosen.values():
                people.clear()

    def _domain(self, conn: Connection, campaign_pk: int) -> str:
        found = self._domains.get(campaign_pk)
        if found is None:
            templates = ledger.templates_of(conn, campaign_pk)
            address = wire_address(templates[0][2].from_address) if templates else None
            found = self._domains[campaign_pk] = (address or "").rpartition("@")[2].lower()
        return found

    def _most_engaged(self, conn: Connection, campaign_pk: int, number: int, now: Instant) -> list[int]:
        """Those of a campaign due until the day's end who clicked and opened most of what came before."""
        midnight = (day_of(now) + 1) * DAY
        clicked = engagement.c.bits.op("&")(BITS[EventKind.CLICKED]) != 0
        opened = engagement.c.bits.op("&")(BITS[EventKind.OPENED]) != 0
        score = func.coalesce(func.sum(_one_if(clicked) * 3 + _one_if(opened)), 0)
        query = (
            select(delivery.c.contact_pk)
            .join(engagement, engagement.c.contact_pk == delivery.c.contact_pk, isouter=True)
            .where(
                delivery.c.campaign_pk == campaign_pk, delivery.c.channel == "email", delivery.c.due_at < midnight,
                delivery.c.state.in_(ledger.WAITING),
            )
            .group_by(delivery.c.contact_pk)
            .order_by(score.desc(), delivery.c.contact_pk)
            .limit(number)
        )  # fmt: skip
        return list(conn.execute(query).scalars())


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
