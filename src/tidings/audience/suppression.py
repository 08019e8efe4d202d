"""The suppression list: whose no holds for good. It only grows, and it knows keyed hashes, not addresses."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from tidings.audience.repository import EVERY_CHANNEL
from tidings.domain.consent import SuppressionReason
from tidings.domain.instant import Instant
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.tables import suppression
from tidings.store.upsert import upsert


def suppress_hashes(
    conn: Connection,
    hashes: Iterable[str],
    *,
    reason: SuppressionReason,
    source: str,
    at: Instant,
    channel: str = EVERY_CHANNEL,
) -> None:
    """Puts hashes on the list; those already there keep their first reason and instant."""
    rows = [
        {"address_hash": each, "channel": channel, "reason": reason.value, "source": source, "at": at}
        for each in sorted(set(hashes))
    ]
    if rows:
        conn.execute(upsert(conn, suppression).on_conflict_do_nothing(), rows)


def suppress_address(
    conn: Connection,
    secrets: Secrets,
    address: str,
    *,
    reason: SuppressionReason,
    source: str,
    at: Instant,
    channel: str = EVERY_CHANNEL,
) -> None:
    """Puts an address on the list, in every channel unless one is named. Doing it twice changes nothing."""
    suppress_hashes(conn, [address_hash(secrets, address)], reason=reason, source=source, at=at, channel=channel)


def is_suppressed(conn: Connection, secrets: Secrets, address: str, channel: str) -> bool:
    """Whether an address, however spelled, must not be written to in that channel."""
    query = select(suppression.c.address_hash).where(
        suppression.c.address_hash == address_hash(secrets, address),
        suppression.c.channel.in_((channel, EVERY_CHANNEL)),
    )
    return conn.execute(query).first() is not None
