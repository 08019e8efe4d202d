"""Names of people, products, places and other brands must be the brief's or the brand's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tidings.content.composer.stock import every_pattern
from tidings.content.sentences import sentences, words
from tidings.content.verifier.examined import Examined, Place, error, warning
from tidings.content.verifier.extract import dates
from tidings.content.verifier.languages import words_of
from tidings.domain.draft import Finding

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
_VERB = re.compile(
    r"['’]s\b|\s+(?:is|are|was|were|has|have|had|will|can|says?|said|offers?|makes?|opens?|sells?|brings?|gives?|joins?|uses?|loves?|costs?)\b"
)
_PLAIN_STARTS_TEXT = """
a about after all also an and any are as ask at be because before best both but by call can check choose click come
could dear do does don't each enjoy every everyone everything few find first for from get give go good great had has
have he hello help her here hi his how however i if in into is it its join just keep know learn less let like look
made make many may meet more most much my need never new no none not nothing now of off on once only open or order
our out over people perhaps please prices read reserve save see send she shop should since so some someone something
soon start stay take tell thank thanks that the their them then there these they this those time to together too try
under until up use very visit wait want was we well were what when where which while who whoever why will with
without work would yes you your delivery shipping tickets orders answers questions children customers members guests
entry participation registration e-mail email pm am ok
"""
_PLAIN_STARTS = frozenset(_PLAIN_STARTS_TEXT.split())


@cache
def _vocabulary(language: str) -> frozenset[str]:
    """Words that are no names: those of the stock in lower case, and common ones that begin sentences."""
    own = words_of(language)
    plain = _PLAIN_STARTS if own is None else own.plain
    return frozenset(word.casefold() for pattern in every_pattern(language) for word in words(pattern)) | plain


def check(examined: Examined) -> Iterator[Finding]:
    """Error for a capitalised word inside a sentence that nobody vouched for; warning for one that begins it."""
    for place in examined.places:
        if place.part == "source":
            continue  # the quotation check holds it to the letter
        for sentence in sentences(examined.unproved(place)):
            yield from _in_sentence(examined, place, sentence)


def _in_sentence(examined: Examined, place: Place, sentence: str) -> Iterator[Finding]:
    dated = " ".join(found.quote for found in dates(sentence, examined.language))
    known = words_of(examined.language)
    tokens = list(_TOKEN.finditer(sentence))
    for number, token in enumerate(tokens):
        word = re.sub(r"['’]s$", "", token[0])
        if any(letter.isdigit() for letter in word):
            if any(letter.isalpha() for letter in word) and word.casefold() not in examined.ground_codes:
                yield error("names", place, f"The brief knows no “{word}”.", quote=word, remedy=_REMEDY)
            continue
        if known is not None and not known.names:
            continue
        if not word[0].isupper() or _known(word, examined) or word in dated:
            continue
        if number == 0 or sentence[: token.start()].rstrip()[-1:] in set(":–—"):
            named = _VERB.match(sentence, token.end()) or _inner_capital(word) or _capital_next(sentence, token.end())
            if named:
                yield warning(
                    "names", place, f"“{word}” looks like a name the brief does not know.", quote=word, remedy=_REMEDY
                )
        elif word.casefold() not in _vocabulary(examined.tongue) and not _shouted(word):
            yield error(
                "names",
                place,
                f"The name “{word}” stands neither in the brief nor in the brand.",
                quote=word,
                remedy=_REMEDY,
            )


_REMEDY = "Correct the name, or add the fact that holds it to the brief."


def _known(word: str, examined: Examined) -> bool:
    folded = word.casefold()
    known = examined.ground_words
    return folded in known or folded.rstrip("s") in known or folded in _vocabulary(examined.tongue)


def _inner_capital(word: str) -> bool:
    return any(letter.isupper() for letter in word[1:]) and not word.isupper()


def _capital_next(sentence: str, end: int) -> bool:
    return re.match(r"\s[A-ZÀ-Þ][a-zà-þ]", sentence[end:]) is not None


def _shouted(word: str) -> bool:
    return word.isupper() and len(word) >= 4  # the check of tone says that
