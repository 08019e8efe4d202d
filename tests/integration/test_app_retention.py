"""What is older than it is to be kept is emptied, day by day; that it happened, and every number, stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from tests.conftest import FakeClock
from tests.integration import distribution_bed as bed

from tidings.access.audit import latest
from tidings.app.retention import JOB
from tidings.app.wiring import House, wire
from tidings.domain.errors import InvalidInputError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, HOUR
from tidings.domain.keeping import Keep, parse_keep
from tidings.events.log import append
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.store.tables import attempt, event, model_call, provider_event, rollup_hour

OLD, NEW = 40 * DAY, 20 * DAY
KEEP = Keep(reports=30, words=30, hits=30, prompts=30)


class Asked:
    """The engine's jobs, as far as they are asked for."""

    def __init__(self) -> None:
        self.ids: list[tuple[str, int]] = []

    def job(self, name: str, *, queue: str) -> Any:
        del name, queue
        return lambda function: function

    def enqueue(self, conn: Any, name: str, *args: Any, id: str, delay_ms: int = 0) -> None:  # noqa: A002  # its name
        del conn, args
        self.ids += [(id, delay_ms)] if name == JOB else []


@pytest.fixture
def house(database: Database, secrets: Secrets, clock: FakeClock, tmp_path: Path) -> House:
    asked: Any = Asked()
    return wire(Settings(tmp_path, keep=KEEP), database, MasterKey(bytes(32)), secrets, clock, "test", asked)


def fill(house: House) -> None:
    """Two of everything: one too old, one not; and a report that still waits for its delivery."""
    db, now = house.db, house.clock.now()
    people = bed.add_people(db, 2, now)
    pk = bed.add_campaign(db, people, now - OLD)
    with db.transaction() as conn:
        for no, (person, age) in enumerate(zip(people, (OLD, NEW), strict=True)):
            mine = {"campaign_pk": pk, "contact_pk": person}
            words = {"number": 1, "at": now - age, "outcome": "failed", "code": "550 5.1.1", "words": "no Ada here"}
            conn.execute(insert(attempt).values(**mine, **words))
            told = {
                "account_id": "chn_1",
                "provider": "ses",
                "kind": "bounced",
                "at": now - age,
                "received_at": now - age,
            }
            said: Any = {"said": {"words": "no Ada"}, "body": {"mail": "ada@example.com"}, "native": "Bounce"}
            conn.execute(insert(provider_event).values(event_id=f"e{no}", **told, **mine, **said))
            conn.execute(insert(provider_event).values(event_id=f"w{no}", state="waiting", **told, **said))
            call = {
                "purpose": "draft",
                "outcome": "answered",
                "model_id": "m",
                "at": now - age,
                "prompt": "What is bread?",
                "tokens_in": 7,
            }
            conn.execute(insert(model_call).values(**call))
            detail = {"link": "3", "agent": "Mozilla/5.0", "network": "Example Net"}
            append(conn, [Event(EventKind.CLICKED, now - age, pk, person, detail=detail)])
            append(conn, [Event(EventKind.BOUNCED, now - age, pk, person, detail={"agent": "said the server"})])


def test_the_old_is_emptied_and_the_facts_and_numbers_stay(house: House) -> None:
    fill(house)
    with house.db.reading() as conn:
        sums = list(conn.execute(select(rollup_hour).order_by(rollup_hour.c.hour_at, rollup_hour.c.kind)))
    house.retention.run("2026-03-02")
    with house.db.reading() as conn:
        assert conn.execute(select(attempt.c.words, attempt.c.code).order_by(attempt.c.pk)).all() == [
            ("", "550 5.1.1"), ("no Ada here", "550 5.1.1"),
        ]  # fmt: skip
        reports = {row.event_id: row for row in conn.execute(select(provider_event))}
        assert (reports["e0"].said, reports["e0"].body, reports["e0"].kind) == ({}, {}, "bounced")
        assert all(reports[key].body for key in ("e1", "w0", "w1"))  # what still waits for its delivery is read later
        details = list(conn.execute(select(event.c.kind, event.c.detail).order_by(event.c.pk)))
        assert [detail for kind, detail in details if kind == "clicked"] == [
            {"link": "3"}, {"link": "3", "agent": "Mozilla/5.0", "network": "Example Net"},
        ]  # fmt: skip
        assert [detail for kind, detail in details if kind == "bounced"] == [{"agent": "said the server"}] * 2
        calls = conn.execute(select(model_call.c.prompt, model_call.c.tokens_in).order_by(model_call.c.pk)).all()
        assert [tuple(row) for row in calls] == [("", 7), ("What is bread?", 7)]
        after = list(conn.execute(select(rollup_hour).order_by(rollup_hour.c.hour_at, rollup_hour.c.kind)))
    assert after == sums
    item = next(item for item in house.services.health.check() if item.name == "retention")
    assert (item.status, "4 emptied on 2026-03-02" in item.message) == ("ok", True)
    with house.db.reading() as conn:
        (row,) = [row for row in latest(conn) if row["action"] == "retention.emptied"]
    assert sum(number for number in row["detail"].values() if isinstance(number, int)) == 4
    house.retention.run("2026-03-02")  # finds nothing more, and says nothing more
    with house.db.reading() as conn:
        assert [each["action"] for each in latest(conn)].count("retention.emptied") == 1


