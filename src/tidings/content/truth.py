"""The truth gate: whether a sentence that a model wrote says only what its sources say.

The verifier traces numbers, dates, names and prices. This gate looks at the words between them: each telling word
must stand in the ground (brief, brand, approved claims) or in the hand-written stock, which states no fact; and each
number must count the same as in a sentence of the ground, in a sentence all of whose words are known ("8 weeks of
testing took 412 shops" has only known numbers and is false). It is deliberately narrow: what it does not recognise, a
person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import takewhile

from tidings.content.composer.stock import every_pattern, tongue_of
from tidings.content.sentences import words
from tidings.content.tongue import small_words
from tidings.content.verifier.languages import words_of

MOST_UNKNOWN = 1 / 3
"""Share of telling words without a source beyond which a sentence is refused rather than shown for a decision."""
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_REACH = 3
_ENDINGS = ("ations", "ation", "ments", "ment", "ingly", "edly", "ings", "ing", "iers", "ier", "ies", "ied", "ers",
            "er", "est", "ed", "es", "ly", "s", "e", "y")  # fmt: skip
# What carries grammar or politeness and no fact. The stock's own words come on top.
_PLAIN = """
a about above after again all almost along already also although always am among an and another any anybody anyone
anything are around as ask at away back be because become been before begin behind being below beside best between
bring both but by call can cannot care check choose click come could day days did discover do does doing done down each
easily easy either else enjoy enough even ever every everybody everyone everything explore far feel few find first for
forward found from full further get gets getting give gives glad go goes going good great had happen happy has have
having hear help helps her here hers him his hope how however if in instead into is it its itself join just keep know
later learn least less let like little long look looking lot love made make makes making many may maybe me mean meet
might mind moment more most much must my near need needs never new next no nobody none nor not nothing now of off often
on once one only onto open or other our ours out over own part people perhaps place plan please possible put quick
quickly quite rather read ready really receive right said same save say see seem send several shall share she should
show simple simply since so some somebody something soon spend start still stop such sure take takes tell than thank
thanks that the their theirs them then there therefore these they thing things think this those though through time
to today together too took towards try two under until up upon us use used using very visit wait want was way we week
welcome well were what whatever when where whether which while who whole whose why will wish with within without wonder
word work would write year yes yet you your yours yourself dear hello hi kind regards warm best team
"""


_UNIT_WORDS = "day days week weeks month months year years hour hours minute minutes people"


def stem(word: str) -> str:
    """A crude common form of a word's inflections; too little is cut rather than too much."""
    plain = word.casefold().replace("’", "'").removesuffix("'s")
    for ending in _ENDINGS:
        if plain.endswith(ending) and len(plain) - len(ending) >= 4:
            return plain.removesuffix(ending)
    return plain


_UNITS = frozenset(stem(word) for word in _UNIT_WORDS.split())


@cache
def _neutral(language: str) -> frozenset[str]:
    tongue = tongue_of(language)
    stock = (word for pattern in every_pattern(tongue) for word in words(re.sub(r"\{.*?\}", " ", pattern)))
    known = words_of(tongue)
    plain = _PLAIN.split() if known is None else (*known.plain, *known.binds, *small_words(tongue))
    return frozenset(stem(word) for word in (*plain, *stock))


@lru_cache(maxsize=64)
def _stems(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(stem(word) for text in texts for word in words(text))


def telling(sentence: str, language: str = "en") -> list[str]:
    """The words of a sentence that could carry a fact."""
    return [word for word in words(sentence) if stem(word) not in _neutral(language)]


def unknown_words(sentence: str, ground: Sequence[str], language: str = "en") -> list[str]:
    """The telling words that no source has."""
    known = _stems(tuple(ground))
    return [word for word in telling(sentence, language) if stem(word) not in known]


def loose_numbers(sentence: str, ground: Sequence[str], language: str = "en") -> list[str]:
    """Numbers that count something else than in any sentence of the ground."""
    known = {(number, word) for text in ground for number, counted in _counted(text, language) for word in counted}
    return [number for number, counted in _counted(sentence, language) if counted and (number, counted[0]) not in known]


def refused(sentence: str, ground: Sequence[str], language: str = "en") -> str:
    """Why the sentence cannot stand, in words; empty when it can (see `unknown_words` for what to look at)."""
    loose = loose_numbers(sentence, ground, language)
    if loose:
        return f"the number {loose[0]} is said of something else than in its source"
    strange, said = unknown_words(sentence, ground, language), telling(sentence, language)
    # A sentence with a number states something: it may hold no word that is not its source's.
    too_many = len(strange) > 1 and len(strange) / len(said) > MOST_UNKNOWN
    if strange and (too_many or _NUMBER.search(sentence)):
        return f"no source speaks of “{'”, “'.join(strange[:4])}”"
    return ""


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _counted(text: str, language: str) -> Iterable[tuple[str, list[str]]]:
    """Each number with the stems of what it may count: the words after it, up to the next number."""
    found = _tokens(text)
    for at, token in enumerate(found):
        if _NUMBER.fullmatch(token):
            after = list(takewhile(lambda each: not _NUMBER.fullmatch(each), found[at + 1 : at + 1 + _REACH]))
            yield token, [stem(each) for each in after if stem(each) in _UNITS or stem(each) not in _neutral(language)]
