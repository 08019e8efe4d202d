"""An account's limits: how many a minute and an hour its provider allows, and when it asked to be left alone.

One count for all senders of a database, in the row from which they take their turns; see `Windows`. Who is due while
it is used up is put off, with the account's name and the time at which it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from tidings.distribution.channels.base import Outgoing
from tidings.distribution.throttle.gate import Wait
from tidings.distribution.throttle.shares import database_time
from tidings.distribution.throttle.turns import KEY, LONGEST_SECONDS, SharedTurns
from tidings.distribution.throttle.windows import MOST_QUIET, Left, Windows, quiet_until
from tidings.domain.instant import HOUR, SECOND, Clock, Instant
from tidings.store.database import Database, take_turns
from tidings.store.settings import drop_setting, get_setting, put_setting

_FARTHEST = HOUR  # nobody is put off further than this for the account alone


class AccountLimit:
    """`Gate` for the ledger, `Turns` for the sender, `Limits` for its line-up."""

    def __init__(
        self, db: Database, clock: Clock, account_id: str, name: str, windows: Windows,
        *, time: Callable[[Connection], Instant] | None = None,
    ) -> None:  # fmt: skip
        """`name` is the account's, for people. `time` is the one clock of all senders, else the database's."""
        self._clock, self._key, self._name, self._windows = clock, KEY + account_id, name, windows
        self._time = time or (_time_by(clock) if db.is_sqlite else database_time)
        self.turns = SharedTurns(db, account_id, windows, now=self._time) if windows.words else None
        self.waiting: Callable[[], int] = lambda: 0
        """How many are claimed and wait in the line-up."""
        self._kept: Mapping[str, Any] = {}
        self._ahead = 0
        """How far the database's clock is before ours."""
        self._asked = self._told = 0
        """Until when the provider asked us, and all of us, to be quiet; by our own clock."""
        self._let_in = 0
        self._planned: list[Left] = []
        """Who was put off until when, by the database's clock."""

    @property
    def words(self) -> str:
        """The limits, for people."""
        return self._windows.words

    @property
    def goes_on(self) -> str:
        """When it does, where the last question brought no turn; for people."""
        return _shown(round(self.turns.free_at) if self.turns is not None else self._clock.now())

    # The sending thread

    def busy(self, seconds: float) -> None:
        """The provider asked to be left alone for so long."""
        self._asked = max(self._asked, self._clock.now() + min(round(seconds * SECOND), MOST_QUIET))

    def wait(self) -> float:
        """See `Turns`."""
        quiet = self._quiet(self._clock.now())
        if quiet > 0:
            return min(quiet / SECOND, LONGEST_SECONDS)
        return 0.0 if self.turns is None else self.turns.wait()

    def took(self) -> None:
        """See `Turns`."""
        if self.turns is not None:
            self.turns.took()

    @property
    def limited(self) -> bool:
        """Whether nothing may leave now: what is claimed goes back to the ledger, which says why it waits."""
        return self._quiet(self._clock.now()) > 0 or (self.turns is not None and self.turns.spent)

    def group_of(self, message: Outgoing) -> str:
        """All are of one account."""
        del message
        return ""

    def may(self, relay: str, group: str) -> bool:
        """The sender has asked for a turn already."""
        del relay, group
        return True

    def _quiet(self, now: Instant) -> Instant:
        return max(self._asked, self._told) - now

    # The ledger's thread

    @property
    def asks(self) -> bool:
        """See `Gate`."""
        return self.turns is not None or self._quiet(self._clock.now()) > 0

    @property
    def unsaved(self) -> bool:
        """See `Gate`."""
        return self._asked > max(self._told, self._clock.now())

    def sync(self, conn: Connection, now: Instant) -> None:
        """See `Gate`."""
        self._kept, then = get_setting(conn, self._key) or {}, self._time(conn)
        self._ahead, self._let_in = then - now, 0
        until = quiet_until(self._kept, then)
        self._told = until - self._ahead if until else 0

    def hold_back(
        self, conn: Connection, campaign_pk: int, due: Sequence[tuple[int, str]], now: Instant
    ) -> Mapping[int, Wait]:
        """See `Gate`."""
        del conn, campaign_pk
        people = [person for person, _ in due]
        quiet = self._quiet(now)
        if quiet > 0:
            until = _whole_second(now + quiet)
            reason = f"the account {self._name} was asked by its provider to wait; goes on at {_shown(until)}"
            return dict.fromkeys(people, Wait(until, reason))
        if self.turns is None:
            return {}
        then, mine = now + self._ahead, self.turns.in_hand
        left = self._windows.left(self._kept, then)
        at, room = self._windows.opens(left, then)
        taken = self.waiting() + self._let_in - mine
        free = max(0, (room if at <= then else 0) - taken)
        self._let_in += min(free, len(people))
        if free >= len(people):
            return {}
        if taken + free > 0:
            left.append((then, taken + free))
        at, _ = self._windows.opens(left, then)
        reason = (
            f"waits for its turn: the account {self._name} sends at most {self._windows.words};"
            f" goes on at {_shown(_whole_second(at - self._ahead))}"
        )
        return {
            person: Wait(_whole_second(until - self._ahead), reason, held=False)
            for person, until in zip(people[free:], self._plan(left, then, len(people) - free), strict=True)
        }

    def _plan(self, left: list[Left], now: Instant, number: int) -> list[Instant]:
        """When each of so many more may leave, after those planned before."""
        self._planned = [each for each in self._planned if each[0] > now]
        found: list[Instant] = []
        while (missing := number - len(found)) > 0:
            at, room = self._windows.opens([*left, *self._planned], now + SECOND)
            if at > now + _FARTHEST:
                return found + [now + _FARTHEST] * missing
            self._planned.append((at, min(room, missing)))
            found += [at] * min(room, missing)
        return found

    def end_step(self, conn: Connection, now: Instant) -> None:
        """See `Gate`. Tells the others, until a look at the row shows that it is known."""
        if self._asked <= max(self._told, now):
            return
        take_turns(conn, self._key)
        kept, then = get_setting(conn, self._key) or {}, now + self._ahead
        until = max(self._asked + self._ahead, quiet_until(kept, then))
        put_setting(conn, self._key, {**kept, "quiet_until": until}, then)

    def leave(self, conn: Connection, now: Instant) -> None:
        """See `Gate`."""
        self.end_step(conn, now)
        if self.turns is not None:
            self.turns.leave(conn)

    def done(self, back: Sequence[Outgoing], others: Sequence[Outgoing]) -> None:
        """See `Gate`."""

    def undone(self) -> None:
        """See `Gate`. Nothing was kept that the row does not hold."""


def forget(conn: Connection, account_id: str) -> None:
    """An account that is removed."""
    drop_setting(conn, KEY + account_id)


def _time_by(clock: Clock) -> Callable[[Connection], Instant]:
    def now(_conn: Connection) -> Instant:
        return clock.now()

    return now


def _whole_second(at: float) -> Instant:
    return int(-(-at // SECOND) * SECOND)


def _shown(at: Instant) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%H:%M} UTC"
