"""The ramp of a sending domain that is new to a relay's receivers: 50 mails on the first day, 175,000 on the thirtieth.

Mailbox providers trust a sender by what they have seen of it; a domain or address that sends much on its first day is
taken for a spammer's. Days are days of UTC. Who engaged most with earlier mail comes first: their providers learn from
them that the mail is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

from tidings.domain.instant import DAY, Instant

FIRST, LAST, DAYS = 50, 175_000, 30


def allowance(day: int) -> int | None:
    """Mails on a ramp's day, counted from 0; None when the ramp is over."""
    if day >= DAYS:
        return None
    return round(FIRST * (LAST / FIRST) ** (max(day, 0) / (DAYS - 1)))


def day_of(at: Instant) -> int:
    """The number of the day since 1970."""
    return at // DAY


@dataclass(slots=True)
class Ramp:
    """One relay and one sending domain."""

    relay: str
    domain: str
    started_at: Instant
    day: int
    sent: int = 0
    """On `day`; what did not leave after all is counted off again."""

    def left(self, now: Instant) -> int | None:
        """How many more may go out today; None when the ramp is over."""
        limit = self.limit(now)
        if limit is None:
            return None
        return limit - (self.sent if self.day == day_of(now) else 0)

    def limit(self, now: Instant) -> int | None:
        """Today's allowance."""
        return allowance(day_of(now) - day_of(self.started_at))

    def use(self, number: int, now: Instant) -> None:
        """So many more today; negative when some came back."""
        today = day_of(now)
        if self.day != today:
            self.day, self.sent = today, 0
        self.sent = max(0, self.sent + number)

    def words(self, now: Instant) -> str:
        """The reason that a delivery put off to the next day shows."""
        day = day_of(now) - day_of(self.started_at) + 1
        return (
            f"warm-up of {self.domain}, day {day} of {DAYS}: today's {self.limit(now) or 0:,} are used,"
            " the most engaged went first; goes on tomorrow"
        )
