"""Finds the delivery a returned mail is about, without trusting what its body says.

In order: the token in the address it came to (VERP), the ENVID, a signed unsubscribe link in the returned headers, our
own Message-ID among what the named person was sent, and last the named address alone, among recent deliveries. All
but the last are proved by a MAC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from tidings.distribution.returns.report import Report
from tidings.distribution.tokens import RETURN_LENGTH, Token, TokenPurpose, TokenSigner
from tidings.domain.instant import DAY, Instant
from tidings.store.tables import contact, delivery

_IN_ADDRESS = re.compile(rf"[+=-]([a-z2-7]{{{RETURN_LENGTH}}})@", re.IGNORECASE)
_UNSUBSCRIBE_LINK = re.compile(r"/u/([A-Za-z0-9_-]{24})(?![A-Za-z0-9_-])")
_TAKEN = ("accepted", "delivered", "bounced", "complained", "uncertain")
_RECENT = 14 * DAY
_KEPT = 120 * DAY
_LOOK = 50


@dataclass(frozen=True, slots=True)
class Match:
    """A delivery and by what it was found. `proved`: a MAC says so, and nobody can have made it up."""

    campaign_pk: int
    contact_pk: int
    step: int
    by: str
    channel: str = "email"

    @property
    def proved(self) -> bool:
        """Whether the match rests on more than an address in the body."""
        return self.by != "recipient"


def find(
    conn: Connection, signer: TokenSigner, report: Report, came_to: Sequence[str], now: Instant
) -> Match | None:  # fmt: skip
    """The delivery, or None. `came_to` are the addresses the returned mail was delivered to."""
    tokens: list[tuple[str, Token | None]] = [
        ("return address", signer.read_return(text)) for text in _in_addresses(came_to)
    ]
    tokens.append(("envelope id", signer.read_return(report.envelope_id.strip("<>"))))
    tokens += [
        ("unsubscribe link", signer.read(text, TokenPurpose.UNSUBSCRIBE))
        for text in _UNSUBSCRIBE_LINK.findall(report.unsubscribe)
    ]
    for by, token in tokens:
        if token is not None:
            return Match(token.campaign_pk, token.contact_pk, token.step, by)
    return _by_message(conn, signer, report, now)


def _in_addresses(addresses: Iterable[str]) -> list[str]:
    return [match for address in addresses for match in _IN_ADDRESS.findall(f"{address}@")]


def _by_message(conn: Connection, signer: TokenSigner, report: Report, now: Instant) -> Match | None:
    """By the Message-ID, which is a MAC over campaign, person and step; else by the address alone."""
    named = {each.lower() for verdict in report.verdicts for each in (verdict.recipient, verdict.original) if each}
    if not named:
        return None
    people = select(contact.c.pk).where(contact.c.email.in_(sorted(named)[:_LOOK]))
    query = (
        select(delivery.c.campaign_pk, delivery.c.contact_pk, delivery.c.step, delivery.c.at)
        .where(
            delivery.c.contact_pk.in_(people),
            delivery.c.state.in_(_TAKEN),
            delivery.c.at > now - _KEPT,
        )
        .order_by(delivery.c.at.desc())
        .limit(_LOOK)
    )
    rows = conn.execute(query).all()
    ids = {each.partition("@")[0].lower() for each in report.message_ids}
    for row in rows:
        if signer.message_id(row.campaign_pk, row.contact_pk, row.step) in ids:
            return Match(row.campaign_pk, row.contact_pk, row.step, "Message-ID")
    recent = [row for row in rows if row.at > now - _RECENT]
    if recent:
        return Match(recent[0].campaign_pk, recent[0].contact_pk, recent[0].step, "recipient")
    return None
