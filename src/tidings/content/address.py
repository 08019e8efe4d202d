"""How a text addresses its reader, in the languages that have two ways: `familiar` (du, tu, tú) or `formal`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Form = Literal["familiar", "formal"]
WORDS = {
    "de": {"familiar": "du", "formal": "Sie"}, "fr": {"familiar": "tu", "formal": "vous"},
    "es": {"familiar": "tú", "formal": "usted"},
}  # fmt: skip
"""What each language calls its two ways."""
# German “Sie” at the start of a sentence may be she or they; with a verb in -en it is they or you, and mails say you.
_SIGNS: dict[str, dict[Form, re.Pattern[str]]] = {
    "de": {
        "familiar": re.compile(r"\b(?:du|dir|dich|dein(?:e[mnrs]?)?|euch|euer|eure[mnrs]?)\b", re.IGNORECASE),
        "formal": re.compile(
            r"(?<=[^\W\d_] )Sie\b|(?<=, )Sie\b|\bSie [a-zäöüß]+en\b|\bIhnen\b|(?<=[^\W\d_] )Ihr(?:e[mnrs]?)?\b"
        ),
    },
    "fr": {
        "familiar": re.compile(r"\b(?:tu|toi|ton|ta|tes)\b|\bt['’](?=\w)", re.IGNORECASE),
        "formal": re.compile(r"\b(?:(?<!rendez-)vous|votre|vos|vôtres?)\b", re.IGNORECASE),
    },
    "es": {
        "familiar": re.compile(r"\b(?:tú|ti|tu|tus|te|contigo|tuy[oa]s?)\b", re.IGNORECASE),
        "formal": re.compile(r"\busted(?:es)?\b", re.IGNORECASE),
    },
}


def ways(texts: Iterable[str], language: str) -> dict[Form, str]:
    """The ways the texts address their reader, each with a word that shows it; none in a language with one way."""
    found: dict[Form, str] = {}
    for text in texts:
        for form, sign in _SIGNS.get(language.partition("-")[0], {}).items():
            if form not in found and (match := sign.search(text)):
                found[form] = match[0]
    return found


def way(texts: Iterable[str], language: str) -> Form | None:
    """The way the texts address their reader; None when they do in neither, or in both."""
    found = ways(texts, language)
    return next(iter(found)) if len(found) == 1 else None
