"""Takes in one returned mail: understands it, finds its delivery, and lets it have its effect, in one transaction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tidings.distribution.returns import repository
from tidings.distribution.returns.classify import classify
from tidings.distribution.returns.guard import Guard
from tidings.distribution.returns.matching import Match, find
from tidings.distribution.returns.report import Cause, Kind, Report, Verdict
from tidings.distribution.returns.settle import settle
from tidings.distribution.returns.wishes import Wish, wish_of
from tidings.distribution.tokens import TokenPurpose, TokenSigner
from tidings.domain.consent import SuppressionReason
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Clock, Instant
from tidings.events.log import append
from tidings.store.database import Database

_MAX_TEXT = 20_000
_UNSUBSCRIBE = re.compile(r"^\s*unsubscribe\s+([A-Za-z0-9_-]{24})\s*$", re.IGNORECASE)
# Reports about authentication are written by programs for administrators: nobody complained.
_NO_COMPLAINT = frozenset({"auth-failure", "dmarc", "not-spam"})

Suppress = Callable[[Connection, int, int | None, str, SuppressionReason], bool]
"""`AudienceService.unsubscribe`: contact, campaign, source, reason; True when that was new."""
Note = Callable[[Connection, str, str, str | None], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a returned mail. `new` is False when this very mail was taken before."""

    report: Report
    new: bool
    match: Match | None = None
    suppressed: bool = False
    held: str = ""


