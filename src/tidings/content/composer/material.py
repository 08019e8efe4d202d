"""What a draft may say: the brief's facts and fitting claims as units that keep their place in the author's text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tidings.content.kinds import kind_of
from tidings.content.sentences import folded, words
from tidings.domain.brief import Brief, Fact
from tidings.domain.claim import Claim, ClaimKind
from tidings.domain.draft import Trace

RANK = {
    ClaimKind.WHAT: 0,
    ClaimKind.ABILITY: 1,
    ClaimKind.BENEFIT: 1,  # beside abilities in the author's order: "You get six bottles. You can skip a delivery."
    ClaimKind.PROOF: 2,
    ClaimKind.OFFER: 3,
    ClaimKind.DATE: 3,  # offer, date and place are the details; among them the author's order reads best
    ClaimKind.PLACE: 3,
}
"""What → what the reader can do and gets → proof → offer, date and place."""
KEEPS_AUTHORS_ORDER = frozenset({"newsletter", "update"})
"""Types whose facts are a text of the author's own; the others are arranged by what the facts speak of."""
DETAILS = frozenset({ClaimKind.OFFER, ClaimKind.DATE, ClaimKind.PLACE})
_LEANS = re.compile(r"(?:He|She|They|These|Those|This|That|Both|Each|All of them|His|Her|Their|Its|Here)\b")
_THEM = re.compile(r"\b(?:them|their|theirs)\b")
_LATER = re.compile(r"\b(?:afterwards|earlier|later|instead|otherwise|in between|the latter|the former)\b")
# "The fee is 0.35% after that" means the last period named, which need not stand in the sentence just before.
_AFTER_THAT = re.compile(r"\b(?:(?:after|before|until|since|by) (?:that|then)|from then on|thereafter|beyond that)\b")
_PERIOD = re.compile(
    r"\b(?:minutes?|hours?|days?|nights?|weeks?|months?|years?|rides?|orders?|\d{1,2} [A-Z][a-z]+|first)\b"
)
_IT = re.compile(r"It\b")
_QUOTED = re.compile(r"[\"“].*?[\"”]")
_MEANS_IT = re.compile(r"\bit\b")
_OWN_SUBJECT = re.compile(r"(?:It|You|Your|There|We|Our)\b")


@dataclass(frozen=True, slots=True)
class Unit:
    """Sentences that stay together because a later one points back at an earlier one ("She …")."""

    kind: ClaimKind
    traces: tuple[Trace, ...]

    @property
    def text(self) -> str:
        """The sentences in a row."""
        return " ".join(trace.sentence for trace in self.traces)

    @property
    def starts_with_it(self) -> bool:
        """Whether it opens with "It" or "They", so that something must have been named before."""
        return self.traces[0].sentence.startswith(("It ", "They "))

    @property
    def has_own_subject(self) -> bool:
        """Whether a sentence of it names a thing that a following "It …" could mean."""
        return any(_OWN_SUBJECT.match(trace.sentence) is None for trace in self.traces)


def units(brief: Brief) -> list[Unit]:
    """The brief's facts as units, in the author's order, without what the brief forbids to say."""
    found: list[Unit] = []
    for fact in brief.facts:
        sentence = fact.sentence.strip()
        if holds(sentence, brief.must_not_say):
            continue
        trace = Trace(sentence=sentence, source="brief")
        kind = kind_of(fact)
        place = _leans_on(sentence, kind, found, brief)
        if place is None:
            found.append(Unit(kind, (trace,)))
        else:
            found[place] = Unit(found[place].kind, (*found[place].traces, trace))
    return found


def _leans_on(sentence: str, kind: ClaimKind, found: Sequence[Unit], brief: Brief) -> int | None:
    """The place of the unit without which the sentence would lose its sense; None when it stands alone."""
    if not found:
        return None
    last = len(found) - 1
    if _AFTER_THAT.search(sentence):
        timed = [place for place, unit in enumerate(found) if _PERIOD.search(unit.text)]
        # A newsletter's and an update's order is the author's own, so nothing is drawn forward there.
        return timed[-1] if timed and brief.type not in KEEPS_AUTHORS_ORDER else last
    return last if _points_back(sentence, kind, found[-1]) else None


def _points_back(sentence: str, kind: ClaimKind, previous: Unit) -> bool:
    """Whether the sentence would lose its sense away from the one before it."""
    if _LEANS.match(sentence) or _THEM.search(sentence) or _LATER.search(sentence):
        return True
    own_subject = _OWN_SUBJECT.match(previous.traces[-1].sentence) is None
    if _IT.match(sentence):
        # "It" after a sentence with a subject of its own means that subject; but "It starts at …" and "It costs …"
        # mean the campaign's topic, unless they go on with a detail.
        return own_subject and (kind not in DETAILS or previous.kind in DETAILS)
    # "The review costs £95. You can have it at home." – away from the review, "it" would be something else.
    return own_subject and _MEANS_IT.search(outside_quotation(sentence)) is not None


def outside_quotation(text: str) -> str:
    """The text without what somebody is quoted as saying, whose "it" is their own."""
    return _QUOTED.sub(" ", text)


def holds(sentence: str, phrases: Sequence[str]) -> bool:
    """Whether the sentence holds one of the phrases as whole words, in any case."""
    text = folded(sentence)
    return any(re.search(rf"(?<!\w){re.escape(folded(phrase))}(?!\w)", text) for phrase in phrases if phrase.strip())


def in_order(found: Sequence[Unit]) -> list[Unit]:
    """The units by what they speak of; within one kind in the author's order."""
    return sorted(found, key=lambda unit: RANK[unit.kind])


def claim_unit(claim: Claim) -> Unit:
    """A claim as a unit."""
    return Unit(claim.kind, (Trace(sentence=claim.sentence, source="claim", claim_ids=(claim.id,)),))


_COMMON = frozenset(
    [
        "a",
        "about",
        "after",
        "all",
        "also",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "do",
        "each",
        "every",
        "for",
        "from",
        "get",
        "has",
        "have",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "like",
        "more",
        "new",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "out",
        "so",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "to",
        "up",
        "us",
        "was",
        "we",
        "what",
        "when",
        "which",
        "who",
        "will",
        "with",
        "you",
        "your",
    ]
)


def stems(text: str) -> set[str]:
    """The telling words of a text, cut so that their forms are alike."""
    return {word.casefold()[:6].rstrip("s") for word in words(text) if len(word) > 2 and word.casefold() not in _COMMON}


def rank_claims(brief: Brief, claims: Sequence[Claim], required: Sequence[str]) -> list[tuple[float, Claim]]:
    """The claims by how many telling words they share with the brief, best first; ties keep their order.

    A claim that carries a word the brief or the brand requires comes before all others.
    """
    wanted = stems(" ".join((brief.name, brief.goal, brief.product, *(fact.sentence for fact in brief.facts))))
    scored: list[tuple[float, Claim]] = []
    for claim in claims:
        own = stems(claim.sentence)
        score = len(own & wanted) / (len(own) or 1)
        if holds(claim.sentence, (*brief.must_say, *required)):
            score += 1
        scored.append((round(score, 3), claim))
    return sorted(scored, key=lambda pair: -pair[0])


def said_already(claim: Claim, brief: Brief) -> bool:
    """Whether the brief says the same sentence, so that the claim would only repeat it."""
    return any(folded(claim.sentence) == folded(fact.sentence) for fact in brief.facts)


def fact_kinds(facts: Sequence[Fact]) -> list[ClaimKind]:
    """The kind of each fact, for the form's live preview."""
    return [kind_of(fact) for fact in facts]
