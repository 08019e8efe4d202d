"""One batch of people whose time has come: read together, moved by `advance`, written together, or not at all.

Where they stand and what they are sent is one transaction, so a kill at any moment leaves each person either before
the step or after it; the ledger's key refuses a step a second time whatever happens.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row

from tidings.campaigns import repository as campaigns
from tidings.campaigns.sequences import repository
from tidings.campaigns.sequences.advance import Moved, advance
from tidings.campaigns.sequences.facts import BatchFacts
from tidings.campaigns.sequences.messages import CHANNEL, number_for, variant_for
from tidings.campaigns.versions import fitting
from tidings.distribution.enlist import Row as Enlisted
from tidings.distribution.enlist import enlist
from tidings.distribution.withdraw import withdraw
from tidings.domain.errors import ConflictError
from tidings.domain.instant import Instant
from tidings.domain.sequence import SequenceDefinition

BATCH = 1_000
WORDS = {
    "converted": "the person left the sequence: converted",
    "unsubscribed": "the person left the sequence: unsubscribed",
    "left_segment": "the person left the sequence: no longer in its segment",
    "erased": "the person was erased",
}


@dataclass(frozen=True, slots=True)
class Done:
    """What one batch brought."""

    people: int = 0
    sent: int = 0
    left: int = 0


def move_batch(conn: Connection, campaign_pk: int, now: Instant, limit: int = BATCH) -> Done:
    """Moves the next people of a sequence that runs. Nothing when it was paused or ended meanwhile."""
    row = repository.in_force(conn, campaign_pk)
    if row is None or (row.ends_at is not None and row.ends_at <= now):
        return Done()
    places = repository.due_people(conn, campaign_pk, now, limit)
    if not places:
        return Done()
    made = definition_of(conn, row)
    numbers = repository.ledger_steps(conn, campaign_pk)
    facts = BatchFacts(conn, campaign_pk, made, places, numbers, row.segment_id, now)
    moved = [advance(made, place, facts, now) for place in places]
    sent = _enlist(conn, campaign_pk, row.variants, moved, numbers, _versions(conn, made, moved, now))
    _withdraw(conn, campaign_pk, moved, now)
    repository.write_places(conn, campaign_pk, (each.place for each in moved), now)
    return Done(len(moved), sent, sum(each.place.due_at is None for each in moved))


def definition_of(conn: Connection, row: Row[Any]) -> SequenceDefinition:
    """The definition in force. Raises ConflictError unless a person approved exactly it."""
    revised = campaigns.revision_of(conn, row.revision_id)
    if revised.sequence is None or not campaigns.is_approved(conn, revised):
        raise ConflictError("The sequence in force is not approved.", remedy="Have it approved, then resume it.")
    return revised.sequence


def _versions(conn: Connection, made: SequenceDefinition, moved: list[Moved], now: Instant) -> dict[int, str]:
    """The version of their message that those who come to one get; whoever gets the base version is not in it."""
    found: dict[int, str] = {}
    briefs = {step.id: step.send.brief for step in made.sends if step.send is not None and step.send.brief is not None}
    for name, brief in briefs.items():
        if brief.versions:
            people = [each.place.contact_pk for each in moved if each.send is not None and each.send[0] == name]
            found |= fitting(conn, brief, people, now)
    return found


def _enlist(
    conn: Connection, campaign_pk: int, variants: dict[str, list[str]], moved: list[Moved],
    numbers: dict[tuple[str, int], int], versions: dict[int, str],
) -> int:  # fmt: skip
    """Writes the deliveries of those who come to a message, and notes the message with each."""
    by_step: defaultdict[tuple[str, int], list[Enlisted]] = defaultdict(list)
    for each in moved:
        if each.send is not None:
            name, due_at = each.send
            key = (name, each.place.round)
            if key not in numbers:
                numbers[key] = number_for(conn, campaign_pk, *key)
            person = each.place.contact_pk
            variant = variant_for(variants[name], name, person, versions.get(person, ""))
            by_step[key].append((person, variant, due_at))
            each.place = replace(each.place, sent_step=numbers[key])
    return sum(enlist(conn, campaign_pk, numbers[key], CHANNEL, people) for key, people in sorted(by_step.items()))


def _withdraw(conn: Connection, campaign_pk: int, moved: list[Moved], now: Instant) -> None:
    """Nobody hears anything after they have left."""
    leaving: defaultdict[str, list[int]] = defaultdict(list)
    for each in moved:
        if each.place.due_at is None and each.place.exit_reason in WORDS:
            leaving[each.place.exit_reason].append(each.place.contact_pk)
    for reason, people in leaving.items():
        withdraw(conn, campaign_pk, people, WORDS[reason], now)
