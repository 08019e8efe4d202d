"""The rules a plan keeps: when it may go out, how many an hour, how often one person may hear from us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tidings.domain.channel import Channel
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import DAY, HOUR, Instant
from tidings.domain.plan import FrequencyCap, Quiet, QuietHours, QuietOfAll
from tidings.scheduling.zones import is_zone


@dataclass(frozen=True, slots=True)
class PlanPolicy:
    """Everything the plan of one campaign is bound by. Kept with the campaign as JSON."""

    earliest: Instant | None = None
    """Nothing before this instant; None: from now."""
    window_hours: int = 72
    quiet: QuietHours = field(default_factory=QuietHours)
    cap: FrequencyCap = field(default_factory=FrequencyCap)
    max_per_hour: int = 10_000
    holdout_share: float = 0.05
    """Share of people who get a random allowed hour, so that what the model gains can be measured."""
    fallback_zone: str = "UTC"
    """Where people are taken to be of whom neither zone nor country is known."""
    skip_holidays: bool = False
    """Leave out national public holidays of the person's country."""
    quiet_texts: QuietHours = field(default_factory=QuietHours)
    """Quiet hours of what makes a telephone ring: text messages and notifications."""

    def __post_init__(self) -> None:
        """Raises InvalidInputError when a rule makes no sense."""
        _require(1 <= self.window_hours <= 30 * 24, "window_hours", "must be 1 to 720 hours")
        _require(self.max_per_hour >= 1, "max_per_hour", "must be at least 1")
        _require(0 <= self.holdout_share <= 0.5, "holdout_share", "must be between 0 and 0.5")
        for name, quiet in (("quiet", self.quiet), ("quiet_texts", self.quiet_texts)):
            _require(0 <= quiet.start <= 23 and 0 <= quiet.end <= 23, name, "hours go from 0 to 23")
        _require(self.cap.limit >= 1 and 1 <= self.cap.days <= 90, "cap", "needs a limit of 1 or more in 1 to 90 days")
        _require(is_zone(self.fallback_zone), "fallback_zone", "is not an IANA zone; an example: Europe/Lisbon")

    def quiet_of(self, channels: Sequence[str]) -> Quiet:
        """When somebody who is written to by all of these channels at once has to be left alone."""
        rings = any(channel != Channel.EMAIL.value for channel in channels)
        if not rings:
            return self.quiet
        if Channel.EMAIL.value not in channels:
            return self.quiet_texts
        return QuietOfAll((self.quiet, self.quiet_texts))

    def cap_span(self, now: Instant) -> tuple[Instant, Instant]:
        """From when to when another campaign's message can stand in the way of a plan made now."""
        start, reach = max(now, self.earliest or 0), self.cap.days * DAY
        return start - reach, start + (self.window_hours + 1) * HOUR + reach

    def as_json(self) -> dict[str, Any]:
        """Plain values for the campaign's row."""
        return asdict(self)


def policy_from(*sources: Mapping[str, Any]) -> PlanPolicy:
    """The policy of one or more mappings, the later ones winning; what none names stays at its default.

    Takes `as_json()`'s shape and the flat names of the agent's settings (`quiet_start`, `quiet_end`,
    `quiet_texts_start`, `quiet_texts_end`, `cap_limit`, `cap_days`). Names that are not of the policy are left alone.
    Raises InvalidInputError.
    """
    given: dict[str, Any] = {}
    for source in sources:
        given.update({name: value for name, value in source.items() if value is not None})
    quiet = {**asdict(QuietHours()), **given.get("quiet", {}), **_flat(given, "quiet", ("start", "end"))}
    texts = {**asdict(QuietHours()), **given.get("quiet_texts", {}), **_flat(given, "quiet_texts", ("start", "end"))}
    cap = {**asdict(FrequencyCap()), **given.get("cap", {}), **_flat(given, "cap", ("limit", "days"))}
    plain = {name: given[name] for name in _PLAIN if name in given}
    return PlanPolicy(
        quiet=QuietHours(**quiet), cap=FrequencyCap(**cap), quiet_texts=QuietHours(**texts), **plain
    )  # fmt: skip


_PLAIN = ("earliest", "window_hours", "max_per_hour", "holdout_share", "fallback_zone", "skip_holidays")


def _flat(given: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: given[f"{prefix}_{name}"] for name in names if f"{prefix}_{name}" in given}


def _require(holds: bool, name: str, words: str) -> None:
    if not holds:
        raise InvalidInputError(f"The send policy cannot be used: `{name}` {words}.", field=name)
