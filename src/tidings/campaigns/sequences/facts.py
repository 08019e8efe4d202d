"""What is known of the people of one batch: asked of the database for all of them together, and only what is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from tidings.agents.state import load
from tidings.audience.rules import compile_rule
from tidings.audience.segments import find_segment, matching
from tidings.audience.selection import may_send
from tidings.campaigns.sequences.advance import Departure, Place
from tidings.domain.actor import AgentName
from tidings.domain.channel import Channel
from tidings.domain.consent import marketing_purpose
from tidings.domain.delivery import OPEN
from tidings.domain.event import EventKind
from tidings.domain.instant import Instant
from tidings.domain.plan import HeldBack
from tidings.domain.sequence import SequenceDefinition, Step
from tidings.scheduling.pacing import Pacing, pacing_for
from tidings.scheduling.policy import PlanPolicy, policy_from
from tidings.scheduling.zones import guess
from tidings.store.among import among, keys, rows, together
from tidings.store.tables import contact, delivery, event

CHANNEL = Channel.EMAIL
CONVERTED, UNSUBSCRIBED, LEFT_SEGMENT, GONE = "converted", "unsubscribed", "left_segment", "erased"
_ENGAGED = (EventKind.OPENED, EventKind.CLICKED, EventKind.CONVERTED)
_HUMAN = 0.5
_OPEN = frozenset(state.value for state in OPEN)


class BatchFacts:
    """The facts of one batch, as of its instant; see `advance.Facts`."""

    def __init__(
        self, conn: Connection, campaign_pk: int, made: SequenceDefinition, places: Sequence[Place],
        numbers: Mapping[tuple[str, int], int], segment_id: str | None, now: Instant,
    ) -> None:  # fmt: skip
        self._conn, self._campaign_pk, self._made, self._now = conn, campaign_pk, made, now
        self._numbers = numbers
        self._people = [place.contact_pk for place in places]
        self._given = {"people": keys(conn, self._people)}
        self._segment_id = segment_id
        self._standing = may_send(conn, self._people, marketing_purpose(CHANNEL), CHANNEL, now)
        self._events = self._read_events() if _asks_for_events(made) else {}
        self._out = self._read_departures() if any(place.sent_step is not None for place in places) else {}
        self._matching: dict[str, frozenset[int]] = {}
        self._places: dict[int, tuple[str, str]] | None = None
        self._pacing: Pacing | None = None
        self._rules: PlanPolicy | None = None

    def leaves(self, place: Place) -> str:
        """The reason that comes first: what is gone, then a no, then what the sequence says.

        Whoever asked for a pause goes on: what would be sent to them meanwhile is left out.
        """
        standing = self._standing.get(place.contact_pk, HeldBack.NO_ADDRESS)
        if standing not in {None, HeldBack.PAUSED}:
            return GONE if standing is HeldBack.NO_ADDRESS else UNSUBSCRIBED
        if CONVERTED in self._made.exits and self._happened(place, (EventKind.CONVERTED,), None, self._now):
            return CONVERTED
        if LEFT_SEGMENT in self._made.exits and self._segment_id is not None:
            within = self._who("", lambda: matching(self._conn, str(self._segment_id), self._now))
            return "" if place.contact_pk in within else LEFT_SEGMENT
        return ""

    def departure(self, place: Place) -> Departure | None:
        """Of the last message: from the ledger."""
        found = self._out.get((place.contact_pk, place.sent_step or 0))
        if found is None:
            return None
        state, at, due_at = found
        return Departure(state in _OPEN, due_at if state in _OPEN or at is None else at)

    def first(self, place: Place, kinds: tuple[EventKind, ...], message: str, until: Instant) -> Instant | None:
        """Of this round; a conversion counts whichever message it is put down to."""
        return self._happened(place, kinds, self._numbers.get((message, place.round), -1), until)

    def matches(self, place: Place, step: Step) -> bool:
        """As the segment or rule is now."""
        if step.branch is None:
            return False
        when = step.branch.when

        def condition() -> Any:
            if when.rule is not None:
                return compile_rule(when.rule, self._now)
            segment_id = find_segment(self._conn, when.segment or "")
            return None if segment_id is None else matching(self._conn, segment_id, self._now)

        return place.contact_pk in self._who(step.id, condition)

    def zone(self, place: Place) -> str:
        """Their own, else the likeliest of their country, else the one assumed for everybody."""
        zone, country = self._where(place.contact_pk)
        return guess(zone, country, self._policy().fallback_zone).shown

    def send_time(self, place: Place, at: Instant) -> Instant | None:
        """Outside quiet hours and within the frequency cap."""
        if self._pacing is None:
            self._pacing = pacing_for(self._conn, self._people, self._now, self._policy())
        return self._pacing.first(place.contact_pk, *self._where(place.contact_pk), at)

    def _happened(self, place: Place, kinds: tuple[EventKind, ...], step: int | None, until: Instant) -> Instant | None:
        times = [
            at
            for kind, of_step, at in self._events.get(place.contact_pk, ())
            if kind in kinds
            and place.entered_at <= at <= until
            and (step is None or of_step == step or kind == EventKind.CONVERTED)
        ]
        return min(times, default=None)

    def _read_events(self) -> dict[int, list[tuple[str, int, Instant]]]:
        dialect = self._conn.dialect.name
        query = together(dialect, event.c.contact_pk, event.c.kind, event.c.step, event.c.at).where(
            event.c.campaign_pk == self._campaign_pk, among(dialect, event.c.contact_pk, "people"),
            event.c.kind.in_([kind.value for kind in _ENGAGED]), event.c.machine < _HUMAN,
        )  # fmt: skip
        found: dict[int, list[tuple[str, int, Instant]]] = {}
        for pk, kind, step, at in rows(self._conn, query, self._given):
            found.setdefault(pk, []).append((kind, step, at))
        return found

    def _read_departures(self) -> dict[tuple[int, int], tuple[str, Instant | None, Instant]]:
        dialect, d = self._conn.dialect.name, delivery.c
        query = together(dialect, d.contact_pk, d.step, d.state, d.at, d.due_at).where(
            d.campaign_pk == self._campaign_pk, d.channel == CHANNEL.value, among(dialect, d.contact_pk, "people")
        )
        found = rows(self._conn, query, self._given)
        return {(pk, step): (state, at, due_at) for pk, step, state, at, due_at in found}

    def _who(self, name: str, condition: Any) -> frozenset[int]:
        """Those of the batch who fit; asked once for each branch. A condition that is None fits everybody."""
        if name not in self._matching:
            fits = condition()
            query = select(contact.c.pk).where(among(self._conn.dialect.name, contact.c.pk, "people"))
            found = self._conn.execute(query if fits is None else query.where(fits), self._given).scalars()
            self._matching[name] = frozenset(found)
        return self._matching[name]

    def _where(self, contact_pk: int) -> tuple[str, str]:
        if self._places is None:
            dialect = self._conn.dialect.name
            query = together(dialect, contact.c.pk, contact.c.time_zone, contact.c.country).where(
                among(dialect, contact.c.pk, "people")
            )
            self._places = {pk: (zone, country) for pk, zone, country in rows(self._conn, query, self._given)}
        return self._places.get(contact_pk, ("", ""))

    def _policy(self) -> PlanPolicy:
        if self._rules is None:
            self._rules = policy_from(load(self._conn, AgentName.SCHEDULING).config)
        return self._rules


def _asks_for_events(made: SequenceDefinition) -> bool:
    return CONVERTED in made.exits or any(step.branch is not None and step.branch.when.message for step in made.steps)
