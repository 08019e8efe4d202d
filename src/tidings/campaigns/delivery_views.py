"""What the faces see of one delivery. Plain values, ready to be shown or turned into JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidings.campaigns.views import Preview
from tidings.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt: what came of it, and the server's words."""

    number: int
    at: Instant | None
    outcome: str
    relay: str
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class EventView:
    """One line of the event log. `machine` is the probability that a program did it."""

    kind: str
    at: Instant
    machine: float
    detail: dict[str, str]

    @property
    def by_machine(self) -> bool:
        """Whether it is not counted as a person's act."""
        return self.machine >= 0.5


@dataclass(frozen=True, slots=True)
class StandingView:
    """Whether the person may be written to now, and what that rests on."""

    allowed: bool
    why_not: str
    """no_consent, suppressed, paused or no_address; empty when allowed."""
    consent: str
    """The newest word on marketing mail: granted, pending, withdrawn; empty when there is none."""
    consent_at: Instant | None
    consent_source: str
    suppression: str
    """Why the address is on the list; empty when it is not."""
    suppression_at: Instant | None
    suppression_source: str


@dataclass(frozen=True, slots=True)
class FoundDelivery:
    """A delivery a search found."""

    campaign_id: str
    campaign_name: str
    contact_id: str
    name: str
    email: str
    channel: str
    step: int
    state: str
    variant: str
    due_at: Instant
    at: Instant | None
    code: str
    reason: str
    message_id: str


@dataclass(frozen=True, slots=True)
class DeliveryDetail(FoundDelivery):
    """Everything about one delivery. The address is masked unless the actor may read it."""

    attempt: int
    planned_at: Instant | None
    """The slot the plan gave; None for one without."""
    planned_reason: str
    local_time: str
    attempts: tuple[AttemptView, ...]
    events: tuple[EventView, ...]
    standing: StandingView
    settles: bool
    """Whether this actor may say what became of an uncertain one."""
    others: tuple[tuple[str, int], ...] = ()
    """Channel and step of the campaign's other deliveries to this person."""
    sent: Preview | None = field(default=None)
    """The message, rendered again; None without the right to read addresses, or when it cannot be made any more."""
    sent_note: str = ""
    """Why there is none, or what may differ from the mail that left."""
