"""A send plan: for each person of the audience one slot, with the reason why it is this one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from tidings.domain.instant import Instant
from tidings.domain.version import version_of


class SlotReason(StrEnum):
    """Why a person's slot is when it is."""

    BEST_HOUR = "best_hour"  # the model's best allowed hour
    QUIET_HOURS = "quiet_hours"  # moved out of the person's quiet hours
    FREQUENCY_CAP = "frequency_cap"  # moved past the cap across all campaigns
    SLOT_FULL = "slot_full"  # moved because the best hour's capacity was used up
    OVERRIDE = "override"  # a person set the time
    HOLDOUT_TIME = "holdout_time"  # a random allowed hour, so that the lift shown is unbiased


class HeldBack(StrEnum):
    """Why somebody of the audience gets no slot."""

    NO_CONSENT = "no_consent"
    SUPPRESSED = "suppressed"
    NO_ADDRESS = "no_address"
    PAUSED = "paused"  # they asked for a break, which ends by itself
    FREQUENCY_CAP = "frequency_cap"  # no room within the campaign's window
    NO_ALLOWED_TIME = "no_allowed_time"
    SLOT_FULL = "slot_full"  # every hour allowed to them is full
    CONFIRMED = "confirmed"  # of a mail that asks to confirm: they have said yes already


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours, local to the person, in which nothing is sent: from `start` up to `end`, over midnight if start > end."""

    start: int = 21
    end: int = 8

    def covers(self, hour: int) -> bool:
        """Whether the local hour (0 to 23) is quiet."""
        if self.start == self.end:
            return False
        if self.start < self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end


class Quiet(Protocol):
    """Something that says which hours of a person's day are quiet."""

    def covers(self, hour: int) -> bool:
        """Whether the local hour (0 to 23) is quiet."""
        ...


@dataclass(frozen=True, slots=True)
class QuietOfAll:
    """The quiet hours of several channels at once: what is quiet for one of them is quiet."""

    each: tuple[QuietHours, ...]

    def covers(self, hour: int) -> bool:
        """Whether the local hour (0 to 23) is quiet for one of them."""
        return any(quiet.covers(hour) for quiet in self.each)


@dataclass(frozen=True, slots=True)
class FrequencyCap:
    """At most `limit` marketing messages to one person in any `days` days, across all campaigns."""

    limit: int = 3
    days: int = 7


@dataclass(frozen=True, slots=True)
class Slot:
    """One person's place in the plan. `zone_assumed` says the zone was not known and had to be derived."""

    contact_pk: int
    due_at: Instant
    variant: str
    reason: SlotReason
    zone: str
    zone_assumed: bool = False
    step: int = 0


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """What a plan amounts to. `by_hour` counts people per instant of the slot's hour; it is what the calendar shows."""

    id: str
    campaign_id: str
    revision_id: str
    created_at: Instant
    people: int
    first_at: Instant | None
    last_at: Instant | None
    by_hour: dict[Instant, int] = field(default_factory=dict[Instant, int])
    by_reason: dict[str, int] = field(default_factory=dict[str, int])
    by_variant: dict[str, int] = field(default_factory=dict[str, int])
    held_back: dict[str, int] = field(default_factory=dict[str, int])
    zones_assumed: int = 0
    expected_gain: str = ""
    """In words, with its uncertainty; says so when data are too thin to expect any."""
    by_channel: dict[str, int] = field(default_factory=dict[str, int])
    """How many get a message by each channel; somebody who gets two counts for both."""
    held_by_channel: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """Of each channel, whom of the audience it does not reach and why; another may reach them."""
    cap_holders: dict[str, int] = field(default_factory=dict[str, int])
    """Campaigns, by id, whose messages use up the frequency cap of those it leaves out, with how many of them."""

    @property
    def by_version(self) -> dict[str, int]:
        """How many people get each version of the brief, the base version under the empty name."""
        found: dict[str, int] = {}
        for variant, people in self.by_variant.items():
            found[version_of(variant)] = found.get(version_of(variant), 0) + people
        return found
