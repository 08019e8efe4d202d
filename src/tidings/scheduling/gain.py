"""What a plan is expected to gain over simpler ones, with an interval; or that it is too early to say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidings.scheduling.model import MIN_CLICKS, HourModel

_DRAWS = 400
NAMES = {"send_now": "sending to everybody now", "best_global_hour": "one best hour for everybody"}


@dataclass(frozen=True, slots=True)
class Gain:
    """Expected clicks per person of the plan over an alternative, as a share: middle and 90 % interval."""

    middle: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """`+3.1 % clicks (90 % interval −0.5 to +6.8 %)`."""
        low, middle, high = (_signed(100 * value) for value in (self.low, self.middle, self.high))
        return f"{middle} % clicks (90 % interval {low} to {high} %)"


def gain(model: HourModel, plan: npt.NDArray[np.float64], other: npt.NDArray[np.float64], seed: int) -> Gain | None:
    """The gain from 7 × 24 counts of people under both; None while the model is thin or a side is empty.

    Both sides see the same draws of the click rates, so what is unknown to both cancels out.
    """
    if model.thin or plan.sum() == 0 or other.sum() == 0:
        return None
    rates = model.draws(_DRAWS, seed)
    ours = (rates * plan).sum(axis=(1, 2)) / plan.sum()
    theirs = (rates * other).sum(axis=(1, 2)) / other.sum()
    low, middle, high = np.quantile(ours / theirs - 1, [0.05, 0.5, 0.95])
    return Gain(float(middle), float(low), float(high))


def gain_in_words(model: HourModel, found: Gain | None, against: str) -> str:
    """One sentence for the plan; never more than the data say, and nothing of a plan without people."""
    if found is None and not model.thin:
        return ""
    if found is None:
        return (
            f"Not enough data yet to expect a gain: {int(model.clicks):,} clicks seen, "
            f"at least {MIN_CLICKS:,} with known sending hours are needed."
        )
    caution = " It may be none." if found.low <= 0 else ""
    return f"{found.words} over {NAMES[against]}.{caution}"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")
