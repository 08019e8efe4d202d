"""A provider that asks for less is held, the others go on; warm-up; late mail; what survives a restart."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Connection, insert, select, update
from tests.conftest import FakeClock
from tests.integration import distribution_bed as bed

from tidings.distribution import repository as ledgers
from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.dns.resolver import DnsUnreachableError
from tidings.distribution.late import LateRule, settle_late
from tidings.distribution.ledger import Ledger
from tidings.distribution.relay import Relay
from tidings.distribution.returns.guard import Guard
from tidings.distribution.throttle import repository
from tidings.distribution.throttle.lookup import Lookup
from tidings.distribution.throttle.replies import About
from tidings.distribution.throttle.throttle import Rules, Throttle
from tidings.domain.brief import LatePolicy
from tidings.domain.channel import Channel
from tidings.domain.errors import UnavailableError
from tidings.domain.event import EventKind
from tidings.domain.instant import DAY, HOUR, MINUTE, SECOND
from tidings.engine.process import boot_id
from tidings.events.log import BITS
from tidings.store.database import Database, open_postgresql
from tidings.store.tables import campaign, contact, delivery, engagement

SLOW = Outcome(Result.DEFERRED, "421 4.7.28", "unusual rate of mail", about=About.SLOW)
OK = Outcome(Result.ACCEPTED, "250", "Ok")


class Alarms:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    def provider_held(self, _conn: object, title: str, reason: str, words: str, kind: str) -> None:
        self.told.append((title, reason, kind))


def ledger_of(
    db: Database, clock: FakeClock, throttle: Throttle, owner: str = "node/1/1/a"
) -> Ledger:  # fmt: skip
    return Ledger(db, clock, bed.hooks(), owner=owner, boot_id=boot_id(db), relay="one:25", gate=throttle)


def rows(db: Database, pk: int, state: str) -> list[tuple[str, str, int]]:
    """Address, reason and due instant of the deliveries in a state."""
    query = (
        select(contact.c.email, delivery.c.reason, delivery.c.due_at)
        .join(contact, contact.c.pk == delivery.c.contact_pk)
        .where(delivery.c.campaign_pk == pk, delivery.c.state == state)
    )
    with db.reading() as conn:
        return [(row.email, row.reason, row.due_at) for row in conn.execute(query)]


def mixed(db: Database, clock: FakeClock, *domains: str, each: int = 20) -> int:
    people = [person for domain in domains for person in bed.add_people(db, each, clock.now(), domain)]
    return bed.add_campaign(db, people, clock.now() - 1)


def send(ledger: Ledger, throttle: Throttle, claimed: list[Outgoing], outcome: Outcome) -> None:
    """As a lane would."""
    for message in claimed:
        throttle.took("one:25", message)
    assert all(ledger.flush([], claimed, []))
    ledger.flush([(each, throttle.answered("one:25", each, outcome)) for each in claimed], [], [])


def test_a_provider_that_wants_less_is_held_and_the_others_go_on(database: Database, clock: FakeClock) -> None:
    pk, alarms = mixed(database, clock, "gmail.com", "example.org"), Alarms()
    throttle = Throttle(clock, [Relay("one", 25, "none")], alerts=alarms)
    ledger = ledger_of(database, clock, throttle)
    first = ledger.step(1).claimed
    assert first[0].fields["email"].endswith("@gmail.com")
    send(ledger, throttle, first, SLOW)
    ledger.step(0)
    rest = ledger.step(100).claimed
    assert {each.fields["email"].partition("@")[2] for each in rest} == {"example.org"}
    held = rows(database, pk, "held")
    assert len(held) == 19
    then = clock.now() + 15 * MINUTE
    assert {(reason, due) for _, reason, due in held} == {("Google asked to slow down; goes on at 10:15 UTC", then)}
    assert alarms.told == [("Google", "Google asked to slow down; goes on at 10:15 UTC", "slow")]
    send(ledger, throttle, rest, OK)
    clock.advance(15 * MINUTE + SECOND)
    ledger.step(0)
    after = ledger.step(100).claimed
    assert {each.fields["email"].partition("@")[2] for each in after} == {"gmail.com"}
    assert 1 <= len(after) <= 10, "it goes on at half of its usual rate"
    assert all(due > clock.now() for _, reason, due in rows(database, pk, "planned"))
    ledger.close()


def test_a_hold_grows_and_survives_a_restart(database: Database, clock: FakeClock) -> None:
    mixed(database, clock, "gmail.com")
    throttle = Throttle(clock, [Relay("one", 25, "none")])
    ledger = ledger_of(database, clock, throttle)
    for minutes in (15, 30, 60, 90, 90):
        claimed = ledger.step(1).claimed
        send(ledger, throttle, claimed, SLOW)
        ledger.step(0)
        with database.reading() as conn:
            row = repository.limits(conn)[0]
        assert row.hold_until == clock.now() + minutes * MINUTE
        again = Throttle(clock, [Relay("one", 25, "none")])
        with database.transaction() as conn:
            again.sync(conn, clock.now())
        assert not again.may("one:25", "google")
        clock.advance(minutes * MINUTE + 10 * SECOND)
        assert again.may("one:25", "google")
    ledger.close()


def test_a_person_lifts_a_hold(database: Database, clock: FakeClock) -> None:
    pk = mixed(database, clock, "gmail.com")
    throttle = Throttle(clock, [Relay("one", 25, "none")])
    ledger = ledger_of(database, clock, throttle)
    send(ledger, throttle, ledger.step(1).claimed, SLOW)
    ledger.step(0)
    assert ledger.step(100).claimed == []
    with database.transaction() as conn:
        assert repository.lift(conn, "one:25", "google", clock.now()) is not None
        assert repository.lift(conn, "one:25", "google", clock.now()) is None
    assert bed.states(database, pk) == {"deferred": 1, "planned": 19}
    assert len(ledger.step(100).claimed) >= 1
    ledger.close()


def test_what_is_refused_for_the_sender_fails_nobody(database: Database, clock: FakeClock) -> None:
    pk, alarms = mixed(database, clock, "outlook.com"), Alarms()
    throttle = Throttle(clock, [Relay("one", 25, "none")], alerts=alarms)
    ledger = ledger_of(database, clock, throttle)
    refused = Outcome(Result.DEFERRED, "550 5.7.515", "Access denied, sending domain", about=About.POLICY)
    send(ledger, throttle, ledger.step(3).claimed, refused)
    ledger.step(0)
    ledger.step(100)
    assert bed.states(database, pk) == {"deferred": 3, "held": 17}
    assert len(alarms.told) == 1
    assert "does not accept this sender" in alarms.told[0][1]
    ledger.close()


def test_with_two_relays_a_hold_at_one_leaves_the_other(database: Database, clock: FakeClock) -> None:
    mixed(database, clock, "gmail.com")
    throttle = Throttle(clock, [Relay("one", 25, "none"), Relay("two", 25, "none")])
    ledger = ledger_of(database, clock, throttle)
    send(ledger, throttle, ledger.step(1).claimed, SLOW)
    ledger.step(0)
    assert len(ledger.step(100).claimed) == 19
    assert not throttle.may("one:25", "google")
    assert throttle.may("two:25", "google")
    ledger.close()


def test_a_direct_relay_keeps_a_providers_connections_and_pace(database: Database, clock: FakeClock) -> None:
    mixed(database, clock, "icloud.com", "example.org", each=60)
    throttle = Throttle(clock, [Relay("one", 25, "none", direct=True)])
    ledger = ledger_of(database, clock, throttle)
    claimed = ledger.step(200).claimed
    by_domain = [each.fields["email"].partition("@")[2] for each in claimed]
    assert 1 <= by_domain.count("icloud.com") <= 10
    assert by_domain.count("example.org") >= 1
    for _ in range(20):
        if throttle.may("one:25", "apple"):
            throttle.took("one:25", claimed[0])
    assert claimed[0].most == 5
    assert not throttle.may("one:25", "apple"), "ten at the same time, and no more than its rate"
    ledger.close()


def test_a_slow_provider_does_not_stop_another_on_the_wire(sqlite_database: Database) -> None:
    db, clock = sqlite_database, bed.WallClock()
    people = bed.add_people(db, 30, clock.now(), "gmail.com") + bed.add_people(db, 100, clock.now(), "example.org")
    pk = bed.add_campaign(db, people, clock.now() - 1)

    def google(address: str) -> bytes | None:
        return b"421 4.7.28 unusual rate of unsolicited mail\r\n" if address.endswith("@gmail.com") else None

    with bed.sink(bed.Faults(answer_dot=google)) as sink:
        with bed.running(bed.pooled(db, [bed.at(sink.port)])):
            bed.wait_for(lambda: bed.states(db, pk).get("accepted", 0) == 100)
            bed.wait_for(lambda: sum(bed.states(db, pk).get(s, 0) for s in ("held", "deferred")) == 30)
        assert len(rows(db, pk, "deferred")) < 10, "most were never offered to a provider that wants less"
        assert set(sink.taken.values()) == {1}


def test_what_is_in_line_when_its_provider_says_slower_is_held_with_the_reason(sqlite_database: Database) -> None:
    db, clock = sqlite_database, bed.WallClock()
    pk = bed.add_campaign(db, bed.add_people(db, 12, clock.now(), "gmail.com"), clock.now() - 1)
    with (
        bed.sink(bed.Faults(answer_dot=lambda _address: b"451 4.7.28 unusual rate of unsolicited mail\r\n")) as sink,
        bed.running(bed.pooled(db, [bed.at(sink.port)], lanes=1)),
    ):
        bed.wait_for(lambda: bed.states(db, pk) == {"deferred": 2, "held": 10})  # the second was on its way already
    assert {reason.partition(";")[0] for _, reason, _ in rows(db, pk, "held")} == {"Google asked to slow down"}


def test_warm_up_sends_its_day_to_the_most_engaged_and_plans_the_rest(database: Database, clock: FakeClock) -> None:
    people = bed.add_people(database, 120, clock.now())
    pk = bed.add_campaign(database, people, clock.now() - 1)
    keen = people[60:100]
    with database.transaction() as conn:
        bits = BITS[EventKind.CLICKED]
        conn.execute(insert(engagement), [{"campaign_pk": 999, "contact_pk": each, "bits": bits} for each in keen])
    throttle = Throttle(clock, [Relay("one", 25, "none")], rules=lambda _conn: ((), ("*",)))
    ledger = ledger_of(database, clock, throttle)
    ledger.step(0)
    sent: list[Outgoing] = []
    for _ in range(5):
        claimed = ledger.step(30).claimed
        send(ledger, throttle, claimed, OK)
        sent += claimed
    ledger.step(0)
    assert len(sent) == 50
    assert set(keen) <= {each.contact_pk for each in sent}
    held = rows(database, pk, "held")
    assert len(held) == 70
    assert {due for _, _, due in held} == {clock.now() + DAY}
    assert "warm-up of northwind.example, day 1 of 30" in held[0][1]
    again = Throttle(clock, [Relay("one", 25, "none")], rules=lambda _conn: ((), ("*",)))
    ledger.leave()
    ledger.close()
    ledger = ledger_of(database, clock, again, "node/2/1/b")
    with database.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.state == "held").values(due_at=clock.now()))
        repository.release_reason(conn, held[0][1], clock.now())
    ledger.step(0)
    assert ledger.step(100).claimed == [], "a restart gives no second day"
    clock.advance(DAY + SECOND)
    ledger.step(0)
    assert len(ledger.step(100).claimed) == 66  # the second day's allowance: 50 × 3,500^(1/29)
    ledger.close()


def warming(clock: FakeClock) -> Throttle:
    return Throttle(clock, [Relay("one", 25, "none")], rules=lambda _conn: ((), ("*",)))


@pytest.mark.postgres
def test_two_workers_have_one_day_of_warm_up(postgres_address: str, clock: FakeClock) -> None:
    """What one has in hand the other does not send; what one that ends gives back the other does."""
    db = open_postgresql(postgres_address)
    people = bed.add_people(db, 3000, clock.now())  # six chunks, of which a worker takes four at once
    pk = bed.add_campaign(db, people, clock.now() - 1)
    keen = people[:30] + people[2600:2620]
    with db.transaction() as conn:
        bits = BITS[EventKind.CLICKED]
        conn.execute(insert(engagement), [{"campaign_pk": 999, "contact_pk": each, "bits": bits} for each in keen])
    throttles = [warming(clock), warming(clock)]
    one, two = (ledger_of(db, clock, each, f"node/{no}/1/a") for no, each in enumerate(throttles))
    for ledger in (one, two):
        ledger.step(0)
    first = one.step(30).claimed
    second = two.step(30).claimed
    assert (len(first), len(second)) == (30, 20)
    assert {each.contact_pk for each in first + second} == set(keen)
    send(one, throttles[0], first[:5], OK)
    one.flush([], [], first[5:])
    one.leave()
    one.close()
    send(two, throttles[1], second, OK)
    third = two.step(100).claimed
    assert len(third) == 25
    send(two, throttles[1], third, OK)
    assert two.step(100).claimed == []
    with db.reading() as conn:
        assert [row.sent for row in repository.warmups(conn)] == [50]
    assert bed.states(db, pk)["accepted"] == 50
    two.leave()
    two.close()
    again = ledger_of(db, clock, warming(clock), "node/3/1/a")
    again.step(0)
    assert again.step(100).claimed == [], "a restart gives no second day"
    again.close()
    db.close()


@pytest.mark.postgres
def test_what_others_sent_of_the_chosen_keeps_nobody_waiting(postgres_address: str, clock: FakeClock) -> None:
    """Both chose the same forty people; one sent them all, and the rest of the day is for the next campaign."""
    db = open_postgresql(postgres_address)
    people = bed.add_people(db, 100, clock.now())
    bed.add_campaign(db, people[:40], clock.now() - 1)
    throttles = [warming(clock), warming(clock)]
    one, two = (ledger_of(db, clock, each, f"node/{no}/1/a") for no, each in enumerate(throttles))
    one.step(0)
    two.step(0)
    with db.transaction() as conn:  # the second has looked, and left all of them to the first
        throttles[1].hold_back(conn, 1, [], clock.now())
    throttles[1].done([], [])
    send(one, throttles[0], one.step(100).claimed, OK)
    one.step(0)
    bed.add_campaign(db, people[40:], clock.now() - 1, "two")
    assert len(two.step(100).claimed) == 10
    one.close()
    two.close()
    db.close()


def test_a_step_that_was_not_committed_takes_nothing_of_the_day(database: Database, clock: FakeClock) -> None:
    bed.add_campaign(database, bed.add_people(database, 120, clock.now()), clock.now() - 1)
    throttle = warming(clock)
    ledger = ledger_of(database, clock, throttle)
    ledger.step(0)
    end_step = throttle.end_step

    def fails(conn: Connection, now: int) -> None:
        raise UnavailableError("The disk is full.", remedy="Free some space.")

    throttle.end_step = fails
    with pytest.raises(UnavailableError):
        ledger.step(30)
    throttle.end_step = end_step
    claimed = ledger.step(100).claimed
    assert len(claimed) == 50
    ledger.flush([], [], claimed)
    while ledger.unpublished:
        ledger.step(0)
    with database.reading() as conn:
        assert [row.sent for row in repository.warmups(conn)] == [0]
    assert len(ledger.step(100).claimed) == 50
    ledger.close()


@pytest.mark.postgres
def test_two_senders_at_the_same_time_send_exactly_the_day(postgres_address: str) -> None:
    db = open_postgresql(postgres_address)
    clock = bed.WallClock()
    pk = bed.add_campaign(db, bed.add_people(db, 1200, clock.now()), clock.now() - 1)
    rules: Rules = lambda _conn: ((), ("*",))  # noqa: E731
    with bed.sink() as one, bed.sink() as two:
        relays = [bed.at(one.port), bed.at(two.port)]
        with bed.running(bed.pooled(db, relays, rules=rules)), bed.running(bed.pooled(db, relays, rules=rules)):
            bed.wait_for(lambda: bed.states(db, pk).get("held", 0) == 1100, 40)
            bed.wait_for(lambda: bed.states(db, pk) == {"accepted": 100, "held": 1100}, 40)
    assert (sum(one.taken.values()), sum(two.taken.values())) == (50, 50)
    with db.reading() as conn:
        assert [row.sent for row in repository.warmups(conn)] == [50, 50]
    db.close()


@pytest.mark.parametrize("line", ["nonsense", "google: connections=0", "example.com = nobody", "google: colour=3"])
def test_wrong_overrides_are_refused_with_an_example(line: str) -> None:
    from tidings.distribution.throttle.groups import check_overrides
    from tidings.domain.errors import InvalidInputError

    with pytest.raises(InvalidInputError) as found:
        check_overrides([line])
    assert "google: connections=5" in str(found.value.remedy)


LATE = 30 * HOUR


def interrupted(db: Database, clock: FakeClock, rule: LateRule) -> tuple[Ledger, int]:
    """A campaign that was held for the way out, one half of it since long."""
    people = bed.add_people(db, 20, clock.now())
    pk = bed.add_campaign(db, people, clock.now() - 1)
    with db.transaction() as conn:
        old = delivery.c.contact_pk.in_(people[:10])
        conn.execute(update(delivery).where(old).values(due_at=clock.now() - LATE))
        ledgers.hold_due(conn, clock.now(), "no network")

    def on_back(conn: Connection, channel: Channel, now: int) -> int:
        found = settle_late(conn, now, channel, rule, lambda _c, missed, at: dict.fromkeys(missed, at + HOUR))
        return sum(settled.number for settled in found)

    hooks = bed.hooks(on_back=on_back)
    return Ledger(db, clock, hooks, owner="node/1/1/a", boot_id=boot_id(db), relay="one:25"), pk


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("send", {"planned": 20}), ("drop", {"planned": 10, "cancelled": 10}), ("replan", {"planned": 20})],
)
def test_late_mail_is_sent_dropped_or_planned_anew(
    database: Database, clock: FakeClock, policy: LatePolicy, expected: dict[str, int]
) -> None:
    ledger, pk = interrupted(database, clock, LateRule(policy, 24))
    ledger.release_held()
    assert bed.states(database, pk) == expected
    soon = len(ledger.step(100).claimed)
    assert soon == {"send": 20, "drop": 10, "replan": 10}[policy]
    if policy == "drop":
        assert "24 hours late" in rows(database, pk, "cancelled")[0][1]
    if policy == "replan":
        assert {due for _, _, due in rows(database, pk, "planned")} == {clock.now() + HOUR}
    ledger.close()


def test_a_campaigns_own_rule_for_late_mail_is_above_the_agents(database: Database, clock: FakeClock) -> None:
    """Its hours too: what is 30 hours late is not late for a campaign that bears 48."""
    ledger, pk = interrupted(database, clock, LateRule("drop", 24))
    people = bed.add_people(database, 4, clock.now(), domain="patient.example")
    patient = bed.add_campaign(database, people, clock.now() - LATE, name="patient")
    with database.transaction() as conn:
        brief = {"late": "replan", "late_after_hours": 48}
        conn.execute(update(campaign).where(campaign.c.pk == patient).values(brief=brief))
        ledgers.hold_due(conn, clock.now(), "no network")
    ledger.release_held()
    assert bed.states(database, pk) == {"planned": 10, "cancelled": 10}
    assert {due for _, _, due in rows(database, patient, "planned")} == {clock.now() - LATE}

    with database.transaction() as conn:
        conn.execute(update(campaign).where(campaign.c.pk == patient).values(brief={**brief, "late_after_hours": 29}))
        ledgers.hold_due(conn, clock.now(), "no network")
    ledger.release_held()
    assert {due for _, _, due in rows(database, patient, "planned")} == {clock.now() + HOUR}
    ledger.close()


def test_what_a_provider_holds_is_not_released_with_the_rest(database: Database, clock: FakeClock) -> None:
    pk = mixed(database, clock, "gmail.com")
    throttle = Throttle(clock, [Relay("one", 25, "none")])
    ledger = ledger_of(database, clock, throttle)
    send(ledger, throttle, ledger.step(1).claimed, SLOW)
    ledger.step(0)
    ledger.step(100)
    ledger.release_held()
    assert bed.states(database, pk) == {"deferred": 1, "held": 19}
    ledger.close()


def test_a_chunk_with_a_message_long_on_the_wire_sends_what_comes_back(database: Database, clock: FakeClock) -> None:
    """A relay that answers one byte a second must not keep its neighbours in the chunk waiting."""
    people = bed.add_people(database, 5, clock.now())
    bed.add_campaign(database, people, clock.now() - 1)
    ledger = Ledger(database, clock, bed.hooks(), owner="node/1/1/a", boot_id=boot_id(database), relay="one:25")
    slow, *rest = ledger.step(10).claimed
    assert ledger.flush([], [slow], rest[:2]) == [True]
    ledger.step(0)
    assert {each.contact_pk for each in ledger.step(10).claimed} == {each.contact_pk for each in rest[:2]}
    again = Outcome(Result.DEFERRED, "450", "later", wait=2 * SECOND)
    assert ledger.flush([], rest[2:], []) == [True, True]
    ledger.flush([(each, again) for each in rest[2:]], [], [])
    ledger.step(0)
    clock.advance(3 * SECOND)
    ledger.step(10)
    clock.advance(6 * SECOND)
    assert len(ledger.step(10).claimed) == 2
    ledger.close()


def test_refusals_of_the_address_count_for_the_guard_rail(sqlite_database: Database, clock: FakeClock) -> None:
    pk, db = mixed(sqlite_database, clock, "example.org", each=120), sqlite_database
    held: list[str] = []

    def hold(_conn: Connection, _pk: int, reason: str) -> int:
        held.append(reason)
        return 0

    guard = Guard(hold, lambda *_: None)
    looked = bed.hooks(on_refused=guard.look_now_and_then)
    ledger = Ledger(db, clock, looked, owner="node/1/1/a", boot_id=boot_id(db), relay="one:25")
    refused = Outcome(Result.FAILED, "550 5.1.1", "User unknown", hard=True, about=About.RECIPIENT)
    for _ in range(2):
        claimed = ledger.step(40).claimed
        assert all(ledger.flush([], claimed, []))
        ledger.flush([(each, refused) for each in claimed], [], [])
        clock.advance(3 * SECOND)
        ledger.step(0)
    assert bed.states(db, pk)["failed"] == 80
    assert held == ["guard rail: 80 hard bounces of 1,000 mails, more than 5.0%"]
    ledger.close()


@pytest.mark.postgres
def test_two_workers_that_see_too_many_bounces_at_once_hold_once(postgres_address: str, clock: FakeClock) -> None:
    db = open_postgresql(postgres_address)
    pk = mixed(db, clock, "example.org", each=120)
    refused = {"state": "failed", "code": "550 5.1.1"}
    with db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.campaign_pk == pk).values(**refused))
    held: list[str] = []

    def hold(_conn: Connection, _pk: int, reason: str) -> int:
        held.append(reason)
        return 0

    def look() -> None:
        with db.transaction() as conn:
            Guard(hold, lambda *_: None).look(conn, pk, clock.now())

    other = threading.Thread(target=look)
    with db.transaction() as conn:
        assert Guard(hold, lambda *_: None).look(conn, pk, clock.now())
        other.start()
        other.join(0.3)  # as the second sees it the first has not been committed yet
    other.join(10)
    assert len(held) == 1
    db.close()


class Mx:
    """A name server that knows two domains."""

    def mx(self, name: str) -> list[tuple[int, str]]:
        if name == "silent.org":
            raise DnsUnreachableError("no name server")
        return [(10, "aspmx.l.google.com")] if name == "firm.org" else []

    def txt(self, name: str) -> list[str]:
        return []

    addresses = pointers = txt


def test_unknown_domains_are_looked_up_beside_and_remembered(sqlite_database: Database, clock: FakeClock) -> None:
    lookup = Lookup(sqlite_database, clock, None, Mx())
    throttle = Throttle(clock, [Relay("one", 25, "none", direct=True)], lookup=lookup)
    due = [(1, "a@firm.org"), (2, "a@own.org"), (3, "a@gmail.com"), (4, "a@reserved.example")]
    with sqlite_database.transaction() as conn:
        throttle.hold_back(conn, 1, due, clock.now())
    lookup.join(5)
    with sqlite_database.transaction() as conn:
        assert repository.providers(conn) == {"firm.org": "google", "own.org": ""}
        throttle.sync(conn, clock.now())
    assert throttle.groups.of("x@firm.org") == "google"
    assert throttle.groups.of("x@own.org") == "own.org"
    lookup("silent.org")
    lookup.join(5)
    with sqlite_database.reading() as conn:
        assert "silent.org" not in repository.providers(conn)
