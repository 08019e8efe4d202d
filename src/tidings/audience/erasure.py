"""Erasure (GDPR article 17): the person goes, the no stays, and the counts stay right without naming anybody."""

from __future__ import annotations

import secrets as random
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from tidings.audience.suppression import suppress_hashes
from tidings.domain.consent import SuppressionReason
from tidings.domain.contact import suppression_form
from tidings.domain.instant import Instant
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.tables import (
    attempt,
    contact,
    conversion,
    delivery,
    engagement,
    event,
    mailbox_message,
    provider_event,
    push_subscription,
    returned_mail,
    slot,
    suppression,
)

_PSEUDONYM_BITS = 62
_NAMELESS: dict[str, Any] = {"contact_pk": None, "sender": "", "subject": "", "text": "", "wish": ""}


def erase_contact(conn: Connection, secrets: Secrets, contact_pk: int, at: Instant) -> None:
    """Removes everything that names the person, in the caller's transaction; of the address a keyed hash remains.

    Deliveries keep their state, so that the ledger adds up, but lose the server's words, which often quote the
    address; what was open is stopped at the moment of sending, for the contact is gone. Events get a random number
    in place of the person's, which nothing else knows, and lose their details.
    """
    row = conn.execute(
        select(contact.c.email, contact.c.address_hash, contact.c.phone_hash)
        .where(contact.c.pk == contact_pk)
        .with_for_update()
    ).one()
    digest = row.address_hash or address_hash(secrets, row.email)
    digests = [each for each in (digest, row.phone_hash) if each]
    conn.execute(delete(suppression).where(suppression.c.address_hash.in_(digests)))  # its source may name a campaign
    suppress_hashes(conn, digests, reason=SuppressionReason.ERASED, source="erasure", at=at)
    _anonymise(conn, contact_pk)
    conn.execute(delete(slot).where(slot.c.contact_pk == contact_pk))
    conn.execute(delete(mailbox_message).where(func.lower(mailbox_message.c.rcpt_to) == suppression_form(row.email)))
    conn.execute(update(returned_mail).where(returned_mail.c.contact_pk == contact_pk).values(**_NAMELESS))
    told = (provider_event.c.contact_pk == contact_pk) | (provider_event.c.recipient_hash == digest)
    silence: dict[str, Any] = {"contact_pk": None, "recipient_hash": "", "said": {}, "body": {}, "state": "nobody"}
    conn.execute(update(provider_event).where(told).values(**silence))
    conn.execute(delete(push_subscription).where(push_subscription.c.contact_pk == contact_pk))
    conn.execute(delete(contact).where(contact.c.pk == contact_pk))  # consent goes with it


def erased_but_here(conn: Connection) -> list[int]:
    """Contacts whose address stands on the list as erased: a backup from before has brought them back."""
    erased = select(suppression.c.address_hash).where(suppression.c.reason == SuppressionReason.ERASED.value)
    # Not by the telephone number, which an erased person may have shared with somebody who stays.
    return list(conn.execute(select(contact.c.pk).where(contact.c.address_hash.in_(erased))).scalars())


def _anonymise(conn: Connection, contact_pk: int) -> None:
    nobody = -random.randbits(_PSEUDONYM_BITS) - 1  # real numbers are positive
    silence: dict[str, Any] = {"contact_pk": nobody, "detail": {}}
    conn.execute(update(event).where(event.c.contact_pk == contact_pk).values(**silence))
    sold = update(conversion).where(conversion.c.contact_pk == contact_pk)
    conn.execute(sold.values(contact_pk=nobody, key=conversion.c.id))  # an order's number would name the person
    conn.execute(update(engagement).where(engagement.c.contact_pk == contact_pk).values(contact_pk=nobody))
    conn.execute(update(attempt).where(attempt.c.contact_pk == contact_pk).values(words=""))
    conn.execute(update(delivery).where(delivery.c.contact_pk == contact_pk).values(reason=""))
