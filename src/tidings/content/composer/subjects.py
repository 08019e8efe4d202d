"""Subject lines and preheaders: ranked candidates that differ in a stated way, the angle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tidings.content.composer.choice import Chooser
from tidings.content.composer.material import Unit
from tidings.content.composer.stock import VoiceStock
from tidings.domain.claim import ClaimKind
from tidings.domain.draft import Trace

LONGEST_SUBJECT = 60
LONGEST_PREHEADER = 100
JUDGE_WEIGHT = 0.1
# Words that point back at something a subject line alone does not name.
_LEANING = re.compile(r"\b(?:it|its|he|she|they|them|their|this|that|these|those|both)\b", re.IGNORECASE)
_ATTRACTS = re.compile(r"\bfree\b|%|\boff\b|voucher|discount|\bhalf\b|^You\b", re.IGNORECASE)
_LIMITS = re.compile(r"\b(?:until|valid|ends?|closes?|minimum)\b", re.IGNORECASE)
_DENIES = re.compile(r"\b(?:not|never|no longer|cannot|must)\b|n't\b")
_FACT_ANGLES = {
    ClaimKind.OFFER: "offer",
    ClaimKind.BENEFIT: "benefit",
    ClaimKind.ABILITY: "ability",
    ClaimKind.DATE: "date",
}
# What an angle promises before anything was learned: saying the thing beats naming the sender.
_PRIOR = {"topic": 1.0, "benefit": 0.95, "offer": 0.95, "ability": 0.72, "reader": 0.7, "date": 0.65, "sender": 0.6}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible subject line. The score ranks, 0 to 1; it promises nothing."""

    text: str
    angle: str
    source: str
    score: float
    judge: float = 0.0
    """What of the score a judge gave."""
    past: float = 0.0
    """What of the score this brand's experiments gave."""


def candidates(units: Sequence[Unit], stock: VoiceStock, chooser: Chooser) -> list[Candidate]:
    """Every possible subject line, best first."""
    found = [*_from_facts(units, chooser), *_from_stock(stock, chooser)]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.text))


def judged(found: Sequence[Candidate], scores: Sequence[float]) -> list[Candidate]:
    """The candidates with a judge's likelihoods blended in: the likeliest gains a tenth, the unlikeliest nothing.

    A judge knows what reads well, not what sells: it decides between angles that are close, and no more.
    """
    known = [score for score in scores if score > float("-inf")]
    low, span = min(known, default=0.0), max(known, default=0.0) - min(known, default=0.0)
    bonus = [JUDGE_WEIGHT * (max(score, low) - low) / span if span else 0.0 for score in scores]
    again = [
        replace(each, score=round(each.score + more, 3), judge=round(more, 3))
        for each, more in zip(found, bonus, strict=True)
    ]
    return sorted(again, key=lambda candidate: (-candidate.score, candidate.text))


def _from_facts(units: Sequence[Unit], chooser: Chooser) -> list[Candidate]:
    found: list[Candidate] = []
    if chooser.assignment.tongue != "en":
        return found  # whether a sentence stands alone is told from English words
    for unit in units:
        angle = _FACT_ANGLES.get(unit.kind)
        if angle == "date" and chooser.assignment.brief.type not in {"event", "update"}:
            continue
        text = unit.traces[0].sentence.rstrip(".")
        if angle and _stands_alone(text) and (unit.kind is not ClaimKind.OFFER or _attracts(text)):
            found.append(Candidate(text, angle, "brief", _score(text, angle)))
    return found


def _stands_alone(text: str) -> bool:
    fits = len(text) <= LONGEST_SUBJECT - 6
    return fits and not _LEANING.search(text) and not re.search(r"[.!?\"“]", text) and not text.startswith("There ")


def _attracts(text: str) -> bool:
    return bool(_ATTRACTS.search(text)) and not _LIMITS.search(text)


def _from_stock(stock: VoiceStock, chooser: Chooser) -> list[Candidate]:
    found: list[Candidate] = []
    for angle, patterns in stock.subjects.items():
        fitting = [text for text in chooser.fitting(patterns) if len(text) <= LONGEST_SUBJECT]
        for text in fitting:
            jitter = chooser.generator.random() * 0.08  # two briefs of one type should not get the same pattern
            stale = 0.2 if text in chooser.assignment.recent else 0.0
            found.append(Candidate(text, angle, "stock", round(_score(text, angle) + jitter - stale, 3)))
    return found


def _score(text: str, angle: str) -> float:
    beyond = max(0, len(text) - 45) * 0.01  # phones show about 40 to 50 characters
    direct = 0.05 if text.startswith("You ") else 0.0
    return round(_PRIOR.get(angle, 0.5) - beyond + direct, 3)


def chosen(ranked: Sequence[Candidate], count: int) -> list[Candidate]:
    """The best of each angle first, so that a test between variants tests something; then the next best."""
    picked: list[Candidate] = []
    for candidate in ranked:
        if candidate.angle not in {other.angle for other in picked}:
            picked.append(candidate)
    rest = [candidate for candidate in ranked if candidate not in picked]
    return [*picked, *rest][:count]


def preheader(units: Sequence[Unit], subject: Candidate, spare: Sequence[str], chooser: Chooser) -> Trace:
    """A short fact that adds to the subject, what attracts before what informs; else one of the stock's."""
    # With the product named in the subject, "It …" is understood; without, it would dangle.
    usable = [
        unit
        for unit in units
        if len(unit.traces[0].sentence) <= LONGEST_PREHEADER
        and unit.traces[0].sentence.rstrip(".") != subject.text
        and not re.search(r"[\"“]", unit.traces[0].sentence)
        and (subject.angle == "topic" or not _LEANING.search(unit.traces[0].sentence))
    ]
    if chooser.assignment.tongue != "en":  # only the author's first sentence surely needs nothing before it
        usable = [unit for unit in usable if unit is units[0]]
    if usable and chooser.assignment.brief.type in {"newsletter", "update"}:
        return usable[0].traces[0]  # the author leads with what matters
    if usable:
        return min(usable, key=_preview_rank).traces[0]
    return chooser.pick(spare) or Trace(sentence=chooser.assignment.brand.name, source="brand")


def _preview_rank(unit: Unit) -> int:
    if _DENIES.search(unit.traces[0].sentence):
        return 9  # "Children are not admitted" must be said, and is no invitation
    if unit.kind is ClaimKind.OFFER and _attracts(unit.traces[0].sentence):
        return 0
    order = (ClaimKind.BENEFIT, ClaimKind.WHAT, ClaimKind.ABILITY, ClaimKind.DATE, ClaimKind.OFFER, ClaimKind.PLACE)
    return order.index(unit.kind) + 1 if unit.kind in order else 9
