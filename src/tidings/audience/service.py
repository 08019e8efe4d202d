"""Everything people do with the audience, each use case with its right, its transaction and its audit line."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tidings.access.audit import record
from tidings.access.permissions import Permission, may, require
from tidings.audience import contacts as views
from tidings.audience import segments as saved
from tidings.audience.contacts import AudienceCounts, ContactDetail, ContactView
from tidings.audience.erasure import erase_contact
from tidings.audience.incoming import ConsentGiven, NewContact, RefusedRowError, column_name, read_row
from tidings.audience.intake import BATCH, ImportResult, Refusal, take_in
from tidings.audience.opens import allow_opens, may_ask_for_opens, refuse_opens
from tidings.audience.preferences import Preferences, choose_language, pause, preferences, resume
from tidings.audience.refused import RefusedResult, read_refused, take_refused
from tidings.audience.segments import SegmentView
from tidings.audience.suppression import suppress_address
from tidings.audience.table import read_table
from tidings.audience.unsubscribe import resubscribe, unsubscribe
from tidings.domain.actor import Actor
from tidings.domain.consent import SuppressionReason
from tidings.domain.contact import normalise_address, suppression_form
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import Clock
from tidings.domain.sms import normalise_phone
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.database import Database

_log = logging.getLogger("tidings.audience")
_PAGE = 200
_TOO_WIDE = Refusal(0, "the row has more cells than the header", "Put quotes around cells that hold the delimiter.")


class AudienceService:
    """Contacts, consent, suppression, segments, import and erasure. Blocking; every method checks the actor."""

    def __init__(self, db: Database, clock: Clock, secrets: Secrets) -> None:
        self._db = db
        self._clock = clock
        self._secrets = secrets

    def contacts(
        self, actor: Actor, *, query: str = "", segment_id: str | None = None, after: str = "", limit: int = 50
    ) -> tuple[list[ContactView], str]:
        """A page of contacts and the cursor of the next, empty at the end. Addresses masked without the right."""
        require(actor, Permission.CONTACTS_READ)
        with self._db.reading() as conn:
            return views.list_contacts(
                conn,
                query=query,
                segment_id=segment_id,
                after=after,
                limit=max(1, min(limit, _PAGE)),
                at=self._clock.now(),
                unmasked=may(actor, Permission.CONTACTS_READ_PII),
            )

    def contact(self, actor: Actor, contact_id: str) -> ContactDetail:
        """One contact with its consent history. Raises NotFoundError."""
        require(actor, Permission.CONTACTS_READ)
        unmasked = may(actor, Permission.CONTACTS_READ_PII)
        with self._db.reading() as conn:
            return views.get_contact(conn, contact_id, at=self._clock.now(), unmasked=unmasked)

    def counts(self, actor: Actor) -> AudienceCounts:
        """The audience in numbers."""
        require(actor, Permission.CONTACTS_READ)
        with self._db.reading() as conn:
            return views.count_contacts(conn, self._clock.now())

    def segments(self, actor: Actor) -> list[SegmentView]:
        """Every segment with how many people match it now."""
        require(actor, Permission.CONTACTS_READ)
        with self._db.reading() as conn:
            return saved.list_segments(conn, self._clock.now())

    def create_segment(self, actor: Actor, *, name: str, rule: dict[str, Any], description: str = "") -> SegmentView:
        """Saves a rule as a segment. Raises InvalidInputError naming what is wrong with the rule."""
        require(actor, Permission.CONTACTS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            made = saved.create_segment(conn, name=name, description=description, rule=rule, at=now)
            record(conn, now, actor, "segment.create", made, {"name": name})
            return SegmentView(made, name.strip(), description, rule, saved.count(conn, rule, now))

    def add_contacts(
        self, actor: Actor, rows: Iterable[Mapping[str, str]], *, consent: ConsentGiven | None = None
    ) -> ImportResult:
        """Adds or updates contacts from mappings whose keys are named like a CSV file's columns.

        `consent` is the proof that covers rows which bring none of their own; without either a row is refused.
        """
        require(actor, Permission.CONTACTS_WRITE)
        numbered = ((no, {column_name(key): text for key, text in row.items()}) for no, row in enumerate(rows, 1))
        return self._take_in(actor, numbered, consent)

    def import_csv(
        self, actor: Actor, source: Path | str | bytes, *, consent: ConsentGiven | None = None
    ) -> ImportResult:
        """Imports a CSV file (a path, its bytes, or its text). Batches are committed one by one; repeating is harmless.

        Raises InvalidInputError for a file that is not a CSV table with addresses; bad rows are in the result.
        """
        require(actor, Permission.CONTACTS_WRITE)
        return self._take_in(actor, read_table(source), consent)

    def _take_in(
        self, actor: Actor, rows: Iterable[tuple[int, dict[str, str] | None]], consent: ConsentGiven | None
    ) -> ImportResult:
        if consent is not None and not (consent.source.strip() and consent.wording.strip()):
            raise InvalidInputError(
                "The consent for the import has no proof.",
                remedy="Say where it was given and in which words people agreed.",
                field="consent",
            )
        result = ImportResult()
        for batch in _batches(self._readable(rows, consent, result)):
            with self._db.transaction() as conn:
                take_in(conn, self._secrets, batch, result, self._clock.now())
        result.refused.sort(key=lambda refusal: refusal.row)
        with self._db.transaction() as conn:
            numbers = {"added": result.added, "updated": result.updated, "refused": len(result.refused)}
            if result.pending:
                numbers["pending"] = result.pending
            record(conn, self._clock.now(), actor, "contacts.import", "", numbers)
        _log.info("import: %d added, %d updated, %d refused", result.added, result.updated, len(result.refused))
        return result

    def _readable(
        self,
        rows: Iterable[tuple[int, dict[str, str] | None]],
        consent: ConsentGiven | None,
        result: ImportResult,
    ) -> Iterator[NewContact]:
        """The rows that can be taken in; the others go to the result with their reason."""
        seen: dict[str, int] = {}
        for number, row in rows:
            if row is None:
                result.refused.append(Refusal(number, _TOO_WIDE.reason, _TOO_WIDE.remedy))
                continue
            try:
                each = read_row(number, row, consent, self._clock.now())
            except RefusedRowError as refused:
                result.refused.append(Refusal(number, refused.reason, refused.remedy))
                continue
            first = seen.setdefault(address_hash(self._secrets, each.email), number)
            if first != number:
                reason = f"the same address stands in row {first}"
                result.refused.append(Refusal(number, reason, "Keep one row a person."))
                continue
            yield each

    def suppress(self, actor: Actor, address: str, *, reason: str = "") -> None:
        """Puts an e-mail address or phone number on the suppression list by hand, known as a contact or not."""
        require(actor, Permission.CONTACTS_WRITE)
        address = normalise_phone(address) or address
        if normalise_address(address) is None and normalise_phone(address) is None:
            raise InvalidInputError(
                "That is not an e-mail address, and no phone number with its country.",
                remedy="Give one of the form name@example.com or +436601234567.", field="address",
            )  # fmt: skip
        now = self._clock.now()
        source = f"{actor.name}: {reason}" if reason else actor.name
        with self._db.transaction() as conn:
            suppress_address(conn, self._secrets, address, reason=SuppressionReason.MANUAL, source=source, at=now)
            record(conn, now, actor, "contacts.suppress", address_hash(self._secrets, suppression_form(address)))

    def import_suppressions(
        self, actor: Actor, source: Path | str | bytes, *, told: str,
        otherwise: SuppressionReason = SuppressionReason.MANUAL,
    ) -> RefusedResult:  # fmt: skip
        """Takes in the addresses another system does not write to any more, with its reasons, in one transaction.

        `told` says where the list comes from; `otherwise` is the reason of rows that give none. Raises
        InvalidInputError for a file that is no list; bad rows are in the result.
        """
        require(actor, Permission.CONTACTS_WRITE)
        if otherwise is SuppressionReason.ERASED:
            raise InvalidInputError(
                "An erasure cannot be imported.",
                remedy="Erase the person; that suppresses the address.",
                field="reason",
            )
        if not told.strip():
            raise InvalidInputError(
                "It is not said where the list comes from.", remedy="Name the system, as in `SendGrid, July`.",
                field="source",
            )  # fmt: skip
        now, result = self._clock.now(), RefusedResult()
        with self._db.transaction() as conn:
            take_refused(conn, self._secrets, read_refused(source, otherwise), told.strip()[:100], now, result)
            numbers = {"added": result.added, "known": result.known, "refused": len(result.refused)}
            record(conn, now, actor, "suppressions.import", "", numbers)
        return result

    def unsubscribe(
        self,
        conn: Connection,
        contact_pk: int,
        campaign_pk: int | None,
        source: str,
        reason: SuppressionReason = SuppressionReason.UNSUBSCRIBED,
        channel: str = "email",
    ) -> bool:
        """A person's own no, in the caller's transaction; True if new. See `audience/unsubscribe.py`.

        Asks no rights: the person themselves asks, with a signed link, a reply or a complaint.
        """
        return unsubscribe(conn, self._secrets, contact_pk, campaign_pk, source, self._clock.now(), reason, channel)

    def resubscribe(self, conn: Connection, contact_pk: int, source: str, wording: str, channel: str = "email") -> bool:
        """Takes back the person's own no of the last day, in the caller's transaction; see `unsubscribe.py`."""
        return resubscribe(conn, contact_pk, source, wording, self._clock.now(), channel)

    def preferences(self, conn: Connection, contact_pk: int) -> Preferences | None:
        """How everything stands that a person decides of their own messages; see `preferences.py`."""
        return preferences(conn, contact_pk, self._clock.now())

    def pause(self, conn: Connection, contact_pk: int, channel: str, days: int, source: str) -> bool:
        """A person's no that ends by itself, in the caller's transaction; False when there is nothing to pause."""
        return pause(conn, contact_pk, channel, days, source, self._clock.now())

    def resume(self, conn: Connection, contact_pk: int, channel: str, source: str, wording: str) -> bool:
        """Ends a person's pause early, at their word, in the caller's transaction."""
        return resume(conn, contact_pk, channel, source, wording, self._clock.now())

    def choose_language(self, conn: Connection, contact_pk: int, language: str) -> bool:
        """The language a person chose for themselves, in the caller's transaction; False when it stays as it was."""
        return choose_language(conn, contact_pk, language, self._clock.now())

    def refuse_opens(self, conn: Connection, contact_pk: int, source: str) -> None:
        """A person's word that opening must not be seen, in the caller's transaction."""
        refuse_opens(conn, contact_pk, source, self._clock.now())

    def may_ask_for_opens(self, conn: Connection, contact_pk: int) -> bool:
        """Whether this person gets e-mails and has not allowed that opening is seen."""
        return may_ask_for_opens(conn, contact_pk, self._clock.now())

    def allow_opens(self, conn: Connection, contact_pk: int, source: str, wording: str) -> bool:
        """A person's word that opening may be seen, in the caller's transaction; False when it means nothing."""
        return allow_opens(conn, contact_pk, source, wording, self._clock.now())

    def erase(self, actor: Actor, contact_id: str) -> None:
        """Erases a person for good; of the address only the keyed hash remains. Raises NotFoundError."""
        require(actor, Permission.CONTACTS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            erase_contact(conn, self._secrets, views.contact_pk(conn, contact_id), now)
            record(conn, now, actor, "contacts.erase", contact_id)


def _batches(rows: Iterable[NewContact]) -> Iterator[list[NewContact]]:
    batch: list[NewContact] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
