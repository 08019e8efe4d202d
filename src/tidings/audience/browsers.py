"""Browsers that people allowed to show notifications: kept while they are there, forgotten when they are gone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select

from tidings.audience.consents import record
from tidings.audience.repository import consents
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import Instant
from tidings.store.tables import contact, push_subscription
from tidings.store.upsert import upsert

_MOST = 20
"""Of one person: more is no person."""


def subscribe(
    conn: Connection, contact_pk: int, browser: tuple[str, str, str], *, source: str, wording: str, at: Instant
) -> None:
    """Keeps a browser (endpoint, p256dh, auth) and the person's yes to notifications. Twice changes nothing.

    A browser that was another person's becomes this one's. Raises InvalidInputError for one too many.
    """
    endpoint, p256dh, auth = browser
    own = select(func.count()).select_from(push_subscription).where(push_subscription.c.contact_pk == contact_pk)
    if conn.execute(own).scalar_one() >= _MOST:
        raise InvalidInputError("This person has too many browsers.", remedy="Turn notifications off in an old one.")
    row = {
        "contact_pk": contact_pk, "digest": digest(endpoint), "endpoint": endpoint, "p256dh": p256dh, "auth": auth,
        "created_at": at,
    }  # fmt: skip
    kept = upsert(conn, push_subscription).on_conflict_do_update(
        index_elements=["digest"], set_={name: row[name] for name in ("contact_pk", "p256dh", "auth")}
    )
    conn.execute(kept, [row])
    said = select(contact.c.pk).where(contact.c.pk == contact_pk, consents(Purpose.MARKETING_PUSH, at))
    if conn.execute(said).first() is None:
        record(conn, contact_pk, Consent(Purpose.MARKETING_PUSH, ConsentState.GRANTED, at, source, wording))


def forget(conn: Connection, endpoints: Sequence[str]) -> int:
    """Browsers that are gone, or whose person turned notifications off; how many there were."""
    hashes = [digest(endpoint) for endpoint in endpoints]
    return conn.execute(delete(push_subscription).where(push_subscription.c.digest.in_(hashes))).rowcount


def drop(conn: Connection, contact_pk: int, endpoint: str, *, source: str, at: Instant) -> None:
    """A person's no in one of their browsers; with their last one it is their no to notifications."""
    own = push_subscription.c.contact_pk == contact_pk
    conn.execute(delete(push_subscription).where(own, push_subscription.c.digest == digest(endpoint)))
    said = select(contact.c.pk).where(contact.c.pk == contact_pk, consents(Purpose.MARKETING_PUSH, at))
    left = conn.execute(select(push_subscription.c.pk).where(own).limit(1)).first()
    if left is None and conn.execute(said).first() is not None:
        record(conn, contact_pk, Consent(Purpose.MARKETING_PUSH, ConsentState.WITHDRAWN, at, source, ""))


def digest(endpoint: str) -> str:
    """What one browser is known by."""
    return hashlib.sha256(endpoint.encode()).hexdigest()
