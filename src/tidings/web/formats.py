"""How values are worded for people: numbers, shares, instants. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tidings.domain.instant import DAY, HOUR, MINUTE, SECOND, Instant, from_datetime, to_datetime

# Plain words for the codes of the domain; whatever is not here is shown with its underscores as spaces.
WORDS = {
    "best_hour": "at their best hour",
    "quiet_hours": "moved out of quiet hours",
    "frequency_cap": "moved by the frequency cap",
    "slot_full": "moved, the best hour was full",
    "override": "time set by a person",
    "holdout_time": "random hour, to measure the gain",
    "no_consent": "no consent",
    "suppressed": "suppressed",
    "no_address": "no usable address",
    "no_allowed_time": "no allowed time in the window",
    "changes_requested": "changes requested",
    "after_approval": "Acts after approval",
    "within_policy": "Acts within policy",
    "suggest": "Suggests only",
    "win_back": "win-back",
    "claimed": "on its way: taken up",
    "attempting": "on its way: being handed over",
}


def words(code: object) -> str:
    """A code of the domain in plain words."""
    text = str(getattr(code, "value", code))
    return WORDS.get(text, text.replace("_", " "))


def held_words(code: str) -> str:
    """Why somebody got no slot; the cap means something else here than for a slot."""
    return "frequency cap leaves no room" if code == "frequency_cap" else words(code)


def number(value: float | None) -> str:
    """`48,457`; a dash for what is not known."""
    return "–" if value is None else f"{value:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 0 to 1 as `41.8 %`; a dash for what is not known."""
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def zone_or_utc(name: str | None) -> str:
    """The IANA zone a visitor's browser named, or UTC when it is none we know."""
    try:
        return ZoneInfo(name).key if name else "UTC"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"


def when(instant: Instant | None, zone: str) -> str:
    """`Tue 24 Nov 09:15` in that zone; UTC is said, as nobody expects it."""
    return _worded(instant, zone, "%a %-d %b %H:%M")


def dated(instant: Instant | None, zone: str) -> str:
    """`Tue 24 Nov 2026 09:15`: with its year, for what may be of any year."""
    return _worded(instant, zone, "%a %-d %b %Y %H:%M")


def _worded(instant: Instant | None, zone: str, form: str) -> str:
    if instant is None:
        return "–"
    return to_datetime(instant, zone).strftime(form) + (" UTC" if zone == "UTC" else "")


def time_of_day(instant: Instant, zone: str) -> str:
    """`08:32:10` in that zone."""
    return to_datetime(instant, zone).strftime("%H:%M:%S")


def ago(instant: Instant | None, now: Instant) -> str:
    """`5 min ago`; the largest whole unit."""
    if instant is None:
        return "never"
    passed = now - instant
    for unit, name in ((DAY, "day"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")):
        count = passed // unit
        if count >= 1:
            return f"{count} {name}{'s' if name == 'day' and count > 1 else ''} ago"
    return "just now"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 contact`, `2,000 contacts`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def local_input(instant: Instant | None, zone: str) -> str:
    """The value of a `datetime-local` field."""
    return "" if instant is None else to_datetime(instant, zone).strftime("%Y-%m-%dT%H:%M")


def from_local_input(text: str, zone: str) -> Instant:
    """The instant of a `datetime-local` field's wall time in that zone. Raises ValueError when it is none."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def shown(value: object) -> str:
    """A value of a decision's evidence in words: mappings as `name: value`, lists with commas."""
    if isinstance(value, Mapping):
        named = cast("Mapping[object, object]", value)
        return "; ".join(f"{words(name)}: {shown(item)}" for name, item in named.items())
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in cast("Sequence[object]", value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not known"}[value]
    if isinstance(value, int):
        return number(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
