"""An account's limits: one count for all workers of a database, kept over restarts, with a reason for who waits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from tests.integration import distribution_bed as bed
from tests.unit import provider_bed

from tidings.distribution import leases
from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.channels.http import HttpChannel, OneByOne, Request
from tidings.distribution.ledger import Ledger
from tidings.distribution.owner import owner_name
from tidings.distribution.templates import Addresses, Templates
from tidings.distribution.throttle.account import AccountLimit
from tidings.distribution.throttle.line_up import LineUp
from tidings.distribution.throttle.turns import KEY
from tidings.distribution.throttle.windows import Windows
from tidings.distribution.worker import Worker
from tidings.domain.instant import MINUTE, SECOND, Instant
from tidings.engine.process import boot_id
from tidings.net.addresses import AddressRule
from tidings.net.breaker import Breaker
from tidings.net.client import Answer, Guard
from tidings.store.database import Database
from tidings.store.settings import get_setting
from tidings.store.tables import campaign, chunk, delivery


class Clock(bed.WallClock):
    """The real time, and more when it is moved."""

    ahead = at = 0

    def now(self) -> Instant:
        return super().now() + self.ahead


class Dialect(OneByOne):
    """A provider whose API takes an address."""

    name, wants_parts, repeatable = "pigeon", True, False

    def __init__(self, url: str, owner: str) -> None:
        self.url, self._owner = url, owner

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        return Request("POST", f"{self.url}/{self._owner.rpartition('/')[2]}", {}, messages[0].recipient.encode())

    def outcome(self, answer: Answer) -> Outcome:
        assert answer.status == 202
        return Outcome(Result.ACCEPTED, "202")


class Pigeons(provider_bed.Fake):
    """Notes when each message came."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(provider_bed.OtherSide())
        self.clock, self.came = clock, list[Instant]()

    def judge(self, hit: provider_bed.Hit) -> provider_bed.Reply:
        self.came.append(self.clock.now())
        return self.take(hit.body.decode(), b"", provider_bed.Reply(202))

    def most_in(self, span: int) -> int:
        return max(sum(at <= other < at + span for other in self.came) for at in self.came)


