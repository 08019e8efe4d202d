"""Are two shares different, or is it chance? Tests, correction for many of them, and how many people a test needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, erfc, exp, lgamma, sqrt
from statistics import NormalDist

from tidings.analytics.intervals import newcombe

ALPHA = 0.05
POWER = 0.8
_FEW = 10  # below this many successes or failures on a side the normal approximation is not trusted


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant: how many of `of` people acted."""

    name: str
    count: int
    of: int

    @property
    def share(self) -> float:
        """The share; 0 without people."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms held against each other: difference with 95 % interval, p and, corrected for all pairs, q."""

    better: Arm
    worse: Arm
    difference: float
    low: float
    high: float
    p: float
    q: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the variants' numbers allow to be said. `winner` is set only when `state` is `winner`."""

    state: str
    """too_early, no_difference, winner, or single (nothing to compare)."""
    words: str
    winner: str | None = None
    comparisons: tuple[Comparison, ...] = ()


def p_value(count: int, of: int, other_count: int, other_of: int) -> float:
    """Two-sided p that both shares are equal: pooled z test, or Fisher's exact test where counts are few."""
    if of == 0 or other_of == 0:
        return 1.0
    if min(count, of - count, other_count, other_of - other_count) < _FEW:
        return fisher(count, of, other_count, other_of)
    pooled = (count + other_count) / (of + other_of)
    spread = sqrt(pooled * (1 - pooled) * (1 / of + 1 / other_of))
    return erfc(abs(count / of - other_count / other_of) / spread / sqrt(2))


def fisher(count: int, of: int, other_count: int, other_of: int) -> float:
    """Fisher's exact test, two-sided: the chance of a table no likelier than this one (Fisher 1934)."""
    total, acted = of + other_of, count + other_count
    whole = _log_choose(total, acted)

    def chance(number: int) -> float:
        return _log_choose(of, number) + _log_choose(other_of, acted - number) - whole

    seen = chance(count) + 1e-9
    tables = (chance(number) for number in range(max(0, acted - other_of), min(of, acted) + 1))
    return min(1.0, sum(exp(log) for log in tables if log <= seen))


def _log_choose(of: int, count: int) -> float:
    return lgamma(of + 1) - lgamma(count + 1) - lgamma(of - count + 1)


def q_values(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p values (JRSS B 57, 1995, 289–300), in the order given."""
    count = len(p_values)
    order = sorted(range(count), key=lambda index: p_values[index], reverse=True)
    found, smallest = [1.0] * count, 1.0
    for place, index in enumerate(order):
        smallest = min(smallest, p_values[index] * count / (count - place))
        found[index] = smallest
    return found


def detectable(base: float, per_arm: int, alpha: float = ALPHA, power: float = POWER) -> float:
    """The smallest difference a test of two even arms would find with that power, around a base share."""
    if per_arm <= 0:
        return 1.0
    return min(1.0, _noise(alpha, power) * sqrt(2 * base * (1 - base) / per_arm))


def needed(base: float, difference: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """People per arm for finding that difference from a base share with that power."""
    if difference <= 0:
        raise ValueError("a difference to be found is above zero")
    return ceil(2 * base * (1 - base) * (_noise(alpha, power) / difference) ** 2)


def _noise(alpha: float, power: float) -> float:
    return NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power)


def pairs(*groups: Sequence[Arm]) -> tuple[Comparison, ...]:
    """Every pair of arms with people within a group, the better first; q corrects over all pairs of all groups."""
    within = [pair for arms in groups for pair in combinations([arm for arm in arms if arm.of], 2)]
    sides = [(one, two) if one.share >= two.share else (two, one) for one, two in within]
    ps = [p_value(one.count, one.of, two.count, two.of) for one, two in sides]
    found: list[Comparison] = []
    for (one, two), p, q in zip(sides, ps, q_values(ps), strict=True):
        gap = newcombe(one.count, one.of, two.count, two.of)
        found.append(Comparison(one, two, gap.difference, gap.low, gap.high, p, q))
    return tuple(found)


def verdict(
    arms: Sequence[Arm], *, complete: bool, why_early: str = "", compared: Sequence[Comparison] | None = None
) -> Verdict:
    """Whether a variant won. Nothing is said before the sample declared in advance is complete.

    Looking again and again until p falls below .05 names a false winner in a quarter of equal pairs; so there is one
    look, at the end. A winner must beat each other variant at q below .05. `compared` are comparisons of these arms and
    others, made before, whose q is corrected over all of them.
    """
    filled = sorted((arm for arm in arms if arm.of), key=lambda arm: arm.share, reverse=True)
    if len(filled) < 2:
        return Verdict("single", "There is one variant, so there is nothing to compare.")
    if not complete:
        return Verdict("too_early", f"Too early to compare: {why_early or 'the sample is not complete yet'}.")
    names = {arm.name for arm in filled}
    found = pairs(filled) if compared is None else tuple(each for each in compared if each.better.name in names)
    best = filled[0]
    against = [one for one in found if one.better == best]
    if len(against) == len(filled) - 1 and all(one.q < ALPHA and one.low > 0 for one in against):
        return Verdict("winner", _winner_words(best, against), best.name, found)
    return Verdict("no_difference", _no_difference_words(filled), None, found)


def _winner_words(best: Arm, against: Sequence[Comparison]) -> str:
    closest = min(against, key=lambda one: one.difference)
    return (
        f"Variant {best.name} won: {100 * best.share:.1f} % against {100 * closest.worse.share:.1f} % of variant "
        f"{closest.worse.name}, {100 * closest.low:.1f} to {100 * closest.high:.1f} points more (95 % interval, "
        f"q = {closest.q:.3f})."
    )


def _no_difference_words(arms: Sequence[Arm]) -> str:
    people = min(arm.of for arm in arms)
    base = sum(arm.count for arm in arms) / sum(arm.of for arm in arms)
    least = detectable(base, people)
    return (
        f"Not enough data to tell the variants apart: with {people:,} people each, only a difference of "
        f"{100 * least:.1f} points or more would be found four times out of five."
    )
