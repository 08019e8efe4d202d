"""The hand-written stock: a folder for each language, one TOML file per campaign type, read when first asked for.

A stock sentence states no fact: no number, date, name, price, superlative or claim. `{brand}`, `{product}` and
`{first_name}` are its only slots, and stand only where any name or phrase fits; `{first_name|toi}` says what stands for
a name that is not known. No language is a translation of another.
"""

from __future__ import annotations

import re
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
LANGUAGES = ("en", "de", "fr", "es")
"""The languages that have a stock."""
_OTHERWISE = re.compile(r"\{first_name\|([^{}\"]+)\}")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VoiceStock(_Strict):
    """What one voice says in one campaign type."""

    headings: tuple[str, ...] = Field(min_length=3)
    openings: tuple[str, ...] = Field(min_length=3)
    closes: tuple[str, ...] = Field(min_length=3)
    subjects: Mapping[str, tuple[str, ...]]


class TypeStock(_Strict):
    """One campaign type. `introduces`: its openings point at something a following "It …" can mean."""

    introduces: bool = False
    friendly: VoiceStock
    professional: VoiceStock
    bold: VoiceStock

    def of(self, voice: Voice) -> VoiceStock:
        """The part of one voice."""
        return {"friendly": self.friendly, "professional": self.professional, "bold": self.bold}[voice]


class CommonVoice(_Strict):
    """What one voice says in every campaign type; see the head of `en/common.toml`.

    What leads in to facts of one kind is empty in languages whose facts keep their author's order.
    """

    greetings: tuple[str, ...] = Field(min_length=2)
    signoffs: tuple[str, ...] = Field(min_length=3)
    what: tuple[str, ...] = ()
    benefits: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ()
    list: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    about: tuple[str, ...] = Field(min_length=3)
    preheaders: tuple[str, ...] = Field(min_length=3)


def tongue_of(language: str) -> str:
    """The language of the stock that serves: `de` for `de-AT`; English for a language that has none."""
    primary = language.partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


def writes(language: str) -> bool:
    """Whether there is a stock in that language."""
    return language.partition("-")[0].lower() in LANGUAGES


def _toml(name: str, language: str) -> dict[str, object]:
    place = resources.files("tidings.content.composer") / "stock" / language / f"{name}.toml"
    return tomllib.loads(place.read_text(encoding="utf-8"))


@cache
def type_stock(campaign_type: str, language: str = "en") -> TypeStock:
    """The stock of one campaign type, in one of `LANGUAGES`."""
    return TypeStock.model_validate(_toml(campaign_type, language))


@cache
def common_stock(voice: Voice, language: str = "en") -> CommonVoice:
    """The stock all campaign types share, in one voice and one of `LANGUAGES`."""
    return CommonVoice.model_validate(_toml("common", language)[voice])


@cache
def every_pattern(language: str = "en") -> tuple[str, ...]:
    """Every pattern of a language's stock, for the verifier: what the composer may say of its own."""
    found: list[str] = []
    for voice in VOICES:
        for values in common_stock(voice, language).model_dump().values():
            found.extend(values)
        for name in CAMPAIGN_TYPES:
            stock = type_stock(name, language).of(voice)
            found.extend((*stock.headings, *stock.openings, *stock.closes))
            found.extend(pattern for patterns in stock.subjects.values() for pattern in patterns)
    return tuple(dict.fromkeys(found))


def fill(pattern: str, product: str, brand_name: str) -> str:
    """The pattern with its slots filled. The product must not be empty where the pattern holds its slot."""
    filled = pattern.replace("{product}", capitalised(product.strip())).replace("{brand}", brand_name)
    filled = _OTHERWISE.sub(lambda found: f'{{{{ contact.first_name | default: "{found[1]}" }}}}', filled)
    return filled.replace("{first_name}", FIRST_NAME)


@lru_cache(maxsize=64)
def _filled(product: str, brand_name: str, language: str) -> frozenset[str]:
    return frozenset(folded(fill(pattern, product, brand_name)) for pattern in every_pattern(language))


def is_stock(sentence: str, product: str, brand_name: str, language: str = "en") -> bool:
    """Whether the composer's stock of that language holds this sentence for this product and brand."""
    return folded(sentence) in _filled(product, brand_name, language)
