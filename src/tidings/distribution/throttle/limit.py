"""One relay towards one provider group: a token bucket, places at the same time, and a hold that grows.

The bucket is GCRA (ITU-T I.371): one instant says when the next message conforms. The rate follows what the provider
says (AIMD): a "slower" halves it and holds everything for a while; each message taken lets it grow again.
"""

from __future__ import annotations

from dataclasses import dataclass

from tidings.distribution.throttle.part import WHOLE, Part
from tidings.domain.instant import DAY, HOUR, MINUTE, Instant

SLOW_STEPS = (15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 90 * MINUTE)
POLICY_STEPS = (4 * HOUR, 8 * HOUR, DAY)
LEAST_RATE = 0.1
_GROWTH = 0.05  # of the ceiling, for each second at full use
_BURST_SECONDS = 0.25
_CALM = DAY  # after so long without a "slower" the next hold is short again


@dataclass(slots=True)
class Limit:
    """`rate` 0 means no limit of its own; then only a hold stops anything."""

    relay: str
    group: str
    title: str
    ceiling: float
    """The rate up to which it may grow, messages a second."""
    rate: float = 0.0
    connections: int = 0
    """Messages on their way at the same time; 0: any number."""
    messages: int = 0
    """Per connection; 0: any number."""
    always: bool = False
    """The limit stays even when nobody complains."""
    hold_until: Instant = 0
    holds: int = 0
    kind: str = ""
    reason: str = ""
    words: str = ""
    slowed_at: Instant = 0
    flying: int = 0
    next_at: float = 0.0
    """When the next message conforms, in seconds of the loop's clock."""

    def open(self, now: Instant, seconds: float, part: Part = WHOLE) -> bool:
        """Whether one more message may leave by this sender, whose `part` of the limit it is."""
        if self.hold_until > now or not part.active:
            return False
        if self.connections and self.flying >= part.places(self.connections, now):
            return False
        if not self.rate:
            return True
        between = part.of / self.rate
        return self.next_at - seconds <= max(_BURST_SECONDS, between) - between

    def took(self, seconds: float, part: Part = WHOLE) -> None:
        """One message leaves."""
        self.flying += 1
        if self.rate:
            self.next_at = max(self.next_at, seconds) + part.of / self.rate

    def landed(self) -> None:
        """It came to its end, or back."""
        self.flying = max(0, self.flying - 1)

    def accepted(self) -> None:
        """The provider took one: a little more next time."""
        if self.rate and self.rate < self.ceiling:
            self.rate = min(self.ceiling, self.rate + _GROWTH * self.ceiling / self.rate)

    def slow_down(self, now: Instant, kind: str, words: str) -> bool:
        """The provider wants less. False while it is held already: what was on the wire then says nothing new."""
        if self.hold_until > now:
            return False
        if now - self.slowed_at > _CALM:
            self.holds = 0
        steps = POLICY_STEPS if kind == "policy" else SLOW_STEPS
        self.hold_until = now + steps[min(self.holds, len(steps) - 1)]
        self.holds += 1
        self.slowed_at, self.kind, self.words = now, kind, words[:300]
        self.rate = max(LEAST_RATE, (self.rate or self.ceiling) / 2)
        return True

    def lift(self) -> None:
        """A person lets it go on, or its time is over."""
        self.hold_until, self.reason, self.kind = 0, "", ""

    def is_over(self, now: Instant) -> bool:
        """Whether nothing is left to remember: it sends as fast as it may and nobody has complained for a day."""
        grown = not self.rate or self.rate >= self.ceiling
        return not self.always and self.hold_until <= now and grown and now - self.slowed_at > _CALM
