"""The hand-written stock: one TOML file per campaign type beside this file, read once, when first asked for.

A stock sentence states no fact: no number, date, name, price, superlative or claim. `{brand}`, `{product}` and
`{first_name}` are its only slots, and stand only where any name or phrase fits.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

from tidings.content.sentences import capitalised, folded
from tidings.domain.brand import Voice
from tidings.domain.brief import CAMPAIGN_TYPES

ANGLES = {
    "topic": "names what it is about",
    "sender": "names the sender",
    "reader": "speaks to the reader",
    "benefit": "leads with what the reader gets",
    "ability": "leads with what the reader can do",
    "offer": "leads with the offer",
    "date": "leads with the date",
}
"""The angles a subject line can take, in words."""

FIRST_NAME = '{{ contact.first_name | default: "there" }}'
VOICES: tuple[Voice, ...] = ("friendly", "professional", "bold")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VoiceStock(_Strict):
    """What one voice says in one campaign type."""

    headings: tuple[str, ...] = Field(min_length=3)
    openings: tuple[str, ...] = Field(min_length=6)
    closes: tuple[str, ...] = Field(min_length=4)
    subjects: Mapping[str, tuple[str, ...]]


class TypeStock(_Strict):
    """One campaign type. `introduces`: its openings point at something a following "It …" can mean."""

    introduces: bool
    friendly: VoiceStock
    professional: VoiceStock
    bold: VoiceStock

    def of(self, voice: Voice) -> VoiceStock:
        """The part of one voice."""
        return {"friendly": self.friendly, "professional": self.professional, "bold": self.bold}[voice]


class CommonVoice(_Strict):
    """What one voice says in every campaign type; see the head of `common.toml`."""

    greetings: tuple[str, ...] = Field(min_length=2)
    signoffs: tuple[str, ...] = Field(min_length=3)
    what: tuple[str, ...] = Field(min_length=3)
    benefits: tuple[str, ...] = Field(min_length=3)
    abilities: tuple[str, ...] = Field(min_length=3)
    list: tuple[str, ...] = Field(min_length=3)
    details: tuple[str, ...] = Field(min_length=3)
    about: tuple[str, ...] = Field(min_length=3)
    preheaders: tuple[str, ...] = Field(min_length=3)


def _toml(name: str) -> dict[str, object]:
    return tomllib.loads(
        (resources.files("tidings.content.composer") / "stock" / f"{name}.toml").read_text(encoding="utf-8")
    )


@cache
def type_stock(campaign_type: str) -> TypeStock:
    """The stock of one campaign type."""
    return TypeStock.model_validate(_toml(campaign_type))


@cache
def common_stock(voice: Voice) -> CommonVoice:
    """The stock all campaign types share, in one voice."""
    return CommonVoice.model_validate(_toml("common")[voice])


@cache
def every_pattern() -> tuple[str, ...]:
    """Every pattern of the stock, for the verifier: what the composer may say of its own."""
    found: list[str] = []
    for voice in VOICES:
        for values in common_stock(voice).model_dump().values():
            found.extend(values)
        for name in CAMPAIGN_TYPES:
            stock = type_stock(name).of(voice)
            found.extend((*stock.headings, *stock.openings, *stock.closes))
            found.extend(pattern for patterns in stock.subjects.values() for pattern in patterns)
    return tuple(dict.fromkeys(found))


def fill(pattern: str, product: str, brand_name: str) -> str:
    """The pattern with its slots filled. The product must not be empty where the pattern holds its slot."""
    filled = pattern.replace("{product}", capitalised(product.strip())).replace("{brand}", brand_name)
    return filled.replace("{first_name}", FIRST_NAME)


@lru_cache(maxsize=64)
def _filled(product: str, brand_name: str) -> frozenset[str]:
    return frozenset(folded(fill(pattern, product, brand_name)) for pattern in every_pattern())


def is_stock(sentence: str, product: str, brand_name: str) -> bool:
    """Whether the composer's stock holds this sentence for this product and brand."""
    return folded(sentence) in _filled(product, brand_name)
