"""What a provider's event does: state of the delivery, events in the log, suppression, guard rails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from tidings.distribution.reports import repository
from tidings.distribution.reports.base import Happening, Reported
from tidings.distribution.returns.guard import Guard
from tidings.distribution.returns.matching import Match
from tidings.distribution.returns.report import Cause
from tidings.distribution.returns.settle import Settled, settle
from tidings.distribution.returns.status import is_hard, judge
from tidings.domain.consent import SuppressionReason
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import MINUTE, Instant

_H, _D = Happening, DeliveryState
_STATES = {
    _H.QUEUED: _D.ACCEPTED, _H.SENT: _D.ACCEPTED, _H.DEFERRED: _D.ACCEPTED, _H.DELIVERED: _D.DELIVERED,
    _H.BOUNCED: _D.BOUNCED, _H.REJECTED: _D.BOUNCED, _H.FAILED: _D.BOUNCED, _H.COMPLAINED: _D.COMPLAINED,
}  # fmt: skip
_LOGGED = {
    _D.DELIVERED: EventKind.DELIVERED, _D.BOUNCED: EventKind.BOUNCED, _D.COMPLAINED: EventKind.COMPLAINED,
}  # fmt: skip
_NO = {
    "bounced": SuppressionReason.BOUNCED, "complained": SuppressionReason.COMPLAINED,
    "unsubscribed": SuppressionReason.UNSUBSCRIBED,
}  # fmt: skip
FAILURES = frozenset({_H.BOUNCED, _H.REJECTED, _H.FAILED})
_AHEAD = 5 * MINUTE


class Suppress(Protocol):
    """`AudienceService.unsubscribe`: True when that was new."""

    def __call__(
        self, conn: Connection, contact_pk: int, campaign_pk: int | None, source: str,
        reason: SuppressionReason = ..., channel: str = ...,
    ) -> bool:  # fmt: skip
        """In the caller's transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """Why a message failed, and whether that is for good."""

    cause: Cause
    code: str
    hard: bool


def judge_failure(event: Reported) -> Judged:
    """The far server's own words are worth more than the provider's class, which is asked where they say nothing."""
    cause, code = judge(event.words, event.code)
    hard = is_hard(cause, "", code) or (event.permanent and cause is Cause.UNKNOWN)
    if event.channel != "email":
        hard = event.permanent
    if event.suppressed == "bounced":
        hard = True
    return Judged(cause, code or event.code, hard)


@dataclass(slots=True)
class Effects:
    """Of one batch, in the caller's transaction. What is to be logged is gathered, so that it is written at once."""

    conn: Connection
    now: Instant
    provider: str
    is_own: Callable[[str], bool]
    """Whether a link is one that we count ourselves."""
    suppress: Suppress
    events: list[Event] = field(default_factory=list[Event])
    touched: set[int] = field(default_factory=set[int])
    """Campaigns whose guard rail is to be looked at."""

    def apply(self, event: Reported, match: Match) -> bool:
        """Lets an event have its effect; False when it comes before the answer to the sending is recorded."""
        at = min(event.at or self.now, self.now + _AHEAD)
        state = _STATES.get(event.kind)
        if state is not None:
            return self._moved(event, match, state, at)
        if event.kind is _H.UNSUBSCRIBED:
            self._no(event, match, SuppressionReason.UNSUBSCRIBED, at, repository.variant_of(self.conn, match))
        elif event.kind is _H.OPENED and repository.allows_opens(self.conn, match.contact_pk, self.now):
            self._seen(EventKind.OPENED, event, match, at, {"by": self.provider})
        elif event.kind is _H.CLICKED and event.url and not self.is_own(event.url):
            self._seen(EventKind.CLICKED, event, match, at, {"by": self.provider, "url": event.url[:500]})
        return True

    def _seen(self, kind: EventKind, event: Reported, match: Match, at: Instant, detail: dict[str, str]) -> None:
        self._log(kind, match, repository.variant_of(self.conn, match), at, detail, event.machine)

    def _moved(self, event: Reported, match: Match, state: DeliveryState, at: Instant) -> bool:
        judged = judge_failure(event) if event.kind in FAILURES else None
        code = judged.code if judged is not None else event.code
        words = event.words or f"{self.provider}: {event.native}"
        told = settle(self.conn, match, state, at, code, words, self.provider)
        if told is None:
            return True
        if told.early and state is not _D.ACCEPTED:
            return False
        self.events += told.events
        if event.kind is _H.DEFERRED:
            self._log(EventKind.DEFERRED, match, told.variant, at, {"by": self.provider, "words": words[:200]})
        elif told.moved and state in _LOGGED:
            self._log(_LOGGED[state], match, told.variant, at, self._detail(event, judged))
        self._suppressed(event, match, judged, at, told)
        return True

    def _detail(self, event: Reported, judged: Judged | None) -> dict[str, str]:
        if judged is None:
            return {"by": self.provider}
        from tidings.distribution.returns.report import REASONS

        return {
            "by": self.provider, "reason": REASONS[judged.cause].value, "cause": judged.cause.value,
            "status": judged.code, "type": "hard" if judged.hard else "soft", "native": event.native,
        }  # fmt: skip

    def _suppressed(self, event: Reported, match: Match, judged: Judged | None, at: Instant, told: Settled) -> None:
        """The no that follows from it, and the look at the campaign."""
        if event.kind is _H.COMPLAINED:
            self._no(event, match, SuppressionReason.COMPLAINED, at, told.variant)
            self.touched.add(match.campaign_pk)
        elif event.suppressed in _NO and event.kind in FAILURES:
            self._no(event, match, _NO[event.suppressed], at, told.variant)
        elif judged is not None and judged.hard:
            self._no(event, match, SuppressionReason.BOUNCED, at, told.variant)
        if judged is not None and judged.hard:
            self.touched.add(match.campaign_pk)

    def _no(
        self, event: Reported, match: Match, reason: SuppressionReason, at: Instant, variant: str
    ) -> None:  # fmt: skip
        source = f"{self.provider}: {event.native} {event.words}".strip()[:200]
        new = self.suppress(
            self.conn, match.contact_pk, match.campaign_pk, source, reason=reason, channel=match.channel
        )  # fmt: skip
        if new and reason is SuppressionReason.UNSUBSCRIBED:
            self._log(EventKind.UNSUBSCRIBED, match, variant, at, {"source": source[:80]})

    def _log(
        self, kind: EventKind, match: Match, variant: str, at: Instant, detail: dict[str, str], machine: float = 0.0
    ) -> None:
        self.events.append(
            Event(kind, at, match.campaign_pk, match.contact_pk, match.channel, match.step, variant, machine,
                  detail=detail)
        )  # fmt: skip

    def look(self, guard: Guard) -> None:
        """After the events are written: holds campaigns that harm the sender."""
        for campaign_pk in sorted(self.touched):
            guard.look(self.conn, campaign_pk, self.now)


Append = Callable[[Connection, list[Event]], None]
