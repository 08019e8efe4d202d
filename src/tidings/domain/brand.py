"""A brand: whose voice it is, who sends, and the postal address every marketing mail must carry."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tidings.domain.tracking import Tracking

Voice = Literal["friendly", "professional", "bold"]
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


class Sender(BaseModel):
    """From and Reply-To of a brand's mail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    address: str
    reply_to: str | None = None

    @field_validator("address", "reply_to")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None and not _ADDRESS.fullmatch(value):
            raise ValueError("is not an e-mail address; an example: hello@example.com")
        return value

    @property
    def domain(self) -> str:
        """The domain that Message-ID and signatures must align with."""
        return self.address.rpartition("@")[2].lower()


class Brand(BaseModel):
    """What every message of this brand has in common. Facts are claims, not part of the brand's body."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str = Field(min_length=1, max_length=80)
    voice: Voice = "friendly"
    sender: Sender
    postal_address: str = Field(min_length=8, max_length=300)
    website: str = Field(pattern=r"^https?://")
    colour: str = "#4353d0"
    locale: str = "en"
    banned_words: tuple[str, ...] = ()
    required_words: tuple[str, ...] = ()
    tracking: Tracking = Tracking()
    ai_disclosure: str = Field(default="", max_length=200)
    """A line readers see under what a model wrote, wholly or in part; empty: the machine-readable mark alone."""

    @field_validator("colour")
    @classmethod
    def _a_colour(cls, value: str) -> str:
        if not _COLOUR.fullmatch(value):
            raise ValueError("is not a colour; an example: #4353d0")
        return value
