"""Queries of the throttle: its state, the relays', warm-ups, providers found by MX, and rows that wait for a hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, update
from sqlalchemy.sql import ColumnElement

from tidings.distribution.repository import WAITING, not_held
from tidings.distribution.throttle.limit import Limit
from tidings.domain.delivery import DeliveryState
from tidings.domain.instant import Instant
from tidings.store.database import take_turns
from tidings.store.tables import campaign, chunk, delivery, mail_provider, relay_state, throttle_state, warmup
from tidings.store.upsert import upsert

D = DeliveryState
_KEY = "sending.limits"

PUT_OFF = (
    update(delivery)
    .where(
        delivery.c.campaign_pk == bindparam("campaign"), delivery.c.contact_pk == bindparam("person"),
        delivery.c.channel == bindparam("of_channel"), delivery.c.step == bindparam("of_step"),
        or_(*(delivery.c.state == state for state in WAITING)),
    )
    .values(due_at=bindparam("until"), state=bindparam("new_state"), reason=bindparam("new_reason"))
)  # fmt: skip
"""A delivery that is due and must wait."""


def limits(conn: Connection) -> Sequence[Row[Any]]:
    """Every limit that was learnt."""
    return conn.execute(select(throttle_state).order_by(throttle_state.c.relay, throttle_state.c.provider)).all()


def save_limits(conn: Connection, rows: Sequence[Mapping[str, Any]], now: Instant) -> list[dict[str, Any]]:
    """Writes limits that were learnt now, beside what another sender has learnt meanwhile; as they then stand."""
    names = [column.name for column in throttle_state.columns if not column.primary_key]
    saved: list[dict[str, Any]] = []
    for row in rows:
        take_turns(conn, _KEY)
        known = conn.execute(select(throttle_state).where(_of(row["relay"], row["provider"]))).mappings().first()
        saved.append(both(known, row, now) if known is not None else dict(row))
        insert = upsert(conn, throttle_state).values(**saved[-1])
        conn.execute(
            insert.on_conflict_do_update(
                index_elements=["relay", "provider"], set_={name: insert.excluded[name] for name in names}
            )
        )
    return saved


def both(known: Mapping[Any, Any], told: Mapping[str, Any], now: Instant) -> dict[str, Any]:
    """Of two senders that were told to slow down at the same time: the longer hold and the slower rate."""
    if (known["hold_until"] or 0) <= now:
        return dict(told)
    longer = known if known["hold_until"] > (told["hold_until"] or 0) else told
    return {
        **longer, "rate": min(known["rate"], told["rate"]), "holds": max(known["holds"], told["holds"]),
        "slowed_at": max(known["slowed_at"] or 0, told["slowed_at"] or 0), "updated_at": told["updated_at"],
    }  # fmt: skip


def save_rate(conn: Connection, limit: Limit) -> None:
    """Only the rate of a limit, unless another sender was told to slow down since."""
    mine = _of(limit.relay, limit.group) & _not_slowed_since(limit)
    conn.execute(update(throttle_state).where(mine).values(rate=limit.rate))


def forget_limits(conn: Connection, over: Iterable[Limit]) -> None:
    """Limits that are over, unless another sender was told to slow down since."""
    for limit in over:
        conn.execute(delete(throttle_state).where(_of(limit.relay, limit.group) & _not_slowed_since(limit)))


def _of(relay: str, provider: str) -> ColumnElement[bool]:
    return (throttle_state.c.relay == relay) & (throttle_state.c.provider == provider)


def _not_slowed_since(limit: Limit) -> ColumnElement[bool]:
    return func.coalesce(throttle_state.c.slowed_at, 0) <= limit.slowed_at


def relays(conn: Connection) -> Sequence[Row[Any]]:
    """The relays of the pool as the sender last saw them."""
    return conn.execute(select(relay_state).order_by(relay_state.c.name)).all()


def save_relays(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes how the relays are."""
    names = [column.name for column in relay_state.columns if not column.primary_key]
    for row in rows:
        insert = upsert(conn, relay_state).values(**row)
        conn.execute(
            insert.on_conflict_do_update(index_elements=["name"], set_={name: insert.excluded[name] for name in names})
        )


def forget_other_relays(conn: Connection, names: Sequence[str]) -> None:
    """Relays that are configured no more, and what was learnt about them."""
    conn.execute(delete(relay_state).where(relay_state.c.name.not_in(names)))
    conn.execute(delete(throttle_state).where(throttle_state.c.relay.not_in(names)))


def lift(conn: Connection, relay: str, provider: str, now: Instant) -> tuple[str, str] | None:
    """Ends a hold, and plans what waited for it alone; title and reason, None when nothing is held."""
    mine = _of(relay, provider)
    row = conn.execute(select(throttle_state).where(mine).with_for_update()).first()
    if row is None or (row.hold_until or 0) <= now:
        return None
    conn.execute(update(throttle_state).where(mine).values(hold_until=None, kind="", reason="", updated_at=now))
    release_reason(conn, row.reason, now)
    return row.title, row.reason


def release_reason(conn: Connection, reason: str, now: Instant) -> int:
    """Everything that is put off for exactly this reason is due now; how many."""
    waits = (delivery.c.state == D.HELD.value) & (delivery.c.reason == reason)
    free = select(campaign.c.pk).where(campaign.c.state == "sending", not_held())
    due = waits & delivery.c.campaign_pk.in_(free)
    parts = select(delivery.c.campaign_pk, delivery.c.chunk_no).where(due).distinct()
    for pk, no in conn.execute(parts).all():
        mine = (chunk.c.campaign_pk == pk) & (chunk.c.no == no) & (chunk.c.state == "open")
        conn.execute(update(chunk).where(mine, chunk.c.next_due_at > now).values(next_due_at=now))
    return conn.execute(update(delivery).where(due).values(state=D.PLANNED.value, due_at=now, reason="")).rowcount


def warmups(conn: Connection) -> Sequence[Row[Any]]:
    """Every ramp."""
    return conn.execute(select(warmup).order_by(warmup.c.relay, warmup.c.domain)).all()


def save_warmups(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes how far ramps have come; a ramp's beginning never changes."""
    for row in rows:
        insert = upsert(conn, warmup).values(**row)
        conn.execute(
            insert.on_conflict_do_update(
                index_elements=["relay", "domain"], set_={"day": insert.excluded.day, "sent": insert.excluded.sent}
            )
        )


def providers(conn: Connection) -> dict[str, str]:
    """What MX lookups told: domain → provider."""
    return {row.domain: row.provider for row in conn.execute(select(mail_provider))}


def save_providers(conn: Connection, found: Mapping[str, str], now: Instant) -> None:
    """Remembers what MX lookups told."""
    for domain, key in found.items():
        insert = upsert(conn, mail_provider).values(domain=domain, provider=key, looked_at=now)
        conn.execute(insert.on_conflict_do_update(index_elements=["domain"], set_={"provider": key, "looked_at": now}))
