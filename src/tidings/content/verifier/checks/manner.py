"""How the brand speaks: phrases it never uses, its emoji policy, its person, and how hard its bodies are to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tidings.content.sentences import folded, sentences, words
from tidings.domain.draft import Finding, Severity

if TYPE_CHECKING:
    from tidings.content.verifier.examined import Examined

_SAYS_WE = {
    "en": re.compile(r"\b(?:we|us|our|ours|ourselves)\b", re.IGNORECASE),
    "de": re.compile(r"\b(?:wir|uns|unser(?:e[mnrs]?)?)\b", re.IGNORECASE),
    "fr": re.compile(r"\b(?:nous|notre|nos|nôtres?)\b", re.IGNORECASE),
    # Spanish says it by the verb: “tenemos”, “queremos”; “-mos” ends few other words of a mail.
    "es": re.compile(r"\b(?:nosotr[oa]s|nos|nuestr[oa]s?|\w{2,}mos)\b", re.IGNORECASE),
}
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23fa]\ufe0f?"
    "(?:[\U0001f3fb-\U0001f3ff])?(?:\u200d[\U0001f300-\U0001faff\u2600-\u27bf]\ufe0f?)*"
)
_VOWELS = re.compile(r"[aeiouy]+")


def says_we(language: str) -> re.Pattern[str]:
    """What shows that a text of that language says “we”; English for a language that is not known here."""
    return _SAYS_WE.get(language.partition("-")[0].lower(), _SAYS_WE["en"])


def check(examined: Examined) -> Iterator[Finding]:
    """Errors for forbidden phrases and emoji, warnings for person and reading grade."""
    yield from _phrases(examined)
    yield from _emoji(examined)
    yield from _person(examined)
    yield from _grade(examined)


def _phrases(examined: Examined) -> Iterator[Finding]:
    for phrase in examined.brand.manner.dont:
        pattern = re.compile(rf"(?<!\w){re.escape(folded(phrase))}(?!\w)")
        for place in examined.places:
            if folded(phrase) and pattern.search(folded(place.plain)):
                yield _found(Severity.ERROR, place.name, f"“{phrase}” is said. The brand never says it.", phrase,
                             "Remove it, or say it in other words.")  # fmt: skip


def _emoji(examined: Examined) -> Iterator[Finding]:
    policy = examined.brand.manner.emoji
    if policy == "free":
        return
    found = [(place.name, match[0]) for place in examined.places for match in _EMOJI.finditer(place.plain)]
    if policy == "never":
        for place, emoji in found:
            yield _found(Severity.ERROR, place, "The brand uses no emoji.", emoji, "Remove it.")
    elif len(found) > 1:
        yield _found(Severity.WARNING, found[1][0], f"There are {len(found)} emoji; the brand uses at most one.",
                     found[1][1], "Keep one.")  # fmt: skip


def _person(examined: Examined) -> Iterator[Finding]:
    if examined.brand.manner.person != "you":
        return
    for place in examined.places:
        match = says_we(examined.language).search(place.plain)
        if match and place.part != "footer":
            yield _found(Severity.WARNING, place.name, "The brand speaks to the reader and does not say “we”.",
                         match[0], f"Name {examined.brand.name}, or say it with “you”.")  # fmt: skip


def _grade(examined: Examined) -> Iterator[Finding]:
    most = examined.brand.manner.reading_grade
    if most is None or not examined.language.casefold().startswith("en"):
        return
    grade = reading_grade("\n".join(place.plain for place in examined.body if place.part == "text"))
    if grade > most:
        words_of_it = f"The body reads at school grade {grade:.0f}; the brand wants {most}."
        yield _found(Severity.WARNING, "body", words_of_it, "", "Use shorter sentences and shorter words.")


def reading_grade(text: str) -> float:
    """The US school grade of an English text (Flesch-Kincaid, Kincaid et al. 1975); 0 for less than twenty words."""
    said = words(text)
    if len(said) < 20:
        return 0.0
    count = max(1, len(sentences(text)))
    return max(0.0, 0.39 * len(said) / count + 11.8 * sum(map(_syllables, said)) / len(said) - 15.59)


def _syllables(word: str) -> int:
    plain = word.casefold().replace("’", "'").removesuffix("'s")
    silent = plain.endswith("e") and not plain.endswith(("le", "ee"))
    return max(1, len(_VOWELS.findall(plain)) - silent)


def _found(severity: Severity, place: str, message: str, quote: str, remedy: str) -> Finding:
    return Finding(check="manner", severity=severity, place=place, message=message, quote=quote, remedy=remedy)
