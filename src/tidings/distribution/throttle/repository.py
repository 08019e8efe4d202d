"""Queries of the throttle: its state, the relays', warm-ups, providers found by MX, and rows that wait for a hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, or_, select, update

from tidings.distribution.repository import WAITING, not_held
from tidings.domain.delivery import DeliveryState
from tidings.domain.instant import Instant
from tidings.store.tables import campaign, chunk, delivery, mail_provider, relay_state, throttle_state, warmup
from tidings.store.upsert import upsert

D = DeliveryState

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


def save_limits(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes limits as they are now."""
    names = [column.name for column in throttle_state.columns if not column.primary_key]
    for row in rows:
        insert = upsert(conn, throttle_state).values(**row)
        conn.execute(
            insert.on_conflict_do_update(
                index_elements=["relay", "provider"], set_={name: insert.excluded[name] for name in names}
            )
        )


def save_rate(conn: Connection, relay: str, provider: str, rate: float) -> None:
    """Only the rate of a limit."""
    mine = (throttle_state.c.relay == relay) & (throttle_state.c.provider == provider)
    conn.execute(update(throttle_state).where(mine).values(rate=rate))


def forget_limits(conn: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Limits that are over."""
    for relay, provider in keys:
        mine = (throttle_state.c.relay == relay) & (throttle_state.c.provider == provider)
        conn.execute(delete(throttle_state).where(mine))


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
    mine = (throttle_state.c.relay == relay) & (throttle_state.c.provider == provider)
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
