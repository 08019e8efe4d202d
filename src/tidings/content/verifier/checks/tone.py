# ruff: noqa: E501 - patterns are read whole
"""Shouting, words spam filters know, and saying things twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tidings.content.sentences import folded, sentences
from tidings.content.verifier.examined import Examined, Place, warning
from tidings.content.verifier.languages import words_of
from tidings.domain.draft import Finding

_SPAM = re.compile(
    r"\b(?:act now|click here|click below|buy now|order now|limited time|don'?t miss out|last chance|hurry|urgent|winner|you(?:'ve| have) won|congratulations|cash|earn money|make money|extra income|no obligation|this is(?: not|n't) spam|dear friend|amazing deal|incredible|once only|while stocks last|what are you waiting for|double your|weight loss|casino|lottery|prize)\b|\${2,}|€{2,}",
    re.IGNORECASE,
)
_SHOUT = re.compile(r"(?<![\w&])[A-ZÀ-Þ]{4,}(?![\w&])")
# Words that may rightly stand twice in a row: “the house that that man …”, “die, die”, “nous nous …”.
_TWICE = frozenset({"that", "had", "die", "der", "das", "sie", "nous", "vous"})
_STUTTER = re.compile(r"\b(\w+) \1\b", re.IGNORECASE)


def check(examined: Examined) -> Iterator[Finding]:
    """Warnings for capitals, exclamation marks and spam words the brief does not use itself."""
    own = words_of(examined.language)
    spam = _SPAM if own is None else own.spam
    for place in examined.places:
        for match in _SHOUT.finditer(place.plain):
            if match[0] not in examined.ground_text:
                yield warning("tone", place, "This shouts.", quote=match[0], remedy="Write it in lower case.")
        for match in spam.finditer(place.plain):
            if folded(match[0]) not in examined.ground_folded:
                remedy = "Say it in plain words."
                yield warning("tone", place, "Spam filters and readers distrust this.", quote=match[0], remedy=remedy)
        if re.search(r"!\s*!|\?!|!\?", place.plain):
            yield warning("tone", place, "There is more than one mark in a row.", quote="!!", remedy="One is enough.")
    marks = examined.everything.count("!")
    if marks > 3:
        yield warning("tone", "body", f"There are {marks} exclamation marks.", remedy="Keep one at most.")


def repetition(examined: Examined) -> Iterator[Finding]:
    """Warnings for a sentence said twice in the body and a word said twice in a row."""
    seen: Counter[str] = Counter()
    for place in examined.body:
        if place.part == "heading":
            continue
        for sentence in sentences(place.plain):
            text = folded(sentence)
            seen[text] += 1
            if seen[text] == 2 and len(text.split()) > 2:
                yield warning("repetition", place, "This is said twice.", quote=sentence, remedy="Keep one of them.")
    for place in examined.places:
        yield from _stutters(examined, place)


def _stutters(examined: Examined, place: Place) -> Iterator[Finding]:
    for match in _STUTTER.finditer(place.plain):
        if folded(match[0]) not in examined.ground_folded and match[1].casefold() not in _TWICE:
            yield warning("repetition", place, "A word stands twice.", quote=match[0], remedy="Remove one.")
