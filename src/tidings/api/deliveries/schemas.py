"""What crosses the API about single deliveries."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from tidings.api.campaigns.schemas import Preview
from tidings.api.pages import Body, Moment, Schema
from tidings.distribution.settling import Verdict
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import EventKind


class FoundDelivery(Schema):
    """One message to one contact. The address is masked without `contacts:read_pii`; empty once they were erased."""

    campaign_id: str
    campaign_name: str
    contact_id: str
    name: str
    email: str
    channel: str
    step: int
    state: DeliveryState
    variant: str
    due_at: Moment
    at: Moment | None = Field(description="When its state last changed")
    code: str
    reason: str = Field(description="The server's words, or why it is held")
    message_id: str


class FoundDeliveries(Schema):
    """What a search found, the latest first."""

    items: list[FoundDelivery]


class Attempt(Schema):
    """One attempt with the server's words; `relay` is empty where it is not known."""

    number: int
    at: Moment | None
    outcome: str
    relay: str
    code: str
    words: str


class Event(Schema):
    """One line of the event log. `machine` is the probability that a program did it, not the person."""

    kind: EventKind
    at: Moment
    machine: float
    by_machine: bool
    detail: dict[str, str]


class Standing(Schema):
    """Whether the person may be written to now, and what that rests on."""

    allowed: bool
    why_not: str
    consent: str
    consent_at: Moment | None
    consent_source: str
    suppression: str
    suppression_at: Moment | None
    suppression_source: str


class DeliveryDetail(FoundDelivery):
    """Everything about one delivery."""

    attempt: int
    planned_at: Moment | None
    planned_reason: str
    local_time: str
    attempts: tuple[Attempt, ...]
    events: tuple[Event, ...]
    standing: Standing
    settles: bool = Field(description="Whether you may say what became of an uncertain one")
    others: tuple[tuple[str, int], ...] = Field(description="Channel and step of other deliveries to this person")
    sent: Preview | None = Field(description="The message, rendered again; needs `contacts:read_pii`")
    sent_note: str


class Settle(Body):
    """What became of a delivery whose answer was lost."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"verdict": "arrived", "reason": "Anna has it; she told us by phone."}]}
    )

    verdict: Verdict = Field(description="`send_again` may give it to the person twice")
    reason: str = Field(default="", max_length=500)
    channel: str | None = None
    step: int | None = None
