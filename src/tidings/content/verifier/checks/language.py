"""The language: what a person, a model or the brief says must be in the draft's, and so must the composer's words."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.content import address
from tidings.content.composer.stock import writes
from tidings.content.sentences import sentences, words
from tidings.content.tongue import FEWEST_WORDS, foreign, name_of
from tidings.content.verifier.examined import Examined, error, info, warning
from tidings.content.verifier.languages import is_known, words_of
from tidings.domain.draft import Finding

_REMEDY = "Write it in the language of this version; nothing is translated. The brief and the brand say which it is."


def check(examined: Examined) -> Iterator[Finding]:
    """Error where most of the brief is in another language, a warning for single sentences that are."""
    own = name_of(examined.language.partition("-")[0])
    stock = [trace for trace in examined.draft.traces if trace.source == "stock"]
    if stock and not writes(examined.language):
        yield warning(
            "language", "body", f"This is to be in {own}, which the composer does not write; its words are English.",
            quote=stock[0].sentence,
            remedy=f"Write them in {own} in the editor, or set up a language model that may write.",
        )  # fmt: skip
    whole = _brief_tongue(examined)
    if whole:
        # Where the composer's words are English: an English brief for another brand is at least one language.
        kind = warning if whole == "en" and not writes(examined.language) else error
        yield kind(
            "language", "body", f"The facts are in {name_of(whole)}, but this is to be in {own}.",
            quote=examined.brief.facts[0].sentence, remedy=_REMEDY,
        )  # fmt: skip
    yield from _sentences(examined, whole)
    yield from _unchecked(examined, own)
    if any(trace.source == "person" for trace in examined.draft.traces):
        yield info(
            "sources", "body", "A person has edited this draft; the edited sentences rest on that person's word."
        )


def one_address(examined: Examined) -> Iterator[Finding]:
    """A warning where the reader is addressed in two ways: Sie and du, vous and tu, usted and tú."""
    places = (place for place in examined.places if place.part not in {"quote", "source"})
    found = address.ways((place.plain for place in places), examined.language)
    if len(found) > 1:
        names = address.WORDS[examined.language.partition("-")[0].lower()]
        yield warning(
            "address", "body", f"The reader is addressed both as {names['formal']} and as {names['familiar']}.",
            quote=f"{found['formal']} … {found['familiar']}", remedy="Keep to one of them in the facts and the draft.",
        )  # fmt: skip


def _unchecked(examined: Examined, own: str) -> Iterator[Finding]:
    """What the checks cannot see in this language, said rather than passed over."""
    others = any(trace.source in {"person", "model"} for trace in examined.draft.traces)
    known = words_of(examined.language)
    if not is_known(examined.language):
        yield info(
            "language", "body",
            f"In {own} only figures, links and named words are checked: not dates and numbers in words, names, claims "
            "without proof, nor whether a sentence denies a fact.",
            remedy=f"Let somebody who reads {own} look at it before it is approved.",
        )  # fmt: skip
    elif known is not None and not known.names and others:
        yield info(
            "language", "body", f"Names are not checked in {own}, where every noun has a capital.",
            remedy="Read the edited sentences for names the brief does not know.",
        )  # fmt: skip


def _brief_tongue(examined: Examined) -> str:
    """The language that at least half of the facts are written in, where it is not the draft's."""
    facts = [fact.sentence for fact in examined.brief.facts]
    tongues = [tongue for fact in facts if (tongue := foreign(fact, examined.language))]
    whole = foreign(" ".join(facts), examined.language)
    return whole if len(facts) == 1 or len(tongues) * 2 >= len(facts) else ""


def _sentences(examined: Examined, told: str) -> Iterator[Finding]:
    stock = {trace.sentence for trace in examined.draft.traces if trace.source == "stock"}
    for place in examined.places:
        if place.part not in {"text", "heading"}:
            continue
        for sentence in sentences(place.plain):
            if sentence in stock or (len(words(sentence)) < FEWEST_WORDS and sentence.isascii()):
                continue
            tongue = foreign(sentence, examined.language)
            if tongue and tongue != told:
                yield warning("language", place, f"This seems to be {name_of(tongue)}.", quote=sentence, remedy=_REMEDY)
