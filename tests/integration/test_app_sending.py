"""The sender as the product builds it: several relays by one setting, its alerts, and times that were missed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from tests.conftest import FakeClock
from tests.integration import distribution_bed as bed

from tidings.agents.state import ensure_agents
from tidings.app.doctor import examine
from tidings.app.sending import build_sender, next_chances
from tidings.app.wiring import House, open_house, tls_of, wire
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.instant import DAY, HOUR, MINUTE
from tidings.keys.certificates import ensure_certificates
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.settings import Settings, load_settings
from tidings.store.database import Database
from tidings.store.tables import activity, campaign, consent, contact, decision, throttle_state

ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)


@contextmanager
def house_with(tmp_path: Path, relay: str) -> Iterator[House]:
    """A whole house that sends through these relays."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    environ = {
        "TIDINGS_KEY": "ab" * 32, "TIDINGS_DATA_DIR": str(folder), "TIDINGS_KEYRING": "off", "TIDINGS_RELAY": relay,
        "TIDINGS_NAMESERVER": "127.0.0.1:9",
    }  # fmt: skip
    house = open_house(load_settings(environ), executor="test", create=True)
    house.jobs.prepare()
    try:
        yield house
    finally:
        house.close()


def states_of(house: House) -> dict[str, str]:
    """How the relays are, as people see it."""
    return {each.name: each.state for each in house.services.distribution.limits(ADMIN).relays}


def launched(house: House, number: int) -> int:
    """A campaign to people who consented."""
    now = house.clock.now()
    people = bed.add_people(house.db, number, now)
    with house.db.transaction() as conn:
        rows = [
            {"id": f"cns_{pk}", "contact_pk": pk, "purpose": "marketing_email", "state": "granted", "at": now - 1000,
             "source": "test", "wording": ""}
            for pk in people
        ]  # fmt: skip
        conn.execute(insert(consent), rows)
    pk = bed.add_campaign(house.db, people, now - 1)
    with house.db.transaction() as conn:  # whatever the hour is here
        conn.execute(update(campaign).where(campaign.c.pk == pk).values(policy={"send_now": True}))
    return pk


def test_two_relays_by_one_setting_and_an_alert_for_the_one_that_refuses(tmp_path: Path) -> None:
    closed = bed.Faults(auth="PLAIN", secret=b"\0me\0right")
    with bed.sink(closed) as one, bed.sink() as two:
        relays = f"smtp://127.0.0.1:{two.port}?tls=none, smtp://me:wrong@127.0.0.1:{one.port}?tls=none"
        with house_with(tmp_path, relays) as house:
            pk = launched(house, 60)
            name = f"127.0.0.1:{one.port}"
            with bed.running(build_sender(house)):
                bed.wait_for(lambda: bed.states(house.db, pk) == {"accepted": 60})
                bed.wait_for(lambda: states_of(house).get(name) == "paused")
                items = {item.name: item for item in house.services.health.check()}
            assert items[f"relay {name}"].status == "fail"
            assert "TIDINGS_RELAY" in items[f"relay {name}"].remedy
            assert items["sending"].status == "ok"
            with house.db.reading() as conn:
                assert "pause_relay" in set(conn.execute(select(decision.c.kind)).scalars())
                lines = list(conn.execute(select(activity.c.text)).scalars())
            assert any(line.startswith(f"does not use relay {name}") for line in lines)
            assert not any("wrong" in line for line in lines), "a password never stands in a line"
    assert set(two.taken.values()) == {1}


