"""What a large provider counts of a sender beside one campaign: all mail of the same domain within a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, case, func, or_, select

from tidings.distribution.repository import WAITING
from tidings.domain.delivery import SENT, DeliveryState
from tidings.domain.instant import DAY, HOUR, Instant
from tidings.store.tables import brand, campaign, contact, delivery

_LEFT = tuple(sorted({*(state.value for state in SENT), DeliveryState.UNCERTAIN.value}))


def beside(
    conn: Connection, campaign_pk: int, providers: Mapping[str, Sequence[str]], now: Instant
) -> dict[str, dict[int, int]]:
    """By provider and hour since 1970: what other campaigns of the sender's domain sent in the last day or still will.

    Campaigns that were over before that are not looked at, so a long history costs nothing.
    """
    others = _campaigns(conn, campaign_pk, now)
    if not others:
        return {}
    address = func.lower(contact.c.email)
    names = list(providers)
    ends = [or_(*(address.endswith(f"@{domain}") for domain in providers[name])) for name in names]
    which = case(*((end, number) for number, end in enumerate(ends)), else_=-1)
    at = case((delivery.c.state.in_(WAITING), delivery.c.due_at), else_=delivery.c.at)
    hour = at - at % HOUR
    counted = (delivery.c.state.in_(_LEFT) & (delivery.c.at > now - DAY)) | delivery.c.state.in_(WAITING)
    query = (
        select(which.label("which"), hour.label("hour"), func.count().label("number"))
        .select_from(delivery)
        .join(contact, contact.c.pk == delivery.c.contact_pk)
        .where(delivery.c.campaign_pk.in_(others), delivery.c.channel == "email", counted)
        .group_by("which", "hour")
    )
    found: dict[str, dict[int, int]] = {}
    for row in conn.execute(query):
        provider: int = row.which
        if provider >= 0:
            found.setdefault(names[provider], {})[row.hour // HOUR] = row.number
    return found


def _campaigns(conn: Connection, campaign_pk: int, now: Instant) -> list[int]:
    """Launched ones of the last day whose brand sends from the same domain, a domain above it or below it."""
    query = select(campaign.c.pk, brand.c.body).join(brand, brand.c.id == campaign.c.brand_id)
    own = conn.execute(query.where(campaign.c.pk == campaign_pk)).one_or_none()
    if own is None:
        return []
    lately = campaign.c.done_at.is_(None) | (campaign.c.done_at > now - DAY)
    running = query.where(campaign.c.pk != campaign_pk, campaign.c.launched_at.is_not(None), lately)
    domain = _domain(own.body)
    return [row.pk for row in conn.execute(running) if _related(_domain(row.body), domain)]


def _domain(body: Mapping[str, Any]) -> str:
    sender: Mapping[str, Any] = body.get("sender") or {}
    return str(sender.get("address", "")).rpartition("@")[2].lower()


def _related(one: str, other: str) -> bool:
    return bool(one) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))
