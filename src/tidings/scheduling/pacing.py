"""When may a person be written to next? For messages that are in no plan, each asked for as it falls due.

The rules are the plan's own: quiet hours in every zone the person may be in, and the frequency cap over all campaigns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, case, func, literal, select

from tidings.domain.campaign import CampaignState
from tidings.domain.delivery import OPEN, SENT, DeliveryState
from tidings.domain.instant import DAY, Instant
from tidings.domain.plan import FrequencyCap
from tidings.scheduling.masks import next_allowed
from tidings.scheduling.policy import PlanPolicy
from tidings.scheduling.repository import messages_of_slot
from tidings.store.among import among, keys, rows, together
from tidings.store.tables import campaign, delivery, slot

HORIZON = 30 * DAY
"""Nobody is given a time later than this."""
_WENT_OUT = sorted(SENT | {DeliveryState.UNCERTAIN})
_STILL_TO_GO = sorted(OPEN)
_PROPOSED = (CampaignState.PLANNING.value, CampaignState.REVIEW.value, CampaignState.APPROVED.value)


class Pacing:
    """The next allowed instants of the people of one batch; remembers what it has given them."""

    def __init__(self, busy: dict[int, list[Instant]], rules: PlanPolicy) -> None:
        self._busy, self._rules = busy, rules
        self._quiet: dict[tuple[str, str, Instant], Instant | None] = {}

    def first(self, contact_pk: int, zone: str, country: str, at: Instant) -> Instant | None:
        """The first instant from `at` on outside quiet hours that keeps the cap; None when there is none near.

        The instant counts against the cap from now on.
        """
        times = self._busy.setdefault(contact_pk, [])
        then: Instant | None = at
        for _ in range(2 * len(times) + 3):  # each turn gets past one of their messages, or ends
            then = self._outside_quiet(zone, country, then)
            if then is None or then > at + HORIZON:
                return None
            later = after_cap(times, then, self._rules.cap)
            if later == then:
                times.append(then)
                return then
            then = later
        return None

    def _outside_quiet(self, zone: str, country: str, at: Instant) -> Instant | None:
        key = (zone, country, at)
        if key not in self._quiet:
            self._quiet[key] = next_allowed(zone, country, at, self._rules.quiet, self._rules.fallback_zone)
        return self._quiet[key]


def after_cap(times: Sequence[Instant], at: Instant, cap: FrequencyCap) -> Instant:
    """`at` itself when one more message then keeps the cap, else an instant before which none can.

    The rule is that no span (t − days, t] holds more than `limit`; spans that end at `at` or later hold the new one.
    """
    span = cap.days * DAY
    for end in sorted({at, *(time for time in times if at <= time < at + span)}):
        inside = [time for time in times if end - span < time <= end]
        if len(inside) >= cap.limit:
            return max(at + 1, min(inside) + span) if end == at else end + 1
    return at


def pacing_for(conn: Connection, people: Sequence[int], now: Instant, rules: PlanPolicy) -> Pacing:
    """What those people have heard and will hear, of all campaigns, in two queries."""
    dialect = conn.dialect.name
    when = case(
        (delivery.c.state.in_(_WENT_OUT), func.coalesce(delivery.c.at, delivery.c.due_at)), else_=delivery.c.due_at
    )
    since = now - rules.cap.days * DAY
    ledger = together(dialect, delivery.c.contact_pk, when, literal(1)).where(
        among(dialect, delivery.c.contact_pk, "people"),
        delivery.c.state.in_([*_WENT_OUT, *_STILL_TO_GO]), when > since,
    )  # fmt: skip
    named = select(campaign.c.pk).where(campaign.c.state.in_(_PROPOSED), campaign.c.launched_at.is_(None))
    proposed = together(dialect, slot.c.contact_pk, slot.c.due_at, messages_of_slot()).where(
        slot.c.campaign_pk.in_(named), among(dialect, slot.c.contact_pk, "people"), slot.c.due_at > since
    )
    busy: defaultdict[int, list[Instant]] = defaultdict(list)
    for query in (ledger, proposed):
        for contact_pk, at, number in rows(conn, query, {"people": keys(conn, people)}):
            busy[contact_pk] += [int(at)] * number
    return Pacing(dict(busy), rules)
