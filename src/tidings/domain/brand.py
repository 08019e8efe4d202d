"""A brand: whose voice it is, who sends, and the postal address every marketing mail must carry."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tidings.domain.channel import Channel
from tidings.domain.errors import InvalidInputError
from tidings.domain.tracking import Tracking
from tidings.domain.version import language_tag

Voice = Literal["friendly", "professional", "bold"]
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
USUAL_DISCLOSURE = "usual"
EVERY_CHANNEL = "all"
"""The key of a disclaimer that holds in every channel."""


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


class Logo(BaseModel):
    """The brand's picture above its mails. Without images, readers see `alt`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https://[^\s<>\"']+$", max_length=500)
    alt: str = Field(min_length=1, max_length=120)
    width: int = Field(default=160, ge=24, le=536, description="Pixels as shown")


class Manner(BaseModel):
    """How the brand speaks beyond its voice. What can be checked is checked in every draft, the rest guides models."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    adjectives: tuple[Annotated[str, Field(min_length=1, max_length=40)], ...] = Field(default=(), max_length=10)
    do: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(default=(), max_length=20)
    """Guidance for whoever writes: "Name the baker"."""
    dont: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(default=(), max_length=40)
    """Words and phrases never to be used; said in a draft they are errors."""
    reading_grade: int | None = Field(default=None, ge=1, le=20)
    """The highest US school grade a body may ask for (Flesch-Kincaid); a warning beyond it."""
    person: Literal["any", "we", "you"] = "any"
    """`you`: it speaks to the reader and never says "we"."""
    emoji: Literal["free", "sparing", "never"] = "free"
    """`sparing`: at most one in a message."""


class Tongue(BaseModel):
    """What a brand says otherwise in one language. What is empty stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    required_words: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(default=(), max_length=50)
    disclaimer: str = Field(default="", max_length=1000)
    """What must stand at the end, in every channel."""
    ai_disclosure: str = Field(default="", max_length=200)


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
    manner: Manner = Manner()
    logo: Logo | None = None
    senders: tuple[Sender, ...] = Field(default=(), max_length=20)
    """Other senders a brief may choose by address; `sender` is the one where it chooses none."""
    disclaimers: dict[str, Annotated[str, Field(min_length=1, max_length=1000)]] = {}
    """What must stand at the end of messages, by channel; `all` for every channel without its own."""

    in_languages: dict[str, Tongue] = Field(default={}, max_length=30)
    """By language: what stands instead of `required_words`, `disclaimers` and `ai_disclosure` in its messages."""

    def speaking(self, language: str) -> Brand:
        """The brand in a message's language: `de` serves `de-AT`, too. As it is in its own, or for an empty one."""
        base = language.partition("-")[0].casefold()
        own = self.in_languages.get(language) or self.in_languages.get(base)
        changes: dict[str, object] = {}
        if base and base != self.locale.partition("-")[0].casefold():
            changes["locale"] = language
        if own is not None and own.required_words:
            changes["required_words"] = own.required_words
        if own is not None and own.disclaimer:
            changes["disclaimers"] = {EVERY_CHANNEL: own.disclaimer}
        if own is not None and own.ai_disclosure:
            changes["ai_disclosure"] = own.ai_disclosure
        return self.model_copy(update=changes) if changes else self

    @field_validator("in_languages")
    @classmethod
    def _of_languages(cls, value: dict[str, Tongue]) -> dict[str, Tongue]:
        return {language_tag(name): tongue for name, tongue in value.items() if name.strip()}

    def disclaimer(self, channel: str) -> str:
        """What must stand at the end in that channel; empty for nothing."""
        return self.disclaimers.get(channel) or self.disclaimers.get(EVERY_CHANNEL, "")

    def sent_by(self, address: str) -> Brand:
        """The brand with the sender of that address as its own; as it is for an empty one.

        Raises InvalidInputError that names the senders there are.
        """
        wanted = address.strip().casefold()
        if not wanted or wanted == self.sender.address.casefold():
            return self
        for sender in self.senders:
            if sender.address.casefold() == wanted:
                return self.model_copy(update={"sender": sender})
        known = ", ".join(sender.address for sender in (self.sender, *self.senders))
        raise InvalidInputError(
            f"{self.name} does not send from {address}.", remedy=f"Choose one of: {known}.", field="sender"
        )

    @field_validator("disclaimers")
    @classmethod
    def _of_channels(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = [name for name in value if name != EVERY_CHANNEL and name not in set(Channel)]
        if unknown:
            raise ValueError(f"name no channel: {', '.join(unknown)}; use `all`, email, sms, …")
        return value

    ai_disclosure: str = Field(default="", max_length=200)
    """A line readers see under what a model wrote, wholly or in part; `usual`: the usual words in the brand's language.

    Empty: the machine-readable mark alone.
    """

    @field_validator("colour")
    @classmethod
    def _a_colour(cls, value: str) -> str:
        if not _COLOUR.fullmatch(value):
            raise ValueError("is not a colour; an example: #4353d0")
        return value
