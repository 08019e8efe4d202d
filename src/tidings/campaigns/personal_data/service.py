"""Gives out everything that is held about one person, when they ask for it (GDPR articles 15 and 20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from tidings.access.audit import record
from tidings.access.permissions import Permission, require
from tidings.campaigns.personal_data import repository
from tidings.campaigns.personal_data.files import FORMS, Part, as_json, as_text
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.instant import Clock, iso, to_datetime
from tidings.domain.sms import normalise_phone
from tidings.keys.secrets import Secrets, address_hash

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tidings.campaigns.personal_data.repository import Section, Subject
    from tidings.domain.actor import Actor
    from tidings.store.database import Database

_ABOUT = "Everything Tidings holds about one person. Times are in UTC. Secrets, such as a browser's keys, are left out."


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A file that is written as it is read: `pieces` in order are the whole of it."""

    contact_id: str
    name: str
    media_type: str
    pieces: Iterator[str]


class PersonalDataService:
    """Blocking; each page of the file is a short reading of its own, so that a slow reader holds up nobody."""

    def __init__(self, db: Database, clock: Clock, secrets: Secrets) -> None:
        self._db, self._clock, self._secrets = db, clock, secrets

    def export(self, actor: Actor, contact: str, form: str = "json") -> PersonalData:
        """The file about the person of that id or whole address or number; that it was asked for is on record at once.

        Raises ForbiddenError; NotFoundError for somebody unknown, which says so of somebody who was
        erased; ConflictError for the number of several people.
        """
        require(actor, Permission.CONTACTS_READ_PII)
        if actor.brands:  # what is held stands in the campaigns of every brand
            raise ForbiddenError(
                "Only who may see every brand exports what is held about a person.", remedy="Ask an administrator."
            )
        if form not in FORMS:
            raise InvalidInputError(f"{form!r} is no form.", remedy=f"One of: {', '.join(FORMS)}.", field="form")
        now = self._clock.now()
        with self._db.transaction() as conn:
            who = self._who(conn, contact.strip())
            record(conn, now, actor, "contacts.export", who.id, {"form": form})
        head = {"about": _ABOUT, "made_at": iso(now)}
        write, kind = (as_json, "application/json") if form == "json" else (as_text, "text/plain; charset=utf-8")
        name = f"personal-data-{who.id}.{'json' if form == 'json' else 'txt'}"
        return PersonalData(who.id, name, kind, write(head, self._parts(who, now)))

    def _who(self, conn: Connection, contact: str) -> Subject:
        digest = address_hash(self._secrets, normalise_phone(contact) or contact)
        found = repository.subjects(conn, contact, digest)
        if len(found) == 1:
            return found[0]
        if found:
            raise ConflictError("That number is several people's.", remedy="Give the address or the id of one of them.")
        erased = repository.erased_at(conn, contact, digest)
        if erased is None:
            raise NotFoundError(
                "There is no such contact.", remedy="Give the whole address, the whole telephone number or the id."
            )
        raise NotFoundError(
            f"This person was erased on {to_datetime(erased):%d %B %Y}; nothing that names them is held.",
            remedy="Of address and number only keyed hashes remain, on the suppression list, so that no import brings "
            "them back.",
        )

    def _parts(self, who: Subject, now: int) -> Iterator[Part]:
        with self._db.reading() as conn:
            person = repository.person(conn, who)
            hours = repository.send_time(conn, who, now)
        yield Part("person", "The person", [person], single=True)
        yield Part(
            "send_time", "When they click, by local hour: from this send times are learned", [hours], single=True
        )
        segments = ("segments", "Segments whose rule they match", repository.segments_at(now))
        for name, title, section in chain([segments], repository.SECTIONS):
            yield Part(name, title, self._rows(section, who))

    def _rows(self, section: Section, who: Subject) -> Iterator[Mapping[str, Any]]:
        after = -1
        while True:
            with self._db.reading() as conn:
                page = section(conn, who, after)
            if not page:
                return
            yield from (row for _, row in page)
            after = page[-1][0]
