"""Who of an audience may be written to, and why the others may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, bindparam, select

from tidings.audience.repository import consents, reachable, suppressed
from tidings.audience.segments import matching
from tidings.domain.consent import Purpose
from tidings.domain.instant import Instant
from tidings.domain.plan import HeldBack
from tidings.store.among import among, keys, rows, together
from tidings.store.tables import contact


class Person(NamedTuple):
    """What planning needs to know of one contact. `zone` is empty when unknown; then it is derived and said so."""

    pk: int
    zone: str
    country: str
    locale: str
    created_at: Instant


@dataclass(frozen=True, slots=True)
class Selection:
    """The people of an audience who may be written to, in order of their number, and how many may not and why."""

    people: list[Person]
    held_back: dict[HeldBack, int] = field(default_factory=dict[HeldBack, int])


def select_people(conn: Connection, segment_id: str | None, purpose: Purpose, channel: str, at: Instant) -> Selection:
    """Everybody of a segment (None: everybody), divided into those who may hear and those held back.

    Raises NotFoundError for a segment that does not exist.
    """
    query = select(
        contact.c.pk,
        contact.c.time_zone,
        contact.c.country,
        contact.c.locale,
        contact.c.created_at,
        reachable(channel).label("address"),
        suppressed(channel).label("suppressed"),
        consents(purpose, at).label("consents"),
    ).order_by(contact.c.pk)
    if segment_id is not None:
        query = query.where(matching(conn, segment_id, at))
    people: list[Person] = []
    held: Counter[HeldBack] = Counter()
    for pk, zone, country, locale, created_at, address, no, yes in conn.execute(query):
        why_not = _why_not(address=address, suppressed=no, consents=yes)
        if why_not is None:
            people.append(Person(pk, zone, country, locale, created_at))
        else:
            held[why_not] += 1
    return Selection(people, dict(held))


def may_send(
    conn: Connection, contact_pks: Sequence[int], purpose: Purpose, channel: str, at: Instant
) -> dict[int, HeldBack | None]:
    """For each contact why it must not be written to now, or None when it may: the check at the moment of sending.

    A contact that is gone (erased) answers NO_ADDRESS.
    """
    found: dict[int, HeldBack | None] = dict.fromkeys(contact_pks, HeldBack.NO_ADDRESS)
    given = {"people": keys(conn, contact_pks), "at": at}
    for pk, address, no, yes in rows(conn, _standing(conn.dialect.name, purpose, channel), given):
        found[pk] = None if address and yes and not no else _why_not(address=address, suppressed=no, consents=yes)
    return found


@cache
def _standing(dialect: str, purpose: Purpose, channel: str) -> Select[Any]:
    """Built once: it is asked for every message that leaves."""
    yes = consents(purpose, bindparam("at", type_=BigInteger))
    return together(dialect, contact.c.pk, reachable(channel), suppressed(channel), yes).where(
        among(dialect, contact.c.pk, "people")
    )


def _why_not(*, address: bool, suppressed: bool, consents: bool) -> HeldBack | None:
    """The reason to tell first: a no said for good outranks a yes that is missing."""
    if not address:
        return HeldBack.NO_ADDRESS
    if suppressed:
        return HeldBack.SUPPRESSED
    return None if consents else HeldBack.NO_CONSENT
