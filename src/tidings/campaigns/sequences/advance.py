"""What becomes of one person whose time has come. Pure: the same facts give the same way.

Time is logical: a step begins when the one before it ended, however late the runner looks. A message moves it to the
instant the message leaves, so that waits count from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Protocol

from tidings.domain.event import EventKind
from tidings.domain.instant import DAY, MINUTE, Instant
from tidings.domain.sequence import WEEKDAYS, Branch, SequenceDefinition, Step, Wait
from tidings.scheduling.zones import instant_at, local

TIME, EVENT = "time", "event"
"""What somebody waits for who has begun a step."""
COMPLETED = "completed"
_LOOK_AGAIN = (MINUTE, 15 * MINUTE)
"""How long somebody whose message is not out yet is left alone: at least, at most."""
_ENGAGED = (EventKind.OPENED, EventKind.CLICKED, EventKind.CONVERTED)
COUNTS: Mapping[str, tuple[EventKind, ...]] = {
    "opened": (EventKind.OPENED, EventKind.CLICKED),  # a click implies an open, which may not be tracked
    "clicked": (EventKind.CLICKED,),
    "converted": (EventKind.CONVERTED,),
    "nothing": _ENGAGED,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one person stands."""

    contact_pk: int
    position: str
    waiting_for: str
    since: Instant
    due_at: Instant | None
    sent_step: int | None
    entered_at: Instant
    round: int
    exit_reason: str = ""


@dataclass(frozen=True, slots=True)
class Departure:
    """What became of a message: still open and due then, or settled at that instant."""

    open: bool
    at: Instant


class Facts(Protocol):
    """What is known of the people of a batch."""

    def leaves(self, place: Place) -> str:
        """Why the person is out wherever they stand; empty when they stay."""
        ...

    def departure(self, place: Place) -> Departure | None:
        """Of the message `place.sent_step`; None when there is none."""
        ...

    def first(self, place: Place, kinds: tuple[EventKind, ...], message: str, until: Instant) -> Instant | None:
        """When the person first did one of these with the message of this round; None: not until then."""
        ...

    def matches(self, place: Place, step: Step) -> bool:
        """Whether the person is in the segment, or fits the rule, of that branch."""
        ...

    def zone(self, place: Place) -> str:
        """The zone of the person's clock, assumed where it is unknown."""
        ...

    def send_time(self, place: Place, at: Instant) -> Instant | None:
        """The first instant from `at` on at which they may be written to; None when none is near."""
        ...


@dataclass(slots=True)
class Moved:
    """Where the person stands now, and the message they get on the way: the step's name and when it is due."""

    place: Place
    send: tuple[str, Instant] | None = None
    path: list[str] = field(default_factory=list[str])
    """The steps that were begun or finished, in order."""


def advance(made: SequenceDefinition, place: Place, facts: Facts, now: Instant) -> Moved:
    """Takes the person as far as they come by now; at most one message on the way."""
    reason = facts.leaves(place)
    if reason:
        return Moved(_out(place, reason))
    anchored = _anchored(made, place, facts, now)
    if anchored.due_at is not None and anchored.due_at > now:
        return Moved(anchored)
    return _walk(made, anchored, facts, now)


def _anchored(made: SequenceDefinition, place: Place, facts: Facts, now: Instant) -> Place:
    """The same place, its time counted from when the message before it really left."""
    if place.sent_step is None:
        return place
    departure = facts.departure(place)
    if departure is not None and departure.open:
        again = min(max(now - place.since, _LOOK_AGAIN[0]), _LOOK_AGAIN[1])
        return replace(place, due_at=max(now + again, departure.at))
    if departure is None or departure.at <= place.since:
        return replace(place, sent_step=None)
    since = departure.at
    step = made.step(place.position)
    if place.waiting_for == TIME and step is not None and step.wait is not None:
        due_at = ends(step.wait, since, facts.zone(place))
    elif place.waiting_for == EVENT and step is not None and step.branch is not None:
        due_at = now  # asked at once; `_branch` counts its time from `since`
    else:
        due_at = since
    return replace(place, sent_step=None, since=since, due_at=due_at)