def test_a_providers_word_reaches_people_and_a_hold_can_be_lifted(tmp_path: Path) -> None:
    slow = bed.Faults(answer_dot=lambda _address: b"421 4.7.28 unusual rate of mail\r\n")
    with bed.sink(slow) as sink, house_with(tmp_path, f"smtp://127.0.0.1:{sink.port}?tls=none") as house:
        pk = launched(house, 30)
        services = house.services
        with bed.running(build_sender(house)):
            bed.wait_for(lambda: sum(bed.states(house.db, pk).get(s, 0) for s in ("held", "deferred")) == 30, 45)
            bed.wait_for(lambda: bool(services.distribution.limits(ADMIN).providers))
            held = services.distribution.limits(ADMIN).providers[0]
            assert "asked to slow down" in held.reason
            items = {item.name: item.status for item in services.health.check()}
            assert items["mail to example.com"] == "warn"
            assert items["sending"] == "ok"
            sink.faults.answer_dot = lambda _address: None
            viewer = Actor(ActorKind.PERSON, "acc_2", "Bob", Role.VIEWER)
            with pytest.raises(ForbiddenError):
                services.distribution.lift_hold(viewer, held.relay, held.provider)
            for where, words in (("", "is held."), ("one:25", "is held at one:25.")):
                with pytest.raises(NotFoundError) as unknown:
                    services.distribution.lift_hold(ADMIN, where, "nobody")
                assert unknown.value.message == f"No mail to nobody {words}"
            assert services.distribution.lift_hold(ADMIN, held.relay, held.provider) == "example.com"
            bed.wait_for(lambda: bed.states(house.db, pk).get("accepted", 0) >= 5, seconds=15)
            with pytest.raises(NotFoundError):
                services.distribution.lift_hold(ADMIN, held.relay, held.provider)
        with house.db.reading() as conn:
            assert "hold_provider" in set(conn.execute(select(decision.c.kind)).scalars())


def test_the_built_in_mailbox_has_no_limits_and_forgets_former_relays(
    tmp_path: Path, sqlite_database: Database, secrets: Secrets, clock: FakeClock
) -> None:
    row = {"relay": "old:25", "provider": "google", "rate": 1.0, "updated_at": 1, "hold_until": clock.now() + HOUR}
    with sqlite_database.transaction() as conn:
        conn.execute(insert(throttle_state).values(**row))
    with sqlite_database.transaction() as conn:
        ensure_agents(conn)
    settings = Settings(tmp_path)
    ensure_certificates(tls_of(settings), b"p" * 32, ["localhost"])
    house = wire(settings, sqlite_database, MasterKey(bytes(32)), secrets, clock, "test")
    sender = build_sender(house)
    assert house.services.distribution.limits(ADMIN).providers == []
    sender._ledger.close()


def test_missed_times_become_the_same_local_hour_outside_quiet_hours(
    sqlite_database: Database, clock: FakeClock
) -> None:
    people = bed.add_people(sqlite_database, 2, clock.now())
    with sqlite_database.transaction() as conn:
        conn.execute(update(contact).values(time_zone="Europe/Berlin"))
        missed = {people[0]: clock.now() - 3 * DAY, people[1]: clock.now() - 3 * DAY - 8 * HOUR}
        then = next_chances(conn, missed, clock.now())
    assert then[people[0]] == clock.now() + DAY, "11:00 in Berlin, as planned; today's is just past"
    assert clock.now() < then[people[1]] <= clock.now() + DAY + 5 * HOUR
    assert then[people[1]] % HOUR < MINUTE


def test_a_relay_that_cannot_be_understood_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as found, house_with(tmp_path, "smtp://a.example smtp://b.example?weight=x"):
        pass
    assert "weight" in found.value.message


@pytest.mark.parametrize(("age", "status"), [(0, "ok"), (380, "warn"), (399, "fail")])
def test_doctor_tells_of_our_own_certificate_before_it_ends(tmp_path: Path, age: int, status: str) -> None:
    with house_with(tmp_path, "") as house:
        made_at = datetime.now(UTC) - timedelta(days=age)
        ensure_certificates(tls_of(house.settings), b"p" * 32, ["localhost"], now=made_at)
        found = next(check for check in examine(house.settings) if check.name == "certificate")
    assert (found.status, "start it again" in found.remedy) == (status, status != "ok")
