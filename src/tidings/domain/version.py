"""A version of a brief: what other words some of its readers get, and which readers.

Mail services call it dynamic content or content variation. Whoever fits none of a brief's versions gets the brief as it
stands, the base version.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tidings.domain.fact import Fact, check_whole, from_plain_sentences

MOST_VERSIONS = 12
_NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})((?:-[A-Za-z0-9]{2,8}){0,3})")
_EVERYONE = frozenset({"everyone", "all"})


class Version(BaseModel):
    """Readers of a segment, of a language, or both, and what the brief says to them. What is empty is the brief's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="What it is called, such as `german` or `members`; its variants begin with it")
    segment: str = Field(default="", max_length=120, description="A segment's name or id")
    language: str = Field(default="", description="A code such as de, fr or pt-BR: who reads it, and what it is in")
    facts: tuple[Fact, ...] = Field(default=(), max_length=30, description="Instead of the brief's facts")
    more_facts: tuple[Fact, ...] = Field(default=(), max_length=30, description="Besides the brief's facts")
    product: str = Field(default="", max_length=80)
    call_to_action: str = Field(default="", max_length=40)
    link: str = Field(default="", pattern=r"^(https?://[^\s<>\"]+)?$")
    tone: Literal["friendly", "professional", "bold"] | None = None
    must_say: tuple[str, ...] = ()
    must_not_say: tuple[str, ...] = ()
    """Besides what the brief forbids."""

    @field_validator("facts", "more_facts", mode="before")
    @classmethod
    def _plain_sentences(cls, value: Any) -> Any:
        return from_plain_sentences(value)

    @field_validator("facts", "more_facts")
    @classmethod
    def _whole_sentences(cls, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        return check_whole(facts)

    @field_validator("name")
    @classmethod
    def _a_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("must be a short name in small letters, digits and hyphens, such as german or long-time")
        return value

    @field_validator("language")
    @classmethod
    def _a_language(cls, value: str) -> str:
        return language_tag(value)

    @field_validator("segment")
    @classmethod
    def _not_everyone(cls, value: str) -> str:
        return "" if value.strip().casefold() in _EVERYONE else value.strip()

    @model_validator(mode="after")
    def _is_for_somebody(self) -> Version:
        if not self.segment and not self.language:
            raise ValueError("names neither a segment nor a language, so it is for everyone: that is the brief itself")
        if self.facts and self.more_facts:
            raise ValueError("has both facts and more_facts: give facts instead of the brief's, or more besides them")
        return self

    def shadows(self, other: Version) -> bool:
        """Whether everybody who fits the other version fits this one, so that the other, later one gets nobody."""
        segment = not self.segment or self.segment.casefold() == other.segment.casefold()
        return segment and (not self.language or fits_language(other.language, self.language))

    def shares_words(self, language: str) -> bool:
        """Whether it may take over words of a brief in that language: nothing is translated, `de` serves `de-AT`."""
        return not self.language or self.language.partition("-")[0] == language.partition("-")[0]


def language_tag(text: str) -> str:
    """A language's code in its usual form (BCP 47: `pt-BR`, `zh-Hant`). Raises ValueError for what is none."""
    found = _LANGUAGE.fullmatch(text.strip().replace("_", "-"))
    if not text.strip():
        return ""
    if found is None:
        raise ValueError("must be a language's code, such as de, fr or pt-BR")
    parts = [part for part in found[2].split("-") if part]
    return "-".join([found[1].lower(), *(part.upper() if len(part) == 2 else part.title() for part in parts)])


def fits_language(locale: str, wanted: str) -> bool:
    """Whether a reader's language is the wanted one: `de-AT` fits `de`, and `de` does not fit `de-AT`."""
    own = locale.strip().replace("_", "-").casefold()
    return own == wanted.casefold() or own.startswith(f"{wanted.casefold()}-")


def check_versions(versions: Sequence[Version], language: str) -> None:
    """Raises ValueError for two of one name, one that gets nobody, and one that lacks its language's own words.

    `language` is the brief's own, where it says one.
    """
    for place, version in enumerate(versions):
        for before in versions[:place]:
            if before.name == version.name:
                raise ValueError(f"two versions are called {version.name}: give each a name of its own")
            if before.shadows(version):
                raise ValueError(
                    f"{version.name} would get nobody: {before.name} stands before it and has the same readers. The "
                    "first version that fits is taken, so put the narrower one first, or give it other readers"
                )
        own = {"facts": version.facts, "call to action": version.call_to_action}
        lacking = [name for name, given in own.items() if not given]
        if lacking and not version.shares_words(language):
            raise ValueError(
                f"{version.name} is in another language and lacks its own {' and '.join(lacking)}: nothing is "
                f"translated. Write them in that language; or, where the brief itself is in it, say `language: "
                f"{version.language}` in the brief"
            )


def version_of(variant: str) -> str:
    """The version that a variant belongs to, by its name: `german` of `german-A`; empty for the base version.

    Of a sequence's variant: its step and version, as `hello_german` of `hello_german-A`.
    """
    return variant.rpartition("-")[0]


def in_words(version: str) -> str:
    """What `version_of` gives, for people: `german`, or `hello, german` of a sequence."""
    return version.replace("_", ", ")


def in_step(step: str, variant: str) -> str:
    """A variant's name within a step of a sequence: `hello-A`, and `hello_german-A` of `german-A`."""
    return f"{step}{'_' if version_of(variant) else '-'}{variant}"


def step_and_version(variant: str) -> tuple[str, str]:
    """What `in_step` was given: the step, and the version, which is empty for the base version."""
    step, _, version = version_of(variant).partition("_")
    return step, version
