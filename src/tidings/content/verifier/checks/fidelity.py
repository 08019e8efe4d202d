# ruff: noqa: E501 - patterns are read whole
"""A sentence that is nearly a fact must not be more than the fact: its limits, its "can" and its numbers stay."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tidings.content.sentences import folded, sentences, words
from tidings.content.verifier.examined import Examined, warning
from tidings.content.verifier.extract import dates, numbers, without_dates
from tidings.content.verifier.languages import words_of
from tidings.domain.draft import Finding

NEAR = 0.6
"""Share of the shorter's words that both have, from which one is a version of the other."""
VERY_NEAR = 0.7
"""Share of all words that both have, from which numbers must be the same."""
_WEAKENS = re.compile(
    r"\b(?:can|may|might|could|would|should|some|about|around|nearly|almost|up to|at most|first|second|once|twice|each|only if|only|unless|except|excluding|draft|possibly|usually|mostly|often)\b"
)
_STRENGTHENS = re.compile(
    r"\b(?:must|will|always|all|every|everyone|everybody|everything|everywhere|anyone|anybody|anything|any|at least|exactly|twice|daily|hourly|weekly|monthly|yearly|unlimited|fully|completely|entirely|permanently|forever|instantly|immediately|only)\b"
)
_BINDS = frozenset(
    [
        "if",
        "unless",
        "except",
        "excluding",
        "including",
        "for",
        "with",
        "without",
        "on",
        "in",
        "at",
        "during",
        "between",
        "above",
        "below",
        "under",
        "over",
        "until",
        "from",
        "before",
        "after",
        "who",
        "which",
        "that",
        "while",
        "per",
        "because",
        "than",
        "by",
    ]
)
"""What a condition, a time or a group begins with: leaving it out with what follows makes the rest say more."""


@dataclass(frozen=True, slots=True)
class _Fact:
    text: str
    undated: str
    said: Counter[str]
    figures: Counter[str]


def check(examined: Examined) -> Iterator[Finding]:
    """Warnings; sentences that stand word for word in the brief or the claims pass."""
    language = examined.language
    facts = [_fact(text, language) for text in _stated(examined)]
    passes = {folded(text) for text in examined.ground}
    passes |= {folded(trace.sentence) for trace in examined.draft.traces if trace.source in {"stock", "brand"}}
    for place in examined.places:
        if place.part in {"quote", "source", "label", "alt"}:
            continue
        for sentence in sentences(place.plain):
            own = _fact(sentence, language)
            if own.text in passes or own.said.total() < 3:
                continue
            near = _nearest(own, facts)
            why = _differs(own, near, language) if near else ""
            if near and why:
                yield warning(
                    "fidelity", place, f"This is nearly a fact of the brief, but {why}.", quote=sentence,
                    remedy=f"The fact says: {near.text}.",
                )  # fmt: skip


def _stated(examined: Examined) -> Sequence[str]:
    approved = (claim.sentence for claim in examined.claims if claim.approved_by is not None)
    return [text for text in (*(fact.sentence for fact in examined.brief.facts), *approved) if len(text.split()) > 2]


def _fact(text: str, language: str) -> _Fact:
    plain, undated = folded(text), without_dates(text, language)
    figures = [found.value for found in (*dates(text, language), *numbers(undated, language))]
    return _Fact(
        plain,
        folded(undated),
        Counter(re.sub(r"['’]s$", "", word) for word in words(plain)),
        Counter(figures),
    )


def _nearest(own: _Fact, facts: Sequence[_Fact]) -> _Fact | None:
    """The fact that shares most with the sentence, if it shares enough."""
    scored = [((own.said & fact.said).total() / min(own.said.total(), fact.said.total() or 1), fact) for fact in facts]
    score, near = max(scored, key=lambda pair: (pair[0], (own.said & pair[1].said).total()), default=(0.0, None))
    return near if score >= NEAR and near is not None and (own.said & near.said).total() >= 3 else None


def _differs(own: _Fact, fact: _Fact, language: str) -> str:
    """In what the sentence says more than the fact, in words; empty when in nothing that is known here."""
    known = words_of(language)
    weakens, strengthens = (_WEAKENS, _STRENGTHENS) if known is None else (known.weakens, known.strengthens)
    lost = _counted(weakens, fact.undated) - _counted(weakens, own.undated)
    gained = _counted(strengthens, own.undated) - _counted(strengthens, fact.undated)
    if gained:
        return f"it says “{next(iter(gained))}”, and the fact does not"
    if lost:
        return f"the fact says “{next(iter(lost))}”, and this does not"
    missing = fact.said - own.said
    if not own.said - fact.said and (_BINDS if known is None else known.binds) & missing.keys():
        return f"it leaves out {', '.join(f'“{word}”' for word in list(missing)[:5])}"
    alike = (own.said & fact.said).total() / (own.said | fact.said).total()
    if alike >= VERY_NEAR and own.figures != fact.figures and own.figures - fact.figures:
        return f"its figures are others ({', '.join(own.figures - fact.figures)})"
    return ""


def _counted(pattern: re.Pattern[str], text: str) -> Counter[str]:
    return Counter(pattern.findall(text))
