"""Seeded choice from the stock: the same brief and seed choose alike, another brief chooses differently."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidings.content.composer.material import holds
from tidings.content.composer.stock import fill
from tidings.content.sentences import words
from tidings.content.verifier.checks.manner import says_we
from tidings.content.writers.base import Assignment
from tidings.domain.draft import Trace

_UNSEEN = {
    "picture", "picture_alt", "invitation", "bodies", "sender", "other_calls", "late", "late_after_hours", "language",
    "versions",
}  # fmt: skip
"""Fields that change no choice: with a picture, more bodies or versions the first mail reads as it did without."""


@dataclass(slots=True)
class Chooser:
    """Picks patterns that fit, avoids what was said lately or already, and remembers every pick as a trace."""

    assignment: Assignment
    said: set[str] = field(default_factory=set[str])
    like: Mapping[tuple[str, ...], Trace] = field(default_factory=dict[tuple[str, ...], Trace])
    """Picks of another version of the body, to be made again, so that nothing differs by chance."""
    picks: dict[tuple[str, ...], Trace] = field(default_factory=dict[tuple[str, ...], Trace])
    generator: random.Random = field(init=False)

    def __post_init__(self) -> None:
        brief = self.assignment.brief
        key = f"{self.assignment.seed}\n{brief.model_dump_json(exclude=_UNSEEN)}\n{self.assignment.brand.id}"
        self.generator = random.Random(hashlib.sha256(key.encode()).digest())  # noqa: S311 - variety, not secrecy

    def fitting(self, patterns: Sequence[str]) -> list[str]:
        """The patterns, filled, whose slots can be filled and which say nothing forbidden."""
        brief, brand = self.assignment.brief, self.assignment.brand
        banned = (*brief.must_not_say, *brand.banned_words, *brand.manner.dont)
        usable = [pattern for pattern in patterns if brief.product.strip() or "{product}" not in pattern]
        filled = [fill(pattern, brief.product, brand.name) for pattern in usable]
        allowed = [sentence for sentence in filled if not holds(sentence, banned)]
        if brand.manner.person == "you":  # a thinner stock is better than none: the check then asks a person
            own = says_we(self.assignment.tongue)
            return [sentence for sentence in allowed if not own.search(sentence)] or allowed
        return allowed

    def pick(self, patterns: Sequence[str]) -> Trace | None:
        """One of the patterns as a traced sentence; None when none fits."""
        if tuple(patterns) in self.like:
            return self.like[tuple(patterns)]
        fitting = self.fitting(patterns)
        fresh = [s for s in fitting if s not in self.said and s not in self.assignment.recent]
        other = [s for s in fresh if not any(_alike(s, before) for before in self.said)]
        pool = other or fresh or [s for s in fitting if s not in self.said]
        if not pool:
            return None
        sentence = self.generator.choice(pool)
        self.said.add(sentence)
        self.picks[tuple(patterns)] = Trace(sentence=sentence, source="stock")
        return self.picks[tuple(patterns)]


def _alike(one: str, other: str) -> bool:
    """Whether two sentences share three words in a row, or one holds the other: "Be honest", "Be honest with us."."""
    mine, theirs = ([word.casefold() for word in words(text)] for text in (one, other))
    run = min(3, len(mine), len(theirs))
    return bool(run) and bool(_runs(mine, run) & _runs(theirs, run))


def _runs(said: list[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(said[at : at + length]) for at in range(len(said) - length + 1)}
