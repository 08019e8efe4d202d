"""A person's no: it takes effect with the caller's commit, in every queue, and it holds for good."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select, update

from tidings.audience.consents import record
from tidings.audience.repository import EVERY_CHANNEL, consents, paused
from tidings.audience.suppression import suppress_hashes
from tidings.domain.consent import Consent, ConsentState, Purpose, SuppressionReason
from tidings.domain.instant import DAY, Instant
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.tables import contact, suppression

EMAIL = "email"
SMS = "sms"
PURPOSES = {EMAIL: Purpose.MARKETING_EMAIL, SMS: Purpose.MARKETING_SMS, "push": Purpose.MARKETING_PUSH}
_SPOKEN = frozenset({SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED})


def unsubscribe(
    conn: Connection,
    secrets: Secrets,
    contact_pk: int,
    campaign_pk: int | None,
    source: str,
    at: Instant,
    reason: SuppressionReason = SuppressionReason.UNSUBSCRIBED,
    channel: str = EMAIL,
) -> bool:
    """Suppresses the address and, when it is the person's own word, withdraws the consent; True if that was new.

    An address that bounces is only suppressed: nobody said no, and the history must not claim it.

    Idempotent: a second time changes nothing and gives False, as does a contact that is gone. The event in the log
    is the caller's to append, who knows variant and step, and only when this gives True.
    """
    purpose = PURPOSES.get(channel, Purpose.MARKETING_EMAIL)
    row = conn.execute(
        select(
            contact.c.email,
            contact.c.address_hash,
            contact.c.phone_hash,
            consents(purpose, at).label("consents"),
            paused(purpose, at).label("paused"),
        )
        .where(contact.c.pk == contact_pk)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return False
    digest = row.address_hash or address_hash(secrets, row.email)
    if row.address_hash != digest:
        conn.execute(update(contact).where(contact.c.pk == contact_pk).values(address_hash=digest))
    digests = [digest]
    if channel == SMS and row.phone_hash:  # a number that is dead says nothing against the person's next one
        digests = [digest, row.phone_hash] if reason in _SPOKEN else [row.phone_hash]
    new = not all(_listed(conn, each, channel) for each in digests)
    suppress_hashes(conn, digests, reason=reason, source=source, at=at, channel=channel)
    spoken = reason in _SPOKEN and bool(row.consents or row.paused)
    if spoken:
        proof = source if campaign_pk is None else f"{source}, campaign {campaign_pk}"
        record(conn, contact_pk, Consent(purpose, ConsentState.WITHDRAWN, at, proof, ""))
    return new or spoken


def _listed(conn: Connection, digest: str, channel: str) -> bool:
    query = select(suppression.c.reason).where(suppression.c.address_hash == digest, suppression.c.channel == channel)
    return conn.execute(query).first() is not None


UNDO_WITHIN = DAY
"""So long a person can take a no back on the page where they said it."""


def resubscribe(
    conn: Connection, contact_pk: int, source: str, wording: str, at: Instant, channel: str = EMAIL
) -> bool:
    """Takes back a no said within a day, as a new consent with its proof; False when there is none to take back.

    Only the person's own unsubscribe from that channel: a no to another channel stays, and so does what a bounce, a
    complaint, an erasure or a person's entry of ours says of this one.
    """
    row = conn.execute(
        select(contact.c.address_hash, contact.c.phone_hash)
        .where(contact.c.pk == contact_pk, contact.c.address_hash != "")
        .with_for_update()
    ).one_or_none()
    if row is None:
        return False
    here, own = _noes(row, channel)
    if conn.execute(select(suppression.c.reason).where(here, ~own)).first() is not None:
        return False
    gone = conn.execute(delete(suppression).where(own, suppression.c.at > at - UNDO_WITHIN)).rowcount
    if gone:
        record(conn, contact_pk, Consent(PURPOSES[channel], ConsentState.GRANTED, at, source, wording))
    return bool(gone)


def may_return(conn: Connection, contact_pk: int, at: Instant, channel: str) -> bool:
    """Whether `resubscribe` would let them back."""
    row = conn.execute(
        select(contact.c.address_hash, contact.c.phone_hash).where(
            contact.c.pk == contact_pk, contact.c.address_hash != ""
        )
    ).one_or_none()
    if row is None:
        return False
    here, own = _noes(row, channel)
    if conn.execute(select(suppression.c.reason).where(here, ~own)).first() is not None:
        return False
    fresh = own & (suppression.c.at > at - UNDO_WITHIN)
    return conn.execute(select(suppression.c.reason).where(fresh)).first() is not None


def _noes(row: Any, channel: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What stands on the list against somebody in a channel, and what of it is their own unsubscribe from just that."""
    digests = [row.address_hash, *([row.phone_hash] if channel == SMS and row.phone_hash else [])]
    here = suppression.c.address_hash.in_(digests) & suppression.c.channel.in_((channel, EVERY_CHANNEL))
    own = here & (suppression.c.channel == channel) & (suppression.c.reason == SuppressionReason.UNSUBSCRIBED.value)
    return here, own
