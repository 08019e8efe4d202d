"""What follows from the numbers? Each possible finding with its evidence; which of them hold is decided together.

All findings of one report are tested, and only those whose Benjamini–Hochberg q stays below the limit are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, lgamma, log, log1p

from tidings.analytics.compare import Arm, p_value, pairs, q_values
from tidings.analytics.intervals import Difference, newcombe, wilson

EXPERIMENTAL, OBSERVATIONAL = "experimental", "observational"
BOUNCES_FEARED = 0.02
"""Share of bounces from which mailbox providers begin to distrust a sender; list hygiene is asked for above it."""
_WINDOW = 3  # hours


@dataclass(frozen=True, slots=True)
class Insight:
    """A finding and the change it proposes. `q` is set once all findings of a report are known."""

    kind: str
    title: str
    change: str
    why: str
    effect: Difference
    people: int
    compared_with: str
    p: float
    evidence: str
    caution: str = ""
    q: float = 1.0


def judged(found: Sequence[Insight | None]) -> list[Insight]:
    """The findings with their q over all of them: experiments first, then the surest."""
    present = [one for one in found if one is not None]
    qs = q_values([one.p for one in present])
    told = [replace(one, q=q) for one, q in zip(present, qs, strict=True)]
    return sorted(told, key=lambda one: (one.evidence != EXPERIMENTAL, one.q))


def better_variant(arms: Sequence[Arm], subjects: Mapping[str, str]) -> Insight | None:
    """The best variant against each other one, people having been divided at random. None with one variant."""
    best = max(arms, key=lambda arm: arm.share, default=None)
    against = [one for one in pairs(arms) if one.better is best]
    if best is None or not against:
        return None
    hardest = max(against, key=lambda one: one.p)  # it must beat every other, so the least sure comparison counts
    subject = subjects.get(best.name) or f"variant {best.name}"
    other = subjects.get(hardest.worse.name) or f"variant {hardest.worse.name}"
    title, change = (
        f"Write subjects like “{subject}”",
        f"Prefer the angle of “{subject}” over “{other}” in the next brief of this kind",
    )
    if subject == other:  # the two differ in the body
        subject, other = f"variant {best.name}", f"variant {hardest.worse.name}"
        title, change = f"Write bodies like that of {subject}", f"Prefer the body of {subject} over that of {other}"
    return Insight(
        kind="better_subject",
        title=title,
        change=change,
        why=f"{_percent(best.share)} of those who got it clicked, {_percent(hardest.worse.share)} with the other",
        effect=Difference(hardest.difference, hardest.low, hardest.high),
        people=sum(arm.of for arm in arms),
        compared_with=f"“{other}”",
        p=hardest.p,
        evidence=EXPERIMENTAL,
        caution="Measured in one campaign; another audience may differ.",
    )


def chosen_times(chosen: tuple[int, int], drawn: tuple[int, int]) -> Insight | None:
    """People at hours the Scheduling agent chose against people at random hours: (clicked, sent) each."""
    if not chosen[1] or not drawn[1]:
        return None
    effect = newcombe(*chosen, *drawn)
    gains = effect.difference > 0
    return Insight(
        kind="send_times",
        title="Chosen send times pay" if gains else "Chosen send times do harm",
        change=(
            "Lower the share of random send times to 2 %" if gains else "Raise the share of random send times to 25 %"
        ),
        why=f"{_of(chosen)} clicked at chosen hours, {_of(drawn)} at random ones",
        effect=effect,
        people=chosen[1] + drawn[1],
        compared_with="random allowed hours",
        p=p_value(*chosen, *drawn),
        evidence=EXPERIMENTAL,
    )


def send_window(by_hour: Mapping[int, tuple[int, int]], least: int) -> Insight | None:
    """The best three local hours against all others, from (clicked, sent) by local hour of arrival.

    Windows with fewer than `least` people are left out. p is corrected for the number of windows looked at
    (Bonferroni), because the best of many is chosen.
    """
    total = _sum(by_hour.values())
    windows = {start: _sum(by_hour.get((start + step) % 24, (0, 0)) for step in range(_WINDOW)) for start in range(24)}
    usable = {start: one for start, one in windows.items() if one[1] >= least and total[1] - one[1] >= least}
    if not usable:
        return None
    start = max(usable, key=lambda hour: usable[hour][0] / usable[hour][1])
    inside = usable[start]
    outside = total[0] - inside[0], total[1] - inside[1]
    span = f"{start:02}:00 and {(start + _WINDOW) % 24:02}:00"
    return Insight(
        kind="send_window",
        title=f"Send between {span}",
        change=f"Plan more of the next campaign between {span}, in each person's own time",
        why=f"{_of(inside)} of mails arriving then were clicked, {_of(outside)} of the others",
        effect=newcombe(*inside, *outside),
        people=total[1],
        compared_with="all other hours",
        p=min(1.0, p_value(*inside, *outside) * len(usable)),
        evidence=OBSERVATIONAL,
        caution="Other things may differ between those hours: the campaigns, the weekdays, the people.",
    )


def rest_quiet(never: tuple[int, int], clicked: tuple[int, int], least: int) -> Insight | None:
    """People who never clicked against those who did, by who unsubscribed: (unsubscribed, people) each."""
    if never[1] < least or clicked[1] < least:
        return None
    effect = newcombe(*never, *clicked)
    if effect.difference <= 0:
        return None
    return Insight(
        kind="rest_quiet_people",
        title=f"Let {never[1] - never[0]:,} people who never click rest",
        change="Leave people who got six campaigns and clicked none out of the next three",
        why=f"{_of(never)} of them unsubscribed, {_of(clicked)} of those who click",
        effect=effect,
        people=never[1] + clicked[1],
        compared_with="people who clicked at least once",
        p=p_value(*never, *clicked),
        evidence=OBSERVATIONAL,
        caution="They may unsubscribe for other reasons than being written to.",
    )


def list_hygiene(bounced: int, sent: int) -> Insight | None:
    """More bounces than mailbox providers forgive, by an exact binomial test against 2 %."""
    if not sent or bounced / sent <= BOUNCES_FEARED:
        return None
    low, high = wilson(bounced, sent)
    share = bounced / sent
    return Insight(
        kind="list_hygiene",
        title=f"Clean the list: {_percent(share)} bounced",
        change="Have addresses confirmed again that were imported without a click since",
        why=f"{bounced:,} of {sent:,} came back; above {_percent(BOUNCES_FEARED)} mailbox providers begin to distrust",
        effect=Difference(share - BOUNCES_FEARED, low - BOUNCES_FEARED, high - BOUNCES_FEARED),
        people=sent,
        compared_with=f"the limit of {_percent(BOUNCES_FEARED)}",
        p=_at_least(bounced, sent, BOUNCES_FEARED),
        evidence=OBSERVATIONAL,
    )


def _at_least(count: int, of: int, share: float) -> float:
    """Chance of `count` or more out of `of` at a true share."""
    whole = lgamma(of + 1)

    def chance(number: int) -> float:
        ways = whole - lgamma(number + 1) - lgamma(of - number + 1)
        return exp(ways + number * log(share) + (of - number) * log1p(-share))

    return max(0.0, min(1.0, 1 - sum(chance(number) for number in range(count))))


def _sum(parts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    clicked = sent = 0
    for one, other in parts:
        clicked, sent = clicked + one, sent + other
    return clicked, sent


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _of(part: tuple[int, int]) -> str:
    return _percent(part[0] / part[1])
