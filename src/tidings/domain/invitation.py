"""A calendar invitation: an event of the sender's that a mail puts into its reader's calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast
from zoneinfo import ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import Instant, from_datetime, zone_of
from tidings.domain.wording import problem

EXAMPLE = """\
invitation:
  title: Bread workshop for beginners
  start: 2026-12-05T18:00
  end: 2026-12-05T20:30
  zone: Europe/Vienna
  place: Mill Lane 4, 1010 Vienna
"""
_LONGEST = timedelta(days=31)
KEPT_BY_US = frozenset({"sequence", "stamped_at"})


class Invitation(BaseModel):
    """One event at wall times of one zone. `publish` offers it for the calendar; `request` asks each for an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    start: str = Field(description="Wall time in the zone, for example 2026-12-05T18:00")
    end: str
    zone: str = Field(description="IANA name, for example Europe/Vienna")
    place: str = Field(default="", max_length=300)
    description: str = Field(default="", max_length=2000)
    method: Literal["publish", "request"] = "publish"
    sequence: int = Field(default=0, ge=0, description="Counts edits (RFC 5545); kept by Tidings")
    stamped_at: Instant = Field(default=0, ge=0, description="When it was last edited; kept by Tidings")

    @field_validator("start", "end", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """YAML reads such a text as a date by itself."""
        return value.isoformat(timespec="minutes") if isinstance(value, datetime) else value

    @field_validator("start", "end")
    @classmethod
    def _a_wall_time(cls, value: str) -> str:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("is not a time; an example: 2026-12-05T18:00") from error
        if moment.tzinfo is not None:
            raise ValueError("is a wall time of its `zone`; leave the offset out")
        if "T" not in value.upper() and " " not in value:
            raise ValueError("lacks the hour; an example: 2026-12-05T18:00")
        return moment.isoformat(timespec="minutes")

    @field_validator("zone")
    @classmethod
    def _a_zone(cls, value: str) -> str:
        try:
            zone_of(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("is not a time zone; an example: Europe/Vienna") from error
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Invitation:
        for name, wall in (("start", self.start), ("end", self.end)):
            naive = datetime.fromisoformat(wall)
            there = naive.replace(tzinfo=zone_of(self.zone)).astimezone(UTC).astimezone(zone_of(self.zone))
            if there.replace(tzinfo=None) != naive:
                raise ValueError(f"`{name}` does not exist: clocks are put forward over it in {self.zone}")
        if self.ends_at <= self.starts_at:
            raise ValueError("`end` must be later than `start`")
        if self.ends_at - self.starts_at > _LONGEST / timedelta(milliseconds=1):
            raise ValueError("`end` is more than a month after `start`")
        return self

    @property
    def starts_at(self) -> Instant:
        """The instant; of a wall time that comes twice, the first."""
        return from_datetime(datetime.fromisoformat(self.start).replace(tzinfo=zone_of(self.zone)))

    @property
    def ends_at(self) -> Instant:
        """The instant."""
        return from_datetime(datetime.fromisoformat(self.end).replace(tzinfo=zone_of(self.zone)))

    def after(self, before: Invitation | None, now: Instant) -> Invitation:
        """This one as the next edit of another: the same, or numbered one higher and stamped anew."""
        if before is None:
            return self.model_copy(update={"sequence": 0, "stamped_at": now})
        if self.model_dump(exclude=set(KEPT_BY_US)) == before.model_dump(exclude=set(KEPT_BY_US)):
            return before
        return self.model_copy(update={"sequence": before.sequence + 1, "stamped_at": now})


def parse_invitation(raw: object) -> Invitation:
    """The invitation of a mapping. Raises InvalidInputError with each wrong field and an example."""
    if not isinstance(raw, dict):
        raise InvalidInputError("The invitation is not a list of named fields.", remedy=f"Write:\n{EXAMPLE}")
    given = {key: value for key, value in cast("dict[str, Any]", raw).items() if key not in KEPT_BY_US}
    try:
        return Invitation.model_validate(given)
    except ValidationError as error:
        found = [cast("Mapping[str, Any]", item) for item in error.errors()]
        words = "; ".join(problem(str(item["loc"][0]) if item["loc"] else "invitation", item) for item in found)
        raise InvalidInputError(
            f"The invitation cannot be used: {words}.", remedy=f"A complete example:\n{EXAMPLE}",
            field=str(found[0]["loc"][0]) if found[0]["loc"] else "invitation",
        ) from None  # fmt: skip
