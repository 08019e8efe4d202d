"""Keeps the ramps: which relays warm up, how much each sending domain has used today, and who goes first.

Where every relay warms up, what is over the day's allowance is planned for the next day when it falls due. Where some
do, they stop at their allowance and the others take the rest. Several senders count together: each takes its room of
the day in the ledger's transaction, one after the other; see `rooms.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, case, func, select
from sqlalchemy.sql import ColumnElement

from tidings.distribution import repository as ledger
from tidings.distribution.channels.base import Outgoing
from tidings.distribution.throttle import repository
from tidings.distribution.throttle.gate import Wait
from tidings.distribution.throttle.rooms import Person, Rooms
from tidings.distribution.throttle.warmup import Ramp, day_of
from tidings.distribution.wire import wire_address
from tidings.domain.event import EventKind
from tidings.domain.instant import DAY, Instant
from tidings.events.log import BITS
from tidings.store.among import among, keys
from tidings.store.database import take_turns
from tidings.store.tables import delivery, engagement

KEY = "sending.warm-up"


class Warming:
    """The ramps of one sender's relays."""

    def __init__(self, relays: Sequence[str]) -> None:
        self._all = list(relays)
        self._warm: tuple[str, ...] = ()
        self._rooms = Rooms()
        self._domains: dict[int, str] = {}
        self._chosen: dict[str, set[Person]] = {}
        """By sending domain: who comes before all others today and has not left."""
        self._selected: set[int] = set()
        """Campaigns for which the most engaged were chosen today."""
        self._chosen_on = 0
        self._gone: deque[tuple[str, Person]] = deque()
        self.on = False

    def configure(self, warm: Sequence[str]) -> None:
        """Which relays warm up; `*`: all."""
        names = tuple(name for name in self._all if "*" in warm or name in warm)
        if names != self._warm:
            self._warm, self.on = names, bool(names)
            self._rooms.forget(names)

    # The sending thread

    def spent(self, relay: str) -> bool:
        """Whether the relay has used its day while another one has not."""
        if relay not in self._warm or len(self._all) == 1:
            return False
        return self._used_up(relay) and not all(self._used_up(other) for other in self._all)

    def _used_up(self, relay: str) -> bool:
        return relay in self._warm and self._rooms.used_up(relay)

    def took(self, relay: str, message: Outgoing, now: Instant) -> None:
        """One of the day's."""
        domain = self._domains.get(message.campaign_pk)
        if domain is not None:
            person = (message.campaign_pk, message.contact_pk)
            self._rooms.took(relay, domain, person, now)
            if self._chosen.get(domain):
                self._gone.append((domain, person))

    def returned(self, message: Outgoing) -> None:
        """It did not leave: its room is free again."""
        domain = self._domains.get(message.campaign_pk)
        if domain is not None:
            self._rooms.returned(message.relay, domain, (message.campaign_pk, message.contact_pk))

    def done(self, back: Iterable[Outgoing], others: Iterable[Outgoing]) -> None:
        """A step was committed; it wrote what came back, and who may have come to an end without leaving."""
        self._rooms.done()
        for message in (*back, *(each for each in others if not each.relay)):
            domain = self._domains.get(message.campaign_pk)
            if domain is not None:
                self._rooms.ended(domain, (message.campaign_pk, message.contact_pk))

    def undone(self) -> None:
        """A step was not committed."""
        self._rooms.undo()

    @property
    def unsaved(self) -> bool:
        """Whether room is to be given back."""
        return self.on and bool(self._rooms.unfit())

    # The ledger's thread

    def hold_back(self, conn: Connection, campaign_pk: int, people: Sequence[int], now: Instant) -> dict[int, Wait]:
        """Who must wait for the next day; the others have their room of this one."""
        domain = self._domain(conn, campaign_pk)
        take_turns(conn, KEY)
        self._rooms.begin_day(now)
        if self._chosen_on != day_of(now):  # yesterday's choices are made anew
            self._chosen_on = day_of(now)
            self._selected.clear()
            self._chosen.clear()
        ramps = self._ramps(conn, domain, now)
        waiting: dict[int, Wait] = {}
        if len(ramps) == len(self._all) and all(ramp.limit(now) is not None for ramp in ramps):
            go = self._who_goes(conn, campaign_pk, domain, people, ramps, now)
            wait = Wait(now + DAY, ramps[0].words(now))
            waiting = {person: wait for person in people if (campaign_pk, person) not in go}
        self._rooms.let_in(domain, ((campaign_pk, person) for person in people if person not in waiting))
        self._book(conn, ramps, now)
        return waiting

    def end_step(self, conn: Connection, now: Instant) -> None:
        """Gives back what is not needed any more. After everything else, so that senders wait for each other last."""
        if self.on:
            self._fit(conn, self._rooms.unfit(), now)

    def leave(self, conn: Connection, now: Instant) -> None:
        """Gives everything back that was not used."""
        if self.on:
            self._fit(conn, self._rooms.domains(), now, leaving=True)

    def _fit(self, conn: Connection, domains: set[str], now: Instant, *, leaving: bool = False) -> None:
        if domains:
            take_turns(conn, KEY)
            self._rooms.begin_day(now)
            for domain in sorted(domains):
                self._book(conn, self._ramps(conn, domain, now), now, leaving=leaving)

    def _ramps(self, conn: Connection, domain: str, now: Instant) -> list[Ramp]:
        """The relays' days as all senders together have used them."""
        rows = {row.relay: row for row in repository.warmups(conn) if row.domain == domain}
        return [
            Ramp(name, domain, rows[name].started_at, rows[name].day, rows[name].sent)
            if name in rows
            else Ramp(name, domain, now, day_of(now))
            for name in self._warm
        ]

    def _book(self, conn: Connection, ramps: Sequence[Ramp], now: Instant, *, leaving: bool = False) -> None:
        changed = [ramp for ramp in ramps if self._rooms.book(ramp, now, leaving=leaving)]
        rows = [
            {"relay": each.relay, "domain": each.domain, "started_at": each.started_at, "day": each.day,
             "sent": each.sent}
            for each in changed
        ]  # fmt: skip
        repository.save_warmups(conn, rows)

    def _who_goes(
        self, conn: Connection, campaign_pk: int, domain: str, people: Sequence[int], ramps: Sequence[Ramp],
        now: Instant,
    ) -> set[Person]:  # fmt: skip
        """Who has a room already, then the most engaged, then whoever comes while those have room enough."""
        chosen, rooms = self._chosen.setdefault(domain, set()), self._rooms
        while self._gone:
            gone_domain, gone = self._gone.popleft()
            self._chosen.get(gone_domain, set[Person]()).discard(gone)
        left = rooms.left(ramps, domain, now)
        spare = left - rooms.apart(domain, chosen)
        if spare > 0 and campaign_pk not in self._selected:
            self._selected.add(campaign_pk)
            first = self._most_engaged(conn, campaign_pk, spare, now)
            chosen.update((campaign_pk, person) for person in first)
            spare = left - rooms.apart(domain, chosen)
        persons = [(campaign_pk, person) for person in people]
        in_line = {person for person in persons if rooms.has(domain, person)}
        first = [person for person in persons if person in chosen and person not in in_line]
        others = [person for person in persons if person not in chosen and person not in in_line]
        if len(others) > spare and left > 0:
            self._keep_those_waiting(conn, domain, chosen, now)
            spare = left - rooms.apart(domain, chosen)
        return in_line | set(first[: max(0, left)]) | set(others[: max(0, spare)])

    def _keep_those_waiting(self, conn: Connection, domain: str, chosen: set[Person], now: Instant) -> None:
        """Chosen ones that another sender has sent, or that will not be sent today, keep no room free."""
        due = (delivery.c.due_at < _midnight(now)) & delivery.c.state.in_(ledger.WAITING)
        for campaign_pk in {person[0] for person in chosen}:
            mine = {person for person in chosen if person[0] == campaign_pk}
            query = select(delivery.c.contact_pk).where(
                delivery.c.campaign_pk == campaign_pk, delivery.c.channel == "email", due,
                among(conn.dialect.name, delivery.c.contact_pk, "people"),
            )  # fmt: skip
            found = conn.execute(query, {"people": keys(conn, [person for _, person in mine])}).scalars()
            still = {(campaign_pk, person) for person in found}
            chosen -= {person for person in mine - still if not self._rooms.has(domain, person)}

    def _domain(self, conn: Connection, campaign_pk: int) -> str:
        found = self._domains.get(campaign_pk)
        if found is None:
            templates = ledger.templates_of(conn, campaign_pk)
            address = wire_address(templates[0][2].from_address) if templates else None
            found = self._domains[campaign_pk] = (address or "").rpartition("@")[2].lower()
        return found

    def _most_engaged(self, conn: Connection, campaign_pk: int, number: int, now: Instant) -> list[int]:
        """Those of a campaign due until the day's end who clicked and opened most of what came before."""
        clicked = engagement.c.bits.op("&")(BITS[EventKind.CLICKED]) != 0
        opened = engagement.c.bits.op("&")(BITS[EventKind.OPENED]) != 0
        score = func.coalesce(func.sum(_one_if(clicked) * 3 + _one_if(opened)), 0)
        query = (
            select(delivery.c.contact_pk)
            .join(engagement, engagement.c.contact_pk == delivery.c.contact_pk, isouter=True)
            .where(
                delivery.c.campaign_pk == campaign_pk, delivery.c.channel == "email",
                delivery.c.due_at < _midnight(now), delivery.c.state.in_(ledger.WAITING),
            )
            .group_by(delivery.c.contact_pk)
            .order_by(score.desc(), delivery.c.contact_pk)
            .limit(number)
        )  # fmt: skip
        return list(conn.execute(query).scalars())


def _midnight(now: Instant) -> Instant:
    return (day_of(now) + 1) * DAY


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
