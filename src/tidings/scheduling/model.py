"""How likely is a click on a mail that arrives at a local weekday and hour, and how sure is that?

Counts of the whole list per weekday × hour are shrunk in two steps (gamma–Poisson, as in Gelman et al., "Bayesian Data
Analysis", ch. 5): hours and weekdays towards a shipped mild profile, then each cell towards its hour times its
weekday. With few data the shipped profile stands; it is nearly flat, so that it promises next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MIN_CLICKS = 100
"""Below this many human clicks no gain is claimed."""
_BASE_RATE = 0.02  # until clicks are known; a usual click rate per mail delivered
_BASE_SENDS = 500.0  # how many mails that guess weighs
_EFFECT_SENDS = 2_000.0  # how many mails the shipped hour and weekday profile weighs, each
_CELL_SENDS = 600.0  # how many mails a cell's hour × weekday weighs against the cell itself
_READING_HOURS = 3.0  # mean delay between arrival and click; both fall in few hours (design: clicks trail sends)

# Relative willingness by hour and weekday, mild on purpose: daytime above night, midweek above weekend.
_HOURS = np.array(
    [0.80, 0.76, 0.74, 0.74, 0.76, 0.84, 0.92, 1.00, 1.06, 1.10, 1.10, 1.08,
     1.05, 1.05, 1.05, 1.04, 1.03, 1.02, 1.02, 1.03, 1.04, 1.02, 0.95, 0.87]
)  # fmt: skip
_WEEKDAYS = np.array([1.00, 1.03, 1.03, 1.02, 0.99, 0.95, 0.95])


@dataclass(frozen=True, slots=True)
class HourModel:
    """Click probability per local weekday (0 = Monday) × hour: `rate` and its standard deviation `sd`, both 7 × 24.

    `sends` and `clicks` are what each cell was learned from; `hour_rate`, `hour_n` and `hour_sd` the same per hour.
    """

    rate: Floats
    sd: Floats
    alpha: Floats
    beta: Floats
    sends: Floats
    clicks: float
    hour_rate: Floats
    hour_sd: Floats
    exposure_known: bool
    """False when nobody knows at which local hours mails arrived; then only clicks were counted."""

    @property
    def thin(self) -> bool:
        """Whether there are too few clicks to promise anything."""
        return self.clicks < MIN_CLICKS or not self.exposure_known

    def draws(self, count: int, seed: int) -> Floats:
        """`count` × 7 × 24 click rates as they might be, given what was seen."""
        rng = np.random.default_rng(seed)
        return rng.gamma(self.alpha, 1 / self.beta, size=(count, 7, 24))


def learn(clicked: Sequence[Sequence[int]] | Floats, sent: Sequence[Sequence[int]] | Floats) -> HourModel:
    """The model from 7 × 24 counts of people who clicked at, and of mails that arrived at, each local hour."""
    clicks = np.asarray(clicked, dtype=np.float64).reshape(7, 24)
    sends = np.asarray(sent, dtype=np.float64).reshape(7, 24)
    known = bool(sends.sum() > 0)
    # Without known arrivals, each of the week's hours is taken to have had the same: the profile is then of clicking.
    exposure = sends if known else np.full((7, 24), clicks.sum() / _BASE_RATE / 168)
    credited = _credit(clicks, exposure)
    base = (credited.sum() + _BASE_RATE * _BASE_SENDS) / (exposure.sum() + _BASE_SENDS)
    hours = _shrunk(credited.sum(axis=0), exposure.sum(axis=0), base * _HOURS / _HOURS.mean(), _EFFECT_SENDS)
    days = _shrunk(credited.sum(axis=1), exposure.sum(axis=1), base * _WEEKDAYS, _EFFECT_SENDS)
    centre = np.outer(days, hours) / base
    alpha, beta = credited + centre * _CELL_SENDS, exposure + _CELL_SENDS
    hour_alpha = credited.sum(axis=0) + base * _HOURS / _HOURS.mean() * _EFFECT_SENDS
    hour_beta = exposure.sum(axis=0) + _EFFECT_SENDS
    return HourModel(
        rate=alpha / beta,
        sd=np.sqrt(alpha) / beta,
        alpha=alpha,
        beta=beta,
        sends=sends,
        clicks=float(clicks.sum()),
        hour_rate=hour_alpha / hour_beta,
        hour_sd=np.sqrt(hour_alpha) / hour_beta,
        exposure_known=known,
    )


def _shrunk(clicks: Floats, sends: Floats, prior: Floats, weight: float) -> Floats:
    return (clicks + prior * weight) / (sends + weight)


def _credit(clicks: Floats, sends: Floats) -> Floats:
    """Clicks credited to the hours of arrival they probably came from: earlier, near, and with many arrivals.

    One step of Richardson–Lucy deconvolution on the 168 hours of a week, with an exponential reading delay.
    """
    hours = np.arange(168)
    delay = (hours[None, :] - hours[:, None]) % 168  # from arrival (row) to click (column)
    share = sends.ravel()[:, None] * np.exp(-delay / _READING_HOURS)
    column = share.sum(axis=0)
    share = np.divide(share, column, out=np.zeros_like(share), where=column > 0)
    return (share @ clicks.ravel()).reshape(7, 24)
