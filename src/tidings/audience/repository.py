"""Queries over contacts, their consent, and the suppression list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    case,
    exists,
    func,
    literal_column,
    select,
    true,
    type_coerce,
)

from tidings.domain.channel import Channel
from tidings.domain.consent import ConsentState, Purpose
from tidings.domain.instant import Instant
from tidings.store.among import among, keys, rows, together
from tidings.store.tables import consent, contact, push_subscription, suppression

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


def consents(purpose: Purpose, at: Instant | ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a row of `contact` has a consent that holds at that instant.

    The newest word counts; of two of the same instant, the one that is not a yes. A no that ends is a pause: once it
    is over, it counts as if it had not been said.
    """
    yes, later = consent.alias("yes"), consent.alias("later")
    overruled = exists().where(
        later.c.contact_pk == yes.c.contact_pk,
        later.c.purpose == yes.c.purpose,
        ~pause_over(later, at),
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


def pause_over(word: FromClause, at: Instant | ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a row of `consent` is a pause that has ended: it counts as if it had not been said."""
    of = word.c
    return (of.state == ConsentState.WITHDRAWN.value) & of.expires_at.is_not(None) & (of.expires_at <= at)


def paused(purpose: Purpose, at: Instant | ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the newest word of a row of `contact` is a no that ends, and has not ended at that instant."""
    no, later = consent.alias("pause"), consent.alias("since")
    overruled = exists().where(
        later.c.contact_pk == no.c.contact_pk, later.c.purpose == no.c.purpose, later.c.at > no.c.at,
    )  # fmt: skip
    return exists().where(
        no.c.contact_pk == contact.c.pk,
        no.c.purpose == purpose.value,
        no.c.state == ConsentState.WITHDRAWN.value,
        no.c.at <= at,
        no.c.expires_at > at,
        ~overruled,
    )


def reachable(channel: str) -> ColumnElement[bool]:
    """Whether a row of `contact` has what the channel writes to."""
    if channel == Channel.EMAIL:
        return contact.c.email != ""
    if channel == Channel.SMS:
        return contact.c.phone != ""
    if channel == Channel.PUSH:
        return exists().where(push_subscription.c.contact_pk == contact.c.pk)
    return true()


def suppressed(channel: str) -> ColumnElement[bool]:
    """Whether a row of `contact` is on the suppression list for that channel."""
    own = suppression.c.address_hash == contact.c.address_hash
    if channel == Channel.SMS:
        own |= suppression.c.address_hash == contact.c.phone_hash
    return exists().where(
        and_(
            own,
            suppression.c.channel.in_((channel, EVERY_CHANNEL)),
        )
    )


_OWN = ("first_name", "last_name", "email", "locale", "country")


@cache
def _fields(dialect: str) -> Select[Any]:
    """Built once: it is asked for every message that leaves."""
    of = contact.c
    own = [of[name] for name in _OWN]
    query = select(of.pk, *own, of.attributes)
    if dialect == "sqlite":  # the driver makes one text of all rows, and the JSON reader the dictionaries
        named = func.json_object(*_pairs(own))
        more = case((type_coerce(of.attributes, Text()) != "{}", type_coerce(of.attributes, Text())), else_=None)
        query = select(func.json_group_array(func.json_array(of.pk, named, more)))
    return query.where(among(dialect, of.pk, "people"))


def _pairs(columns: Sequence[ColumnElement[Any]]) -> Iterator[ColumnElement[Any]]:
    for name, column in zip(_OWN, columns, strict=True):
        yield literal_column(f"'{name}'")
        yield column


def merge_fields(conn: Connection, pks: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What a template may say of each contact: own fields over attributes; unknown contacts are absent."""
    given, query = {"people": keys(conn, pks)}, _fields(conn.dialect.name)
    if conn.dialect.name != "sqlite":
        return {
            row.pk: {**(row.attributes or {}), **dict(zip(_OWN, row[1:6], strict=True))}
            for row in conn.execute(query, given)
        }
    found = rows(conn, query, given)
    return {pk: {**json.loads(more), **own} if more and more != "null" else own for pk, own, more in found}


def fields_for_sms(conn: Connection, pks: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The same, and where a text message goes."""
    found = merge_fields(conn, pks)
    dialect = conn.dialect.name
    query = together(dialect, contact.c.pk, contact.c.phone).where(among(dialect, contact.c.pk, "people"))
    for pk, phone in rows(conn, query, {"people": keys(conn, pks)}):
        found[pk]["phone"] = phone
    return found


def fields_for_push(conn: Connection, pks: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The same, and each person's browsers."""
    found = merge_fields(conn, pks)
    for fields in found.values():
        fields.pop("push_subscriptions", None)  # an attribute of that name is none of ours
    of, dialect = push_subscription.c, conn.dialect.name
    query = together(dialect, of.contact_pk, of.endpoint, of.p256dh, of.auth).where(
        among(dialect, of.contact_pk, "people")
    )
    for pk, endpoint, p256dh, auth in rows(conn, query, {"people": keys(conn, pks)}):
        browser = {"endpoint": endpoint, "p256dh": p256dh, "auth": auth}
        found[pk].setdefault("push_subscriptions", []).append(browser)
    return found
