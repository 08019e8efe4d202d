"""Several relays as one way out: each with lanes, a weight and a breaker of its own.

A relay that works gets lanes by its weight and health, and takes messages from the common line. One that does not is
left alone and tried again with a single message. What a relay may have accepted stays with it and is never sent by
another; what it cannot have accepted goes back to the line.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

from tidings.distribution.channels.base import ChannelDownError, Feed, Outcome, Outgoing, Result
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.distribution.dkim import DkimSigner
from tidings.distribution.relay import Relay
from tidings.distribution.throttle.breaker import Breaker
from tidings.distribution.throttle.line_up import LineUp
from tidings.distribution.throttle.replies import About
from tidings.distribution.throttle.throttle import Throttle
from tidings.distribution.throttle.turns import OwnTurns, Turns
from tidings.domain.instant import SECOND, Clock

log = logging.getLogger("tidings.distribution")
_TURNED_AWAY = 3  # so often a message goes back to the line when a relay closes over it; then it waits as a deferral
_ELSEWHERE = 2 * SECOND  # until what one relay put off is offered to another
_TRIES_ELSEWHERE = 2
_TELL_SECONDS = 2.0
_KEPT = 10_000
_MAY_BE_RELAY = frozenset({About.GREYLIST, About.NOTHING})
_ELSEWHERE_TOO = frozenset({About.RELAY, About.GREYLIST})
NO_NETWORK = "no network: no relay can be reached; what is due waits here and goes out once when it is back"


class PoolFeed(Feed, Protocol):
    """The sender, who wants to know which relay asks."""

    def take(self, relay: str = "") -> Outgoing | None:
        """The next message for this relay."""
        ...

    def up(self) -> None:
        """A lane works: no need to wait any longer."""
        ...


class Watcher(Protocol):
    """Who is told when a lane stops and goes on. Both may write; none may fail."""

    def lane_paused(self, relay: str, words: str, remedy: str) -> None:
        """A person has to do something before this relay is used again."""
        ...

    def lane_back(self, relay: str) -> None:
        """It works again."""
        ...


def own_turns(relay: Relay) -> Turns | None:
    """The hour of a relay that only this sender uses."""
    return OwnTurns(relay.per_hour) if relay.per_hour else None


class RelayPool:
    """A `Channel` over all relays."""

    def __init__(
        self, relays: Sequence[Relay], throttle: Throttle, line: LineUp, clock: Clock, *, connections: int = 10,
        ehlo_name: str = "", signer: DkimSigner | None = None, watcher: Watcher | None = None,
        turns_of: Callable[[Relay], Turns | None] = own_turns,
    ) -> None:  # fmt: skip
        """`turns_of` keeps a relay's hour. Raises InvalidInputError when a relay's authority cannot be read."""
        self.throttle, self.line, self.clock, self.watcher = throttle, line, clock, watcher
        self.turned_away: Counter[tuple[int, int, int]] = Counter()
        heaviest = max(relay.weight for relay in relays)
        self.members = [
            Member(
                self, relay, relay.connections or _share(connections, relay.weight / heaviest), ehlo_name, signer,
                turns_of(relay),
            )
            for relay in relays
        ]  # fmt: skip
        self._seen = -1

    @property
    def name(self) -> str:
        """Every relay's host and port."""
        return ", ".join(member.name for member in self.members)

    @property
    def lanes(self) -> int:
        """Open connections to relays that may be used."""
        return sum(member.channel.lanes for member in self.members if not member.breaker.shut)

    async def connect(self, feed: Feed) -> None:
        """Opens at least one relay, and goes on with the others beside. Raises ChannelDownError."""
        for member in self.members:
            member.feed = cast("PoolFeed", feed)  # a pool is only ever the sender's own channel
        if self.lanes:
            return
        first = [member for member in self.members if not member.standby and member.may_try()]
        spare = [member for member in self.members if member.standby and member.may_try()]
        if not (await _any_opens(first) or await _any_opens(spare)):
            raise self.down_error()

    def down_error(self) -> ChannelDownError:
        """Why nothing can go out, in the words of all relays."""
        if all(member.offline for member in self.members):
            return ChannelDownError(NO_NETWORK, offline=True)
        words = "; ".join(
            dict.fromkeys(member.breaker.words or f"relay {member.name} rests" for member in self.members)
        )
        return ChannelDownError(words, refused=all(member.breaker.paused for member in self.members))

    def wake(self) -> None:
        """Lets idle lanes pull, and tries again what was left alone, while there is something to send."""
        taken = sum(member.taken for member in self.members)
        working = taken != self._seen or len(self.line) > 0
        self._seen = taken
        for member in self.members:
            if working:
                member.tend()
            member.channel.wake()
            member.tell()

    async def close(self) -> None:
        """Lets what is on the wire finish."""
        await asyncio.gather(*(member.close() for member in self.members))
        await asyncio.to_thread(self.throttle.close)

    def usable(self, besides: Member) -> bool:
        """Whether another relay works."""
        return any(other is not besides and other.works for other in self.members)

    def may_take(self, besides: Member) -> bool:
        """Whether another relay works, or may turn out to: it is still opening."""
        return any(other is not besides and not other.breaker.shut for other in self.members)

    def opening(self, besides: Member) -> bool:
        """Whether another relay is about to be tried."""
        return any(other is not besides and other.is_opening for other in self.members)

    def went_down(self, member: Member) -> None:
        """A relay cannot be used; the sender is told when no other can, or is about to."""
        if not self.usable(member) and not self.opening(member) and member.feed is not None:
            error = self.down_error()
            member.feed.down(str(error), refused=error.refused)


