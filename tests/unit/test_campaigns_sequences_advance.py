"""One person's way, held against an interpreter written another way: random sequences, events and looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.campaigns.sequences.advance import EVENT, Departure, Place, advance, ends
from tidings.domain.event import EventKind
from tidings.domain.instant import DAY, HOUR, MINUTE, Instant, from_datetime, to_datetime
from tidings.domain.sequence import END, SequenceDefinition, Step, Wait, parse_sequence
from tidings.domain.sequence_check import leads_to

BRIEF = {
    "goal": "Fill the bread workshop", "facts": ["It is a bread workshop for beginners."],
    "call_to_action": "Reserve a place", "link": "https://northwind.example.com/workshop",
}  # fmt: skip
START: Instant = 1_772_445_600_000
ENGAGED = (EventKind.OPENED, EventKind.CLICKED, EventKind.CONVERTED)
MEANS = {
    "opened": {EventKind.OPENED, EventKind.CLICKED}, "clicked": {EventKind.CLICKED},
    "converted": {EventKind.CONVERTED}, "nothing": set(ENGAGED),
}  # fmt: skip


@dataclass(frozen=True)
class Happened:
    """Something a person did with a message, so long after the start."""

    at: Instant
    kind: EventKind
    message: str


@dataclass
class World:
    """The facts of one person."""

    happened: list[Happened]
    exits_on_conversion: bool = False
    out: Departure | None = None
    now: Instant = START

    def leaves(self, place: Place) -> str:
        done = [each for each in self.happened if each.kind is EventKind.CONVERTED and each.at <= self.now]
        return "converted" if self.exits_on_conversion and done else ""

    def departure(self, place: Place) -> Departure | None:
        return self.out

    def first(self, place: Place, kinds: tuple[EventKind, ...], message: str, until: Instant) -> Instant | None:
        times = [
            each.at for each in self.happened
            if each.kind in kinds and each.at <= until and (each.message == message or each.kind is EventKind.CONVERTED)
        ]  # fmt: skip
        return min(times, default=None)

    def matches(self, place: Place, step: Step) -> bool:
        return len(step.id) % 2 == 0

    def zone(self, place: Place) -> str:
        return "Europe/Berlin"

    def send_time(self, place: Place, at: Instant) -> Instant | None:
        return at


def enters(made: SequenceDefinition) -> Place:
    return Place(1, made.steps[0].id, "", START, START, None, START, 0)


def walked(made: SequenceDefinition, world: World, looks: list[Instant]) -> tuple[list[tuple[str, Instant]], str]:
    """What the runner would do: (message, when) and how it ended."""
    place, sent = enters(made), list[tuple[str, Instant]]()
    before = START - 1
    for now in looks:
        news = [each for each in world.happened if before < each.at <= now]
        woken = place.waiting_for == EVENT or (
            world.exits_on_conversion and any(each.kind is EventKind.CONVERTED for each in news)
        )
        before, world.now = now, now
        if news and woken and place.due_at is not None and place.due_at > now:
            place = replace(place, due_at=now)
        while place.due_at is not None and place.due_at <= now:
            moved = advance(made, place, world, now)
            if moved.send is not None:
                sent.append(moved.send)
            stuck = moved.place == place
            place = moved.place
            assert not stuck
        if place.due_at is None:
            return sent, place.exit_reason
    return sent, ""


def oracle(made: SequenceDefinition, world: World, looks: list[Instant]) -> tuple[list[tuple[str, Instant]], str]:
    """The same by another way: a script that asks for the next look, one look after the other."""
    sent: list[tuple[str, Instant]] = []
    ended: list[str] = []

    def happened(when: Any, until: Instant) -> list[Instant]:
        name = next(name for name in MEANS if getattr(when, name))
        asked = getattr(when, name)
        return sorted(
            each.at for each in world.happened
            if each.kind in MEANS[name] and each.at <= until and (each.message == asked or each.kind == "converted")
        )  # fmt: skip

    def script() -> Iterator[Instant]:
        steps = {step.id: step for step in made.steps}
        name, at = made.steps[0].id, START
        while name != END:
            step = steps[name]
            if step.wait is not None:
                at = ends(step.wait, at, "Europe/Berlin")
                name = made.after(name)
                continue
            now = yield at
            assert now is not None
            if step.exit is not None:
                ended.append(step.exit)
                return
            if step.send is not None:
                at = max(at, now)
                sent.append((name, at))
                name = made.after(name)
                continue
            assert step.branch is not None
            when = step.branch.when
            if when.message is None:
                name = step.branch.then if len(step.id) % 2 == 0 else step.branch.otherwise
                continue
            deadline = at + (when.within or 0)
            while True:
                times = happened(when, now if when.within is None else min(now, deadline))
                if times or now >= deadline:
                    break
                now = yield now + 1
                assert now is not None
            yes = bool(times) != (when.nothing is not None)
            name = step.branch.then if yes else step.branch.otherwise
            at = max(at, times[0]) if times else deadline
        yield at
        ended.append("completed")

    going = script()
    try:
        wanted = next(going)
        for now in looks:
            world.now = now
            if world.exits_on_conversion and world.leaves(enters(made)):
                return sent, "converted"
            while wanted <= now:
                wanted = going.send(now)
    except StopIteration:
        pass
    return sent, ended[0] if ended else ""


@st.composite
def definitions(draw: st.DrawFn) -> SequenceDefinition:
    """Sequences of up to eight steps whose every way leads forward."""
    count = draw(st.integers(1, 3) | st.integers(5, 9) | st.integers(5, 9))
    names = [f"s{'x' * draw(st.integers(0, 1))}{n}" for n in range(count)]
    sends: list[str] = []
    steps: list[dict[str, Any]] = []
    for n, name in enumerate(names):
        later = [*names[n + 1 :], END]
        kinds = [
            *["branch"] * (3 if len(later) > 1 else 0),
            "wait",
            "wait",
            "send",
            "send",
            *(["exit"] if n > 3 else []),
        ]
        kind = "send" if n == 0 else draw(st.sampled_from(kinds))
        step: dict[str, Any] = {"id": name}
        if kind in {"send", "wait"} and draw(st.integers(0, 7)) == 7:
            step["next"] = draw(st.sampled_from(later))
        if kind == "send":
            step["send"] = {"brief": BRIEF}
            sends.append(name)
        elif kind == "wait":
            until = draw(st.none() | st.fixed_dictionaries({"hour": st.integers(0, 23)}))
            step["wait"] = {"at_least": f"{draw(st.integers(1, 60))} hours", "until": until}
        elif kind == "exit":
            step["exit"] = "enough"
        else:
            then, otherwise = draw(st.permutations([names[n + 1], draw(st.sampled_from(later[1:]))]))
            word = draw(st.sampled_from([*MEANS, *MEANS, "segment"]))
            when: dict[str, Any] = {word: draw(st.sampled_from(sends)) if word != "segment" else "people"}
            if word == "nothing" or (word != "segment" and draw(st.integers(0, 3))):
                when["within"] = f"{draw(st.integers(1, 50))} hours"
            step["branch"] = {"when": when, "then": then, "otherwise": otherwise}
        steps.append(step)
    raw = {"name": "Random", "brand": "Northwind", "trigger": {"kind": "start"}, "steps": steps}
    return SequenceDefinition.model_validate(raw)  # unreached steps are no matter here


@st.composite
def scenes(draw: st.DrawFn) -> tuple[SequenceDefinition, list[Happened]]:
    """A sequence, and what somebody does with its messages."""
    made = draw(definitions())
    did = st.builds(
        Happened, st.integers(0, 80).map(lambda hours: START + hours * HOUR + 7 * MINUTE), st.sampled_from(ENGAGED),
        st.sampled_from([step.id for step in made.sends]),
    )  # fmt: skip
    return made, draw(st.lists(did, max_size=6))


OFTEN = st.integers(1, 3).map(lambda every: [START + hour * HOUR + 11 * MINUTE for hour in range(0, 500, every)])
SELDOM = st.lists(st.integers(0, 900), min_size=1, max_size=60).map(
    lambda hours: [START + hour * HOUR + 11 * MINUTE for hour in sorted(set(hours))]
)


@settings(max_examples=300, deadline=None)
@given(scenes(), OFTEN | SELDOM, st.booleans())
def test_the_way_is_the_oracles_and_legal(
    scene: tuple[SequenceDefinition, list[Happened]], looks: list[Instant], exits: bool
) -> None:
    made, known = scene
    sent, ended = walked(made, World(known, exits), looks)
    assert (sent, ended) == oracle(made, World(known, exits), looks)
    names = [name for name, _ in sent]
    assert len(set(names)) == len(names)
    assert [at for _, at in sent] == sorted(at for _, at in sent)
    for (one, _), (two, _) in pairwise(sent):
        assert two in reachable(made, one)
    if exits and ended == "converted":
        first = min(each.at for each in known if each.kind is EventKind.CONVERTED)
        noticed = next(look for look in looks if look >= first)
        assert all(at < noticed for _, at in sent)


def reachable(made: SequenceDefinition, name: str) -> set[str]:
    """Every step that may come after one."""
    step = made.step(name)
    following = set(leads_to(made, step)) - {END} if step is not None else set()
    return following.union(*(reachable(made, each) for each in following)) if following else set()


@given(st.integers(0, 400 * 24), st.integers(0, 23), st.sampled_from([None, "monday", "sunday"]), st.integers(0, 90))
def test_a_wait_ends_at_that_hour_of_the_persons_day(hours: int, hour: int, weekday: str | None, least: int) -> None:
    at = START + hours * HOUR + 13 * MINUTE
    given = Wait.model_validate({"at_least": least * HOUR or None, "until": {"hour": hour, "weekday": weekday}})
    over = ends(given, at, "America/New_York")
    local = to_datetime(over, "America/New_York")
    assert at + least * HOUR <= over <= at + least * HOUR + 8 * DAY
    assert local.hour in {hour, hour + 1}  # an hour that the clocks skip comes after the jump
    assert weekday is None or f"{local:%A}".lower() == weekday


def test_an_hour_that_the_clocks_skip_is_the_one_after() -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    night = from_datetime(datetime(2026, 3, 29, 1, 0, tzinfo=ZoneInfo("Europe/Berlin")))
    over = ends(Wait.model_validate({"until": {"hour": 2}}), night, "Europe/Berlin")
    assert to_datetime(over, "Europe/Berlin").hour == 3


def test_a_message_that_is_not_out_holds_the_person_and_moves_their_time() -> None:
    made = parse_sequence(
        {"name": "W", "brand": "B", "trigger": {"kind": "start"},
         "steps": [{"id": "one", "send": {"brief": BRIEF}}, {"id": "w", "wait": "1 day"},
                   {"id": "two", "send": {"brief": BRIEF}}]}
    )  # fmt: skip
    world = World([], out=Departure(open=True, at=START))
    place = replace(advance(made, enters(made), world, START).place, sent_step=0)
    assert place.due_at == START + DAY
    held = advance(made, place, world, START + DAY)
    assert held.send is None
    assert held.place.due_at == START + DAY + 15 * MINUTE
    world.out = Departure(open=False, at=START + 20 * HOUR)
    told = advance(made, held.place, world, START + DAY + 15 * MINUTE).place
    assert (told.since, told.due_at, told.sent_step) == (START + 20 * HOUR, START + 44 * HOUR, None)
    assert advance(made, told, world, START + 44 * HOUR).send == ("two", START + 44 * HOUR)


@pytest.mark.parametrize("late", [0, 5 * DAY])
def test_waits_add_up_however_late_somebody_looks(late: int) -> None:
    made = parse_sequence(
        {"name": "W", "brand": "B", "trigger": {"kind": "start"},
         "steps": [{"id": "a", "wait": "1 day"}, {"id": "b", "wait": "2 days"},
                   {"id": "one", "send": {"brief": BRIEF}}]}
    )  # fmt: skip
    world, place = World([]), enters(made)
    for now in (START, START + DAY + late, START + 3 * DAY + late):
        if place.due_at is not None and place.due_at <= now:
            moved = advance(made, place, world, now)
            place = moved.place
            if moved.send:
                assert moved.send[1] == max(now, START + 3 * DAY)
    assert place.position == END


def test_what_follows_an_event_counts_from_the_event() -> None:
    steps = [
        {"id": "one", "send": {"brief": BRIEF}},
        {"id": "b", "branch": {"when": {"clicked": "one", "within": "3 days"}, "then": "w", "otherwise": "end"}},
        {"id": "w", "wait": "10 hours"}, {"id": "two", "send": {"brief": BRIEF}},
    ]  # fmt: skip
    made = parse_sequence({"name": "W", "brand": "B", "trigger": {"kind": "start"}, "steps": steps})
    world = World([Happened(START + 20 * HOUR, EventKind.CLICKED, "one")])
    looks = [START + hour * HOUR for hour in range(50)]
    assert walked(made, world, looks)[0] == [("one", START), ("two", START + 30 * HOUR)]
