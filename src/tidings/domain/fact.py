"""A fact: one whole sentence that a brief vouches for."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tidings.domain.claim import ClaimKind

_NAME_WITH_A_SMALL_LETTER = re.compile(r"[a-z]{1,2}-?[A-Z]")


class Fact(BaseModel):
    """One whole sentence the brief vouches for; what a person writes into the brief is thereby confirmed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentence: str = Field(min_length=4, max_length=400)
    kind: ClaimKind | None = None
    """None: derived from the sentence's stem."""


def from_plain_sentences(value: Any) -> Any:
    """Facts given as bare texts, as the fields of facts; anything else as it is, for the validator to judge."""
    if isinstance(value, list | tuple):
        return [{"sentence": item} if isinstance(item, str) else item for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def check_whole(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """The facts as they are. Raises ValueError that names the first one that is no whole sentence."""
    for number, fact in enumerate(facts, 1):
        text = fact.sentence.strip()
        last = text.rstrip("\"“”’')»\u00a0\u202f")[-1:]
        if not _begins_a_sentence(text):
            raise ValueError(f"fact {number} must begin with a capital letter, as a whole sentence does: {text!r}")
        if last not in ".!?":
            raise ValueError(f"fact {number} must be a whole sentence ending in a full stop: {text!r}")
    return facts


def _begins_a_sentence(text: str) -> bool:
    """A capital or a digit, after a quotation mark, bracket or currency sign; or a name such as `iOS` or `eBay`."""
    opened = text.lstrip("\"“„‘'(«¿¡\u00a0\u202f ")
    while opened and unicodedata.category(opened[0]) == "Sc":
        opened = opened[1:]
    return opened[:1].isupper() or opened[:1].isdigit() or _NAME_WITH_A_SMALL_LETTER.match(opened) is not None
