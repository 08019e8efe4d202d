"""How a relay is, as several senders find it: who cannot use it is seen, whatever the others write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.conftest import FakeClock
from tests.integration import distribution_bed as bed

from tidings.distribution.owner import owner_name
from tidings.distribution.throttle import repository
from tidings.distribution.throttle.shares import Shares
from tidings.distribution.throttle.throttle import Throttle
from tidings.domain.instant import MINUTE
from tidings.engine.process import host
from tidings.store.database import Database

RELAY = "127.0.0.1:25"
REFUSED = f"relay {RELAY}: 535 5.7.8 wrong password"

pytestmark = pytest.mark.postgres


@pytest.fixture
def db(postgres_database: Database) -> Database:
    return postgres_database


class Sender:
    """One sender's throttle, told how its relay is."""

    def __init__(self, db: Database, clock: FakeClock, name: str) -> None:
        self._db, self._clock = db, clock
        self.throttle = Throttle(clock, [bed.at(25)], shares=Shares(db, name))
        self.says("idle")

    def says(self, state: str, words: str = "", lanes: int = 0, accepted: int = 0) -> None:
        row = {
            "name": RELAY, "state": state, "words": words, "remedy": "Correct it." if words else "", "weight": 1.0,
            "lanes": lanes, "accepted": accepted, "deferred_share": 0.0, "since": self._clock.now(), "again_at": None,
        }  # fmt: skip
        self.throttle.relay_is(row)
        now = self._clock.now()
        with self._db.transaction() as conn:
            self.throttle.sync(conn, now)
            self.throttle.end_step(conn, now)
        self.throttle.done([], [])

    def ends(self) -> None:
        self.throttle.relay_is(
            {"name": RELAY, "state": "idle", "words": "", "remedy": "", "weight": 1.0, "lanes": 0, "accepted": 0,
             "deferred_share": 0.0, "since": 0, "again_at": None}
        )  # fmt: skip
        with self._db.transaction() as conn:
            self.throttle.leave(conn, self._clock.now())
        self.throttle.done([], [])


def shown(db: Database) -> Mapping[str, Any]:
    with db.reading() as conn:
        found = repository.relays(conn)
    return found[0]._mapping if found else {"state": ""}


def test_a_sender_that_cannot_use_it_is_seen_while_another_can(db: Database, clock: FakeClock) -> None:
    one, two = Sender(db, clock, "a/1/1/x"), Sender(db, clock, "b/1/1/x")
    one.says("paused", REFUSED)
    two.says("up", lanes=3, accepted=7)
    found = shown(db)
    assert (found["state"], found["remedy"], found["lanes"], found["accepted"]) == ("paused", "Correct it.", 3, 7)
    assert found["words"] == f"{REFUSED} (another sender can use it)"
    three = Sender(db, clock, "c/1/1/x")  # it begins: idle
    two.ends()
    assert (shown(db)["state"], shown(db)["words"]) == ("paused", REFUSED)
    three.says("up", lanes=2, accepted=1)
    one.says("up", lanes=5, accepted=4)
    found = shown(db)
    assert (found["state"], found["words"], found["lanes"], found["accepted"]) == ("up", "", 7, 5)


def test_who_ended_is_not_asked_any_more(db: Database, clock: FakeClock) -> None:
    one, two = Sender(db, clock, "a/1/1/x"), Sender(db, clock, "b/1/1/x")
    two.says("up", lanes=3, accepted=7)
    one.says("resting", REFUSED)
    assert shown(db)["state"] == "resting"
    one.ends()
    assert (shown(db)["state"], shown(db)["lanes"]) == ("up", 3)
    two.ends()
    assert shown(db)["state"] == "idle"


@pytest.mark.parametrize(("name", "wait"), [(f"{host()}/999999999/1/x", 0), ("elsewhere/1/1/x", 11 * MINUTE)])
def test_who_was_killed_or_is_silent_for_long_hides_nothing(
    db: Database, clock: FakeClock, name: str, wait: int
) -> None:
    one, two = Sender(db, clock, name), Sender(db, clock, "b/1/1/x")
    one.says("paused", REFUSED)
    assert shown(db)["state"] == "paused"
    clock.advance(wait)
    two.says("up", lanes=3)
    assert shown(db)["state"] == "up"


def test_a_step_that_was_not_committed_says_it_again(db: Database, clock: FakeClock) -> None:
    one = Sender(db, clock, "a/1/1/x")
    one.throttle.relay_is({**shown(db), "state": "paused", "words": REFUSED})
    with pytest.raises(ZeroDivisionError), db.transaction() as conn:
        one.throttle.sync(conn, clock.now())
        one.throttle.end_step(conn, clock.now())
        raise ZeroDivisionError
    one.throttle.undone()
    assert one.throttle.unsaved
    with db.transaction() as conn:
        one.throttle.sync(conn, clock.now())
        one.throttle.end_step(conn, clock.now())
    assert shown(db)["state"] == "paused"


def test_a_worker_with_a_wrong_password_stays_red_while_another_sends(db: Database) -> None:
    """Real workers, as two machines of which one was given an old password."""
    now = bed.WallClock().now()
    pk = bed.add_campaign(db, bed.add_people(db, 30, now), now - 1)
    with bed.sink(bed.Faults(auth="PLAIN", secret=b"\0me\0right")) as sink:
        old, new = (
            bed.pooled(db, [bed.at(sink.port, user="me", password=word)], shares=Shares(db, owner_name()))
            for word in ("wrong", "right")
        )
        old.start()
        bed.wait_for(lambda: shown(db)["state"] == "paused")
        with bed.running(new):
            bed.wait_for(lambda: bed.states(db, pk) == {"accepted": 30})
            bed.wait_for(lambda: shown(db)["accepted"] == 30)
            assert (shown(db)["state"], "password" in shown(db)["remedy"]) == ("paused", True)
            assert shown(db)["words"].endswith("(another sender can use it)")
            old.stop_and_wait()
            assert shown(db)["state"] == "up", "who could not has ended"
    assert shown(db)["state"] == "idle"
