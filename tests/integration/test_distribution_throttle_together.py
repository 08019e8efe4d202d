"""What one of several senders learns of providers is never undone by what another writes at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Row, text
from tests.conftest import FakeClock
from tests.integration import distribution_bed as bed

from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.throttle import repository
from tidings.distribution.throttle.replies import About
from tidings.distribution.throttle.throttle import Throttle
from tidings.domain.instant import DAY, HOUR, MINUTE
from tidings.store.database import Database

SLOW = Outcome(Result.DEFERRED, "421 4.7.28", "unusual rate of mail", about=About.SLOW)
REFUSED = Outcome(Result.DEFERRED, "550 5.7.515", "not authenticated", about=About.POLICY)
OK = Outcome(Result.ACCEPTED, "250", "Ok")
RELAY = "127.0.0.1:25"


def sender(clock: FakeClock) -> Throttle:
    return Throttle(clock, [bed.at(25)])


def answer(throttle: Throttle, outcome: Outcome, number: int = 1) -> None:
    """So many messages to one provider are answered so."""
    for no in range(number):
        message = Outgoing(1, no, 0, "A", 0, 0, 1, 0, {"email": f"p{no}@gmail.com"}, 0)
        throttle.took(RELAY, message)
        throttle.answered(RELAY, message, outcome)


def step(db: Database, throttle: Throttle, clock: FakeClock) -> None:
    """As the ledger does it."""
    with db.transaction() as conn:
        throttle.sync(conn, clock.now())
    throttle.done([], [])


def row(db: Database) -> Row | None:
    with db.reading() as conn:
        return next(iter(repository.limits(conn)), None)


def while_it_writes(db: Database, first: Throttle, clock: FakeClock, other: Callable[[], None]) -> None:
    """The other's step meets one that has written and not committed."""
    beside = threading.Thread(target=other)
    with db.transaction() as conn:
        first.sync(conn, clock.now())
        beside.start()
        bed.wait_for(lambda: _someone_waits(db) or not beside.is_alive())
    first.done([], [])
    beside.join()


def _someone_waits(db: Database) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with db.reading() as conn:
        return conn.execute(text(waiting)).scalar_one() > 0


def test_a_refused_sender_stays_held_when_another_was_asked_to_slow_down(database: Database, clock: FakeClock) -> None:
    one, two = sender(clock), sender(clock)
    step(database, one, clock)
    step(database, two, clock)
    answer(one, REFUSED)
    answer(two, SLOW)
    step(database, one, clock)
    step(database, two, clock)
    found = row(database)
    assert found is not None
    assert (found.kind, found.hold_until) == ("policy", clock.now() + 4 * HOUR)
    clock.advance(20 * MINUTE)
    for each in (one, two):
        step(database, each, clock)
        assert not each.may(RELAY, "google")


def test_of_two_who_were_asked_at_once_the_slower_rate_holds_for_both(database: Database, clock: FakeClock) -> None:
    one, two = sender(clock), sender(clock)
    answer(one, SLOW)
    step(database, one, clock)
    clock.advance(16 * MINUTE)
    step(database, one, clock)
    step(database, two, clock)
    answer(two, OK, 20)  # its rate has grown further
    answer(one, SLOW)
    answer(two, SLOW)
    step(database, one, clock)
    slower = row(database)
    step(database, two, clock)
    found = row(database)
    assert found is not None
    assert slower is not None
    assert found.rate == slower.rate == two._limits[RELAY, "google"].rate


@pytest.mark.postgres
def test_a_rate_that_grew_does_not_undo_what_halves_it_at_the_same_moment(
    postgres_database: Database, clock: FakeClock
) -> None:
    db, one, two = postgres_database, sender(clock), sender(clock)
    answer(one, SLOW)
    step(db, one, clock)
    step(db, two, clock)
    clock.advance(16 * MINUTE)
    answer(one, OK, 20)
    answer(two, SLOW)
    one._read_at = 0.0
    while_it_writes(db, two, clock, lambda: step(db, one, clock))
    found = row(db)
    assert found is not None
    assert found.rate == two._limits[RELAY, "google"].rate
    step(db, one, clock)
    assert one._limits[RELAY, "google"].rate == found.rate


@pytest.mark.postgres
def test_what_is_over_is_not_forgotten_while_another_is_asked_again(
    postgres_database: Database, clock: FakeClock
) -> None:
    db, one, two = postgres_database, sender(clock), sender(clock)
    answer(one, SLOW)
    step(db, one, clock)
    step(db, two, clock)
    clock.advance(2 * DAY)
    for each in (one, two):
        answer(each, OK, 2000)  # as fast as ever
    answer(two, SLOW)
    one._read_at = 0.0
    while_it_writes(db, two, clock, lambda: step(db, one, clock))
    one._read_at = 0.0
    step(db, one, clock)
    assert row(db) is not None
    assert not one.may(RELAY, "google")


@pytest.mark.parametrize("known", [False, True])
def test_a_step_that_was_not_committed_forgets_no_hold(database: Database, clock: FakeClock, known: bool) -> None:
    throttle = sender(clock)
    if known:
        answer(throttle, SLOW)
        step(database, throttle, clock)
        clock.advance(16 * MINUTE)
        step(database, throttle, clock)
    answer(throttle, SLOW)
    with pytest.raises(ZeroDivisionError), database.transaction() as conn:
        throttle.sync(conn, clock.now())
        raise ZeroDivisionError
    throttle.undone()
    assert throttle.unsaved
    step(database, throttle, clock)
    assert not throttle.may(RELAY, "google")
    found = row(database)
    assert found is not None
    assert (found.hold_until or 0) > clock.now()
