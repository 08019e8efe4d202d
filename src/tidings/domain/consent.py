"""Consent: who allowed what, when, in which words; and suppression: whose no holds for good."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tidings.domain.channel import Channel
from tidings.domain.instant import DAY, Instant

CONFIRM_WITHIN = 14 * DAY
"""So long after a confirmation mail has left, its link is valid."""


class Purpose(StrEnum):
    """What a contact can allow, each on its own."""

    MARKETING_EMAIL = "marketing_email"
    OPEN_TRACKING = "open_tracking"
    MARKETING_SMS = "marketing_sms"
    MARKETING_PUSH = "marketing_push"


_MARKETING = {
    Channel.EMAIL: Purpose.MARKETING_EMAIL,
    Channel.SMS: Purpose.MARKETING_SMS,
    Channel.PUSH: Purpose.MARKETING_PUSH,
}


def marketing_purpose(channel: Channel) -> Purpose:
    """What a contact must have allowed to be written to through a personal channel. Raises KeyError for another."""
    return _MARKETING[channel]


class ConsentState(StrEnum):
    """Where a consent stands."""

    GRANTED = "granted"
    PENDING = "pending"  # double opt-in not yet confirmed
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Consent:
    """One purpose of one contact, with the proof: when, from where, and which wording was shown."""

    purpose: Purpose
    state: ConsentState
    at: Instant
    source: str
    wording: str
    expires_at: Instant | None = None

    def holds(self, at: Instant) -> bool:
        """Whether it allows the purpose at that instant."""
        return self.state is ConsentState.GRANTED and (self.expires_at is None or at < self.expires_at)


class SuppressionReason(StrEnum):
    """Why an address must not be written to."""

    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    BOUNCED = "bounced"
    ERASED = "erased"
    MANUAL = "manual"
