"""What people see of an account's limits: how much is used up now, by the count that sending keeps."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert
from tests.integration import distribution_bed as bed

from tidings.distribution.service import DistributionService
from tidings.distribution.throttle.turns import KEY
from tidings.distribution.throttle.windows import MARGIN, Windows
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.instant import HOUR, MINUTE, SECOND, Instant
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.settings import put_setting
from tidings.store.tables import channel_account

VIEWER = Actor(ActorKind.PERSON, "acc_1", "Vera", Role.VIEWER)


def add_account(db: Database, name: str, kept: dict[str, Any], *, enabled: bool = True, **config: int) -> None:
    with db.transaction() as conn:
        row = {"id": f"chn_{name}", "name": name, "channel": "email", "provider": "acs_email", "secret": {}}
        conn.execute(insert(channel_account).values(**row, config=config, enabled=enabled, created_at=1, updated_at=1))
        put_setting(conn, f"{KEY}chn_{name}", kept, 1)


def given(rule: Windows, *turns: tuple[Instant, int]) -> dict[str, Any]:
    """What the row holds after so many turns were taken at these instants."""
    kept: dict[str, Any] = {}
    for at, number in turns:
        gift = rule.give(kept, at, number, [])
        assert len(gift.turns) == number
        kept = dict(gift.kept)
    return kept


def test_what_is_used_of_each_accounts_limits_is_shown(database: Database, secrets: Secrets) -> None:
    now = bed.WallClock().now()
    rule = Windows(30, 100)
    add_account(
        database, "Blue", given(rule, (now - 10 * MINUTE, 20), (now - 20 * SECOND, 7)), per_minute=30, per_hour=100
    )
    add_account(database, "Hourly", given(Windows(0, 50), (now - 20 * SECOND, 9)), per_hour=50)
    add_account(database, "Fresh", {}, per_minute=5)
    add_account(database, "Asked", {"quiet_until": now + 5 * MINUTE})
    add_account(database, "Free", {})
    add_account(database, "Off", {}, enabled=False, per_minute=5)
    service = DistributionService(database, bed.WallClock(), secrets, base_url=bed.BASE_URL)
    uses = {use.name: use for use in service.limits(VIEWER).accounts}
    assert set(uses) == {"Blue", "Hourly", "Fresh", "Asked"}
    shown = {name: (use.minute_used, use.per_minute, use.hour_used, use.per_hour) for name, use in uses.items()}
    assert shown == {"Blue": (7, 30, 27, 100), "Hourly": (0, 0, 9, 50), "Fresh": (0, 5, 0, 0), "Asked": (0, 0, 0, 0)}
    assert uses["Asked"].quiet_until == pytest.approx(now + 5 * MINUTE, abs=2 * SECOND)
    assert uses["Blue"].quiet_until is None


def test_what_is_used_up_is_what_no_turn_is_given_for() -> None:
    rule, now = Windows(3, 10), 10 * HOUR
    kept = given(rule, (now, 3))
    assert rule.used(kept, now) == (3, 3)
    assert rule.give(kept, now + 30 * SECOND, 1, []).turns == []
    over = now + MINUTE + MARGIN
    assert rule.used(kept, over) == (0, 3)
    assert len(rule.give(kept, over, 1, []).turns) == 1
    assert rule.used(kept, now + HOUR + MARGIN) == (0, 0)
