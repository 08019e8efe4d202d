"""One sender's throttle: what may leave by which relay to which provider, learnt from answers, kept in the database.

Of several senders on one database each uses its part of every limit; see `Shares`.

A relay of somebody else (the usual case) spreads what it gets over connections of its own: no provider's limit applies
to our connections with it. It does hand on a provider's "slower", and then that provider's mail is held and goes on at
half of the provider's usual rate, growing with each acceptance. A relay marked `direct=yes` hands every message on
while we wait: with it, connections, messages per connection and rate of each provider are kept from the beginning. The
built-in mailbox has no throttle.

The sending thread asks and reports; the ledger's thread writes, reads and holds back. What both touch is under `_lock`
or is a single value.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Connection

from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.relay import Relay
from tidings.distribution.throttle import repository, standing
from tidings.distribution.throttle.gate import Wait
from tidings.distribution.throttle.groups import Groups
from tidings.distribution.throttle.learnt import Learnt, reason_of, row_of
from tidings.distribution.throttle.limit import Limit
from tidings.distribution.throttle.part import WHOLE, Part
from tidings.distribution.throttle.replies import About
from tidings.distribution.throttle.shares import Shares
from tidings.distribution.throttle.warming import Warming
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import MINUTE, SECOND, Clock, Instant

log = logging.getLogger("tidings.distribution")
_READ_EVERY = 1.0  # seconds between two looks at what others changed
_CLAIM_SECONDS = 0.5  # so much of a limited provider's rate is claimed at once
_FARTHEST = 10 * MINUTE  # a row is not put off further than this for its turn alone
_NEVER = 1 << 60


class Alerts(Protocol):
    """Who is told; each call is within the ledger's transaction."""

    def provider_held(self, conn: Connection, title: str, reason: str, words: str, kind: str) -> None:
        """A provider wants less, or does not trust the sender."""
        ...


class Rules(Protocol):
    """What a person has configured, read anew from time to time."""

    def __call__(self, conn: Connection) -> tuple[Sequence[str], Sequence[str]]:
        """Changes to provider groups, and the relays that warm up."""
        ...


def no_rules(conn: Connection) -> tuple[Sequence[str], Sequence[str]]:
    """Nothing is configured."""
    del conn
    return (), ()


