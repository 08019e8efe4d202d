"""The kill switch: everything that sends stops, and goes on from where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from pydantic import Field

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given
from tidings.api.pages import Body, Moment, Schema

if TYPE_CHECKING:
    from tidings.services import Services

router = APIRouter(prefix="/sending", tags=["sending"])


class Sending(Schema):
    """Whether all sending is paused; by whom, why and since when."""

    paused: bool
    by: str = ""
    reason: str = ""
    at: Moment | None = None


class PauseAll(Body):
    """Why everything stops."""

    reason: str = Field(default="", max_length=500)


class RelayState(Schema):
    """One relay. `state`: idle, up, resting (tried again by itself) or paused (needs a person, see the remedy)."""

    name: str
    state: str
    words: str
    remedy: str
    weight: float
    lanes: int
    accepted: int = Field(description="Messages it took since the sender started")
    deferred_share: float = Field(description="Share of its last hundred answers that said “later”")
    since: Moment
    again_at: Moment | None


class ProviderLimit(Schema):
    """One mailbox provider at one relay."""

    relay: str
    provider: str
    title: str
    rate: float = Field(description="Messages a second; 0: no limit")
    hold_until: Moment | None
    kind: str
    reason: str
    words: str = Field(description="What the provider said")
    slowed_at: Moment | None


class WarmupState(Schema):
    """One sending domain's ramp at one relay."""

    relay: str
    domain: str
    day: int
    days: int
    sent: int
    allowance: int | None = Field(description="Today's; null when the ramp is over")


class AccountUse(Schema):
    """What is used up now of an account's limits; all workers are counted together."""

    id: str
    name: str
    provider: str
    minute_used: int
    per_minute: int = Field(description="The limit; 0: none")
    hour_used: int
    per_hour: int = Field(description="The limit; 0: none")
    quiet_until: Moment | None = Field(description="Until when the provider asked to be left alone")


class Limits(Schema):
    """Everything that slows or stops sending by itself."""

    relays: list[RelayState]
    providers: list[ProviderLimit]
    warmups: list[WarmupState]
    accounts: list[AccountUse]


class LiftHold(Body):
    """Whose hold ends."""

    relay: str = Field(max_length=300)
    provider: str = Field(max_length=300)


@router.get("/limits", summary="Relays, providers, accounts and warm-ups", **needs(Permission.CAMPAIGNS_READ))
def get_limits(actor: CurrentActor, given: Given) -> Limits:
    """As the sender last saw them; empty lists where mail stays in the built-in mailbox."""
    return Limits.model_validate(given.distribution.limits(actor))


@router.post("/limits/lift", summary="Lift a provider's hold", **needs(Permission.CAMPAIGNS_SEND))
def lift_hold(actor: CurrentActor, given: Given, body: LiftHold) -> Limits:
    """What waited for it is due at once."""
    given.distribution.lift_hold(actor, body.relay, body.provider)
    return Limits.model_validate(given.distribution.limits(actor))


@router.get("", summary="Is all sending paused?", **needs(Permission.CAMPAIGNS_READ))
def get_sending(given: Given) -> Sending:
    """The state of the kill switch."""
    return _state(given)


@router.post("/pause", summary="Pause all sending", **needs(Permission.SENDING_PAUSE))
def pause_sending(actor: CurrentActor, given: Given, body: PauseAll | None = None) -> Sending:
    """Nothing more is claimed, in any campaign. Repeating it is harmless."""
    given.distribution.pause_all(actor, body.reason if body else "")
    return _state(given)


@router.post("/resume", summary="Resume sending", **needs(Permission.CAMPAIGNS_SEND))
def resume_sending(actor: CurrentActor, given: Given) -> Sending:
    """Everything goes on from where it was."""
    given.distribution.resume_all(actor)
    return _state(given)


def _state(given: Services) -> Sending:
    with given.db.reading() as conn:
        stopped: dict[str, Any] | None = given.distribution.all_paused(conn)
    return Sending(paused=False) if stopped is None else Sending.model_validate({**stopped, "paused": True})
