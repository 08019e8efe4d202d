"""What people see of the throttle: relays, providers that asked for less, ramps; and the lifting of a hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from tidings.access.audit import record
from tidings.distribution.accounts.usage import AccountUse, account_uses
from tidings.distribution.throttle import repository
from tidings.distribution.throttle.warmup import DAYS, Ramp, day_of
from tidings.domain.actor import Actor
from tidings.domain.errors import NotFoundError
from tidings.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class RelayView:
    """One relay of the pool. `state`: idle, up, resting (tried again by itself) or paused (needs a person).

    Of several senders the worst state is shown, and everybody's lanes and messages.
    """

    name: str
    state: str
    words: str
    remedy: str
    weight: float
    lanes: int
    accepted: int
    """Since the sender started."""
    deferred_share: float
    since: Instant
    again_at: Instant | None


@dataclass(frozen=True, slots=True)
class ProviderView:
    """One provider at one relay. `rate` is messages a second, 0 for no limit."""

    relay: str
    provider: str
    title: str
    rate: float
    hold_until: Instant | None
    """None when nothing is held now."""
    kind: str
    reason: str
    words: str
    slowed_at: Instant | None


@dataclass(frozen=True, slots=True)
class WarmupView:
    """One ramp: the day of so many, and what has gone of today's allowance (None: the ramp is over)."""

    relay: str
    domain: str
    day: int
    days: int
    sent: int
    allowance: int | None


@dataclass(frozen=True, slots=True)
class LimitsView:
    """Everything that slows or stops sending by itself."""

    relays: list[RelayView]
    providers: list[ProviderView]
    warmups: list[WarmupView]
    accounts: list[AccountUse] = field(default_factory=list[AccountUse])


def limits_view(conn: Connection, now: Instant) -> LimitsView:
    """As the sender last wrote it; nothing where mail stays in the built-in mailbox."""
    relays = [
        RelayView(
            row.name, row.state, row.words, row.remedy, row.weight, row.lanes, row.accepted, row.deferred_share,
            row.since, row.again_at,
        )
        for row in repository.relays(conn)
    ]  # fmt: skip
    providers = [
        ProviderView(
            row.relay, row.provider, row.title, row.rate, row.hold_until if (row.hold_until or 0) > now else None,
            row.kind, row.reason, row.words, row.slowed_at,
        )
        for row in repository.limits(conn)
    ]  # fmt: skip
    warmups = [_warmup(row, now) for row in repository.warmups(conn)]
    return LimitsView(relays, providers, warmups, account_uses(conn, now))


def _warmup(row: Row[Any], now: Instant) -> WarmupView:
    ramp = Ramp(row.relay, row.domain, row.started_at, row.day, row.sent)
    day = day_of(now) - day_of(ramp.started_at) + 1
    sent = ramp.sent if ramp.day == day_of(now) else 0
    return WarmupView(ramp.relay, ramp.domain, min(day, DAYS), DAYS, sent, ramp.limit(now))


def lift_hold(conn: Connection, actor: Actor, relay: str, provider: str, now: Instant) -> str:
    """Ends a provider's hold at a relay; what waited for it is due now. The provider's title.

    Raises NotFoundError when nothing of it is held.
    """
    found = repository.lift(conn, relay, provider, now)
    if found is None:
        words = f"No mail to {provider} is held{f' at {relay}' if relay else ''}."
        raise NotFoundError(words, remedy="`tidings sending limits` shows what is held.")
    title, reason = found
    record(conn, now, actor, "sending.lift_hold", detail={"relay": relay, "provider": provider, "reason": reason})
    return title