class Intake:
    """Blocking; safe to call from several threads and processes, for the same mail too."""

    def __init__(
        self, db: Database, clock: Clock, signer: TokenSigner, suppress: Suppress, guard: Guard, note: Note
    ) -> None:
        self._db, self._clock, self._signer = db, clock, signer
        self._suppress, self._guard, self._note = suppress, guard, note

    def take(self, raw: bytes, came_to: Sequence[str] = ()) -> Taken:
        """One mail, as it came; `came_to` are its envelope's recipients where the way in knows them."""
        report = classify(raw)
        now = self._clock.now()
        addresses = (*came_to, *report.delivered_to)
        with self._db.transaction() as conn:
            match = find(conn, self._signer, report, addresses, now)
            wish = self._wish(report)
            verdict = self._verdict(conn, report, match)
            if not repository.keep(conn, _row(raw, report, verdict, wish or match, now)):
                return Taken(report, new=False, match=match)
            if wish is not None:
                return Taken(report, True, wish, self._unsubscribe(conn, wish, now))
            if match is None:
                return Taken(report, True)
            return self._act(conn, raw, report, verdict, match, now)

    def _wish(self, report: Report) -> Match | None:
        """The mail a mail program sends for "unsubscribe": its subject carries the signed token (RFC 2369)."""
        said = _UNSUBSCRIBE.match(report.subject)
        token = self._signer.read(said[1], TokenPurpose.UNSUBSCRIBE) if said is not None else None
        return None if token is None else Match(token.campaign_pk, token.contact_pk, token.step, "unsubscribe mail")

    def _verdict(self, conn: Connection, report: Report, match: Match | None) -> Verdict:
        """What was said about the person the mail was for; about the first when the report names others."""
        if not report.verdicts:
            return Verdict("")
        own = repository.address_of(conn, match.contact_pk).lower() if match is not None else ""
        for verdict in report.verdicts:
            if own and own in {verdict.recipient.lower(), verdict.original.lower()}:
                return verdict
        return report.verdicts[0]

    def _act(self, conn: Connection, raw: bytes, report: Report, verdict: Verdict, match: Match, now: Instant) -> Taken:
        found = repository.delivery_of(conn, match)
        if found is None:
            return Taken(report, True, match)
        if report.kind is Kind.COMPLAINT and report.feedback not in _NO_COMPLAINT:
            return self._complained(conn, report, match, found.variant, now)
        if report.kind is Kind.BOUNCE and report.final:
            return self._bounced(conn, report, verdict, match, found.variant, now)
        if report.kind is Kind.RECEIPT or (report.kind is Kind.BOUNCE and not report.final):
            self._passed(conn, report, verdict, match, now)
        if report.kind is Kind.REPLY:
            return Taken(report, True, match, self._replied(conn, raw, report, match, now))
        return Taken(report, True, match)

    def _replied(self, conn: Connection, raw: bytes, report: Report, match: Match, now: Instant) -> bool:
        """A reply that says nothing but "stop" is heard, when it is proved to answer our mail."""
        wish = wish_of(report.subject, report.text)
        if wish is Wish.CLEAR and match.proved:
            new = self._unsubscribe(conn, match, now, "reply")
            repository.done(conn, digest_of(raw), now, "Distribution agent")
            self._note(conn, "distribution", "received a reply that asks for no more mail, and heard it", None)
            return new
        self._note(conn, "distribution", "received a reply", None)
        return False

    def _passed(self, conn: Connection, report: Report, verdict: Verdict, match: Match, now: Instant) -> None:
        """A receipt says that the mail arrived, a notice of delay that a relay has it: only a MAC makes either so."""
        if not match.proved:
            return
        arrived = report.kind is Kind.RECEIPT and not report.relayed
        state = DeliveryState.DELIVERED if arrived else DeliveryState.ACCEPTED
        words = verdict.words or ("a receipt came" if arrived else "a later system has it")
        told = settle(conn, match, state, now, verdict.status, words, "returned mail")
        if told is not None:
            append(conn, told.events)
            if told.moved and arrived:
                self._log(conn, EventKind.DELIVERED, match, told.variant, now, {"by": "receipt"})

    def _bounced(
        self, conn: Connection, report: Report, verdict: Verdict, match: Match, variant: str, now: Instant
    ) -> Taken:
        told = settle(conn, match, DeliveryState.BOUNCED, now, verdict.status, verdict.words, "returned mail")
        if told is not None and told.moved:
            append(conn, told.events)
            detail = {"reason": verdict.reason.value, "cause": verdict.cause.value, "status": verdict.status}
            detail["type"] = "hard" if verdict.hard else "soft"
            self._log(conn, EventKind.BOUNCED, match, variant, now, detail)
        suppressed = False
        if verdict.hard and match.proved:
            source = f"bounce {verdict.status}: {verdict.words}"[:200]
            suppressed = self._suppress(conn, match.contact_pk, match.campaign_pk, source, SuppressionReason.BOUNCED)
        held = self._guard.look(conn, match.campaign_pk, now) if verdict.hard else ""
        return Taken(report, True, match, suppressed, held)

    def _complained(self, conn: Connection, report: Report, match: Match, variant: str, now: Instant) -> Taken:
        words = f"complaint: {report.feedback}"
        told = settle(conn, match, DeliveryState.COMPLAINED, now, "", words, "returned mail")
        if told is not None and told.moved:
            append(conn, told.events)
            self._log(conn, EventKind.COMPLAINED, match, variant, now, {"feedback": report.feedback})
        suppressed = False
        if match.proved:
            source = f"complaint: {report.feedback} from {report.sender}"[:200]
            suppressed = self._suppress(
                conn, match.contact_pk, match.campaign_pk, source, SuppressionReason.COMPLAINED
            )  # fmt: skip
        return Taken(report, True, match, suppressed, self._guard.look(conn, match.campaign_pk, now))

    def _unsubscribe(self, conn: Connection, wish: Match, now: Instant, source: str = "unsubscribe mail") -> bool:
        new = self._suppress(conn, wish.contact_pk, wish.campaign_pk, source, SuppressionReason.UNSUBSCRIBED)
        if new:
            found = repository.delivery_of(conn, wish)
            variant = found.variant if found is not None else "A"
            self._log(conn, EventKind.UNSUBSCRIBED, wish, variant, now, {"source": source})
        return new

    def _log(
        self, conn: Connection, kind: EventKind, match: Match, variant: str, now: Instant, detail: dict[str, str]
    ) -> None:
        event = Event(kind, now, match.campaign_pk, match.contact_pk, step=match.step, variant=variant, detail=detail)
        append(conn, [event])


def digest_of(raw: bytes) -> str:
    """What a mail is told from others by."""
    return hashlib.blake2b(raw, digest_size=20).hexdigest()


def _wish(report: Report, match: Match | None) -> Wish:
    """Clear counts only where it is heard by itself."""
    wish = wish_of(report.subject, report.text)
    return Wish.MAYBE if wish is Wish.CLEAR and not (match and match.proved) else wish


def _row(raw: bytes, report: Report, verdict: Verdict, match: Match | None, now: Instant) -> dict[str, object]:
    """What is kept: of a reply its words, of anything else only what it was."""
    personal = report.kind is Kind.REPLY
    bounce = report.kind is Kind.BOUNCE
    return {
        "digest": digest_of(raw),
        "at": now,
        "kind": "late" if bounce and not report.final else report.kind.value,
        "cause": verdict.cause.value if bounce and verdict.cause is not Cause.UNKNOWN else report.feedback,
        "status": verdict.status,
        "hard": verdict.hard,
        "campaign_pk": match.campaign_pk if match is not None else None,
        "contact_pk": match.contact_pk if match is not None else None,
        "matched": match.by if match is not None else "",
        "sender": report.sender[:320] if personal else "",
        "subject": report.subject[:998] if personal else "",
        "text": report.text[:_MAX_TEXT] if personal else "",
        "wish": _wish(report, match).value if personal else "",
    }
