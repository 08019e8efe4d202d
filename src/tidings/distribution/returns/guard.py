"""The guard rail: a campaign whose mail bounces or is complained about too much stops by itself and says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from tidings.agents.decisions import record_decision
from tidings.distribution import repository as ledger
from tidings.distribution.returns import repository
from tidings.domain.actor import AgentName
from tidings.domain.decision import Decision
from tidings.domain.ids import new_id
from tidings.domain.instant import SECOND, Instant
from tidings.store.database import take_turns
from tidings.store.settings import get_setting, put_setting

AT_LEAST = 1_000
"""Shares are taken of at least so many: two complaints about the first ten mails stop, fifty bounces do not."""
MAX_HARD_BOUNCES = 0.05
MAX_COMPLAINTS = 0.001
_EVERY = 2 * SECOND

Hold = Callable[[Connection, int, str], int]
"""`DistributionService.hold`."""
Note = Callable[[Connection, str, str, str | None], None]


class Guard:
    """Looks after each bounce and complaint; once a campaign and kind, so that a person's decision to go on holds."""

    def __init__(self, hold: Hold, note: Note) -> None:
        self._hold, self._note = hold, note
        self._looked: dict[int, Instant] = {}

    def look_now_and_then(self, conn: Connection, campaign_pk: int, now: Instant) -> str:
        """`look`, for one who would ask thousands of times a minute: each campaign once in two seconds."""
        if now - self._looked.get(campaign_pk, 0) < _EVERY:
            return ""
        self._looked[campaign_pk] = now
        return self.look(conn, campaign_pk, now)

    def look(self, conn: Connection, campaign_pk: int, now: Instant) -> str:
        """Holds the campaign when a limit is passed; the reason, or an empty text."""
        refused = repository.refused_at_once(conn, campaign_pk)
        base = max(repository.sent(conn, campaign_pk) + refused, AT_LEAST)
        for kind, hard, limit, what in (
            ("bounce", True, MAX_HARD_BOUNCES, "hard bounces"),
            ("complaint", False, MAX_COMPLAINTS, "complaints"),
        ):
            number = repository.people(conn, campaign_pk, kind, hard=hard) + (refused if hard else 0)
            if number > limit * base and self._first(conn, campaign_pk, kind, now):
                facts = {"kind": kind, "people": number, "of": base, "limit": limit}
                return self._stop(conn, campaign_pk, f"{number:,} {what} of {base:,} mails", facts, now)
        return ""

    def _first(self, conn: Connection, campaign_pk: int, kind: str, now: Instant) -> bool:
        key = f"guard:{campaign_pk}:{kind}"
        take_turns(conn, key)  # else two workers that see it at the same time would each hold, and say so
        if get_setting(conn, key) is not None:
            return False
        put_setting(conn, key, {"at": now}, now)
        return True

    def _stop(self, conn: Connection, campaign_pk: int, what: str, facts: dict[str, Any], now: Instant) -> str:
        share = f"{facts['limit']:.1%}"
        reason = f"guard rail: {what}, more than {share}"
        held = self._hold(conn, campaign_pk, reason)
        campaign_id, name = ledger.campaign_name(conn, campaign_pk)
        record_decision(
            conn,
            Decision(
                new_id("decision"), AgentName.DISTRIBUTION, now, "hold", f"Holding “{name}”: {what}",
                f"More than {share} harms every later mail of this sender; a person decides how it goes on.",
                "rule of the Distribution agent", campaign_id=campaign_id, inputs={**facts, "held": held},
                alternatives=({"what": "go on", "why_not": "mailbox providers would begin to block the sender"},),
            ),
        )  # fmt: skip
        self._note(conn, "distribution", f"holds “{name}”: {reason}", campaign_id)
        return reason
