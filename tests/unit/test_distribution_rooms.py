"""Warm-up by several senders: whatever they claim, return or lose, a day's mails never exceed its allowance."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.distribution.throttle.rooms import Person, Rooms
from tidings.distribution.throttle.warmup import FIRST, Ramp, day_of
from tidings.domain.instant import DAY, HOUR, Instant

DOMAIN, SENDERS = "northwind.example", 3
actions = st.lists(
    st.tuples(
        st.integers(0, SENDERS - 1),
        st.sampled_from(["claim", "claim", "claim fails", "send", "send", "return", "give back", "leave", "die"]),
        st.integers(1, 30),
    ),
    max_size=60,
)


@dataclass
class Town:
    """The ramps' rows, the senders, and what each has in line."""

    relays: int
    now: Instant = 20_000 * DAY + HOUR
    left: Counter[str] = field(default_factory=Counter[str])
    people: int = 0

    def __post_init__(self) -> None:
        names = [f"relay{no}" for no in range(self.relays)]
        self.ramps = [Ramp(name, DOMAIN, self.now, day_of(self.now)) for name in names]
        self.rooms = [Rooms() for _ in range(SENDERS)]
        self.lines: list[list[Person]] = [[] for _ in range(SENDERS)]
        for rooms in self.rooms:
            rooms.begin_day(self.now)

    def claim(self, who: int, number: int, *, kept: bool = True) -> int:
        """One step of the ledger: as many as may be claimed."""
        rooms, before = self.rooms[who], deepcopy(self.ramps)
        number = max(0, min(number, rooms.left(self.ramps, DOMAIN, self.now)))
        people = [(1, self.people + no) for no in range(number)]
        self.people += number
        rooms.let_in(DOMAIN, people)
        for ramp in self.ramps:
            rooms.book(ramp, self.now)
        if kept:
            rooms.done()
            self.lines[who] += people
        else:
            rooms.undo()
            self.ramps = before
        return number

    def relay_for(self, who: int) -> str:
        """As the pool asks: one that has room, while there is one."""
        free = [ramp.relay for ramp in self.ramps if not self.rooms[who].used_up(ramp.relay)]
        assert free, "somebody was let in for whom nobody has room"
        return free[-1]

    def act(self, who: int, what: str, number: int) -> None:
        rooms, line = self.rooms[who], self.lines[who]
        match what:
            case "claim" | "claim fails":
                self.claim(who, number, kept=what == "claim")
            case "send" | "return":
                for person in line[:number]:
                    relay = self.relay_for(who)
                    rooms.took(relay, DOMAIN, person, self.now)
                    if what == "return":
                        rooms.returned(relay, DOMAIN, person)
                        rooms.ended(DOMAIN, person)
                    else:
                        self.left[relay] += 1
                del line[:number]
            case "give back":
                for person in line[:number]:
                    rooms.ended(DOMAIN, person)
                del line[:number]
            case "leave":
                line.clear()
                self.end(who)
            case _:
                line.clear()
                self.rooms[who] = Rooms()
                self.rooms[who].begin_day(self.now)

    def end(self, who: int) -> None:
        for ramp in self.ramps:
            self.rooms[who].book(ramp, self.now, leaving=True)
        self.rooms[who] = Rooms()
        self.rooms[who].begin_day(self.now)


@settings(max_examples=400, deadline=None)
@given(actions, st.integers(1, 2))
def test_no_relays_day_is_exceeded_and_in_the_end_the_count_is_what_left(
    told: list[tuple[int, str, int]], relays: int
) -> None:
    town = Town(relays)
    for who, what, number in told:
        town.act(who, what, number)
        for ramp in town.ramps:
            assert town.left[ramp.relay] <= ramp.sent <= FIRST
    for who in range(SENDERS):
        town.act(who, "leave", 0)
    if not any(what == "die" for _, what, _ in told):
        assert {ramp.relay: ramp.sent for ramp in town.ramps} == {
            each.relay: town.left[each.relay] for each in town.ramps
        }
    rest = sum(ramp.left(town.now) or 0 for ramp in town.ramps)
    assert town.claim(0, 1000) == rest, "who is left has the rest of the day"


def test_who_is_let_in_again_before_the_ledger_has_taken_him_back_has_one_room() -> None:
    ramp, rooms, now = Ramp("one", DOMAIN, HOUR, 0), Rooms(), HOUR
    rooms.let_in(DOMAIN, [(1, 1)])
    assert rooms.book(ramp, now)
    rooms.done()
    rooms.let_in(DOMAIN, [(1, 1)])  # its row was free again, and claimed by the step under way
    assert not rooms.book(ramp, now)
    rooms.ended(DOMAIN, (1, 1))
    assert (ramp.sent, rooms.unfit()) == (1, set[str]())
    rooms.took("one", DOMAIN, (1, 1), now)
    assert not rooms.book(ramp, now)
    assert ramp.sent == 1


def test_what_leaves_after_midnight_counts_for_the_new_day() -> None:
    now = DAY - 1
    ramp, rooms = Ramp("one", DOMAIN, now, 0), Rooms()
    rooms.begin_day(now)
    rooms.let_in(DOMAIN, [(1, no) for no in range(3)])
    rooms.book(ramp, now)
    rooms.done()
    for no in range(3):
        rooms.took("one", DOMAIN, (1, no), now + 2)
    assert rooms.unfit() == {DOMAIN}
    assert rooms.book(ramp, now + 2)
    assert (ramp.day, ramp.sent) == (1, 3)
