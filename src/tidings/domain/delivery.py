"""One message to one contact: its states and which may follow which."""

from __future__ import annotations

from enum import StrEnum


def server_said(code: str, words: str) -> str:
    """A server's code and words in one line; the enhanced code that many repeat in their words stands once."""
    status = code.partition(" ")[2]
    return f"{code} {words.removeprefix(f'{status} ') if status else words}".strip()


class DeliveryState(StrEnum):
    """Where one delivery stands. The row exists before any sending; its key allows it once."""

    PLANNED = "planned"
    HELD = "held"  # waits for a reason that is shown: suppressed relay, offline, pause of a guard rail
    CLAIMED = "claimed"  # a worker has leased it; nothing of it is on the wire
    ATTEMPTING = "attempting"  # on the wire: from here a crash leaves it uncertain
    ACCEPTED = "accepted"  # the relay answered 250
    DEFERRED = "deferred"  # the relay said "later"; due again at `due_at`
    FAILED = "failed"  # the relay said no for good, or the tries are used up
    UNCERTAIN = "uncertain"  # the answer was lost after the final dot; never blindly resent
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"  # consent or suppression forbade it at the moment of sending
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


D = DeliveryState
OPEN = frozenset({D.PLANNED, D.HELD, D.CLAIMED, D.ATTEMPTING, D.DEFERRED})
"""States from which something still happens by itself."""
SENT = frozenset({D.ACCEPTED, D.DELIVERED, D.BOUNCED, D.COMPLAINED})
"""States that say a relay took the message."""

TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    D.PLANNED: frozenset({D.HELD, D.CLAIMED, D.CANCELLED, D.SUPPRESSED}),
    D.HELD: frozenset({D.PLANNED, D.CLAIMED, D.CANCELLED, D.SUPPRESSED}),
    D.CLAIMED: frozenset({D.ATTEMPTING, D.PLANNED, D.HELD, D.CANCELLED, D.SUPPRESSED, D.UNCERTAIN, D.FAILED}),
    D.ATTEMPTING: frozenset({D.ACCEPTED, D.DEFERRED, D.FAILED, D.UNCERTAIN}),
    D.DEFERRED: frozenset({D.CLAIMED, D.HELD, D.FAILED, D.CANCELLED, D.SUPPRESSED}),
    D.UNCERTAIN: frozenset({D.ACCEPTED, D.FAILED, D.DELIVERED, D.BOUNCED, D.PLANNED}),  # again by a person only
    D.ACCEPTED: frozenset({D.DELIVERED, D.BOUNCED, D.COMPLAINED}),
    D.DELIVERED: frozenset({D.BOUNCED, D.COMPLAINED}),
    D.BOUNCED: frozenset({D.COMPLAINED}),
    D.FAILED: frozenset(),
    D.CANCELLED: frozenset(),
    D.SUPPRESSED: frozenset(),
    D.COMPLAINED: frozenset(),
}


def may_become(now: DeliveryState, then: DeliveryState) -> bool:
    """Whether a delivery in state `now` may go to `then`."""
    return then in TRANSITIONS[now]
