"""Single deliveries: what happened to a mail, and a person's word on a lost answer."""

from __future__ import annotations

from datetime import datetime

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given
from tidings_client.campaigns import Preview


class FoundDelivery(Model):
    """One message to one contact."""

    campaign_id: str
    campaign_name: str
    contact_id: str
    name: str
    email: str
    channel: str
    step: int
    state: str
    variant: str
    due_at: datetime
    at: datetime | None = None
    code: str
    reason: str
    message_id: str


class FoundDeliveries(Model):
    """What a search found, the latest first."""

    items: list[FoundDelivery]


class Attempt(Model):
    """One attempt with the server's words."""

    number: int
    at: datetime | None = None
    outcome: str
    relay: str
    code: str
    words: str


class Event(Model):
    """One line of the event log."""

    kind: str
    at: datetime
    machine: float
    by_machine: bool
    detail: dict[str, str]


class Standing(Model):
    """Whether the person may be written to now, and what that rests on."""

    allowed: bool
    why_not: str
    consent: str
    consent_at: datetime | None = None
    consent_source: str
    suppression: str
    suppression_at: datetime | None = None
    suppression_source: str


class DeliveryDetail(FoundDelivery):
    """Everything about one delivery."""

    attempt: int
    planned_at: datetime | None = None
    planned_reason: str
    local_time: str
    attempts: list[Attempt]
    events: list[Event]
    standing: Standing
    settles: bool
    others: list[tuple[str, int]]
    sent: Preview | None = None
    sent_note: str


class Deliveries(Resource[Mode]):
    """What happened to single messages."""

    @Endpoint
    def find(self, *, address: str = "", message_id: str = "") -> Call[FoundDeliveries]:
        """By address, by Message-ID, or both; by Message-ID alone it may take some seconds."""
        query = given(address=address or None, message_id=message_id or None)
        return Call("GET", "/deliveries", FoundDeliveries, query, seconds=60)

    @Endpoint
    def get(
        self, campaign_id: str, contact_id: str, *, channel: str | None = None, step: int | None = None
    ) -> Call[DeliveryDetail]:
        """Everything of one delivery; of several to one person, the latest step."""
        path = f"/campaigns/{campaign_id}/deliveries/{contact_id}"
        return Call("GET", path, DeliveryDetail, given(channel=channel, step=step))

    @Endpoint
    def settle(
        self, campaign_id: str, contact_id: str, verdict: str, reason: str = "", *, channel: str | None = None,
        step: int | None = None,
    ) -> Call[DeliveryDetail]:  # fmt: skip
        """`arrived` or `send_again`, for one whose answer was lost. Raises ConflictError when it is not uncertain."""
        path = f"/campaigns/{campaign_id}/deliveries/{contact_id}/settle"
        body = given(verdict=verdict, reason=reason, channel=channel, step=step)
        return Call("POST", path, DeliveryDetail, body=body)
