"""At which times may a person be written to? Quiet hours, the campaign's window, public holidays, the frequency cap.

Times are offered as whole hours of UTC. An hour is open to somebody only if each of its quarters is allowed on the
wall of every zone they may be in: so any minute of it is, in zones of half and three-quarter hours and across changes
of the clocks too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from tidings.domain.instant import DAY, HOUR, MINUTE, Instant
from tidings.domain.plan import FrequencyCap, Quiet
from tidings.scheduling.policy import PlanPolicy
from tidings.scheduling.zones import ZoneGuess, guess, local, local_hours

Mask = npt.NDArray[np.bool_]
_QUARTER = 15 * MINUTE
_CHUNK = 4096


def grid(policy: PlanPolicy, now: Instant) -> npt.NDArray[np.int64]:
    """The starts of the whole hours of the campaign's window, none of which has begun yet."""
    start = max(now, policy.earliest or 0)
    first = -(-start // HOUR) * HOUR
    return first + HOUR * np.arange(policy.window_hours, dtype=np.int64)


def quiet_table(quiet: Quiet) -> Mask:
    """For each local hour 0 to 23 whether it is quiet."""
    return np.array([quiet.covers(hour) for hour in range(24)])


def open_hours(zones: ZoneGuess, hours: npt.NDArray[np.int64], quiet: Quiet) -> Mask:
    """For each hour of the grid whether it is outside quiet hours in all the zones."""
    table = quiet_table(quiet)
    quarters = (hours[:, None] + _QUARTER * np.arange(4)).ravel().tolist()
    allowed = np.ones(len(hours), dtype=np.bool_)
    for zone in zones.zones:
        _weekday, hour = local_hours(zone, quarters)
        allowed &= ~table[hour].reshape(-1, 4).any(axis=1)
    return allowed


def outside_holidays(zones: ZoneGuess, country: str, hours: npt.NDArray[np.int64]) -> Mask:
    """For each hour of the grid whether it is no national public holiday of the country; all true if unknown."""
    days = [{local(zone, int(at)).date() for zone in zones.zones} for at in hours]
    closed = _public_holidays(country, {day.year for one in days for day in one})
    return np.array([not (one & closed) for one in days], dtype=np.bool_)


def _public_holidays(country: str, years: Iterable[int]) -> set[object]:
    import holidays

    try:
        return set(holidays.country_holidays(country.strip().upper(), years=sorted(years)))
    except NotImplementedError:  # the package does not know the country
        return set()


def still_allowed(zone: str, country: str, at: Instant, quiet: Quiet, fallback: str = "UTC") -> bool:
    """The mask for the moment of sending: whether this very instant is outside the person's quiet hours."""
    return not any(quiet.covers(local(name, at).hour) for name in guess(zone, country, fallback).zones)


def next_allowed(zone: str, country: str, at: Instant, quiet: Quiet, fallback: str = "UTC") -> Instant | None:
    """The first instant from `at` on that is outside quiet hours, found by quarter hours; None within eight days."""
    if still_allowed(zone, country, at, quiet, fallback):
        return at
    first = (at // _QUARTER + 1) * _QUARTER
    candidates = range(first, first + 8 * DAY, _QUARTER)
    return next((then for then in candidates if still_allowed(zone, country, then, quiet, fallback)), None)


def within_cap(times: Sequence[Sequence[Instant]], at: npt.NDArray[np.int64], cap: FrequencyCap) -> Mask:
    """people × instants: whether one more message at that instant keeps the cap.

    `times` holds each person's other messages, sent and planned. The rule is that no span (t − days, t] holds more
    than `limit`. Only spans that end at the new message or at one after it can be broken by it, so only those are
    counted.
    """
    allowed = np.ones((len(times), len(at)), dtype=np.bool_)
    busy = [index for index, own in enumerate(times) if len(own) >= cap.limit]
    for start in range(0, len(busy), _CHUNK):
        rows = busy[start : start + _CHUNK]
        allowed[rows] = _cap_rows([times[row] for row in rows], at, cap)
    return allowed


def _cap_rows(times: Sequence[Sequence[Instant]], at: npt.NDArray[np.int64], cap: FrequencyCap) -> Mask:
    span = cap.days * DAY
    width = max(len(own) for own in times)
    far = int(at.max()) + 10 * span  # padding no span reaches
    others = np.full((len(times), width), far, dtype=np.int64)
    for row, own in enumerate(times):
        others[row, : len(own)] = own

    def counted(ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        inside = (others[:, None, :] <= ends[:, :, None]) & (others[:, None, :] > ends[:, :, None] - span)
        return inside.sum(axis=2)

    new = np.broadcast_to(at, (len(times), len(at)))
    allowed = counted(new) < cap.limit
    for column in range(width):
        end = others[:, column : column + 1]
        reached = (end >= new) & (end - span < new)  # the span ending there would hold the new message
        allowed &= ~(reached & (counted(end) >= cap.limit))
    return allowed
