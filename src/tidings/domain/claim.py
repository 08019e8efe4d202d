"""A claim: one whole sentence a person confirmed. Drafts may say claims and nothing else of substance."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from tidings.domain.instant import Instant


class ClaimKind(StrEnum):
    """What a claim speaks of, which decides where in a message it can stand."""

    WHAT = "what"  # what it is: "It …"
    ABILITY = "ability"  # what one can do: "You can …"
    BENEFIT = "benefit"  # what one gets: "You get …"
    PROOF = "proof"  # why to believe it
    OFFER = "offer"  # price, discount
    DATE = "date"  # when
    PLACE = "place"  # where


class Claim(BaseModel):
    """A confirmed sentence with its evidence. `valid_until` passed means it may not be sent any more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    sentence: str = Field(min_length=4, max_length=400)
    kind: ClaimKind = ClaimKind.WHAT
    evidence: str = ""
    valid_until: Instant | None = None
    locale: str = "en"
    channels: tuple[str, ...] = ()
    """Channels it may be used in; empty means all."""
    approved_by: str | None = None

    def usable(self, *, at: Instant, channel: str) -> bool:
        """Whether it is approved, still valid at that instant and allowed in that channel."""
        fresh = self.valid_until is None or at <= self.valid_until
        return self.approved_by is not None and fresh and (not self.channels or channel in self.channels)
