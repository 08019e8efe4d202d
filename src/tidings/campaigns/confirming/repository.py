"""Queries about confirmation mails: who waits, who was asked and when, and what was asked."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Subquery, and_, case, exists, func, select

from tidings.audience.confirming import to_confirm
from tidings.audience.repository import consents
from tidings.domain.consent import CONFIRM_WITHIN, ConsentState, Purpose
from tidings.domain.delivery import OPEN, SENT, DeliveryState
from tidings.domain.instant import DAY, Instant
from tidings.store.confirmations import confirmations, confirms
from tidings.store.tables import brand, campaign, consent, contact, delivery

D = DeliveryState
FIRST, REMINDER = 0, 1
"""The steps of the ledger under which the two mails go out."""
REMIND_AFTER = 3 * DAY
"""So long people are left alone after the first mail."""
SOURCE = "double opt-in"
"""What the source of a consent begins with that was confirmed."""
_NEVER_LEFT = (D.CANCELLED.value, D.SUPPRESSED.value)
_OUT = sorted(SENT - {D.BOUNCED} | {D.UNCERTAIN})
CATEGORIES = ("to_ask", "on_the_way", "asked", "expired", "not_reached")


def _mails() -> Subquery:
    """One row for each person who was asked: whether a mail is still to leave, when the last left, and which it was.

    A mail that was cancelled, or that the ledger held back, asked nobody.
    """
    state = delivery.c.state
    return (
        select(
            delivery.c.contact_pk,
            func.max(case((state.in_(sorted(OPEN)), 1), else_=0)).label("open"),
            func.max(case((state.in_(_OUT), func.coalesce(delivery.c.at, delivery.c.due_at)))).label("left_at"),
            func.max(func.coalesce(delivery.c.at, delivery.c.due_at)).label("last_at"),
            func.max(delivery.c.step).label("step"),
        )
        .where(delivery.c.campaign_pk.in_(confirmations()), state.not_in(_NEVER_LEFT))
        .group_by(delivery.c.contact_pk)
        .subquery()
    )


def _category(mails: Subquery, at: Instant) -> ColumnElement[str]:
    return case(
        (mails.c.contact_pk.is_(None), "to_ask"),
        (mails.c.open == 1, "on_the_way"),
        (mails.c.left_at.is_(None), "not_reached"),
        (mails.c.left_at <= at - CONFIRM_WITHIN, "expired"),
        else_="asked",
    )


def _may_be_reminded(mails: Subquery, at: Instant) -> ColumnElement[bool]:
    return and_(mails.c.open == 0, mails.c.step < REMINDER, mails.c.last_at <= at - REMIND_AFTER)


def counts(conn: Connection, at: Instant) -> tuple[dict[str, int], int]:
    """People who wait to confirm, by category, and how many of them may be reminded."""
    mails = _mails()
    remind = func.sum(case((_may_be_reminded(mails, at), 1), else_=0))
    query = (
        select(_category(mails, at).label("category"), func.count(), remind)
        .select_from(contact)
        .join(mails, mails.c.contact_pk == contact.c.pk, isouter=True)
        .where(to_confirm(at))
        .group_by("category")
    )
    rows = conn.execute(query).all()
    return {category: int(people) for category, people, _ in rows}, sum(int(few or 0) for _, _, few in rows)


def confirmed(conn: Connection, at: Instant) -> int:
    """People whose consent holds and was confirmed on the page."""
    by_page = exists().where(
        consent.c.contact_pk == contact.c.pk, consent.c.purpose == Purpose.MARKETING_EMAIL.value,
        consent.c.state == ConsentState.GRANTED.value, consent.c.source.startswith(SOURCE),
    )  # fmt: skip
    query = select(func.count()).select_from(contact).where(by_page, consents(Purpose.MARKETING_EMAIL, at))
    return conn.execute(query).scalar_one()


def people_to_ask(conn: Connection, at: Instant, *, reminder: bool) -> list[tuple[int, str]]:
    """Number and language of those who get the first mail, or the reminder, by number."""
    mails = _mails()
    wanted = _may_be_reminded(mails, at) if reminder else mails.c.contact_pk.is_(None)
    query = (
        select(contact.c.pk, contact.c.locale)
        .join(mails, mails.c.contact_pk == contact.c.pk, isouter=True)
        .where(to_confirm(at), wanted)
        .order_by(contact.c.pk)
    )
    return [(row.pk, row.locale) for row in conn.execute(query)]


def askings(conn: Connection, brands: Collection[str], limit: int) -> list[Row[Any]]:
    """The latest askings of some brands (empty: of all), newest first."""
    second = exists().where(delivery.c.campaign_pk == campaign.c.pk, delivery.c.step == REMINDER)
    query = (
        select(campaign, brand.c.name.label("brand_name"), second.label("reminder"))
        .join(brand, brand.c.id == campaign.c.brand_id)
        .where(confirms())
        .order_by(campaign.c.pk.desc())
        .limit(limit)
    )
    if brands:
        query = query.where(campaign.c.brand_id.in_(brands))
    return list(conn.execute(query))
