"""What a brand's readers liked before: features of subject lines against who acted, shrunk to what so few tests allow.

Each experiment is compared within itself, for campaigns differ in audience and season. A feature's log odds ratios are
pooled by their variance, to which a share for the difference between campaigns is added, and drawn towards no effect by
a normal prior: two lucky tests move little, twenty move much (Gelman et al., Bayesian Data Analysis, 3rd ed., ch. 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import Any

from tidings.content.composer.stock import ANGLES
from tidings.content.composer.subjects import Candidate
from tidings.domain.experience import SubjectArm, SubjectTrial

LEAST_TRIALS = 3
"""Fewer experiments that hold a feature against its absence say nothing about it."""
LEAST_ACTED = 20
"""So many people must have acted on either side of a feature, over all its experiments."""
MOST = 0.3
"""However many features agree, a line gains or loses no more: features overlap, and add up to less than their sum."""
_PRIOR_VARIANCE = 0.2**2
_BETWEEN_CAMPAIGNS = 0.15**2
_SHORT = 35
_YOU = re.compile(r"\byour?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Effect:
    """One feature: the log odds ratio of acting with it, shrunk, with its standard deviation."""

    feature: str
    mean: float
    spread: float
    trials: int
    people: int

    @property
    def words(self) -> str:
        """As odds in per cent, with a 95 % interval."""
        low, high = (exp(self.mean + side * 1.96 * self.spread) - 1 for side in (-1, 1))
        return f"{exp(self.mean) - 1:+.0%} odds ({low:+.0%} to {high:+.0%})"


@dataclass(frozen=True, slots=True)
class Experience:
    """What was learned; without effects, `words` says why."""

    effects: tuple[Effect, ...] = ()
    words: str = "not enough data yet: this brand has tested no subject lines"
    outcome: str = "clicks"

    def bonus(self, text: str, angle: str) -> float:
        """What a line gains or loses by its features, at most `MOST`."""
        has = features(text, angle)
        known = sum(each.mean for each in self.effects if each.feature in has)
        return round(max(-MOST, min(MOST, known)), 3)

    def as_json(self) -> dict[str, Any]:
        """For the decision record."""
        told = {
            each.feature: f"{each.words}, {each.trials} experiments, {each.people:,} people" for each in self.effects
        }
        return {"what_worked_before": self.words, **({"effects": told} if told else {})}


def features(text: str, angle: str) -> frozenset[str]:
    """What can be seen of a subject line, in words."""
    found = {ANGLES[angle]} if angle in ANGLES else set[str]()
    if len(text) <= _SHORT:
        found.add("is short")
    if text.rstrip().endswith("?"):
        found.add("asks a question")
    if any(letter.isdigit() for letter in text):
        found.add("holds a number")
    if _YOU.search(text):
        found.add("says “you”")
    return frozenset(found)


def learned(trials: Sequence[SubjectTrial]) -> Experience:
    """The effects for which there is enough, by clicks; by opens where clicks are too few and opens are seen."""
    if not trials:
        return Experience()
    for outcome in ("clicks", "opens"):
        effects = tuple(_effects(trials, outcome))
        if effects:
            people = sum(arm.people for trial in trials for arm in trial.arms)
            words = f"{outcome} of {people:,} people in {len(trials)} experiments of this brand"
            return Experience(effects, words, outcome)
    tested = f"{len(trials)} experiment{'s' if len(trials) > 1 else ''} of this brand"
    return Experience(
        words=f"not enough data yet: {tested}; at least {LEAST_TRIALS} that test the same feature are needed, with "
        f"{LEAST_ACTED} clicks on either side"
    )


def with_past(found: Sequence[Candidate], past: Experience) -> list[Candidate]:
    """The candidates with what worked before in their scores, best first."""
    bonus = [past.bonus(each.text, each.angle) for each in found]
    again = [
        replace(each, score=round(each.score + more, 3), past=more) for each, more in zip(found, bonus, strict=True)
    ]
    return sorted(again, key=lambda candidate: (-candidate.score, candidate.text))


def _effects(trials: Sequence[SubjectTrial], outcome: str) -> Iterator[Effect]:
    seen = {name for trial in trials for arm in trial.arms for name in features(arm.subject, arm.angle)}
    for name in sorted(seen):
        sides = [side for trial in trials if (side := _sides(trial, name, outcome)) is not None]
        acted = (sum(side[index] for side in sides) for index in (0, 2))
        if len(sides) >= LEAST_TRIALS and min(acted) >= LEAST_ACTED:
            yield _pooled(name, sides)


def _sides(trial: SubjectTrial, name: str, outcome: str) -> tuple[int, int, int, int] | None:
    """(acted, people) with the feature and without; None where one side is empty or nobody could be seen to act."""
    sums: Mapping[bool, list[int]] = {True: [0, 0], False: [0, 0]}
    for arm in trial.arms:
        acted = _acted(arm, outcome)
        if acted is None:
            return None
        side = sums[name in features(arm.subject, arm.angle)]
        side[0] += acted
        side[1] += arm.people
    return None if not (sums[True][1] and sums[False][1]) else (*sums[True], *sums[False])  # pyright: ignore[reportReturnType]


def _acted(arm: SubjectArm, outcome: str) -> int | None:
    return arm.clicked if outcome == "clicks" else arm.opened


def _pooled(name: str, sides: Sequence[tuple[int, int, int, int]]) -> Effect:
    weights, total = 0.0, 0.0
    for acted, people, other_acted, other_people in sides:
        cells = [each + 0.5 for each in (acted, people - acted, other_acted, other_people - other_acted)]
        ratio = log(cells[0] / cells[1]) - log(cells[2] / cells[3])
        weight = 1 / (sum(1 / cell for cell in cells) + _BETWEEN_CAMPAIGNS)
        weights, total = weights + weight, total + weight * ratio
    variance = 1 / (weights + 1 / _PRIOR_VARIANCE)
    people = sum(side[1] + side[3] for side in sides)
    return Effect(name, total * variance, sqrt(variance), len(sides), people)