def test_each_run_goes_on_where_the_last_one_ended_and_asks_for_the_next_day(house: House, clock: FakeClock) -> None:
    fill(house)
    house.retention.begin()
    house.retention.run("2026-03-02")
    clock.advance(DAY)
    house.retention.run("2026-03-03")
    asked: Any = house.jobs
    assert asked.ids == [(f"{JOB}:2026-03-02", 0), (f"{JOB}:2026-03-03", DAY), (f"{JOB}:2026-03-04", DAY)]
    clock.advance(15 * DAY)
    house.retention.run("2026-03-18")
    with house.db.reading() as conn:
        assert set(conn.execute(select(attempt.c.words)).scalars()) == {""}
        bodies = conn.execute(select(provider_event.c.body).where(provider_event.c.state != "waiting"))
        assert list(bodies.scalars()) == [{}, {}]


def test_days_that_were_changed_hold_at_the_next_start_and_not_only_tomorrow(house: House, tmp_path: Path) -> None:
    fill(house)
    house.retention.run("2026-03-02")
    house.retention.begin()
    asked: Any = Asked()
    shorter = replace(KEEP, words=1)
    other = wire(
        Settings(tmp_path, keep=shorter), house.db, MasterKey(bytes(32)), house.secrets, house.clock, "other", asked
    )
    other.retention.begin()
    other.retention.begin()
    assert asked.ids == [(f"{JOB}:2026-03-02:{shorter.in_words()}", 0)] * 2, "one job, by its name"
    other.retention.run("2026-03-02")
    with house.db.reading() as conn:
        assert set(conn.execute(select(attempt.c.words)).scalars()) == {""}
    other.retention.begin()
    assert asked.ids[-1] == (f"{JOB}:2026-03-02", 0)


def test_what_stands_still_or_fails_is_said(house: House, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    house.retention.run("2026-03-02")
    clock.advance(2 * DAY + HOUR)

    def look() -> Any:
        return next(item for item in house.services.health.check() if item.name == "retention")

    assert (look().status, "since 2026-03-02" in look().message) == ("warn", True)

    def broken(*_: Any) -> int:
        raise RuntimeError

    monkeypatch.setattr("tidings.app.retention.forget_prompts", broken)
    house.retention.run("2026-03-04")
    assert look().status == "fail"


def test_nothing_goes_where_it_is_kept_for_ever(
    database: Database, secrets: Secrets, clock: FakeClock, tmp_path: Path
) -> None:
    asked: Any = Asked()
    kept = Settings(tmp_path, keep=Keep(0, 0, 0, 0))
    house = wire(kept, database, MasterKey(bytes(32)), secrets, clock, "test", asked)
    fill(house)
    house.retention.run("2026-03-02")
    with house.db.reading() as conn:
        assert set(conn.execute(select(attempt.c.words)).scalars()) == {"no Ada here"}


def test_the_setting_is_read_or_refused_with_an_example() -> None:
    assert parse_keep("") == Keep()
    assert parse_keep("reports=90, hits=0") == Keep(reports=90, hits=0)
    for text in ("reports=soon", "letters=4", "reports", "words=99999"):
        with pytest.raises(InvalidInputError) as caught:
            parse_keep(text)
        assert "reports=180" in str(caught.value.remedy)
    with pytest.raises(InvalidInputError, match="called 'letters'"):
        parse_keep("letters=4")
    assert "servers' words 1 day," in parse_keep("words=1").in_words()
