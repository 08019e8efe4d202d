"""A sentence close to a fact must not say its contrary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from tidings.content.sentences import folded, sentences, words
from tidings.content.verifier.examined import Examined, error
from tidings.content.verifier.languages import words_of
from tidings.domain.draft import Finding

NEARLY_ALL = 0.7
_NOT = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|hardly|cannot)\b|n't\b")
_PAIRS = (
    "open closed",
    "opens closes",
    "before after",
    "more less",
    "with without",
    "first last",
    "included excluded",
    "including excluding",
    "free paid",
    "indoors outdoors",
    "inside outside",
    "starts ends",
    "begins ends",
    "minimum maximum",
    "least most",
    "every no",
    "up down",
    "above below",
    "over under",
    "buy sell",
    "online offline",
    "beginners experts",
    "increase decrease",
    "rises falls",
    "higher lower",
    "earlier later",
    "possible impossible",
    "allowed forbidden",
    "all none",
    "always never",
    "from until",
    "can cannot",
    "new old",
    "available unavailable",
    "large small",
    "long short",
    "hot cold",
    "faster slower",
    "cheaper dearer",
    "anonymous public",
    "organic conventional",
    "recycled virgin",
    "finished unfinished",
    "weekly monthly",
    "monthly yearly",
    "month year",
    "day week",
    "hour minute",
    "hours minutes",
    "days weeks",
    "weeks months",
    "months years",
)


def check(examined: Examined) -> Iterator[Finding]:
    """Error where a sentence shares most words with a fact but turns it round. Word for word sentences pass."""
    language = examined.language
    ground = [(folded(text), _counted(text)) for text in examined.ground if len(text.split()) > 2]
    exact = {text for text, _ in ground}
    for place in examined.body:
        for sentence in sentences(place.plain):
            text = folded(sentence)
            if text in exact:
                continue
            own = _counted(sentence)
            for other, theirs in ground:
                near = (own & theirs).total() / ((own | theirs).total() or 1) >= 0.5
                if near and _turned(text, own, other, theirs, language):
                    remedy = f"The fact says: {other}."
                    yield error(
                        "meaning", place, "This turns a fact of the brief round.", quote=sentence, remedy=remedy
                    )
                    break


def contrary(one: str, other: str, language: str = "en") -> bool:
    """Whether two sentences share nearly all words and the one denies what the other says."""
    mine, theirs = _counted(one), _counted(other)
    near = (mine & theirs).total() / ((mine | theirs).total() or 1) >= NEARLY_ALL
    return near and _turned(folded(one), mine, folded(other), theirs, language)


def _turned(text: str, own: Counter[str], other: str, theirs: Counter[str], language: str) -> bool:
    known = words_of(language)
    if known is None:
        denied = len(_NOT.findall(text)) % 2 != len(_NOT.findall(other)) % 2
        contraries = _contraries(_PAIRS)
    else:  # where two words of denying are one denial: “no cuesta nada”
        denied = bool(known.denies.search(text)) != bool(known.denies.search(other))
        contraries = _contraries(known.contraries)
    return denied or any(contraries.get(word, set()) & (theirs - own).keys() for word in own - theirs)


@cache
def _contraries(pairs: tuple[str, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for pair in pairs:
        one, other = pair.split()
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def _counted(text: str) -> Counter[str]:
    return Counter(word.casefold() for word in words(text))