class Member:
    """One relay: `Feed` for its channel, which passes on to the sender what the pool does not settle itself."""

    def __init__(
        self, pool: RelayPool, relay: Relay, connections: int, ehlo_name: str, signer: DkimSigner | None,
        turns: Turns | None,
    ) -> None:  # fmt: skip
        self._pool, self.relay, self.name, self._wanted = pool, relay, relay.name, connections
        self.channel = SmtpChannel(
            relay, connections=connections, ehlo_name=ehlo_name, signer=signer, closing=self.closed_over
        )
        self.breaker = Breaker()
        self.feed: PoolFeed | None = None
        """Whose messages it carries."""
        self.taken = self.accepted = 0
        self.offline = False
        self._turns, self._waking = turns, False
        self._probing = 0
        self._opening: asyncio.Task[bool] | None = None
        self._since = 0
        self._state = ""
        self._told, self._told_at = (0, 0), 0.0
        self._say("idle")

    @property
    def standby(self) -> bool:
        """Used only while no other works."""
        return self.relay.weight == 0

    @property
    def works(self) -> bool:
        """Whether it has lanes and may be used."""
        return self.channel.lanes > 0 and not self.breaker.shut

    @property
    def is_opening(self) -> bool:
        """Whether a connection is being opened."""
        return self._opening is not None and not self._opening.done()

    def may_try(self) -> bool:
        """Whether it may be opened when nothing else works: the sender spaces these tries itself."""
        return not self.breaker.paused or time.monotonic() >= self.breaker.again_at

    def tend(self) -> None:
        """Opens it again when it is time."""
        if self.works or time.monotonic() < self.breaker.again_at:
            return
        if self.standby and self._pool.usable(self):
            return
        self.begin()

    def begin(self) -> asyncio.Task[bool]:
        """Opens it, unless that is under way."""
        if self._opening is None or self._opening.done():
            self._opening = asyncio.get_running_loop().create_task(self.open())
        return self._opening

    async def open(self) -> bool:
        """Connects; with one lane and for one message when it did not work before. Whether it can be used."""
        trying = self.breaker.shut
        self.channel.widen(1 if trying else max(1, round(self._wanted * (1 - self.breaker.deferred_share))))
        try:
            await self.channel.connect(self)
        except ChannelDownError as error:
            self.offline = error.offline
            self._failed(str(error), refused=error.refused, trial=trying)
            return False
        self.offline = False
        if trying:
            self._probing = 0
            self.breaker.try_again()
        self._say("up")
        self.channel.wake()
        if self.feed is not None:
            self.feed.up()
        return True

    def tell(self) -> None:
        """Keeps its figures fresh for whoever looks at them."""
        now = time.monotonic()
        if now - self._told_at >= _TELL_SECONDS and (self.accepted, self.channel.lanes) != self._told:
            self._told_at, self._told = now, (self.accepted, self.channel.lanes)
            self._say(self._state, remedy_for(self.breaker.words) if self.breaker.paused else "")

    async def close(self) -> None:
        """Ends its lanes."""
        if self._opening is not None:
            self._opening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._opening
        await self.channel.close()
        self._say("idle")

    # Feed

    def take(self) -> Outgoing | None:
        """The next message, while the relay may be used."""
        breaker, feed = self.breaker, self.feed
        if breaker.shut or (breaker.half_open and self._probing) or feed is None:
            return None
        if self.standby and self._pool.usable(self):
            return None
        throttle, turns = self._pool.throttle, self._turns
        if throttle.spent(self.name) or (turns is not None and not self._in_turn(turns)):
            return None
        message = feed.take(self.name)
        if message is None:
            return None
        throttle.took(self.name, message)
        self.taken += 1
        if turns is not None:
            turns.took()
        if breaker.half_open:
            self._probing += 1
        return message

    def _in_turn(self, turns: Turns) -> bool:
        """Whether the relay's hour has room for one more now; looks again when it may have."""
        wait = turns.wait() if len(self._pool.line) else 0.0
        if wait > 0 and not self._waking:
            self._waking = True
            asyncio.get_running_loop().call_later(wait, self._look)
        return wait <= 0

    def _look(self) -> None:
        self._waking = False
        self.channel.wake()

    def ask(self, message: Outgoing, go: Callable[[bool], None]) -> None:
        """See `Feed`."""
        if self.feed is not None:
            self.feed.ask(message, go)

    def report(self, message: Outgoing, outcome: Outcome) -> None:
        """Passes the answer on, with what the throttle and the other relays make of it."""
        outcome = self._pool.throttle.answered(self.name, message, outcome)
        was_half_open = self.breaker.half_open
        if outcome.result is Result.ACCEPTED:
            self.accepted += 1
            self.breaker.answered(0.0, "", deferred=False)
        elif outcome.result is Result.UNCERTAIN:
            self._failed(f"relay {self.name}: {outcome.words}", refused=False)
        else:
            outcome = self._refused(message, outcome)
        if self.feed is not None:
            self.feed.report(message, outcome)
        if was_half_open:
            self._probed()

    def give_back(self, message: Outgoing) -> None:
        """It did not leave."""
        self._pool.throttle.returned(message)
        self._probing = max(0, self._probing - 1)
        if self.feed is not None:
            self.feed.give_back(message)

    def down(self, words: str, *, refused: bool) -> None:
        """Its last lane is gone, or it refuses everything we send."""
        self._failed(words, refused=refused)
        if not self.breaker.shut and not self._pool.usable(self) and self.feed is not None:
            self.feed.down(words, refused=False)

    def closed_over(self, message: Outgoing, outcome: Outcome) -> bool:
        """The relay ended the session instead of taking the message (421)."""
        if outcome.about is About.SLOW:  # that provider's word, not the relay's
            self.report(message, outcome)
            return True
        key = (message.campaign_pk, message.contact_pk, message.step)
        if len(self._pool.turned_away) > _KEPT:
            self._pool.turned_away.clear()
        self._pool.turned_away[key] += 1
        if self._pool.turned_away[key] >= _TURNED_AWAY:
            del self._pool.turned_away[key]
            self.report(message, outcome)
        else:
            self.give_back(message)
        self._failed(f"relay {self.name}: {outcome.said}", refused=False)
        return True

    # How it works

    def _refused(self, message: Outgoing, outcome: Outcome) -> Outcome:
        """A refusal that is about the relay counts against it, and the message is soon offered to another.

        Where there is another, so does what may be about it: one that says no to everybody must not get them all.
        """
        against = outcome.about is About.RELAY or (outcome.about in _MAY_BE_RELAY and len(self._pool.members) > 1)
        words = f"relay {self.name} does not take mail: {outcome.said}"
        was_shut = self.breaker.shut
        self.breaker.answered(time.monotonic(), words, deferred=against)
        if self.breaker.shut and not was_shut:
            self._stopped()
        elsewhere = outcome.about in _ELSEWHERE_TOO and self._pool.may_take(self)
        if elsewhere and message.attempt < _TRIES_ELSEWHERE:
            return replace(outcome, result=Result.DEFERRED, wait=_ELSEWHERE)
        return outcome

    def _probed(self) -> None:
        self._probing = max(0, self._probing - 1)
        if not self.breaker.half_open and not self.breaker.shut:
            self._back()

    def _back(self) -> None:
        """One message went through: all lanes again."""
        self.channel.widen(self._wanted)
        if self._state == "paused" and self._pool.watcher is not None:
            self._pool.watcher.lane_back(self.name)
        self._say("up")
        asyncio.get_running_loop().call_soon(self.channel.wake)

    def _failed(self, words: str, *, refused: bool, trial: bool = False) -> None:
        was_shut = self.breaker.shut
        self.breaker.failed(time.monotonic(), words, paused=refused, trial=trial)
        if self.breaker.shut:
            self._stopped(again=was_shut)

    def _stopped(self, *, again: bool = False) -> None:
        state = "paused" if self.breaker.paused else "resting"
        remedy = remedy_for(self.breaker.words) if self.breaker.paused else ""
        new = state != self._state
        self._say(state, remedy)
        if new and self.breaker.paused:
            log.warning("not used until it works again: %s", self.breaker.words)
            if self._pool.watcher is not None:
                self._pool.watcher.lane_paused(self.name, self.breaker.words, remedy)
        if not again:
            self._pool.went_down(self)

    def _say(self, state: str, remedy: str = "") -> None:
        now = self._pool.clock.now()
        if state != self._state:
            self._state, self._since = state, now
        left = self.breaker.again_at - time.monotonic()
        row: dict[str, Any] = {
            "name": self.name, "state": state, "words": self.breaker.words if state in {"paused", "resting"} else "",
            "remedy": remedy, "weight": self.relay.weight, "lanes": self.channel.lanes, "accepted": self.accepted,
            "deferred_share": self.breaker.deferred_share, "since": self._since,
            "again_at": now + round(left * SECOND) if left > 0 else None,
        }  # fmt: skip
        self._pool.throttle.relay_is(row)


