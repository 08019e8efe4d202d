"""Double opt-in: people whose consent is pending are asked to confirm it."""

from __future__ import annotations

from datetime import datetime

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource


class ConfirmationCounts(Model):
    """Of those who wait to confirm: to_ask + on_the_way + asked + expired + not_reached = pending."""

    pending: int
    to_ask: int
    on_the_way: int
    asked: int
    expired: int
    not_reached: int
    to_remind: int
    """Of all these, those who may get the one reminder now."""
    confirmed: int


class Asking(Model):
    """One asking: a campaign of fixed words. `counts` are its deliveries by state."""

    campaign_id: str
    name: str
    brand_name: str
    reminder: bool
    by_name: str
    at: datetime
    state: str
    paused: bool
    people: int
    counts: dict[str, int]


class ConfirmationStatus(Model):
    """How the asking stands, and the latest askings, newest first."""

    counts: ConfirmationCounts
    askings: list[Asking]


class Confirmations(Resource[Mode]):
    """Confirmation mails."""

    @Endpoint
    def get(self) -> Call[ConfirmationStatus]:
        """How many wait, were asked, and confirmed."""
        return Call("GET", "/confirmations", ConfirmationStatus)

    @Endpoint
    def ask(self, brand: str = "", *, reminder: bool = False) -> Call[ConfirmationStatus]:
        """Asks everybody who waits and was not asked, or reminds once those who have not answered."""
        return Call("POST", "/confirmations", ConfirmationStatus, body={"brand": brand, "reminder": reminder})
