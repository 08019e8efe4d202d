"""Removes the sample organisation: everything that is marked as sample, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, or_, select, update

from tidings.domain.campaign import CampaignState
from tidings.domain.errors import ConflictError
from tidings.events.removal import forget_campaigns
from tidings.store.database import Database
from tidings.store.tables import (
    account,
    activity,
    attempt,
    brand,
    campaign,
    channel_account,
    chunk,
    contact,
    decision,
    delivery,
    link,
    mailbox_message,
    message,
    override,
    posting,
    recommendation,
    segment,
    slot,
    suppression,
)


@dataclass(frozen=True, slots=True)
class RemovalReport:
    """How much of the sample went."""

    people: int
    campaigns: int
    deliveries: int
    events: int


def sample_present(conn: Connection) -> bool:
    """Whether anything of the sample organisation is there."""
    marked = (brand, contact, campaign, segment, account)
    return bool(conn.execute(select(or_(*(exists().where(table.c.sample) for table in marked)))).scalar_one())


def remove_sample(db: Database) -> RemovalReport:
    """Removes the sample in one transaction; real contacts, campaigns and numbers stay as they are. Idempotent.

    A brand or segment of the sample that a real campaign uses is kept, and is no sample from then on.
    Raises ConflictError while a campaign of the sample is being sent.
    """
    with db.transaction() as conn:
        campaigns = conn.execute(
            select(campaign.c.pk, campaign.c.id, campaign.c.name, campaign.c.state).where(campaign.c.sample)
        ).all()
        sending = [row.name for row in campaigns if row.state == CampaignState.SENDING.value]
        if sending:
            raise ConflictError(
                f"The sample campaign {sending[0]!r} is being sent.",
                remedy="Cancel it or wait until it is done, then remove the sample data.",
            )
        pks = [row.pk for row in campaigns]
        events = forget_campaigns(conn, pks)
        deliveries = _remove_campaigns(conn, pks, [row.id for row in campaigns])
        people = _remove_people(conn)
        _remove_organisation(conn)
    return RemovalReport(people, len(pks), deliveries, events)


def _remove_campaigns(conn: Connection, pks: Sequence[int], ids: Sequence[str]) -> int:
    deliveries = conn.execute(delete(delivery).where(delivery.c.campaign_pk.in_(pks))).rowcount
    for table in (slot, chunk, attempt, link, message, recommendation, posting):
        conn.execute(delete(table).where(table.c.campaign_pk.in_(pks)))
    for table in (decision, activity):
        conn.execute(delete(table).where(table.c.campaign_id.in_(ids)))
    conn.execute(delete(override).where(override.c.object_id.in_(ids)))
    conn.execute(delete(campaign).where(campaign.c.pk.in_(pks)))  # revisions, approvals and plans go with it
    return deliveries


def _remove_people(conn: Connection) -> int:
    """Sample contacts with their consent, their mail in the built-in mailbox, and their suppressions."""
    hashes = select(contact.c.address_hash).where(contact.c.sample, contact.c.address_hash != "")
    conn.execute(delete(suppression).where(suppression.c.address_hash.in_(hashes)))
    addresses = select(contact.c.email).where(contact.c.sample)
    conn.execute(delete(mailbox_message).where(mailbox_message.c.rcpt_to.in_(addresses)))
    return conn.execute(delete(contact).where(contact.c.sample)).rowcount


def _remove_organisation(conn: Connection) -> None:
    used = select(campaign.c.brand_id)
    conn.execute(update(brand).where(brand.c.sample, brand.c.id.in_(used)).values(sample=False))
    gone = select(brand.c.id).where(brand.c.sample)
    conn.execute(delete(channel_account).where(channel_account.c.brand_id.in_(gone)))
    conn.execute(delete(brand).where(brand.c.sample))  # its claims go with it
    named = select(campaign.c.segment_id).where(campaign.c.segment_id.is_not(None))
    conn.execute(update(segment).where(segment.c.sample, segment.c.id.in_(named)).values(sample=False))
    conn.execute(delete(segment).where(segment.c.sample))
    conn.execute(delete(account).where(account.c.sample))
