"""Double opt-in: whose consent waits for the person's own yes, who may be asked for it, and the yes itself.

Only what is pending becomes granted here, and only by `confirm`, which is called for a person's own POST.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, exists, func, select

from tidings.audience.consents import record
from tidings.audience.repository import consents, reachable, suppressed
from tidings.domain.channel import Channel
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.instant import Instant
from tidings.domain.plan import HeldBack
from tidings.store.among import among, keys, rows, together
from tidings.store.tables import consent, contact

_EMAIL = Channel.EMAIL.value


def pending(purpose: Purpose, at: Instant | ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the newest word of a row of `contact` on the purpose is a yes that nobody has confirmed.

    Of two words of one instant a no overrules it, and it overrules a yes, as `consents` has it.
    """
    waiting, later = consent.alias("waiting"), consent.alias("after_it")
    overruled = exists().where(
        later.c.contact_pk == waiting.c.contact_pk,
        later.c.purpose == waiting.c.purpose,
        (later.c.at > waiting.c.at) | ((later.c.at == waiting.c.at) & (later.c.state == ConsentState.WITHDRAWN.value)),
    )
    return exists().where(
        waiting.c.contact_pk == contact.c.pk,
        waiting.c.purpose == purpose.value,
        waiting.c.state == ConsentState.PENDING.value,
        (waiting.c.expires_at.is_(None)) | (waiting.c.expires_at > at),
        ~overruled,
    )


def to_confirm(at: Instant) -> ColumnElement[bool]:
    """Whether a row of `contact` waits to confirm marketing e-mail and can be written to for that."""
    return pending(Purpose.MARKETING_EMAIL, at) & reachable(_EMAIL) & ~suppressed(_EMAIL)


def may_ask(
    conn: Connection, contact_pks: Sequence[int], purpose: Purpose, channel: str, at: Instant
) -> dict[int, HeldBack | None]:
    """For each contact why they must not be asked to confirm now, or None: the check at the moment of sending."""
    found: dict[int, HeldBack | None] = dict.fromkeys(contact_pks, HeldBack.NO_ADDRESS)
    dialect, now = conn.dialect.name, bindparam("at", type_=BigInteger)
    query = together(
        dialect, contact.c.pk, reachable(channel), suppressed(channel), consents(purpose, now), pending(purpose, now)
    ).where(among(dialect, contact.c.pk, "people"))
    for pk, address, no, yes, waits in rows(conn, query, {"people": keys(conn, contact_pks), "at": at}):
        found[pk] = _why_not(address=address, suppressed=no, consents=yes, waits=waits)
    return found


def _why_not(*, address: bool, suppressed: bool, consents: bool, waits: bool) -> HeldBack | None:
    if not address:
        return HeldBack.NO_ADDRESS
    if suppressed:
        return HeldBack.SUPPRESSED
    if consents:
        return HeldBack.CONFIRMED
    return None if waits else HeldBack.NO_CONSENT


class Standing(Enum):
    """How a person stands who opens the page on which they confirm."""

    WAITING = "they can confirm"
    CONFIRMED = "they have said yes"
    CLOSED = "they said no, cannot be written to, or are gone"


def standing(conn: Connection, contact_pk: int, at: Instant) -> Standing:
    """How the person stands at that instant."""
    why_not = may_ask(conn, [contact_pk], Purpose.MARKETING_EMAIL, _EMAIL, at)[contact_pk]
    if why_not is None:
        return Standing.WAITING
    return Standing.CONFIRMED if why_not is HeldBack.CONFIRMED else Standing.CLOSED


def confirm(conn: Connection, contact_pk: int, source: str, wording: str, at: Instant) -> Standing:
    """The person's own yes, in the caller's transaction: what was pending is granted, with the proof.

    Gives how they stood before: only WAITING changes anything, so a second yes adds nothing and no no is undone.
    """
    conn.execute(select(contact.c.pk).where(contact.c.pk == contact_pk).with_for_update())
    before = standing(conn, contact_pk, at)
    if before is Standing.WAITING:
        newest = select(func.max(consent.c.at)).where(
            consent.c.contact_pk == contact_pk, consent.c.purpose == Purpose.MARKETING_EMAIL.value
        )
        # Of two words of one instant the yes would not count.
        then = max(at, conn.execute(newest).scalar_one() + 1)
        record(conn, contact_pk, Consent(Purpose.MARKETING_EMAIL, ConsentState.GRANTED, then, source, wording))
    return before
