"""What the brief and the brand demand or forbid to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tidings.content.composer.material import holds
from tidings.content.verifier.examined import Examined, error
from tidings.domain.draft import Finding


def check(examined: Examined) -> Iterator[Finding]:
    """Errors for missing and for forbidden words; whole words, any case."""
    brief, brand = examined.brief, examined.brand
    yield from _missing(examined, brief.must_say, "must_say", "The brief demands it.")
    yield from _missing(examined, brand.required_words, "required_words", "The brand demands it.")
    yield from _said(examined, brief.must_not_say, "must_not_say", "The brief forbids it.")
    yield from _said(examined, brand.banned_words, "banned_words", "The brand forbids it.")


def _missing(examined: Examined, phrases: Sequence[str], check_name: str, why: str) -> Iterator[Finding]:
    for phrase in phrases:
        if phrase.strip() and not holds(examined.everything, (phrase,)):
            remedy = "Add a fact that says it, as a whole sentence."
            yield error(check_name, "body", f"“{phrase}” is not said. {why}", quote=phrase, remedy=remedy)


def _said(examined: Examined, phrases: Sequence[str], check_name: str, why: str) -> Iterator[Finding]:
    for phrase in phrases:
        for place in examined.places:
            if phrase.strip() and holds(place.plain, (phrase,)):
                remedy = "Remove it, or say it in other words."
                yield error(check_name, place, f"“{phrase}” is said. {why}", quote=phrase, remedy=remedy)
