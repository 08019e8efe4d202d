"""What a person decides of their own messages: which channels, a pause that ends by itself, and their language.

A pause is a no with an end in the history of consent: it needs no proof to end, for the yes before it holds again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from tidings.audience.consents import record
from tidings.audience.repository import consents, paused, suppressed
from tidings.audience.unsubscribe import PURPOSES, may_return
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.instant import DAY, Instant
from tidings.store.tables import consent, contact

PAUSES = (30, 90)
"""For how many days somebody can pause."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one channel stands: they get it, pause it, or stopped it so lately that they can come back."""

    gets: bool
    paused_until: Instant | None
    may_return: bool


@dataclass(frozen=True, slots=True)
class Preferences:
    """Of one person; `channels` are those there is something to decide about."""

    channels: Mapping[str, Standing]
    locale: str


def preferences(conn: Connection, contact_pk: int, at: Instant) -> Preferences | None:
    """How everything stands; None for somebody who is not there, or not any more."""
    locale = conn.execute(select(contact.c.locale).where(contact.c.pk == contact_pk)).scalar()
    if locale is None:
        return None
    each = {channel: _standing(conn, contact_pk, channel, purpose, at) for channel, purpose in PURPOSES.items()}
    return Preferences({channel: found for channel, found in each.items() if found is not None}, locale)


def pause(conn: Connection, contact_pk: int, channel: str, days: int, source: str, at: Instant) -> bool:
    """Their no for so many days; False for a channel they do not get, or pause already, and for other days."""
    purpose = PURPOSES[channel]
    if days not in PAUSES or not _lock(conn, contact_pk):
        return False
    found = _standing(conn, contact_pk, channel, purpose, at)
    if found is None or not found.gets:
        return False
    record(conn, contact_pk, Consent(purpose, ConsentState.WITHDRAWN, at, source, "", at + days * DAY))
    return True


def resume(conn: Connection, contact_pk: int, channel: str, source: str, wording: str, at: Instant) -> bool:
    """Ends their pause early, as a new yes that lasts as long as the one before it; False when there is none."""
    purpose = PURPOSES[channel]
    if not _lock(conn, contact_pk):
        return False
    found = _standing(conn, contact_pk, channel, purpose, at)
    if found is None or found.paused_until is None:
        return False
    before = select(consent.c.expires_at).where(
        consent.c.contact_pk == contact_pk, consent.c.purpose == purpose.value,
        consent.c.state == ConsentState.GRANTED.value,
    )  # fmt: skip
    until = conn.execute(before.order_by(consent.c.at.desc()).limit(1)).scalar()
    if until is not None and until <= at:
        return False
    record(conn, contact_pk, Consent(purpose, ConsentState.GRANTED, at, source, wording, until))
    return True


def choose_language(conn: Connection, contact_pk: int, language: str, at: Instant) -> bool:
    """The language of somebody who has one; a region they had stays while the language does. False: no change."""
    locale = conn.execute(select(contact.c.locale).where(contact.c.pk == contact_pk).with_for_update()).scalar()
    if not locale or locale.replace("_", "-").partition("-")[0].lower() == language:
        return False
    conn.execute(update(contact).where(contact.c.pk == contact_pk).values(locale=language, updated_at=at))
    return True


def _lock(conn: Connection, contact_pk: int) -> bool:
    """Two presses of a button take turns."""
    mine = select(contact.c.pk).where(contact.c.pk == contact_pk).with_for_update()
    return conn.execute(mine).first() is not None


def _standing(conn: Connection, contact_pk: int, channel: str, purpose: Purpose, at: Instant) -> Standing | None:
    open_way = ~suppressed(channel)  # a yes can be taken back also while there is no number or browser to write to
    query = select(
        (open_way & consents(purpose, at)).label("gets"), (open_way & paused(purpose, at)).label("paused")
    ).where(contact.c.pk == contact_pk)  # fmt: skip
    row = conn.execute(query).one()
    until = _until(conn, contact_pk, purpose, at) if row.paused else None
    back = not row.gets and until is None and may_return(conn, contact_pk, at, channel)
    return Standing(bool(row.gets), until, back) if row.gets or until is not None or back else None


def _until(conn: Connection, contact_pk: int, purpose: Purpose, at: Instant) -> Instant | None:
    of = consent.c
    pauses = (of.state == ConsentState.WITHDRAWN.value) & (of.expires_at > at)
    query = select(of.expires_at).where(of.contact_pk == contact_pk, of.purpose == purpose.value, pauses)
    return conn.execute(query.order_by(of.at.desc()).limit(1)).scalar()
