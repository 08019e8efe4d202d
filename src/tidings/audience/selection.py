"""Who of an audience may be written to, and why the others may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, bindparam, case, false, select

from tidings.audience.repository import consents, paused, reachable, suppressed
from tidings.audience.segments import matching
from tidings.domain.consent import Purpose
from tidings.domain.instant import Instant
from tidings.domain.plan import HeldBack
from tidings.store.among import among, keys, listed, numbers, rows, together
from tidings.store.tables import contact


class Person(NamedTuple):
    """What planning needs to know of one contact. `zone` is empty when unknown; then it is derived and said so.

    `channels` are those of the campaign by which they can be reached and want to be.
    """

    pk: int
    zone: str
    country: str
    locale: str
    created_at: Instant
    channels: tuple[str, ...] = ("email",)


@dataclass(frozen=True, slots=True)
class Selection:
    """The people of an audience who may be written to, in order of their number, and how many may not and why."""

    people: list[Person]
    held_back: dict[HeldBack, int] = field(default_factory=dict[HeldBack, int])
    """Whom no channel reaches, by the reason of the first."""
    held_by_channel: dict[str, dict[HeldBack, int]] = field(default_factory=dict[str, dict[HeldBack, int]])
    """Whom each of several channels does not reach; empty for a campaign of one."""


def select_for_channels(
    conn: Connection, segment_id: str | None, channels: Sequence[tuple[Purpose, str]], at: Instant
) -> Selection:
    """Everybody of a segment whom one of the channels may reach, each with the channels that may.

    Raises NotFoundError for a segment that does not exist.
    """
    people: dict[int, Person] = {}
    first: dict[int, HeldBack] = {}
    held: dict[str, Counter[HeldBack]] = {}
    for purpose, channel in channels:
        held[channel] = Counter()
        for person, why_not in _divided(conn, segment_id, purpose, channel, at):
            if why_not is not None:
                held[channel][why_not] += 1
                first.setdefault(person.pk, why_not)
            elif person.pk in people:
                people[person.pk] = person._replace(channels=(*people[person.pk].channels, channel))
            else:
                people[person.pk] = person
    nobody = Counter(why for pk, why in first.items() if pk not in people)
    each = {channel: dict(count) for channel, count in held.items()} if len(channels) > 1 else {}
    return Selection([people[pk] for pk in sorted(people)], dict(nobody), each)


def select_people(conn: Connection, segment_id: str | None, purpose: Purpose, channel: str, at: Instant) -> Selection:
    """Everybody of a segment (None: everybody), divided into those who may hear and those held back.

    Raises NotFoundError for a segment that does not exist.
    """
    return select_for_channels(conn, segment_id, [(purpose, channel)], at)


def _divided(
    conn: Connection, segment_id: str | None, purpose: Purpose, channel: str, at: Instant
) -> Iterator[tuple[Person, HeldBack | None]]:
    """Everybody of a segment in order, with why the channel does not reach them, or None."""
    query = select(
        contact.c.pk,
        contact.c.time_zone,
        contact.c.country,
        contact.c.locale,
        contact.c.created_at,
        reachable(channel).label("address"),
        suppressed(channel).label("suppressed"),
        consents(purpose, at).label("consents"),
        _paused(purpose, at).label("paused"),
    ).order_by(contact.c.pk)
    if segment_id is not None:
        query = query.where(matching(conn, segment_id, at))
    way = (channel,)
    for pk, zone, country, locale, created_at, address, no, yes, rests in conn.execute(query):
        person = Person(pk, zone, country, locale, created_at, way)
        yield person, _why_not(address=address, suppressed=no, consents=yes, paused=rests)


def may_send(
    conn: Connection, contact_pks: Sequence[int], purpose: Purpose, channel: str, at: Instant
) -> dict[int, HeldBack | None]:
    """For each contact why it must not be written to now, or None when it may: the check at the moment of sending.

    A contact that is gone (erased) answers NO_ADDRESS.
    """
    given = {"people": keys(conn, contact_pks), "at": at}
    willing = set(numbers(conn, _willing(conn.dialect.name, purpose, channel), given))
    found: dict[int, HeldBack | None] = dict.fromkeys(contact_pks)
    if len(found) == len(willing):
        return found
    others = [pk for pk in found if pk not in willing]
    found.update(dict.fromkeys(others, HeldBack.NO_ADDRESS))
    given = {"people": keys(conn, others), "at": at}
    for pk, address, no, yes, rests in rows(conn, _standing(conn.dialect.name, purpose, channel), given):
        found[pk] = _why_not(address=address, suppressed=no, consents=yes, paused=rests)
    return found


def may_track(conn: Connection, contact_pks: Sequence[int], at: Instant) -> frozenset[int]:
    """Those of these contacts whose consent to open tracking holds at that instant."""
    given = {"people": keys(conn, contact_pks), "at": at}
    return frozenset(row[0] for row in rows(conn, _trackable(conn.dialect.name), given))


@cache
def _trackable(dialect: str) -> Select[Any]:
    yes = consents(Purpose.OPEN_TRACKING, bindparam("at", type_=BigInteger))
    return together(dialect, contact.c.pk).where(among(dialect, contact.c.pk, "people"), yes)


@cache
def _willing(dialect: str, purpose: Purpose, channel: str) -> Select[Any]:
    """Built once: it is asked for every message that leaves."""
    yes = consents(purpose, bindparam("at", type_=BigInteger))
    return listed(dialect, contact.c.pk).where(
        among(dialect, contact.c.pk, "people"), reachable(channel), ~suppressed(channel), yes
    )


@cache
def _standing(dialect: str, purpose: Purpose, channel: str) -> Select[Any]:
    at = bindparam("at", type_=BigInteger)
    yes, rests = consents(purpose, at), _paused(purpose, at)
    return together(dialect, contact.c.pk, reachable(channel), suppressed(channel), yes, rests).where(
        among(dialect, contact.c.pk, "people")
    )


def _paused(purpose: Purpose, at: Instant | ColumnElement[int]) -> ColumnElement[bool]:
    """Asked of nobody who consents."""
    return case((consents(purpose, at), false()), else_=paused(purpose, at))


def _why_not(*, address: bool, suppressed: bool, consents: bool, paused: bool) -> HeldBack | None:
    """The reason to tell first: a no said for good outranks a yes that is missing."""
    if not address:
        return HeldBack.NO_ADDRESS
    if suppressed:
        return HeldBack.SUPPRESSED
    if paused:
        return HeldBack.PAUSED
    return None if consents else HeldBack.NO_CONSENT
