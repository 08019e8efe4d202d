"""Queries of the posting ledger. Each takes the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from tidings.distribution.repository import not_held
from tidings.domain.channel import LOCAL, Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.instant import Instant
from tidings.store.tables import campaign, channel_account, posting

D = DeliveryState
NEVER = 253_402_300_799_000  # the end of 9999: the last instant that can be written as a date
"""The due time of what nothing happens to by itself any more."""
WAITING = (D.PLANNED.value, D.HELD.value, D.DEFERRED.value)
IN_HAND = (D.CLAIMED.value, D.ATTEMPTING.value)


def insert_postings(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the rows of a launch. Raises IntegrityError where one is there already."""
    conn.execute(insert(posting), [dict(row) for row in rows])


def is_launched(conn: Connection, campaign_pk: int) -> bool:
    """Whether the campaign's postings are fixed."""
    return conn.execute(select(posting.c.pk).where(posting.c.campaign_pk == campaign_pk).limit(1)).first() is not None


def rows_of(conn: Connection, campaign_pk: int) -> Sequence[Row[Any]]:
    """Every posting of a campaign with its account's name (None: the account is gone), in the order of writing."""
    query = (
        select(posting, channel_account.c.name.label("account_name"))
        .join(channel_account, channel_account.c.id == posting.c.account_id, isouter=True)
        .where(posting.c.campaign_pk == campaign_pk)
        .order_by(posting.c.pk)
    )
    return conn.execute(query).all()


def row_by_id(conn: Connection, posting_id: str, *, lock: bool = False) -> Row[Any] | None:
    """One posting by its public id."""
    query = select(posting).where(posting.c.id == posting_id)
    return conn.execute(query.with_for_update() if lock else query).one_or_none()


def counts(conn: Connection, campaign_pk: int) -> dict[str, int]:
    """Postings by state; they add up to all that were launched."""
    query = (
        select(posting.c.state, func.count().label("number"))
        .where(posting.c.campaign_pk == campaign_pk)
        .group_by(posting.c.state)
    )
    return {row.state: row.number for row in conn.execute(query)}


def counts_by_channel(conn: Connection, campaign_pk: int) -> dict[str, dict[str, int]]:
    """Postings by state, of each channel."""
    columns = (posting.c.channel, posting.c.state)
    query = select(*columns, func.count().label("number")).where(posting.c.campaign_pk == campaign_pk)
    found: dict[str, dict[str, int]] = {}
    for row in conn.execute(query.group_by(*columns)):
        found.setdefault(row.channel, {})[row.state] = row.number
    return found


def something_open(conn: Connection, campaign_pk: int) -> bool:
    """Whether something still happens to one of the campaign's postings by itself."""
    looked_for = and_(posting.c.state == D.UNCERTAIN.value, posting.c.due_at < NEVER)
    query = select(posting.c.pk).where(
        posting.c.campaign_pk == campaign_pk, or_(posting.c.state.in_((*WAITING, *IN_HAND)), looked_for)
    )
    return conn.execute(query.limit(1)).first() is not None


def _goes_on() -> ColumnElement[bool]:
    """Whether postings of a row of `campaign` may go out; of one that is done, those a person asked for again."""
    return campaign.c.state.in_(("sending", "done")) & campaign.c.paused_at.is_(None) & not_held()


def next_due(conn: Connection, now: Instant, *, without: Sequence[str] = ()) -> Row[Any] | None:
    """What is to be done next: a posting that is due, or one in doubt that is to be looked for. Local ones first.

    Nothing of the accounts `without`.
    """
    local = case((posting.c.channel.in_([each.value for each in LOCAL]), 0), else_=1)
    query = (
        select(posting, campaign.c.name.label("campaign_name"), campaign.c.id.label("campaign_id"))
        .join(campaign, campaign.c.pk == posting.c.campaign_pk)
        .where(
            posting.c.due_at <= now,
            posting.c.account_id.not_in(without),
            or_(and_(posting.c.state.in_(WAITING), _goes_on()), posting.c.state == D.UNCERTAIN.value),
        )
        .order_by(local, posting.c.due_at, posting.c.pk)
        .limit(1)
    )
    return conn.execute(query).first()


def in_hand(conn: Connection) -> Sequence[Row[Any]]:
    """What some worker has taken and not yet settled."""
    return conn.execute(select(posting).where(posting.c.state.in_(IN_HAND))).all()


def claim(conn: Connection, pk: int, owner: str, lease_until: Instant) -> bool:
    """Takes a waiting posting; False when somebody was faster or it may not go out any more."""
    able = select(campaign.c.pk).where(_goes_on())
    free = (posting.c.pk == pk) & posting.c.state.in_(WAITING) & posting.c.campaign_pk.in_(able)
    values = {"state": D.CLAIMED.value, "owner": owner, "lease_until": lease_until}
    return conn.execute(update(posting).where(free).values(values)).rowcount == 1


def mark_attempting(conn: Connection, pk: int, owner: str, now: Instant, lease_until: Instant) -> bool:
    """From here a crash leaves it in doubt. False when it was cancelled, paused or taken away meanwhile."""
    able = select(campaign.c.pk).where(_goes_on())
    mine = (posting.c.pk == pk) & (posting.c.state == D.CLAIMED.value) & (posting.c.owner == owner)
    values = {
        "state": D.ATTEMPTING.value, "attempt": posting.c.attempt + 1, "at": now, "lease_until": lease_until,
    }  # fmt: skip
    return conn.execute(update(posting).where(mine, posting.c.campaign_pk.in_(able)).values(values)).rowcount == 1


def settle(conn: Connection, pk: int, was: Sequence[str], owner: str, **values: Any) -> bool:
    """Writes what became of it, and lets it go. False when it is not in this worker's hands (any more)."""
    mine = (posting.c.pk == pk) & posting.c.state.in_(was) & (posting.c.owner == owner)
    done = update(posting).where(mine).values(**values, owner="", lease_until=None)
    return conn.execute(done).rowcount == 1


def cancel_open(
    conn: Connection, campaign_pk: int, now: Instant, *, channel: Channel | None = None,
    reason: str = "the campaign was cancelled",
) -> int:  # fmt: skip
    """Cancels what has not left, by one channel or by all; says how many."""
    open_ = (posting.c.campaign_pk == campaign_pk) & posting.c.state.in_((*WAITING, D.CLAIMED.value))
    if channel is not None:
        open_ &= posting.c.channel == channel.value
    values = {"state": D.CANCELLED.value, "at": now, "reason": reason, "owner": ""}
    return conn.execute(update(posting).where(open_).values(values)).rowcount


def feed_rows(conn: Connection, account_id: str, limit: int) -> Sequence[Row[Any]]:
    """What stands in a feed, the newest first."""
    query = (
        select(posting)
        .where(posting.c.account_id == account_id, posting.c.state == D.ACCEPTED.value)
        .order_by(posting.c.at.desc(), posting.c.pk.desc())
        .limit(limit)
    )
    return conn.execute(query).all()


def feed_account(conn: Connection, name: str) -> tuple[str, dict[str, Any], Instant] | None:
    """The enabled feed of that name: its account's id, what it shows of itself, and when it was set up."""
    account = channel_account
    query = select(account.c.id, account.c.config, account.c.created_at).where(
        account.c.channel == "feed", account.c.enabled.is_(True)
    )
    for row in conn.execute(query.order_by(account.c.created_at)):
        if row.config.get("feed") == name:
            return row.id, dict(row.config), row.created_at
    return None
