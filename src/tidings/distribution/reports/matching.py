"""Finds the deliveries a provider's events are about, for a whole batch in a few queries.

In order: a signed token we gave along, the provider's own name for the message as it was noted when it was sent, our
Message-ID, and last the recipient's address among recent deliveries. The request is signed by the provider, so all
are proved. A text message of a person has none of these: it is theirs whom the last report about that number named,
else the contact's with that number who was written to last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from tidings.distribution.reports import repository
from tidings.distribution.reports.base import Happening, Reported
from tidings.distribution.returns.matching import Match
from tidings.distribution.tokens import TokenSigner
from tidings.domain.instant import DAY, Instant

Hash = Callable[[str], str]
_FROM_PEOPLE = frozenset({Happening.UNSUBSCRIBED, Happening.INBOUND})
_RECENT = 14 * DAY
_KEPT = 120 * DAY
_BY_ADDRESS = frozenset(
    {Happening.BOUNCED, Happening.REJECTED, Happening.FAILED, Happening.COMPLAINED, Happening.UNSUBSCRIBED}
)
"""What a recent delivery is looked up by the address alone for; the rest may be about mail of another program."""


def find_all(
    conn: Connection, signer: TokenSigner, provider: str, events: Sequence[Reported], now: Instant, hashed: Hash
) -> dict[str, Match]:
    """The delivery of each event that has one, by the event's id."""
    noted = repository.references(conn, provider, [each for event in events for each in event.references])
    found: dict[str, Match] = {}
    left: list[Reported] = []
    for event in events:
        match = _by_token(signer, event) or _by_reference(noted, event)
        if match is not None:
            found[event.id] = match
        elif event.channel == "email" and event.recipient:
            left.append(event)
        elif event.kind in _FROM_PEOPLE and event.recipient:
            earlier = repository.last_told(conn, provider, recipient_hash(event, hashed), event.channel)
            by = "number of an earlier report"
            if earlier is None:
                digits = "".join(filter(str.isdigit, event.recipient))
                earlier, by = (
                    repository.last_written_to(conn, hashed(f"+{digits}"), event.channel),
                    "the contact's number",
                )
            if earlier is not None:
                found[event.id] = Match(*earlier, by, event.channel)
    return found | _by_address(conn, signer, left, now)


def recipient_hash(event: Reported, hashed: Hash) -> str:
    """A keyed hash of the address or number, so that later events and an erasure find it; empty when there is none."""
    if "@" in event.recipient:
        return hashed(event.recipient)
    digits = "".join(filter(str.isdigit, event.recipient))
    return hashed(f"tel:{digits}") if event.channel != "email" and digits else ""


def _by_token(signer: TokenSigner, event: Reported) -> Match | None:
    for text in event.tokens:
        token = signer.read_return(text)
        if token is not None:
            return Match(token.campaign_pk, token.contact_pk, token.step, "token", event.channel)
    return None


def _by_reference(noted: Mapping[str, tuple[int, int, str, int]], event: Reported) -> Match | None:
    for name in event.references:
        if name in noted:
            campaign, contact, channel, step = noted[name]
            return Match(campaign, contact, step, "reference", channel)
    return None


def _by_address(conn: Connection, signer: TokenSigner, events: Sequence[Reported], now: Instant) -> dict[str, Match]:
    if not events:
        return {}
    rows: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in repository.recent(conn, [event.recipient for event in events], now - _KEPT):
        rows[row.email.lower()].append(row)
    found: dict[str, Match] = {}
    for event in events:
        those = rows.get(event.recipient.lower(), [])
        ids = {each.partition("@")[0].lower() for each in event.message_ids}
        own = [row for row in those if signer.message_id(row.campaign_pk, row.contact_pk, row.step) in ids]
        near = [row for row in those if row.at > now - _RECENT] if event.kind in _BY_ADDRESS else []
        if own or near:
            row = (own or near)[0]
            by = "Message-ID" if own else "address, told by the provider"
            found[event.id] = Match(row.campaign_pk, row.contact_pk, row.step, by)
    return found
