"""Three senders on one PostgreSQL keep a provider's limits together; what one of them leaves, the others take."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import Connection
from tests.conftest import FakeClock
from tests.integration import distribution_bed as bed
from tests.unit.test_distribution_part import sent

from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.relay import Relay
from tidings.distribution.throttle.part import GRACE, LEASE, NONE, WHOLE, Part
from tidings.distribution.throttle.replies import About
from tidings.distribution.throttle.shares import KEY, Shares
from tidings.distribution.throttle.throttle import Throttle
from tidings.domain.instant import SECOND
from tidings.store.database import Database
from tidings.store.settings import get_setting

RATE, MINUTE_OF = 20.0, 60
pytestmark = pytest.mark.postgres


@pytest.fixture
def db(postgres_database: Database) -> Database:
    return postgres_database


def seen(db: Database) -> set[str]:
    with db.reading() as conn:
        return set(get_setting(conn, KEY) or {})


def until(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it comes true; asked again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


def test_three_workers_keep_one_rate_and_the_dead_ones_part_goes_to_the_others(db: Database, clock: FakeClock) -> None:
    def now(_conn: Connection) -> int:
        return clock.now()

    workers = {name: Shares(db, name, now=now) for name in ("one/1", "two/2", "three/3")}
    parts: dict[str, Part] = {}
    for _ in range(3):
        for name, shares in workers.items():
            parts[name] = shares.renew()
            clock.advance(300)
            assert sent([part for part in parts.values() if part.active], RATE, 10) <= RATE * 10 + 5
    assert {part.of for part in parts.values()} == {3}
    assert RATE * MINUTE_OF - 10 <= sent(list(parts.values()), RATE, MINUTE_OF) <= RATE * MINUTE_OF + 6

    del workers["two/2"], parts["two/2"]  # a power cut: it gives nothing back
    for _ in range((LEASE + GRACE) // SECOND + 2):
        clock.advance(SECOND)
        parts = {name: shares.renew() for name, shares in workers.items()}
    assert sorted(part.rank for part in parts.values()) == [0, 1]
    assert RATE * MINUTE_OF - 10 <= sent(list(parts.values()), RATE, MINUTE_OF) <= RATE * MINUTE_OF + 6

    workers["one/1"].leave()
    assert workers["three/3"].renew() == WHOLE


def test_a_sender_asks_in_a_thread_of_its_own_and_gives_back_at_the_end(db: Database) -> None:
    shares, other = Shares(db, "one/1"), Shares(db, "two/2")
    assert shares.part == NONE  # never waits for the database
    assert until(lambda: shares.part == WHOLE)
    assert until(lambda: {shares.part, other.part} == {Part(0, 2), Part(1, 2)})
    assert seen(db) == {"one/1", "two/2"}
    other.close()
    assert seen(db) == {"one/1"}
    assert until(lambda: shares.part == WHOLE)
    shares.close()
    assert seen(db) == set()


def test_another_senders_hold_halves_our_rate_too(db: Database, clock: FakeClock) -> None:
    """It is one sender for the provider: what one was told holds for all."""
    relays = [Relay("one", 25, "none", direct=True)]
    told, other = Throttle(clock, relays), Throttle(clock, relays)
    people = bed.add_people(db, 1, clock.now(), "gmail.com")
    bed.add_campaign(db, people, clock.now() - 1)
    assert other.may("one:25", "google")
    usual = other.groups.limits("google").rate
    message = Outgoing(1, people[0], 0, "A", 0, 0, 1, 0, {"email": "p0@gmail.com"}, 0)
    told.took("one:25", message)
    told.answered("one:25", message, Outcome(Result.DEFERRED, "421 4.7.28", "unusual rate", about=About.SLOW))
    with db.transaction() as conn:
        told.sync(conn, clock.now())
    with db.transaction() as conn:
        other.sync(conn, clock.now())
    assert not other.may("one:25", "google")
    assert other._limits["one:25", "google"].rate == usual / 2
