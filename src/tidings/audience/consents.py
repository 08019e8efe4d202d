"""Writes consent. Its history is only ever added to, so that every word can be proved later."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.ids import new_id
from tidings.store.tables import consent


def record(conn: Connection, contact_pk: int, word: Consent) -> None:
    """Adds one word of a contact to the history."""
    record_all(conn, [(contact_pk, word)])


def record_all(conn: Connection, words: Sequence[tuple[int, Consent]]) -> None:
    """Adds many at once: pairs of contact number and consent."""
    rows = [
        {
            "id": new_id("consent"),
            "contact_pk": contact_pk,
            "purpose": word.purpose.value,
            "state": word.state.value,
            "at": word.at,
            "source": word.source,
            "wording": word.wording,
            "expires_at": word.expires_at,
        }
        for contact_pk, word in words
    ]
    if rows:
        conn.execute(insert(consent), rows)


def history(conn: Connection, contact_pk: int) -> list[Consent]:
    """Everything a contact ever said, oldest first."""
    query = select(consent).where(consent.c.contact_pk == contact_pk).order_by(consent.c.at, consent.c.id)
    return [
        Consent(Purpose(row.purpose), ConsentState(row.state), row.at, row.source, row.wording, row.expires_at)
        for row in conn.execute(query)
    ]
