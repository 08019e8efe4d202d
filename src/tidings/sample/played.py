"""Who takes part in the simulated past, and one campaign as it was played, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass

from tidings.domain.instant import Instant
from tidings.domain.plan import SlotReason
from tidings.sample.behaviour import Nature, Outcome, Receivers
from tidings.sample.calendar import LIKED_HOURS
from tidings.sample.ids import SampleIds
from tidings.sample.people import People
from tidings.sample.stories import Story


@dataclass(frozen=True, slots=True)
class Cast:
    """Who and what takes part in every past campaign."""

    people: People
    nature: Nature
    pks: list[int]
    """The contacts' numbers, in the order of `people`."""
    brand_id: str
    segments: dict[str, str]
    author: tuple[str, str]
    """Account id and name."""
    approver: tuple[str, str]
    seed: int
    ids: SampleIds


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one campaign came to."""

    deliveries: int
    events: int
    clicked: int
    unsubscribed: int


@dataclass(frozen=True, slots=True)
class Played:
    """One campaign as it was played; the outcome runs beside the receivers."""

    story: Story
    id: str
    launch: Instant
    to: Receivers
    outcome: Outcome
    held: dict[str, int]

    def variant(self, place: int) -> str:
        """The variant the receiver at this place got."""
        return "B" if self.to.b[place] else "A"


def reason_of(hour: int) -> str:
    """Why a slot lies at this local hour: believed to be good, or drawn so that there is something to learn."""
    return (SlotReason.BEST_HOUR if hour in LIKED_HOURS else SlotReason.HOLDOUT_TIME).value
