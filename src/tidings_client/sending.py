"""The kill switch."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource


class SendingState(Model):
    """Whether all sending is paused; by whom, why and since when."""

    paused: bool
    by: str = ""
    reason: str = ""
    at: datetime | None = None


class RelayState(Model):
    """One relay. `state`: idle, up, resting (tried again by itself) or paused (needs a person, see the remedy)."""

    name: str
    state: str
    words: str = ""
    remedy: str = ""
    weight: float = 1.0
    lanes: int = 0
    accepted: int = 0
    deferred_share: float = 0.0
    since: datetime
    again_at: datetime | None = None


class ProviderLimit(Model):
    """One mailbox provider at one relay; `rate` is messages a second, 0 for no limit."""

    relay: str
    provider: str
    title: str
    rate: float = 0.0
    hold_until: datetime | None = None
    kind: str = ""
    reason: str = ""
    words: str = ""
    slowed_at: datetime | None = None


class WarmupState(Model):
    """One sending domain's ramp at one relay; no allowance when the ramp is over."""

    relay: str
    domain: str
    day: int
    days: int
    sent: int
    allowance: int | None = None


class AccountUse(Model):
    """What is used up now of an account's limits, 0 for none; `quiet_until` is the provider's wish."""

    id: str
    name: str
    provider: str
    minute_used: int
    per_minute: int
    hour_used: int
    per_hour: int
    quiet_until: datetime | None = None


class Limits(Model):
    """Everything that slows or stops sending by itself."""

    relays: list[RelayState]
    providers: list[ProviderLimit]
    warmups: list[WarmupState]
    accounts: list[AccountUse] = Field(default_factory=list[AccountUse])


class Sending(Resource[Mode]):
    """Everything that sends, at once."""

    @Endpoint
    def get(self) -> Call[SendingState]:
        """The state of the kill switch."""
        return Call("GET", "/sending", SendingState)

    @Endpoint
    def pause(self, reason: str = "") -> Call[SendingState]:
        """Pauses all sending, in every campaign."""
        return Call("POST", "/sending/pause", SendingState, body={"reason": reason})

    @Endpoint
    def resume(self) -> Call[SendingState]:
        """Everything goes on from where it was."""
        return Call("POST", "/sending/resume", SendingState)

    @Endpoint
    def limits(self) -> Call[Limits]:
        """Relays, mailbox providers, accounts and warm-ups, as the sender last saw them."""
        return Call("GET", "/sending/limits", Limits)

    @Endpoint
    def lift(self, relay: str, provider: str) -> Call[Limits]:
        """Lets mail to a provider go on before its hold ends."""
        return Call("POST", "/sending/limits/lift", Limits, body={"relay": relay, "provider": provider})