def _walk(made: SequenceDefinition, place: Place, facts: Facts, now: Instant) -> Moved:
    waited = place.waiting_for == TIME and made.step(place.position) is not None
    position = made.after(place.position) if waited else place.position
    at = place.due_at if waited and place.due_at is not None else place.since
    moved = Moved(place)
    while (step := made.step(position)) is not None and at <= now:
        moved.path.append(position)
        further = _take(made, moved, step, at, facts, now)
        if further is None:
            return moved
        position, at = further
    here = replace(place, position=position)
    moved.place = _out(here, COMPLETED) if step is None and at <= now else _stands(here, position, "", at, at)
    return moved


def _take(
    made: SequenceDefinition, moved: Moved, step: Step, at: Instant, facts: Facts, now: Instant
) -> tuple[str, Instant] | None:
    """One step, begun at that instant: where it leads and from when, or None when the person stays with it."""
    place = moved.place
    if step.send is not None:
        due = facts.send_time(place, max(at, now))
        if due is None:  # nothing is allowed for weeks: asked again tomorrow
            moved.place = _stands(place, step.id, "", at, now + DAY)
        else:
            moved.send, moved.place = (step.id, due), _after_send(made, place, step.id, due, facts)
        return None
    if step.wait is not None:
        over = ends(step.wait, at, facts.zone(place))
        if over <= now:
            return made.after(step.id), over
        moved.place = _stands(place, step.id, TIME, at, over)
        return None
    if step.branch is not None:
        decided = _decided(step, step.branch, place, facts, at, now)
        if decided is None:
            moved.place = _stands(place, step.id, EVENT, at, at + (step.branch.when.within or 0))
        return decided
    moved.place = _out(replace(place, position=step.id), step.exit or COMPLETED)
    return None


def _after_send(made: SequenceDefinition, place: Place, position: str, due: Instant, facts: Facts) -> Place:
    """Behind the message; a wait begins at once, all else when the message is due."""
    follows = made.after(position)
    step = made.step(follows)
    if step is not None and step.wait is not None:
        return _stands(place, follows, TIME, due, ends(step.wait, due, facts.zone(place)))
    return _stands(place, follows, "", due, due)


def _decided(
    step: Step, branch: Branch, place: Place, facts: Facts, at: Instant, now: Instant
) -> tuple[str, Instant] | None:
    """Where the branch leads and from when; None while that is open."""
    when = branch.when
    if when.message is None:
        return (branch.then if facts.matches(place, step) else branch.otherwise), at
    name = next(name for name in COUNTS if getattr(when, name) is not None)
    until = now if when.within is None else min(now, at + when.within)
    happened = facts.first(place, COUNTS[name], when.message, until)
    if happened is not None:
        return (branch.otherwise if name == "nothing" else branch.then), max(at, happened)
    if when.within is not None and now < at + when.within:
        return None
    return (branch.then if name == "nothing" else branch.otherwise), at + (when.within or 0)


def ends(wait: Wait, at: Instant, zone: str) -> Instant:
    """When a wait that begins at that instant is over, on the person's own clock."""
    base = at + (wait.at_least or 0)
    if wait.until is None:
        return base
    today = local(zone, base).date()
    for days in range(9):
        day = today + timedelta(days=days)
        if wait.until.weekday is not None and WEEKDAYS[day.weekday()] != wait.until.weekday:
            continue
        then = instant_at(zone, datetime.combine(day, time(wait.until.hour)))
        if then >= base:
            return then
    raise AssertionError("a week has every weekday")


def _stands(place: Place, position: str, waiting_for: str, since: Instant, due_at: Instant) -> Place:
    return replace(place, position=position, waiting_for=waiting_for, since=since, due_at=due_at)


def _out(place: Place, reason: str) -> Place:
    return replace(place, due_at=None, waiting_for="", sent_step=None, exit_reason=reason)