class Throttle:
    """`Limits` for the line-up, `Gate` for the ledger, and whom the pool tells what became of each message."""

    def __init__(
        self, clock: Clock, relays: Sequence[Relay], *, rules: Rules = no_rules, alerts: Alerts | None = None,
        waiting: Callable[[str], int] = lambda _group: 0, lookup: Callable[[str], None] | None = None,
        shares: Shares | None = None,
    ) -> None:  # fmt: skip
        """`shares`: there may be other senders on this database, and the limits are for all of them together."""
        self._clock, self._alerts, self._rules, self._lookup = clock, alerts, rules, lookup
        self._shares = shares
        self._relays = {relay.name: relay for relay in relays}
        self.groups = Groups()
        self._overrides: tuple[str, ...] = ()
        self.waiting = waiting
        """How many of a provider are claimed and wait; see `LineUp.waiting`."""
        self._direct = any(relay.direct for relay in relays)
        self.limited = self._direct
        self._limits: dict[tuple[str, str], Limit] = {}
        self._dirty: set[tuple[str, str]] = set()
        self._saved: dict[tuple[str, str], float] = {}
        """Rates as they stand in the database."""
        self._alarms: list[Limit] = []
        self._tails: dict[str, Instant] = {}
        self._warming = Warming(list(self._relays))
        self._relay_rows: dict[str, dict[str, Any]] = {}
        self._written = Learnt()
        """What stands in a step that is not committed yet."""
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._started = False

    # The sending thread

    def group_of(self, message: Outgoing) -> str:
        """The provider that takes it."""
        return self.groups.of(str(message.fields.get("email") or message.recipient))

    def may(self, relay: str, group: str) -> bool:
        """Whether one more may leave by that relay now."""
        limit = self._limits.get((relay, group)) or self._begin(relay, group)
        return limit is None or limit.open(self._clock.now(), time.monotonic(), self.part)

    @property
    def part(self) -> Part:
        """Which part of every limit is this sender's own."""
        return WHOLE if self._shares is None else self._shares.part

    def close(self) -> None:
        """Nothing more is sent: the others may use all of it."""
        if self._shares is not None:
            self._shares.close()

    def took(self, relay: str, message: Outgoing) -> None:
        """It leaves by this relay."""
        message.relay = relay
        if self._warming.on:
            self._warming.took(relay, message, self._clock.now())
        if not self.limited:
            return
        limit = self._limits.get((relay, self.group_of(message)))
        if limit is not None:
            limit.took(time.monotonic(), self.part)
            message.most, message.group = limit.messages, limit.group

    def returned(self, message: Outgoing) -> None:
        """It did not leave after all."""
        limit = self._limits.get((message.relay, message.group)) if message.group else None
        if limit is not None:
            limit.landed()
        if self._warming.on:
            self._warming.returned(message)

    def answered(self, relay: str, message: Outgoing, outcome: Outcome) -> Outcome:
        """What became of it; the outcome with the wait that the throttle adds."""
        if not self.limited and outcome.about in _NOT_OURS:
            return outcome
        group = message.group or self.group_of(message)
        limit = self._limits.get((relay, group))
        if limit is not None and message.group:
            limit.landed()
        if outcome.about in {About.SLOW, About.POLICY}:
            return self._slower(relay, group, outcome)
        if limit is not None and outcome.result is Result.ACCEPTED:
            limit.accepted()
        return outcome

    def spent(self, relay: str) -> bool:
        """Whether the relay's warm-up allows no more today while another relay may go on."""
        return self._warming.on and self._warming.spent(relay)

    def _begin(self, relay: str, group: str) -> Limit | None:
        """The limit of a direct relay towards a provider it has not met yet."""
        known = self._relays.get(relay)
        if known is None or not known.direct:
            return None
        limit = self._new(relay, group, always=True)
        self._limits[relay, group] = limit
        return limit

    def _new(self, relay: str, group: str, *, always: bool) -> Limit:
        usual = self.groups.limits(group)
        limit = Limit(relay, group, usual.title, usual.rate, always=always)
        if always:
            limit.rate, limit.connections, limit.messages = usual.rate, usual.connections, usual.messages
        return limit

    def _slower(self, relay: str, group: str, outcome: Outcome) -> Outcome:
        now = self._clock.now()
        with self._lock:
            limit = self._limits.get((relay, group))
            if limit is None:
                direct = relay in self._relays and self._relays[relay].direct
                limit = self._limits[relay, group] = self._new(relay, group, always=direct)
            if limit.slow_down(now, str(outcome.about), outcome.said):
                limit.reason = reason_of(limit)
                self._dirty.add((relay, group))
                self._alarms.append(replace(limit))
            self.limited = True
        self._ask_for(group)
        return replace(outcome, result=Result.DEFERRED, wait=max(SECOND, limit.hold_until - now))

    def relay_is(self, row: Mapping[str, Any]) -> None:
        """How one relay of the pool is now."""
        with self._lock:
            self._relay_rows[row["name"]] = {**row, "updated_at": self._clock.now()}

    @property
    def asks(self) -> bool:
        """See `Gate`."""
        return self.limited or self._warming.on

    @property
    def unsaved(self) -> bool:
        """Whether something waits to be written."""
        return bool(self._dirty or self._relay_rows) or self._warming.unsaved

    def done(self, back: Sequence[Outgoing], others: Sequence[Outgoing]) -> None:
        """See `Gate`."""
        self._written = Learnt()
        if self._warming.on:
            self._warming.done(back, others)

    def undone(self) -> None:
        """See `Gate`."""
        with self._lock:
            written, self._written = self._written, Learnt()
            self._dirty |= written.limits
            self._alarms[:0] = written.alarms
            self._relay_rows = written.relays | self._relay_rows
        self._warming.undone()

    # The ledger's thread

    def sync(self, conn: Connection, now: Instant) -> None:
        """See `Gate`."""
        if not self._started:
            self._started = True
            if self._relays:
                repository.forget_other_relays(conn, list(self._relays))
        seconds = time.monotonic()
        with self._lock:
            self._write(conn, now)
            if seconds - self._read_at >= _READ_EVERY or not self._read_at:
                self._read_at = seconds
                self._read(conn, now)
            elif self._limits:  # a hold that was lifted since must not put off again what it let go
                self._read_limits(conn, now)

    def _write(self, conn: Connection, now: Instant) -> None:
        rows = [row_of(self._limits[key], now) for key in self._dirty if key in self._limits]
        for saved in repository.save_limits(conn, rows, now):
            key = saved["relay"], saved["provider"]
            self._saved[key] = self._limits[key].rate = saved["rate"]
        if self._shares is None:
            repository.save_relays(conn, list(self._relay_rows.values()))
        for limit in self._alarms:
            if self._alerts is not None:
                self._alerts.provider_held(conn, limit.title, limit.reason, limit.words, limit.kind)
        self._written = Learnt(self._dirty, self._alarms, self._relay_rows)
        self._dirty, self._alarms, self._relay_rows = set(), [], {}

    def _read(self, conn: Connection, now: Instant) -> None:
        overrides, warm = self._rules(conn)
        if tuple(overrides) != self._overrides:
            self._overrides = tuple(overrides)
            try:
                self.groups = Groups(self._overrides)
            except InvalidInputError as error:
                log.warning("the provider groups stay as they were: %s %s", error.message, error.remedy)
        self.groups.learn(repository.providers(conn))
        self._read_limits(conn, now)
        self._save_rates(conn)
        over = [key for key, limit in self._limits.items() if limit.is_over(now) and not limit.flying]
        repository.forget_limits(conn, [self._limits.pop(key) for key in over])
        self._warming.configure(warm)
        self.limited = self._direct or bool(self._limits)

    def _save_rates(self, conn: Connection) -> None:
        """Rates that have grown since; only the rate, so that a hold lifted by a person stays lifted."""
        for key, limit in self._limits.items():
            if key in self._saved and abs(limit.rate - self._saved[key]) > 0.1 * self._saved[key]:
                self._saved[key] = limit.rate
                repository.save_rate(conn, limit)

    def _read_limits(self, conn: Connection, now: Instant) -> None:
        for row in repository.limits(conn):
            self._saved.setdefault((row.relay, row.provider), row.rate)
            self._adopt(row, now)

    def _adopt(self, row: Any, now: Instant) -> None:
        """What stands in the database about one limit: another sender's word, or a person's who lifted the hold."""
        key = (row.relay, row.provider)
        if row.relay not in self._relays:
            return
        limit = self._limits.get(key)
        if limit is None:
            direct = self._relays[row.relay].direct
            limit = self._limits[key] = self._new(row.relay, row.provider, always=direct)
            limit.rate, limit.holds = row.rate, row.holds
        if (row.slowed_at or 0) > limit.slowed_at:  # another sender was told to slow down: that is for us, too
            limit.slowed_at, limit.rate = row.slowed_at, row.rate
        held = row.hold_until or 0
        if held > now:
            limit.hold_until, limit.reason, limit.kind, limit.words = held, row.reason, row.kind, row.words
            limit.holds = max(limit.holds, row.holds)
        elif limit.hold_until > now:
            limit.lift()

    def hold_back(
        self, conn: Connection, campaign_pk: int, due: Sequence[tuple[int, str]], now: Instant
    ) -> Mapping[int, Wait]:
        """See `Gate`."""
        found: dict[int, Wait] = {}
        if self.limited:
            rooms: dict[str, _Room] = {}
            for person, address in due:
                group = self.groups.of(address)
                room = rooms.get(group)
                if room is None:
                    room = rooms[group] = self._room(group, now)
                    self._ask_for(group)
                wait = self._in_its_turn(group, room, now)
                if wait is not None:
                    found[person] = wait
        if self._warming.on:
            rest = [person for person, _ in due if person not in found]
            found.update(self._warming.hold_back(conn, campaign_pk, rest, now))
        return found

    def end_step(self, conn: Connection, now: Instant) -> None:
        """See `Gate`."""
        self._warming.end_step(conn, now)
        if self._shares is not None and self._written.relays:
            standing.say(conn, self._shares.name, self._written.relays, self._relays, now)

    def leave(self, conn: Connection, now: Instant) -> None:
        """See `Gate`."""
        with self._lock:
            self._write(conn, now)
        self._warming.leave(conn, now)
        if self._shares is not None:
            standing.leave(conn, self._shares.name, self._written.relays, now)

    def _ask_for(self, group: str) -> None:
        """A domain nothing is known of: somebody else looks at its MX, meanwhile it stands for itself."""
        if self._lookup is not None and "." in group and not self.groups.is_known(group):
            self._lookup(group)

    def _room(self, group: str, now: Instant) -> _Room:
        """What may be claimed for a provider at this moment, over all relays."""
        rate, until, reason, title = 0.0, _NEVER, "", ""
        for relay in self._relays:
            limit = self._limits.get((relay, group))
            if limit is None:
                if not self._relays[relay].direct:
                    return _Room()
                limit = self._new(relay, group, always=True)
            title = limit.title
            if limit.hold_until > now:
                if limit.hold_until < until:
                    until, reason = limit.hold_until, limit.reason
                continue
            if not limit.rate and not limit.connections:
                return _Room()
            rate += limit.rate or float(limit.connections)
        if not rate:
            return _Room(held=Wait(until, reason) if reason else None)
        own = rate / self.part.of
        places = max(1, round(own * _CLAIM_SECONDS)) - self.waiting(group)
        return _Room(rate=own, in_all=rate, places=places, title=title)

    def _in_its_turn(self, group: str, room: _Room, now: Instant) -> Wait | None:
        if room.held is not None:
            return room.held
        if not room.rate:
            return None
        room.places -= 1
        if room.places >= 0:
            return None
        step = max(1, round(SECOND / room.rate))
        first = now + max(SECOND, round(self.waiting(group) / room.rate * SECOND))
        tail = self._tails.get(group, 0)
        at = max(first, tail + step if tail <= now + _FARTHEST else now + _FARTHEST)
        self._tails[group] = at
        rounded = -(-at // SECOND) * SECOND
        pace = f"{room.in_all * 60:,.0f} a minute"
        return Wait(rounded, f"waits for its turn: {room.title} is sent at most {pace}", held=False)


class _Room:
    """How much of one provider may be claimed."""

    __slots__ = ("held", "in_all", "places", "rate", "title")

    def __init__(
        self, *, held: Wait | None = None, rate: float = 0.0, in_all: float = 0.0, places: int = 0, title: str = ""
    ) -> None:
        self.held, self.rate, self.in_all, self.places, self.title = held, rate, in_all, places, title


_NOT_OURS = frozenset(About) - {About.SLOW, About.POLICY}
