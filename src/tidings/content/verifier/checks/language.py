"""The language: what a person, a model or the brief says must be in the draft's, and so must the composer's words."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.content.sentences import sentences, words
from tidings.content.tongue import FEWEST_WORDS, foreign, name_of
from tidings.content.verifier.examined import Examined, error, info, warning
from tidings.domain.draft import Finding

_REMEDY = "Write it in the language of this version; nothing is translated. The brief and the brand say which it is."


def check(examined: Examined) -> Iterator[Finding]:
    """Error where most of the brief is in another language, a warning for single sentences that are."""
    locale = examined.language
    if examined.draft.writer == "Composer" and locale.partition("-")[0] != "en":
        yield warning(
            "language", "body", f"This is to be in {locale}, but the composer's own sentences are English.",
            remedy="Edit the draft, or let another writer write it.",
        )  # fmt: skip
    whole = _brief_tongue(examined)
    if whole:
        # The composer's words are English: an English brief for another brand is at least one language.
        kind = warning if whole == "en" else error
        own = name_of(locale.partition("-")[0])
        yield kind(
            "language", "body", f"The facts are in {name_of(whole)}, but this is to be in {own}.",
            quote=examined.brief.facts[0].sentence, remedy=_REMEDY,
        )  # fmt: skip
    yield from _sentences(examined, whole)
    if any(trace.source == "person" for trace in examined.draft.traces):
        yield info(
            "sources", "body", "A person has edited this draft; the edited sentences rest on that person's word."
        )


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
