"""A claim: one whole sentence a person confirmed. Drafts may say claims and nothing else of substance."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from tidings.domain.instant import DAY, Instant

SOON = 30 * DAY
"""How long before its end a claim is shown as expiring."""


class ClaimKind(StrEnum):
    """What a claim speaks of, which decides where in a message it can stand."""

    WHAT = "what"  # what it is: "It …"
    ABILITY = "ability"  # what one can do: "You can …"
    BENEFIT = "benefit"  # what one gets: "You get …"
    PROOF = "proof"  # why to believe it
    OFFER = "offer"  # price, discount
    DATE = "date"  # when
    PLACE = "place"  # where


class ClaimState(StrEnum):
    """Where a claim stands."""

    VALID = "valid"
    EXPIRING = "expiring"  # valid, but for no more than thirty days
    EXPIRED = "expired"
    PROPOSED = "proposed"  # nobody has confirmed it, or its sentence was changed since
    RETIRED = "retired"  # out of use for good, kept for the drafts that once said it


class Claim(BaseModel):
    """A confirmed sentence with its evidence. `valid_until` passed means it may not be sent any more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    sentence: str = Field(min_length=4, max_length=400)
    kind: ClaimKind = ClaimKind.WHAT
    evidence: str = ""
    evidence_url: str = Field(default="", max_length=500, pattern=r"^(?:https?://[^\s<>\"']+)?$")
    valid_until: Instant | None = None
    locale: str = "en"
    channels: tuple[str, ...] = ()
    """Channels it may be used in; empty means all."""
    approved_by: str | None = None
    retired_at: Instant | None = None

    def state(self, at: Instant) -> ClaimState:
        """Where it stands at that instant."""
        if self.retired_at is not None:
            return ClaimState.RETIRED
        if self.approved_by is None:
            return ClaimState.PROPOSED
        if self.valid_until is None or self.valid_until > at + SOON:
            return ClaimState.VALID
        return ClaimState.EXPIRING if at <= self.valid_until else ClaimState.EXPIRED

    def speaks(self, language: str) -> bool:
        """Whether it is in that language, whatever the country."""
        return self.locale.partition("-")[0].lower() == language.partition("-")[0].lower()

    def usable(self, *, at: Instant, channel: str) -> bool:
        """Whether it is approved, still valid at that instant and allowed in that channel."""
        in_use = self.state(at) in {ClaimState.VALID, ClaimState.EXPIRING}
        return in_use and (not self.channels or channel in self.channels)
