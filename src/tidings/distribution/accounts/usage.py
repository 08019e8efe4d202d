"""How much of each account's limits is used up now, as all who send by it count together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping

from tidings.distribution.accounts.repository import all_accounts
from tidings.distribution.throttle.shares import database_time
from tidings.distribution.throttle.turns import KEY
from tidings.distribution.throttle.windows import Windows, quiet_until
from tidings.domain.instant import Instant
from tidings.store.settings import get_setting


@dataclass(frozen=True, slots=True)
class AccountUse:
    """What is used up now of an account's limits, 0 for none. All who send by it are counted together."""

    id: str
    name: str
    provider: str
    minute_used: int
    per_minute: int
    hour_used: int
    per_hour: int
    quiet_until: Instant | None
    """Until when the provider asked to be left alone."""


def account_uses(conn: Connection, now: Instant) -> list[AccountUse]:
    """Of the enabled accounts that have a limit, or were asked by their provider to wait."""
    # The counts are kept by the one clock of all senders.
    ahead = database_time(conn) - now if conn.dialect.name == "postgresql" else 0
    each = (_use(conn, row, now, ahead) for row in all_accounts(conn) if row["enabled"])
    return [use for use in each if use.per_minute or use.per_hour or use.quiet_until]


def _use(conn: Connection, row: RowMapping, now: Instant, ahead: int) -> AccountUse:
    config: dict[str, Any] = row["config"]
    per_minute, per_hour = int(config.get("per_minute", 0)), int(config.get("per_hour", 0))
    kept = get_setting(conn, KEY + row["id"]) or {}
    minute, hour = Windows(per_minute, per_hour).used(kept, now + ahead)
    quiet = quiet_until(kept, now + ahead)
    return AccountUse(
        row["id"], row["name"], row["provider"], minute, per_minute, hour, per_hour, quiet - ahead if quiet else None
    )
