"""Lengths: what a phone shows of subject and preheader, what a reader reads of a body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidings.content.sentences import words
from tidings.content.verifier.examined import Examined, Place, error, warning
from tidings.domain.draft import Finding

_FIELD = re.compile(r"\{\{[^}]*?default:\s*[\"'](.*?)[\"'][^}]*\}\}")
# part → (warn beyond, refuse beyond), in characters
LIMITS = {"subject": (60, 70), "preheader": (110, 150), "label": (30, 40), "heading": (70, 120)}
BODY_WORDS = (350, 700)
PARAGRAPH_WORDS = 90


def shown(text: str) -> str:
    """The text as it reads with every merge field at its default."""
    return _FIELD.sub(r"\1", text)


def check(examined: Examined) -> Iterator[Finding]:
    """Errors beyond the hard limits, warnings beyond what reads well, and for what is empty."""
    for place in examined.places:
        name = place.name if place.name in LIMITS else place.part
        length = len(shown(place.text))
        if name in LIMITS and length > LIMITS[name][0]:
            yield _too_long(place, name, length)
        if not place.text.strip():
            yield _empty(place)
        if place.name.startswith("block") and len(words(place.plain)) > PARAGRAPH_WORDS and "• " not in place.text:
            yield warning("length", place, "The paragraph is long for an e-mail.", remedy="Split it.")
    total = sum(len(words(place.plain)) for place in examined.body)
    if total > BODY_WORDS[1]:
        yield error("length", "body", f"The body has {total} words.", remedy=f"Keep it under {BODY_WORDS[0]}.")
    elif total > BODY_WORDS[0]:
        yield warning(
            "length", "body", f"The body has {total} words.", remedy=f"Under {BODY_WORDS[0]} is read to its end."
        )
    if examined.draft.subject.strip() and examined.draft.subject.strip() == examined.draft.preheader.strip(". "):
        yield warning("length", "preheader", "The preheader only repeats the subject.", remedy="Let it add something.")


def _too_long(place: Place, name: str, length: int) -> Finding:
    warn, refuse = LIMITS[name]
    kind = error if length > refuse else warning
    return kind("length", place, f"The {name} has {length} characters.", quote=place.text, remedy=f"Keep it to {warn}.")


def _empty(place: Place) -> Finding:
    kind = warning if place.name == "preheader" else error
    return kind("length", place, "There is no text here.", remedy="Write one, or remove the block.")
