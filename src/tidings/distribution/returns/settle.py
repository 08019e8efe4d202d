"""Brings a delivery to what was learnt about it later, and settles one whose answer was lost.

Whatever comes back about a mail proves that a relay took it: that is then an attempt of its own in the ledger, so that
the delivery's page shows how the question was answered.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from tidings.distribution.returns import repository
from tidings.distribution.returns.matching import Match
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Instant

_S = DeliveryState
_BUSY = frozenset({_S.CLAIMED.value, _S.ATTEMPTING.value})


@dataclass(frozen=True, slots=True)
class Settled:
    """`moved`: the delivery changed. `early`: the answer to its sending is not recorded yet. `events` belong into the
    log, the acceptance of a mail that was uncertain among them."""

    moved: bool
    early: bool
    variant: str
    events: tuple[Event, ...] = ()


def settle(
    conn: Connection, match: Match, state: DeliveryState, at: Instant, code: str, words: str, by: str
) -> Settled | None:
    """In the caller's transaction; None when there is no such delivery. `by` names who told."""
    row = repository.delivery_of(conn, match)
    if row is None:
        return None
    uncertain = row.state == _S.UNCERTAIN.value
    if state is _S.ACCEPTED and not uncertain:
        return Settled(moved=False, early=row.state in _BUSY, variant=row.variant)
    if uncertain and state is _S.COMPLAINED:  # who complains has got it
        repository.move(conn, match, _S.DELIVERED, at, code, words)
    if not repository.move(conn, match, state, at, code, words):
        return Settled(moved=False, early=row.state in _BUSY, variant=row.variant)
    if not uncertain:
        return Settled(moved=True, early=False, variant=row.variant)
    repository.add_attempt(
        conn,
        {
            "campaign_pk": match.campaign_pk, "contact_pk": match.contact_pk, "channel": match.channel,
            "step": match.step, "number": max(row.attempt, 1), "at": at, "outcome": state.value, "code": code,
            "words": f"settled by {by}: {words}"[:500], "relay": "", "worker": "",
        },
    )  # fmt: skip
    taken = Event(
        EventKind.ACCEPTED, at, match.campaign_pk, match.contact_pk, match.channel, match.step, row.variant,
        detail={"settled": by},
    )  # fmt: skip
    return Settled(moved=True, early=False, variant=row.variant, events=(taken,))
