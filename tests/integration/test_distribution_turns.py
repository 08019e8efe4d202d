"""Several senders on one PostgreSQL keep a limit of so many messages an hour as if they were one."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from tests.conftest import FakeClock
from tests.integration import distribution_bed as bed

from tidings.distribution.throttle.distance import BEHIND, Distance
from tidings.distribution.throttle.turns import KEY, SharedTurns
from tidings.domain.instant import HOUR, MINUTE, SECOND
from tidings.store.database import Database
from tidings.store.settings import get_setting

pytestmark = pytest.mark.postgres


@pytest.fixture
def db(postgres_database: Database) -> Database:
    return postgres_database


def at_once(work: Callable[[], None]) -> None:
    work()


def sender(db: Database, clock: FakeClock, per_hour: int, name: str = "email") -> SharedTurns:
    return SharedTurns(
        db, name, Distance(per_hour), now=lambda _conn: clock.now(), seconds=lambda: clock.now() / SECOND, begin=at_once
    )


def send(clock: FakeClock, senders: dict[str, SharedTurns], ms: int, step: int = 50) -> Counter[str]:
    """What each sends that always has something to send."""
    sent: Counter[str] = Counter()
    end = clock.now() + ms
    while clock.now() < end:
        for name, turns in senders.items():
            while turns.wait() <= 0:
                turns.took()
                sent[name] += 1
        clock.advance(step)
    return sent


@pytest.mark.parametrize("per_hour", [1200, 36_000])
def test_three_keep_one_limit_and_who_is_left_has_all_of_it(db: Database, clock: FakeClock, per_hour: int) -> None:
    a_minute = per_hour * MINUTE / HOUR
    senders = {name: sender(db, clock, per_hour) for name in ("one", "two", "three")}
    together = send(clock, senders, MINUTE)
    assert a_minute * 0.97 - 1 <= together.total() <= a_minute * 1.005 + 1
    del senders["one"], senders["two"]  # killed: whatever they had is lost, and nothing else
    alone = send(clock, senders, 10 * SECOND)
    assert a_minute / 6 * 0.8 - 1 <= alone["three"] <= a_minute / 6 * 1.03 + 1


def test_a_restart_and_many_short_lives_bring_no_more(db: Database, clock: FakeClock) -> None:
    """Ten an hour: a sender that ends and comes again within the hour goes on where the others stopped."""
    sent = Counter[str]()
    for life in range(120):
        sent += send(clock, {str(life): sender(db, clock, 10)}, MINUTE, step=SECOND)
    assert 18 <= sent.total() <= 21


def test_different_limits_do_not_meet(db: Database, clock: FakeClock) -> None:
    one, two = sender(db, clock, 10, "one.example:25"), sender(db, clock, 10, "two.example:25")
    assert (one.wait(), two.wait()) == (0, 0)
    with db.reading() as conn:
        assert get_setting(conn, KEY + "one.example:25") == {"free_at": clock.now() - BEHIND + HOUR / 10}


def test_a_sender_that_stood_still_makes_up_for_nothing(db: Database, clock: FakeClock) -> None:
    turns = sender(db, clock, 36_000)
    assert turns.renew() == 5
    clock.advance(MINUTE)
    assert send(clock, {"one": turns}, SECOND)["one"] <= 14


def test_without_the_database_nothing_leaves_and_it_goes_on_by_itself(
    db: Database, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    turns, broken = sender(db, clock, 3600), [True]

    def now(_conn: object) -> int:
        if broken[0]:
            raise RuntimeError("gone")
        return clock.now()

    turns._now = now
    assert send(clock, {"one": turns}, 3 * SECOND).total() == 0
    assert "no turn of a limit" in caplog.text
    broken[0] = False
    assert send(clock, {"one": turns}, 5 * SECOND).total() in {4, 5, 6}


def test_two_workers_send_no_more_than_one_may_and_one_goes_on_alone(db: Database) -> None:
    """Real senders, a real server: the times at which the messages came keep the distance."""
    per_hour, clock = 36_000, bed.WallClock()
    pk = bed.add_campaign(db, bed.add_people(db, 1500, clock.now()), clock.now() - 1)
    came: list[float] = []
    lock = threading.Lock()

    def note(_address: object) -> bytes:
        with lock:
            came.append(time.monotonic())
        return b"250 2.0.0 ok\r\n"

    with bed.sink(bed.Faults(answer_dot=note)) as sink:
        one, two = (
            bed.make_worker(db, sink.port, turns=SharedTurns(db, "email", Distance(per_hour)), owner=f"node/{no}/1/a")
            for no in (1, 2)
        )
        with bed.running(two):
            with bed.running(one):
                bed.wait_for(lambda: len(came) >= 40)
            ended, had = time.monotonic(), len(came)
            bed.wait_for(lambda: len(came) >= had + 40)
        after = came[had : had + 40]
    assert sum(sink.taken.values()) == len(came)
    assert set(sink.taken.values()) == {1}
    for first in range(len(came) - 20):  # any twenty in a row; turns may be used up to two seconds late
        assert came[first + 20] - came[first] >= 20 * 0.1 - 2.05
    whole = came[-1] - came[0]
    assert len(came) <= whole / 0.1 + 21
    assert after[-1] > ended
    assert bed.states(db, pk)["accepted"] == len(came)
