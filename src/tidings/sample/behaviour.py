"""How the sample's people behave: each has hours they read at, things they like, and a liking for clicking at all.

Those preferences are hidden from the rest of the house. The Scheduling agent has to find them in the events.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidings.domain.instant import HOUR, MINUTE, SECOND
from tidings.sample.people import People
from tidings.sample.stories import Story

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Peaks (hour, width in hours, weight) of each kind of reader, and how much they read on Saturday and Sunday.
_KINDS: tuple[tuple[float, tuple[tuple[float, float, float], ...], float], ...] = (
    (0.20, ((7.5, 1.0, 1.0),), 0.7),  # before work
    (0.22, ((8.5, 0.8, 0.6), (17.8, 1.0, 1.0)), 0.5),  # on the train
    (0.18, ((12.6, 0.8, 1.0),), 0.6),  # at lunch
    (0.15, ((15.0, 1.6, 1.0),), 0.8),  # in the afternoon
    (0.17, ((20.2, 1.3, 1.0),), 0.9),  # in the evening
    (0.08, ((10.5, 1.8, 1.0),), 2.6),  # at the weekend
)
_FLOOR = 0.18  # of a reader's best hour: what is left at their worst
_SCANNED = 0.04  # people whose mail passes a scanner that follows links
_FAILS, _BOUNCES, _LEAVES, _COMPLAINS = 0.004, 0.004, 0.0028, 0.0003
_TWICE = 0.18  # of those who click, come back to the mail


@dataclass(frozen=True, slots=True)
class Nature:
    """What each person is like: arrays of one entry a person."""

    hours: Floats
    """People × 24: how ready each is at a local hour, 1 at the best."""
    weekends: Floats
    eagerness: Floats
    scanned: Bools


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one campaign; one entry a receiver. Instants are 0 where a thing did not happen."""

    accepted_at: Ints
    failed_at: Ints
    bounced_at: Ints
    delivered_at: Ints
    scanned_at: Ints
    clicked_at: Ints
    again_at: Ints
    left_at: Ints
    complained_at: Ints


def natures(people: int, seed: int) -> Nature:
    """Draws what each person is like."""
    rng = np.random.default_rng([seed, 2])
    shares = np.array([share for share, _, _ in _KINDS])
    kinds = rng.choice(len(_KINDS), size=people, p=shares / shares.sum())
    profiles = np.stack([_profile(peaks) for _, peaks, _ in _KINDS])
    weekends = np.array([weekend for _, _, weekend in _KINDS])
    eagerness = np.clip(rng.lognormal(-0.35, 0.75, people), 0.05, 5.0)
    return Nature(profiles[kinds], weekends[kinds], eagerness, rng.random(people) < _SCANNED)


def _profile(peaks: tuple[tuple[float, float, float], ...]) -> Floats:
    hours = np.arange(24) + 0.5
    profile = np.zeros(24)
    for peak, width, weight in peaks:
        away = np.abs(hours - peak)
        profile += weight * np.exp(-0.5 * (np.minimum(away, 24 - away) / width) ** 2)
    return _FLOOR + (1 - _FLOOR) * profile / profile.max()


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who gets a campaign and when; arrays run beside each other."""

    who: Ints
    """Indexes into the people."""
    due: Ints
    local: Ints
    """The hour at the person's place when it is due."""
    weekday: Ints
    b: Bools
    """Whether they get variant B."""


def behave(story: Story, people: People, nature: Nature, receivers: Receivers, seed: int) -> Outcome:
    """Plays one campaign: what each receiver's mail and each receiver does."""
    who, due, b = receivers.who, receivers.due, receivers.b
    rng = np.random.default_rng([seed, 3, len(story.name), *story.name.encode()[:8]])
    size = len(who)
    sent = due + rng.integers(2, 150, size) * SECOND + rng.integers(0, 1000, size)
    fate = rng.random(size)
    failed, bounced = fate < _FAILS, (fate >= _FAILS) & (fate < _FAILS + _BOUNCES)
    arrived = ~failed & ~bounced
    delivered = np.where(arrived, sent + rng.integers(700, 9_000, size), 0)
    ready = (
        nature.hours[who, receivers.local]
        * np.where(receivers.weekday >= 5, nature.weekends[who], 1.0)
        * nature.eagerness[who]
    )
    likes = np.array([story.interest in people.interests[index] for index in who], dtype=np.float64)
    club = np.array([people.plans[index] == "club" for index in who], dtype=np.float64)
    chance = story.appeal * ready * (1 + 0.5 * likes) * (1 + 0.35 * club) * np.where(b, story.b_over_a, 1.0)
    clicks = arrived & (rng.random(size) < np.minimum(chance, 0.9))
    waits = np.minimum(rng.lognormal(np.log(25 * MINUTE), 1.1, size), 30 * HOUR).astype(np.int64) + 20 * SECOND
    clicked = np.where(clicks, delivered + waits, 0)
    again = np.where(clicks & (rng.random(size) < _TWICE), clicked + rng.integers(5 * MINUTE, 26 * HOUR, size), 0)
    scanned = np.where(arrived & nature.scanned[who], delivered + rng.integers(300, 1_900, size), 0)
    leaves = arrived & (rng.random(size) < _LEAVES * (1.6 - np.minimum(ready, 1.0)))
    complains = arrived & ~leaves & (rng.random(size) < _COMPLAINS)
    later = delivered + rng.integers(3 * MINUTE, 20 * HOUR, size)
    return Outcome(
        accepted_at=np.where(failed, 0, sent),
        failed_at=np.where(failed, sent, 0),
        bounced_at=np.where(bounced, sent + rng.integers(20 * SECOND, 4 * HOUR, size), 0),
        delivered_at=delivered,
        scanned_at=scanned,
        clicked_at=clicked,
        again_at=again,
        left_at=np.where(leaves, later, 0),
        complained_at=np.where(complains, later, 0),
    )
