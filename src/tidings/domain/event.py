"""What happened. Events are append-only; everything counted is counted from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tidings.domain.instant import Instant


class EventKind(StrEnum):
    """What can happen to a delivery, in the field's vocabulary (after Anymail's normalised events)."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    CONVERTED = "converted"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one contact in one campaign.

    `machine` is the probability, 0 to 1, that a program and not the person did it; such events are kept and
    labelled, never dropped. `hour_local` is the contact's local hour, 0 to 23, for send-time learning.
    """

    kind: EventKind
    at: Instant
    campaign_pk: int
    contact_pk: int
    channel: str = "email"
    step: int = 0
    variant: str = "A"
    machine: float = 0.0
    hour_local: int | None = None
    detail: dict[str, str] = field(default_factory=dict[str, str])
