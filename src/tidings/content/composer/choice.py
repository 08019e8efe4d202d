"""Seeded choice from the stock: the same brief and seed choose alike, another brief chooses differently."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tidings.content.composer.material import holds
from tidings.content.composer.stock import fill
from tidings.content.verifier.checks.manner import SAYS_WE
from tidings.content.writers.base import Assignment
from tidings.domain.draft import Trace


@dataclass(slots=True)
class Chooser:
    """Picks patterns that fit, avoids what was said lately or already, and remembers every pick as a trace."""

    assignment: Assignment
    said: set[str] = field(default_factory=set[str])
    generator: random.Random = field(init=False)

    def __post_init__(self) -> None:
        brief = self.assignment.brief
        said = brief.model_dump_json(exclude={"invitation", "sender"})
        key = f"{self.assignment.seed}\n{said}\n{self.assignment.brand.id}"
        self.generator = random.Random(hashlib.sha256(key.encode()).digest())  # noqa: S311 - variety, not secrecy

    def fitting(self, patterns: Sequence[str]) -> list[str]:
        """The patterns, filled, whose slots can be filled and which say nothing forbidden."""
        brief, brand = self.assignment.brief, self.assignment.brand
        banned = (*brief.must_not_say, *brand.banned_words, *brand.manner.dont)
        usable = [pattern for pattern in patterns if brief.product.strip() or "{product}" not in pattern]
        filled = [fill(pattern, brief.product, brand.name) for pattern in usable]
        allowed = [sentence for sentence in filled if not holds(sentence, banned)]
        if brand.manner.person == "you":  # a thinner stock is better than none: the check then asks a person
            return [sentence for sentence in allowed if not SAYS_WE.search(sentence)] or allowed
        return allowed

    def pick(self, patterns: Sequence[str]) -> Trace | None:
        """One of the patterns as a traced sentence; None when none fits."""
        fitting = self.fitting(patterns)
        fresh = [s for s in fitting if s not in self.said and s not in self.assignment.recent]
        pool = fresh or [s for s in fitting if s not in self.said]
        if not pool:
            return None
        sentence = self.generator.choice(pool)
        self.said.add(sentence)
        return Trace(sentence=sentence, source="stock")
