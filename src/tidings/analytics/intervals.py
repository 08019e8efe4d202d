"""How sure is a share? Intervals for one proportion and for the difference of two."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """`count` out of `of`, with its interval. All three shares are None when there is nothing to divide by."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """First share minus second, with its interval."""

    difference: float
    low: float
    high: float


def normal_quantile(level: float = LEVEL) -> float:
    """How many standard deviations either side hold that share of a normal distribution; 1.96 for 95 %."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(count: int, of: int, level: float = LEVEL) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927; method 3 of Newcombe, Statistics in Medicine 17, 1998, 857–872).

    Keeps its level for few people and for shares near 0, where the usual ± formula does not. Without people it is
    0 to 1. Raises ValueError when count is not within 0 and `of`.
    """
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} is no share")
    if of == 0:
        return 0.0, 1.0
    z = normal_quantile(level)
    share, square = count / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    low = 0.0 if count == 0 else max(0.0, middle - half)
    high = 1.0 if count == of else min(1.0, middle + half)
    return low, high


def share_of(count: int, of: int, level: float = LEVEL) -> Share:
    """The share with its Wilson interval.

    Counts come from a live log, in which a click can be seen before the delivery it belongs to: then the larger of
    the two is divided by.
    """
    whole = max(count, of)
    if whole == 0:
        return Share(0, 0, None, None, None)
    low, high = wilson(count, whole, level)
    return Share(count, whole, count / whole, low, high)


def newcombe(count: int, of: int, other_count: int, other_of: int, level: float = LEVEL) -> Difference:
    """Difference of two independent proportions from their Wilson intervals.

    Method 10 of Newcombe, Statistics in Medicine 17 (1998) 873–890. Raises ValueError without people on a side.
    """
    if of == 0 or other_of == 0:
        raise ValueError("a difference needs people on both sides")
    share, other = count / of, other_count / other_of
    low, high = wilson(count, of, level)
    other_low, other_high = wilson(other_count, other_of, level)
    difference = share - other
    below = sqrt((share - low) ** 2 + (other_high - other) ** 2)
    above = sqrt((high - share) ** 2 + (other - other_low) ** 2)
    return Difference(difference, max(-1.0, difference - below), min(1.0, difference + above))
