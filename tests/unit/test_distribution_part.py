"""Whatever senders come, renew, stall and go: at no moment do their parts of a limit exceed the whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.distribution.throttle.limit import Limit
from tidings.distribution.throttle.part import GRACE, LEASE, NONE, WHOLE, Part, Place, renewed
from tidings.domain.instant import HOUR, SECOND, Instant

NAMES = ("a", "b", "c", "d")
CONNECTIONS = 5
steps = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["renew", "renew", "renew", "leave"]), st.integers(0, 4000)),
    max_size=60,
)


@dataclass
class Town:
    """The row in the database, and what each sender believes."""

    now: Instant = HOUR
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    parts: dict[str, tuple[Part, Instant]] = field(default_factory=dict[str, tuple[Part, Instant]])

    def renew(self, name: str) -> Part:
        self.places, part = renewed(self.places, name, self.now)
        self.parts[name] = (part, self.now + LEASE)
        return part

    def leave(self, name: str) -> None:
        self.places.pop(name, None)
        self.parts.pop(name, None)

    def used(self) -> list[Part]:
        """The parts in use: a sender stops when its own lease is over."""
        return [part for part, until in self.parts.values() if part.active and until > self.now]


@settings(max_examples=300, deadline=None)
@given(steps)
def test_the_parts_never_exceed_the_whole_and_in_the_end_nothing_is_left_over(told: list[tuple[str, str, int]]) -> None:
    town = Town()
    for name, what, wait in told:
        town.now += wait
        town.renew(name) if what == "renew" else town.leave(name)
        used = town.used()
        assert sum(1 / part.of for part in used) <= 1 + 1e-9
        assert sum(part.places(CONNECTIONS, town.now) for part in used) <= CONNECTIONS
    town.now += LEASE + GRACE  # those that say nothing any more are dead
    alive = NAMES[: 1 + len(told) % 4]
    for _ in range(2):
        for name in alive:
            town.now += 100
            town.renew(name)
    used = town.used()
    assert len(used) == len(alive)
    assert abs(sum(1 / part.of for part in used) - 1) < 1e-9
    assert sum(part.places(CONNECTIONS, town.now) for part in used) == CONNECTIONS


def test_who_is_alone_has_everything_at_once() -> None:
    assert Town().renew("a") == WHOLE


def test_a_newcomer_waits_until_all_others_count_with_it() -> None:
    town = Town()
    town.renew("a")
    town.renew("b")
    assert not town.renew("b").active
    assert town.renew("a").of == 2
    assert town.renew("b") == Part(1, 2)


def test_fewer_connections_than_senders_go_round() -> None:
    parts = [Part(rank, 3) for rank in range(3)]
    begun: list[int] = []
    for now in range(0, 60 * SECOND, 500):
        busy = [part.rank for part in parts if part.places(1, now)]
        assert len(busy) <= 1
        begun += busy
    assert {begun.count(rank) for rank in range(3)} == {32}


def sent(parts: list[Part], rate: float, seconds: int) -> int:
    """How many messages as many senders as there are parts send in that time, asking every ten milliseconds."""
    limits = [Limit("one:25", "google", "Google", rate, rate=rate) for _ in parts]
    number = 0
    for tick in range(seconds * 100):
        at = 1000 + tick / 100
        for part, limit in zip(parts, limits, strict=True):
            while limit.open(0, at, part):
                limit.took(at, part)
                number += 1
    return number


def test_three_senders_together_send_what_one_alone_would() -> None:
    alone, together = sent([WHOLE], 20, 60), sent([Part(rank, 3) for rank in range(3)], 20, 60)
    assert 1195 <= alone <= 1206
    assert 1190 <= together <= 1206
    assert sent([NONE], 20, 60) == 0