def _share(connections: int, share: float) -> int:
    return max(1, round(connections * share))


async def _any_opens(members: Sequence[Member]) -> bool:
    """Opens all at once; True as soon as one stands, while the others go on."""
    waiting = {member.begin() for member in members}
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if any(task.result() for task in done):
            return True
    return False


_REMEDIES = (
    (
        "certificate.*mismatch",
        "Name the relay in TIDINGS_RELAY as its certificate does, or have one made for that name.",
    ),
    ("not yet valid", "Set this machine's clock, or the relay's, right: the relay's certificate begins in the future."),
    ("self-signed|local issuer", "Name the authority that signed the relay's certificate by `ca=` in TIDINGS_RELAY."),
    ("certificate", "Renew the relay's certificate, or name the authority that signed it by `ca=` in TIDINGS_RELAY."),
    (
        "password|access token|auth",
        "Put the right user and password (or token) into TIDINGS_RELAY and start Tidings again.",
    ),
    ("no such host", "Check the host's name in TIDINGS_RELAY and this machine's name servers."),
    ("refuses the sender", "Ask the relay's administrator to allow this sender's address, or correct it in the brand."),
)


def remedy_for(words: str) -> str:
    """What a person can do about a relay that refuses us; the first that fits."""
    fits = (remedy for pattern, remedy in _REMEDIES if re.search(pattern, words, re.IGNORECASE))
    return next(fits, "Check the relay in TIDINGS_RELAY; `tidings doctor` looks at it.")
