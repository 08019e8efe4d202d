"""Takes contacts in, in batches: new ones added, known ones brought up to date, nobody's no undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tidings.audience.consents import record_all
from tidings.audience.incoming import NewContact
from tidings.audience.repository import pause_over
from tidings.domain.consent import Consent, ConsentState, Purpose, SuppressionReason
from tidings.domain.ids import new_id
from tidings.domain.instant import Instant
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.database import take_turns
from tidings.store.tables import consent, contact, suppression

BATCH = 500
_OWN = ("first_name", "last_name", "locale", "country", "time_zone", "phone")
_ERASED = (
    "this person asked to be erased",
    "Leave the row out. Only they themselves can sign up again.",
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row not taken in: its number in the file, why, and what to do."""

    row: int
    reason: str
    remedy: str


@dataclass(slots=True)
class ImportResult:
    """What became of the rows: added + updated + refused is all of them. `kept_silent` of them had said no before."""

    added: int = 0
    updated: int = 0
    refused: list[Refusal] = field(default_factory=list[Refusal])
    kept_silent: int = 0
    """Taken in, but still not written to: on the suppression list, or consent withdrawn earlier."""
    nowhere: int = 0
    """Taken in without a time zone or country: the plan will have to assume where they are."""
    pending: int = 0
    """Taken in, but not written to before they confirm: their consent is pending."""

    @property
    def warnings(self) -> list[str]:
        """What went through but should be known, in words."""
        if not self.nowhere:
            return []
        people = "1 person has" if self.nowhere == 1 else f"{self.nowhere:,} people have"
        return [
            f"{people} no time zone and no country: send times will assume where they are. Add a column for either."
        ]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is on file about the addresses of a batch, by their hash."""

    contacts: dict[str, Any]
    suppressed: dict[str, set[str]]
    words: dict[int, ConsentState]
    """The newest word on marketing mail of each contact; absent when there is none, or it has expired."""


def take_in(conn: Connection, secrets: Secrets, batch: Sequence[NewContact], result: ImportResult, at: Instant) -> None:
    """Writes one batch (at most `BATCH`, no address twice) and adds to the result. Idempotent."""
    take_turns(conn, "contacts")  # two imports of one new address at once: the second must see the first
    by_hash = {address_hash(secrets, each.email): each for each in batch}
    known = _known(conn, list(by_hash), at)
    erased = {each for each, why in known.suppressed.items() if SuppressionReason.ERASED.value in why}
    result.refused += [Refusal(by_hash[each].row, *_ERASED) for each in by_hash if each in erased]
    wanted = {digest: each for digest, each in by_hash.items() if digest not in erased}
    new = {digest: each for digest, each in wanted.items() if digest not in known.contacts}
    old = {digest: each for digest, each in wanted.items() if digest in known.contacts}
    pks = _add(conn, secrets, new, at)
    _bring_up_to_date(conn, secrets, old, known, at)
    pks |= {digest: known.contacts[digest].pk for digest in old}
    result.added += len(new)
    result.nowhere += sum(not each.time_zone and not each.country for each in new.values())
    result.updated += len(old)
    words: list[tuple[int, Consent]] = []
    for digest, each in wanted.items():
        before = known.words.get(pks[digest])
        if digest in known.suppressed or before is ConsentState.WITHDRAWN:
            result.kept_silent += 1
        elif before is not ConsentState.GRANTED:
            result.pending += each.consent.state is ConsentState.PENDING
            if before is not each.consent.state:
                words.append((pks[digest], each.consent))
    record_all(conn, words + _other_words(conn, wanted, pks, known, at))


def _other_words(
    conn: Connection, wanted: dict[str, NewContact], pks: dict[str, int], known: _Known, at: Instant
) -> list[tuple[int, Consent]]:
    """The new yeses to more than e-mails; who withdrew one, or said no to everything, stays silent."""
    saying = {pks[digest]: each.others for digest, each in wanted.items() if each.others}
    if not saying:
        return []
    of = consent.c
    query = (
        select(of.contact_pk, of.purpose, of.state)
        .where(of.contact_pk.in_(list(saying)), of.purpose != Purpose.MARKETING_EMAIL.value)
        .where(~pause_over(consent, at))
        .order_by(of.at, (of.state != ConsentState.GRANTED.value))
    )
    before = {(row.contact_pk, row.purpose): row.state for row in conn.execute(query)}
    silent = {pks[digest] for digest in wanted if digest in known.suppressed}
    return [
        (pk, word)
        for pk, others in saying.items()
        for word in others
        if pk not in silent
        and before.get((pk, word.purpose.value)) not in {ConsentState.WITHDRAWN.value, word.state.value}
    ]


def _known(conn: Connection, hashes: Sequence[str], at: Instant) -> _Known:
    rows = conn.execute(
        select(contact.c.pk, contact.c.address_hash, contact.c.attributes).where(contact.c.address_hash.in_(hashes))
    ).all()
    silent: dict[str, set[str]] = {}
    listed = select(suppression.c.address_hash, suppression.c.reason).where(suppression.c.address_hash.in_(hashes))
    for row in conn.execute(listed):
        silent.setdefault(row.address_hash, set()).add(row.reason)
    words = (
        select(consent.c.contact_pk, consent.c.state, consent.c.expires_at)
        .where(consent.c.contact_pk.in_([row.pk for row in rows]))
        .where(consent.c.purpose == Purpose.MARKETING_EMAIL.value)
        # Of two words of one instant, the one that is not a yes comes last and so counts.
        .order_by(consent.c.at, (consent.c.state != ConsentState.GRANTED.value))
    )
    newest: dict[int, ConsentState] = {}
    for row in conn.execute(words):
        over = row.expires_at is not None and row.expires_at <= at
        if over and row.state == ConsentState.WITHDRAWN.value:  # a pause: what was said before holds again
            continue
        newest[row.contact_pk] = ConsentState(row.state)
        if over:
            del newest[row.contact_pk]
    return _Known({row.address_hash: row for row in rows}, silent, newest)


def _phone_hash(secrets: Secrets, phone: str) -> str:
    return address_hash(secrets, phone) if phone else ""


def _add(conn: Connection, secrets: Secrets, new: dict[str, NewContact], at: Instant) -> dict[str, int]:
    if not new:
        return {}
    rows = [
        {
            "id": new_id("contact"),
            "email": each.email,
            "address_hash": digest,
            "first_name": each.first_name,
            "last_name": each.last_name,
            "locale": each.locale or "en",
            "country": each.country,
            "time_zone": each.time_zone,
            "phone": each.phone,
            "phone_hash": _phone_hash(secrets, each.phone),
            "attributes": each.attributes,
            "created_at": at,
            "updated_at": at,
        }
        for digest, each in new.items()
    ]
    conn.execute(insert(contact), rows)
    made = select(contact.c.address_hash, contact.c.pk).where(contact.c.id.in_([row["id"] for row in rows]))
    return {row.address_hash: row.pk for row in conn.execute(made)}


def _bring_up_to_date(
    conn: Connection, secrets: Secrets, old: dict[str, NewContact], known: _Known, at: Instant
) -> None:
    """Non-empty cells replace what is on file; attributes are merged by name."""
    for digest, each in old.items():
        row = known.contacts[digest]
        given: dict[str, Any] = {name: getattr(each, name) for name in _OWN if getattr(each, name)}
        if each.phone:
            given["phone_hash"] = _phone_hash(secrets, each.phone)
        given["attributes"] = {**row.attributes, **each.attributes}
        conn.execute(update(contact).where(contact.c.pk == row.pk).values(**given, updated_at=at))
