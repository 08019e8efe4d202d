"""What relays answered, as rows of the ledger and as events."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tidings.distribution import statements
from tidings.distribution.backoff import next_try
from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.session import Statements
from tidings.distribution.statements import ChannelSql
from tidings.distribution.throttle.replies import About
from tidings.domain.channel import Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, Instant
from tidings.events.alike import Alike

_ACCEPTED, _FAILED = DeliveryState.ACCEPTED.value, DeliveryState.FAILED.value

Kind = tuple[int, int, str, int, str]
"""Campaign, step, variant, attempt and reply code."""
Held = tuple[int, int, int]
"""Campaign, number and fence of a chunk."""


class Settled(NamedTuple):
    """One answer, decided: `again` is the instant of the next try."""

    message: Outgoing
    outcome: Outcome
    at: Instant
    state: str
    words: str
    again: Instant | None = None


@dataclass(slots=True)
class Answers:
    """Decided answers that wait to be written. Acceptances lie together by what they have in common."""

    accepted: dict[Kind, list[tuple[int, Instant, str]]] = field(
        default_factory=dict[Kind, list[tuple[int, Instant, str]]]
    )
    """Contact, instant and the server's words of each."""
    others: list[Settled] = field(default_factory=list[Settled])
    landed: dict[Held, int] = field(default_factory=dict[Held, int])
    """How many answers came for which chunk."""
    references: list[tuple[Outgoing, Outcome, Instant]] = field(default_factory=list[tuple[Outgoing, Outcome, Instant]])
    """Acceptances by providers that have a name of their own for the message."""
    told: Sequence[tuple[Outgoing, Outcome]] = ()
    """The last of them as they came."""

    def decide(self, answers: Sequence[tuple[Outgoing, Outcome]], now: Instant, chance: random.Random) -> None:
        """Adds what relays said just now."""
        self.told = answers
        accepted, landed, yes = self.accepted, self.landed, Result.ACCEPTED
        for message, outcome in answers:
            held = (message.campaign_pk, message.chunk_no, message.fence)
            landed[held] = landed.get(held, 0) + 1
            if outcome.result is not yes:
                self.others.append(settle(message, outcome, now, chance))
                continue
            kind = (message.campaign_pk, message.step, message.variant, message.attempt + 1, outcome.code)
            if outcome.reference:
                self.references.append((message, outcome, now))
            row = (message.contact_pk, now, outcome.words)
            if (rows := accepted.get(kind)) is None:
                accepted[kind] = [row]
            else:
                rows.append(row)

    def join(self, later: Answers) -> None:
        """Adds others that came later."""
        for kind, rows in later.accepted.items():
            self.accepted.setdefault(kind, []).extend(rows)
        for held, number in later.landed.items():
            self.landed[held] = self.landed.get(held, 0) + number
        self.others += later.others
        self.references += later.references

    def alike(self, channel: Channel) -> Iterator[tuple[Kind, Alike]]:
        """The acceptances, and the log's word on them."""
        for kind, rows in self.accepted.items():
            campaign, step, variant, _, _ = kind
            event = Event(EventKind.ACCEPTED, rows[0][1], campaign, 0, channel.value, step, variant)
            yield kind, Alike(event, rows)


def settle(message: Outgoing, outcome: Outcome, now: Instant, chance: random.Random) -> Settled:
    """What an answer means for the delivery: a deferral is given up in the end."""
    if outcome.result is not Result.DEFERRED:
        return Settled(message, outcome, now, outcome.result.value, outcome.words)
    number = message.attempt + 1
    asked = outcome.wait if number == 1 or outcome.about is not About.GREYLIST else 0
    again = next_try(number, now, chance, asked=asked)
    if again is not None:
        again = max(again, now + outcome.wait) if outcome.wait < DAY else again
        return Settled(message, outcome, now, outcome.result.value, outcome.words, again)
    return Settled(message, outcome, now, _FAILED, f"given up after {number} tries; the last answer: {outcome.words}")


def write_accepted(sql: Statements, of: ChannelSql, kind: Kind, rows: Sequence[tuple[int, Instant, str]]) -> None:
    """Brings the deliveries of one kind of acceptance up to date."""
    campaign, step, _, number, code = kind
    if sql.is_sqlite:
        told = json.dumps({pk: f"{at:013d} {words}" for pk, at, words in rows})
        sql.run(of.accepted, (code, number, told, campaign, step))
        return
    sql.many(of.answer, [(_ACCEPTED, at, code, words, number, campaign, pk, step) for pk, at, words in rows])


def write_others(sql: Statements, of: ChannelSql, settled: Sequence[Settled], relay: str, owner: str) -> None:
    """Brings the other deliveries up to date, and keeps these attempts."""
    final: list[tuple[Any, ...]] = []
    deferred: list[tuple[Any, ...]] = []
    attempts: list[tuple[Any, ...]] = []
    for message, outcome, at, state, words, again in settled:
        number = message.attempt + 1
        key = (message.campaign_pk, message.contact_pk, message.step)
        if again is not None:
            deferred.append((at, outcome.code, words, again, number, *key, message.fence))
        else:
            final.append((state, at, outcome.code, words, number, *key))
        by = message.relay or relay
        attempts.append((*key[:2], of.channel.value, key[2], number, at, state, outcome.code, words, by, owner))
    if final:
        sql.many(of.answer, final)
    if deferred:
        sql.many(of.defer, deferred)
    if attempts:
        sql.many(statements.ATTEMPT, attempts)
    write_references(sql, of, [(m, outcome, at) for m, outcome, at, *_ in settled if outcome.reference])


def write_references(sql: Statements, of: ChannelSql, told: Sequence[tuple[Outgoing, Outcome, Instant]]) -> None:
    """Keeps what providers call the messages they took."""
    if told:
        rows = [
            (outcome.provider, outcome.reference, m.campaign_pk, m.contact_pk, of.channel.value, m.step, at)
            for m, outcome, at in told
        ]
        sql.many(statements.REFERENCE, rows)


def events_of(settled: Sequence[Settled], channel: Channel) -> list[Event]:
    """The log's word on each answer that is no acceptance."""
    return [
        Event(
            _KINDS[state], at, message.campaign_pk, message.contact_pk, channel.value, message.step, message.variant,
            detail=_detail(outcome),
        )
        for message, outcome, at, state, _, _ in settled
    ]  # fmt: skip


_KINDS = {kind.value: kind for kind in EventKind}


def _detail(outcome: Outcome) -> dict[str, str]:
    detail = {"code": outcome.code} if outcome.code else {}
    return {**detail, "hard": "yes"} if outcome.hard else detail
