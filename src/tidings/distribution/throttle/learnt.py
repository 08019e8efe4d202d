"""What a throttle has learnt and the database is to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tidings.distribution.throttle.limit import Limit
from tidings.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class Learnt:
    """Limits by relay and provider, whom to tell, and how relays are."""

    limits: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    alarms: list[Limit] = field(default_factory=list[Limit])
    relays: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


def reason_of(limit: Limit) -> str:
    """Why a provider's mail is held, for people."""
    then = datetime.fromtimestamp(limit.hold_until / 1000, UTC)
    if limit.kind == "policy":
        when = then.strftime("%-d %B %H:%M UTC")
        return f"{limit.title} does not accept this sender ({limit.words[:120]}); goes on at {when}"
    return f"{limit.title} asked to slow down; goes on at {then:%H:%M} UTC"


def row_of(limit: Limit, now: Instant) -> dict[str, Any]:
    """A limit as the database keeps it."""
    return {
        "relay": limit.relay, "provider": limit.group, "title": limit.title, "rate": limit.rate,
        "hold_until": limit.hold_until or None, "kind": limit.kind, "reason": limit.reason, "words": limit.words,
        "holds": limit.holds, "slowed_at": limit.slowed_at or None, "updated_at": now,
    }  # fmt: skip
