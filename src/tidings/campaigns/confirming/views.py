"""What the faces see of confirmation mails. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from tidings.domain.campaign import CampaignState
from tidings.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class ConfirmationCounts:
    """Of those who wait to confirm: to_ask + on_the_way + asked + expired + not_reached = pending."""

    pending: int
    """Can be written to, and have neither confirmed nor said no."""
    to_ask: int
    """Nobody has asked them yet."""
    on_the_way: int
    """Their mail is written and has not left."""
    asked: int
    """Their link is valid."""
    expired: int
    """Their link was valid once."""
    not_reached: int
    """Their mail was refused."""
    to_remind: int
    """Of all these, those who may get the one reminder now."""
    confirmed: int
    """People who said yes on the page behind such a mail, and whose yes holds."""


@dataclass(frozen=True, slots=True)
class AskingView:
    """One asking: a campaign of fixed words. `counts` are its deliveries by state."""

    campaign_id: str
    name: str
    brand_name: str
    reminder: bool
    by_name: str
    at: Instant
    state: CampaignState
    paused: bool
    people: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Confirmations:
    """How the asking stands, and the latest askings, newest first."""

    counts: ConfirmationCounts
    askings: tuple[AskingView, ...]
