"""Contacts as people see them: found, listed, counted; addresses masked for those who may not read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, false, func, or_, select, true

from tidings.audience.confirming import to_confirm
from tidings.audience.consents import history
from tidings.audience.repository import EVERY_CHANNEL, consents, suppressed
from tidings.audience.segments import matching
from tidings.domain.consent import Consent, Purpose
from tidings.domain.contact import mask_address
from tidings.domain.cursor import cursor_parts
from tidings.domain.errors import NotFoundError
from tidings.domain.instant import Instant
from tidings.domain.sms import mask_phone
from tidings.store.tables import contact, suppression

CHANNEL = "email"


@dataclass(frozen=True, slots=True)
class ContactView:
    """One contact in a list. `email` is masked unless the asker may read it."""

    id: str
    email: str
    first_name: str
    last_name: str
    locale: str
    country: str
    time_zone: str
    attributes: dict[str, str]
    status: str
    """`subscribed`, `no_consent` or `suppressed`, for marketing e-mail."""
    sample: bool
    created_at: Instant
    because: str = ""
    """Why it is suppressed: bounced, complained …; empty when it is not."""
    because_source: str = ""
    """Who or what said so, for those who may read addresses: servers quote them."""
    phone: str = ""
    """As E.164 has it; masked like the address."""
    pending: bool = False
    """Has only to confirm the consent: who has none and is pending was not asked, or has not answered."""


@dataclass(frozen=True, slots=True)
class ContactDetail:
    """One contact with everything they ever said about consent."""

    contact: ContactView
    consents: tuple[Consent, ...]
    suppressed_because: str
    """Why the address is suppressed; empty when it is not."""


@dataclass(frozen=True, slots=True)
class AudienceCounts:
    """How many contacts there are, and how they divide: subscribed + no_consent + suppressed = contacts."""

    contacts: int
    subscribed: int
    no_consent: int
    suppressed: int
    without_zone: int
    """Of all contacts, those whose time zone has to be assumed."""
    sample: int
    pending: int = 0
    """Of those without consent, those who have only to confirm it."""


def status(at: Instant) -> ColumnElement[str]:
    """The status of a row of `contact` for marketing e-mail at that instant."""
    return case(
        (suppressed(CHANNEL), "suppressed"),
        (~consents(Purpose.MARKETING_EMAIL, at), "no_consent"),
        else_="subscribed",
    )


def _contacts(at: Instant) -> Select[Any]:
    """Rows of contacts with how they stand at that instant."""
    return select(contact, status(at).label("status"), to_confirm(at).label("pending"))


def list_contacts(
    conn: Connection, *, query: str, segment_id: str | None, after: str, limit: int, at: Instant, unmasked: bool
) -> tuple[list[ContactView], str]:
    """A page of contacts in order of their id, and the cursor of the next page, empty at the end.

    `query` is searched in names, and in addresses for those who may read them.
    """
    found = _contacts(at).order_by(contact.c.id).limit(limit + 1)
    if place := cursor_parts(after, r"(con_\w+)"):
        found = found.where(contact.c.id > place[0])
    if segment_id:
        found = found.where(matching(conn, segment_id, at))
    if query.strip():
        found = found.where(_mentions(query.strip(), addresses=unmasked))
    rows = conn.execute(found).all()
    why = _reasons(conn, [row.address_hash for row in rows[:limit] if row.status == "suppressed"])
    page = [_view(row, unmasked=unmasked, why=why.get(row.address_hash)) for row in rows[:limit]]
    return page, page[-1].id if len(rows) > limit else ""


def get_contact(conn: Connection, contact_id: str, *, at: Instant, unmasked: bool) -> ContactDetail:
    """One contact. Raises NotFoundError."""
    row = conn.execute(_contacts(at).where(contact.c.id == contact_id)).one_or_none()
    if row is None:
        raise unknown_contact()
    reasons = select(suppression.c.reason).where(suppression.c.address_hash == row.address_hash)
    because = conn.execute(reasons.order_by(suppression.c.at).limit(1)).scalar() if row.address_hash else None
    return ContactDetail(_view(row, unmasked=unmasked), tuple(history(conn, row.pk)), because or "")


def count_contacts(conn: Connection, at: Instant) -> AudienceCounts:
    """The audience in numbers at that instant."""
    each = select(
        status(at).label("status"),
        (contact.c.time_zone == "").label("no_zone"),
        contact.c.sample.label("sample"),
        to_confirm(at).label("pending"),
    ).subquery()

    def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    row = conn.execute(
        select(
            func.count(),
            how_many(each.c.status == "subscribed"),
            how_many(each.c.status == "no_consent"),
            how_many(each.c.status == "suppressed"),
            how_many(each.c.no_zone == true()),
            how_many(each.c.sample == true()),
            how_many(each.c.pending == true()),
        ).select_from(each)
    ).one()
    return AudienceCounts(*(int(number) for number in row))


def contact_pk(conn: Connection, contact_id: str) -> int:
    """The number of a contact's row. Raises NotFoundError."""
    pk = conn.execute(select(contact.c.pk).where(contact.c.id == contact_id)).scalar_one_or_none()
    if pk is None:
        raise unknown_contact()
    return pk


def unknown_contact() -> NotFoundError:
    """What is answered for an id nobody has, or has any more."""
    return NotFoundError("There is no such contact.", remedy="Search by name or address; the contact may be erased.")


def _mentions(text: str, *, addresses: bool) -> ColumnElement[bool]:
    names = contact.c.first_name + " " + contact.c.last_name
    return or_(
        func.lower(names).contains(text.lower(), autoescape=True),
        contact.c.phone.contains(text, autoescape=True) if addresses else false(),
        func.lower(contact.c.email).contains(text.lower(), autoescape=True) if addresses else false(),
    )


def _reasons(conn: Connection, hashes: list[str]) -> dict[str, tuple[str, str]]:
    """The first reason and source of each suppressed address."""
    if not hashes:
        return {}
    query = select(suppression.c.address_hash, suppression.c.reason, suppression.c.source).where(
        suppression.c.address_hash.in_(hashes), suppression.c.channel.in_((CHANNEL, EVERY_CHANNEL))
    )
    rows = conn.execute(query.order_by(suppression.c.at.desc())).all()
    return {row.address_hash: (row.reason, row.source) for row in rows}


def _view(row: Row[Any], *, unmasked: bool, why: tuple[str, str] | None = None) -> ContactView:
    return ContactView(
        id=row.id,
        email=row.email if unmasked else mask_address(row.email),
        first_name=row.first_name,
        last_name=row.last_name,
        locale=row.locale,
        country=row.country,
        time_zone=row.time_zone,
        attributes=row.attributes,
        status=row.status,
        sample=row.sample,
        created_at=row.created_at,
        because=why[0] if why else "",
        because_source=why[1] if why and unmasked else "",
        phone=row.phone if unmasked else mask_phone(row.phone),
        pending=bool(row.pending),
    )
