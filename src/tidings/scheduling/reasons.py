"""Why a person's slot is when it is, in words for people."""

from __future__ import annotations

from tidings.domain.instant import Instant
from tidings.domain.plan import HeldBack, SlotReason
from tidings.scheduling.model import HourModel
from tidings.scheduling.zones import local

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOVED = {
    SlotReason.QUIET_HOURS: "a better hour falls into their quiet hours",
    SlotReason.FREQUENCY_CAP: "their better hours would break the limit of messages one person gets{used}",
    SlotReason.SLOT_FULL: "their better hours were full",
}
_HELD = {
    HeldBack.NO_CONSENT: "have not allowed it, or not confirmed it yet",
    HeldBack.SUPPRESSED: "said no, complained or cannot be reached",
    HeldBack.NO_ADDRESS: "have no address",
    HeldBack.PAUSED: "asked for a pause that is not over",
    HeldBack.FREQUENCY_CAP: "had enough messages: the limit leaves no room in the campaign's window",
    HeldBack.NO_ALLOWED_TIME: "have no allowed hour in the campaign's window",
    HeldBack.SLOT_FULL: "found every allowed hour full",
    HeldBack.CONFIRMED: "have confirmed already",
}


def reason_text(
    reason: SlotReason | str,
    due_at: Instant,
    zone: str,
    *,
    assumed: bool = False,
    model: HourModel | None = None,
    used_by: str = "",
) -> str:
    """One sentence on one slot, for example `Tuesday 09:15 in Lisbon: people clicked most at this hour (2.9 % ± 0.4)`.

    `model` adds what was learned; without it, or while it is thin, nothing is claimed about clicks.
    `used_by` names the campaigns that use up the frequency cap.
    """
    wall = local(zone, due_at)
    place = zone.rpartition("/")[2].replace("_", " ")
    where = f"{place} (assumed: no zone is known)" if assumed else place
    evidence = _evidence(model, wall.weekday(), wall.hour)
    return f"{_DAYS[wall.weekday()]} {wall:%H:%M} in {where}: {_why(SlotReason(reason), evidence, used_by)}"


def _why(reason: SlotReason, evidence: str, used_by: str) -> str:
    if reason is SlotReason.OVERRIDE:
        return "a person set this time"
    if reason is SlotReason.HOLDOUT_TIME:
        return "a random allowed hour, so that the gain of the other hours can be measured"
    if reason is SlotReason.BEST_HOUR:
        if not evidence:
            return "the likeliest hour by a general profile; not enough data of your own yet"
        return f"the hour with the most clicks expected of those allowed ({evidence})"
    moved = _MOVED[reason].format(used=f", used up by {used_by}" if used_by else "")
    return f"{moved}; this is the best of those left" + (f" ({evidence})" if evidence else "")


def _evidence(model: HourModel | None, weekday: int, hour: int) -> str:
    """`2.9 % ± 0.4, 1,204 mails`: rate with one standard deviation either side, and how much it was learned from."""
    if model is None or model.thin:
        return ""
    rate, sd = 100 * model.rate[weekday, hour], 100 * model.sd[weekday, hour]
    return f"{rate:.1f} % ± {sd:.1f}, {int(model.sends[weekday, hour]):,} mails at this hour so far"


def held_back_text(reason: HeldBack | str, people: int) -> str:
    """One sentence on people who get no slot."""
    words = _HELD[HeldBack(reason)]
    if people == 1:
        words = words.replace("have ", "has ", 1) if words.startswith("have ") else words
    return f"{people:,} {'person' if people == 1 else 'people'} {words}."
