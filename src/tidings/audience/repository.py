"""Queries over contacts, their consent, and the suppression list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from tidings.domain.consent import ConsentState, Purpose
from tidings.domain.instant import Instant
from tidings.store.tables import consent, contact, suppression

EVERY_CHANNEL = "*"
"""A suppression in this channel holds in all of them."""
_LOOKUP = 500  # keys in one query: well under both databases' limits for parameters


def parts(keys: Sequence[int], size: int = _LOOKUP) -> Iterator[Sequence[int]]:
    """The keys in pieces that fit one query."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def any_known(conn: Connection, hashes: Sequence[str]) -> bool:
    """Whether one of these keyed hashes is that of a contact's address."""
    return any(
        conn.execute(select(contact.c.pk).where(contact.c.address_hash.in_(part)).limit(1)).first() is not None
        for part in (hashes[start : start + _LOOKUP] for start in range(0, len(hashes), _LOOKUP))
    )


def consents(purpose: Purpose, at: Instant) -> ColumnElement[bool]:
    """Whether a row of `contact` has a consent that holds at that instant.

    The newest word counts; of two of the same instant, the one that is not a yes.
    """
    yes, later = consent.alias("yes"), consent.alias("later")
    overruled = exists().where(
        later.c.contact_pk == yes.c.contact_pk,
        later.c.purpose == yes.c.purpose,
        (later.c.at > yes.c.at) | ((later.c.at == yes.c.at) & (later.c.state != ConsentState.GRANTED.value)),
    )
    return exists().where(
        yes.c.contact_pk == contact.c.pk,
        yes.c.purpose == purpose.value,
        yes.c.state == ConsentState.GRANTED.value,
        yes.c.at <= at,
        (yes.c.expires_at.is_(None)) | (yes.c.expires_at > at),
        ~overruled,
    )


def suppressed(channel: str) -> ColumnElement[bool]:
    """Whether a row of `contact` is on the suppression list for that channel."""
    return exists().where(
        and_(
            suppression.c.address_hash == contact.c.address_hash,
            suppression.c.channel.in_((channel, EVERY_CHANNEL)),
        )
    )


def merge_fields(conn: Connection, pks: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What a template may say of each contact: own fields over attributes; unknown contacts are absent."""
    found: dict[int, dict[str, Any]] = {}
    for part in parts(pks):
        query = select(
            contact.c.pk,
            contact.c.first_name,
            contact.c.last_name,
            contact.c.email,
            contact.c.locale,
            contact.c.country,
            contact.c.attributes,
        ).where(contact.c.pk.in_(part))
        for row in conn.execute(query):
            found[row.pk] = {
                **row.attributes,
                "first_name": row.first_name,
                "last_name": row.last_name,
                "email": row.email,
                "locale": row.locale,
                "country": row.country,
            }
    return found
