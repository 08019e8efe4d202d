"""A person's own word on open tracking, said on the page behind each mail's unsubscribe link."""

from __future__ import annotations

from sqlalchemy import Connection, select

from tidings.audience.consents import record
from tidings.audience.repository import consents, reachable, suppressed
from tidings.domain.channel import Channel
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.instant import Instant
from tidings.store.tables import contact


def refuse_opens(conn: Connection, contact_pk: int, source: str, at: Instant) -> None:
    """Withdraws the consent to open tracking, if there is one; it holds for mails already sent, too."""
    query = select(contact.c.pk).where(contact.c.pk == contact_pk, consents(Purpose.OPEN_TRACKING, at))
    if conn.execute(query).first() is not None:
        record(conn, contact_pk, Consent(Purpose.OPEN_TRACKING, ConsentState.WITHDRAWN, at, source, ""))


def may_ask_for_opens(conn: Connection, contact_pk: int, at: Instant) -> bool:
    """Whether there is anything to allow: they get e-mails, and have not said yes."""
    email = Channel.EMAIL.value
    gets = reachable(email) & ~suppressed(email) & consents(Purpose.MARKETING_EMAIL, at)
    may = gets & ~consents(Purpose.OPEN_TRACKING, at)
    return conn.execute(select(contact.c.pk).where(contact.c.pk == contact_pk, may)).first() is not None


def allow_opens(conn: Connection, contact_pk: int, source: str, wording: str, at: Instant) -> bool:
    """Their yes with its proof, also after an earlier no of theirs; False when there is nothing to allow."""
    may = may_ask_for_opens(conn, contact_pk, at)
    if may:
        record(conn, contact_pk, Consent(Purpose.OPEN_TRACKING, ConsentState.GRANTED, at, source, wording))
    return may