class House:
    """Four campaigns, a provider, and workers that send by one account."""

    def __init__(self, db: Database, clock: Clock, fake: Pigeons, people: int) -> None:
        self.db, self.clock, self.fake, self.people = db, clock, fake, people
        now = clock.now()
        for no in range(4):
            some = bed.add_people(db, people // 4, now, f"{no}.example")
            bed.add_campaign(db, some, now - 1, f"no {no}")

    def worker(self, per_minute: int = 0, per_hour: int = 0) -> Worker:
        db, clock, owner = self.db, self.clock, owner_name()
        guard = Guard(AddressRule(allowed=frozenset({"127.0.0.1"})), Breaker())
        way = HttpChannel(Dialect(self.fake.address, owner), guard, lanes=3)
        limit = AccountLimit(db, clock, "chn_1", "Blue", Windows(per_minute, per_hour), time=lambda _: clock.now())
        line = LineUp(limit)
        limit.waiting, way.on_busy = line.__len__, limit.busy
        ledger = Ledger(
            db, clock, bed.hooks(), owner=owner, boot_id=boot_id(db), relay=way.name, gate=limit
        )  # fmt: skip
        addresses = Addresses(bed.BASE_URL, bed.SIGNER)
        return Worker(
            db, clock, ledger, way, addresses, lanes=way.room, templates=Templates(db, addresses, parts=True),
            line_up=line, turns=limit,
        )  # fmt: skip

    def waiting(self, of: str = "") -> list[str]:
        """Why those wait who were put off."""
        with self.db.reading() as conn:
            query = select(delivery.c.reason).where(delivery.c.due_at > self.clock.now(), delivery.c.reason != "")
            return list(conn.execute(query.where(delivery.c.state == of) if of else query).scalars())

    def number(self, state: str) -> int:
        """So many deliveries are in that state."""
        with self.db.reading() as conn:
            return len(conn.execute(select(delivery.c.contact_pk).where(delivery.c.state == state)).all())

    def all_wait_but(self, number: int) -> None:
        """So many are accepted, and nothing is claimed or due any more."""
        bed.wait_for(lambda: self.number("accepted") == number)
        bed.wait_for(lambda: len(self.waiting()) == self.people - number)
        assert len(self.fake.came) == number

    def let_go(self) -> None:
        """As if somebody let everything go that waits."""
        now = self.clock.now()
        with self.db.transaction() as conn:
            conn.execute(update(delivery).where(delivery.c.due_at > now).values(due_at=now, reason=""))
            conn.execute(update(chunk).where(chunk.c.state == "open").values(next_due_at=now))


@pytest.fixture(autouse=True)
def one_chunk_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the first of several workers takes everything."""
    monkeypatch.setattr(leases, "_IN_HAND", 1)
    monkeypatch.setattr(leases, "_AT_ONCE", 1)


@pytest.fixture
def fake() -> Iterator[Pigeons]:
    with provider_bed.serving(Pigeons(Clock())) as fake:
        assert isinstance(fake, Pigeons)
        yield fake


@pytest.mark.postgres
def test_two_workers_send_together_what_the_account_may(postgres_database: Database, fake: Pigeons) -> None:
    house = House(postgres_database, fake.clock, fake, 40)
    one, two = house.worker(10, 25), house.worker(10, 25)
    with bed.running(one), bed.running(two):
        for accepted in (10, 20, 25):
            house.all_wait_but(accepted)
            (reason,) = {each[:-10] for each in house.waiting("planned")}
            assert reason == "waits for its turn: the account Blue sends at most 10 a minute and 25 an hour; goes on at"
            fake.clock.ahead += 63 * SECOND
        fake.clock.ahead += 58 * MINUTE
        bed.wait_for(lambda: len(fake.came) > 25)
    assert fake.most_in(MINUTE) <= 10
    assert fake.most_in(60 * MINUTE) <= 25
    assert set(fake.to.values()) == {1}
    assert len({hit.path for hit in fake.hits}) == 2, "both sent"


def test_a_restart_does_not_begin_a_new_minute(database: Database, fake: Pigeons) -> None:
    house = House(database, fake.clock, fake, 24)
    with bed.running(house.worker(10)):
        house.all_wait_but(10)
    house.let_go()
    with bed.running(house.worker(10)):
        house.all_wait_but(10)
        fake.clock.ahead += 63 * SECOND
        house.all_wait_but(20)
    assert fake.most_in(MINUTE) == 10


@pytest.mark.parametrize("per_minute", [0, 1000])
def test_a_provider_that_asks_for_quiet_has_it_from_all_workers_and_after_a_restart(
    database: Database, fake: Pigeons, per_minute: int
) -> None:
    house, workers = House(database, fake.clock, fake, 32), 1 if database.is_sqlite else 2
    fake.script = [provider_bed.Reply(429, headers={"Retry-After": "600"})]
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(bed.running(house.worker(per_minute)))
        bed.wait_for(lambda: len(fake.hits) > len(fake.came))
        bed.wait_for(lambda: len(house.waiting("held")) + len(fake.came) >= 31)
        came = len(fake.came)
    assert came < 31, "what was claimed already may leave, no more"
    reasons = set(house.waiting("held"))
    assert all(
        each.startswith("the account Blue was asked by its provider to wait; goes on at ") for each in reasons
    ), reasons  # fmt: skip
    house.let_go()
    with bed.running(house.worker(per_minute)):
        bed.wait_for(lambda: len(house.waiting("held")) + came >= 31)
        assert len(fake.came) == came
        fake.clock.ahead += 700 * SECOND
        bed.wait_for(lambda: len(fake.came) == 32)
    assert set(fake.to.values()) == {1}


def test_many_who_ask_at_once_get_no_more_than_there_is(database: Database) -> None:
    clock, got, lock = Clock(), list[int](), threading.Lock()
    limits = [AccountLimit(database, clock, "chn_1", "Blue", Windows(30, 0), time=lambda _: clock.at) for _ in "abcd"]
    clock.at = clock.now()

    def take(limit: AccountLimit) -> None:
        assert limit.turns is not None
        for _ in range(15):
            number = limit.turns.renew(3)
            with lock:
                got.append(number)

    threads = [threading.Thread(target=take, args=(limit,)) for limit in limits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 30
    with database.transaction() as conn:  # those who end give back what nobody left at
        for limit in limits:
            limit.leave(conn, clock.at)
        assert json.dumps(get_setting(conn, KEY + "chn_1")) == '{"left": []}'


def test_who_is_put_off_is_spread_over_the_windows_and_no_further_than_an_hour(sqlite_database: Database) -> None:
    clock = Clock()
    limit = AccountLimit(sqlite_database, clock, "chn_1", "Blue", Windows(30, 100), time=lambda _: clock.now())
    now = clock.now()
    with sqlite_database.transaction() as conn:
        limit.sync(conn, now)
        waits = limit.hold_back(conn, 1, [(person, "") for person in range(150)], now)
        more = limit.hold_back(conn, 1, [(person, "") for person in range(150, 160)], now)
    assert set(waits) == set(range(30, 150)), "the first thirty may leave"
    minutes = [(waits[person].until - now) // MINUTE for person in range(30, 150)]
    assert [minutes.count(each) for each in (1, 2, 3)] == [30, 30, 10]
    assert minutes[70:] == [60] * 50
    assert waits[30].reason.endswith(f"at {datetime.fromtimestamp(waits[30].until / SECOND, UTC):%H:%M} UTC")
    assert {(each.until - now) // MINUTE for each in more.values()} == {60}


def test_a_campaign_that_is_paused_meanwhile_stays(database: Database, fake: Pigeons) -> None:
    house = House(database, fake.clock, fake, 12)
    with bed.running(house.worker(5)):
        house.all_wait_but(5)
        with database.transaction() as conn:
            conn.execute(update(campaign).values(paused_at=fake.clock.now(), epoch=campaign.c.epoch + 1))
        fake.clock.ahead += 63 * SECOND
        bed.wait_for(lambda: house.number("claimed") == 0)
    assert len(fake.came) == 5
