"""What relays answered, as rows of the ledger and as events."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from tidings.distribution import statements
from tidings.distribution.backoff import next_try
from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.session import Statements
from tidings.distribution.statements import ChannelSql
from tidings.domain.channel import Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, Instant

_FAILED = DeliveryState.FAILED.value
_NO_DETAIL: dict[str, str] = {}


class Settled(NamedTuple):
    """One answer, decided: `again` is the instant of the next try."""

    message: Outgoing
    outcome: Outcome
    at: Instant
    state: str
    words: str
    again: Instant | None = None


def settle(message: Outgoing, outcome: Outcome, now: Instant, chance: random.Random) -> Settled:
    """What an answer means for the delivery: a deferral is given up in the end."""
    if outcome.result is not Result.DEFERRED:
        return Settled(message, outcome, now, outcome.result.value, outcome.words)
    number = message.attempt + 1
    again = next_try(number, now, chance)
    if again is not None:
        again = max(again, now + outcome.wait) if outcome.wait < DAY else again
        return Settled(message, outcome, now, outcome.result.value, outcome.words, again)
    return Settled(message, outcome, now, _FAILED, f"given up after {number} tries; the last answer: {outcome.words}")


def write(sql: Statements, of: ChannelSql, settled: Sequence[Settled], relay: str, owner: str) -> None:
    """Brings deliveries up to date and keeps every attempt that did not simply succeed."""
    alike: defaultdict[tuple[int, int, int, str], dict[int, str]] = defaultdict(dict)
    final: list[tuple[Any, ...]] = []
    deferred: list[tuple[Any, ...]] = []
    attempts: list[tuple[Any, ...]] = []
    for message, outcome, at, state, words, again in settled:
        accepted = outcome.result is Result.ACCEPTED
        number = message.attempt + 1
        if accepted and sql.is_sqlite:
            alike[message.campaign_pk, message.step, number, outcome.code][message.contact_pk] = f"{at:013d} {words}"
            continue
        key = (message.campaign_pk, message.contact_pk, message.step)
        if again is not None:
            deferred.append((at, outcome.code, words, again, number, *key, message.fence))
        else:
            final.append((state, at, outcome.code, words, number, *key))
        if not accepted:
            attempts.append((*key[:2], of.channel.value, key[2], number, at, state, outcome.code, words, relay, owner))
    for (campaign, step, number, code), told in alike.items():
        sql.run(of.accepted, (code, number, json.dumps(told), campaign, step))
    if final:
        sql.many(of.answer, final)
    if deferred:
        sql.many(of.defer, deferred)
    if attempts:
        sql.many(statements.ATTEMPT, attempts)
    if references := _references(settled, of.channel):
        sql.many(statements.REFERENCE, references)


def _references(settled: Sequence[Settled], channel: Channel) -> list[tuple[Any, ...]]:
    """What providers call the messages they took."""
    return [
        (outcome.provider, outcome.reference, m.campaign_pk, m.contact_pk, channel.value, m.step, at)
        for m, outcome, at, *_ in settled
        if outcome.reference
    ]


def events_of(settled: Sequence[Settled], channel: Channel) -> list[Event]:
    """The log's word on each answer."""
    return [
        Event(
            _KINDS[state], at, message.campaign_pk, message.contact_pk, channel.value, message.step,
            message.variant, detail=_NO_DETAIL if outcome.result is Result.ACCEPTED else _detail(outcome),
        )
        for message, outcome, at, state, _, _ in settled
    ]  # fmt: skip


_KINDS = {kind.value: kind for kind in EventKind}


def _detail(outcome: Outcome) -> dict[str, str]:
    detail = {"code": outcome.code} if outcome.code else {}
    return {**detail, "hard": "yes"} if outcome.hard else detail
