"""Does a person click at hours of their own? Their history as a factor on the population's rate, strongly shrunk.

A contact's bare histogram predicts worse than the population does, so it counts only as far as there is much of it:
the share of their clicks near an hour, smoothed, against the population's share, with `_WEIGHT` clicks' worth of doubt.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_WEIGHT = 12.0
_WIDTH = 1.5  # hours; standard deviation of the kernel around each click
_LIMITS = (0.3, 6.0)  # wide: shrinkage does the work, this only keeps a freak from outweighing everybody


def hour_factors(history: npt.NDArray[np.float64], population: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """people × 24 click counts and the population's 24 shares to people × 24 factors around 1.

    Somebody without clicks gets 1 everywhere.
    """
    share = population / population.sum()
    smooth = history @ _kernel()
    total = history.sum(axis=1, keepdims=True)
    factor = (smooth + _WEIGHT * share) / ((total + _WEIGHT) * share)
    return np.clip(factor, *_LIMITS).astype(np.float32)


def _kernel() -> npt.NDArray[np.float64]:
    """24 × 24 circular Gaussian; rows sum to 1."""
    apart = np.abs(np.arange(24)[:, None] - np.arange(24)[None, :])
    apart = np.minimum(apart, 24 - apart)
    weight = np.exp(-0.5 * (apart / _WIDTH) ** 2)
    return weight / weight.sum(axis=1, keepdims=True)
