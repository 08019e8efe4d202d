"""The sample agrees with itself, is marked throughout, and goes without a trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from tidings.audience.incoming import ConsentGiven
from tidings.audience.selection import may_send
from tidings.audience.service import AudienceService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.brand import Brand
from tidings.domain.consent import Purpose
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, Clock, from_datetime
from tidings.domain.revision import Revision
from tidings.events.log import append
from tidings.events.repository import totals
from tidings.keys.secrets import Secrets
from tidings.sample import SampleReport, load_sample, remove_sample, sample_present
from tidings.store import tables
from tidings.store.database import Database

PEOPLE = 150
NOW = from_datetime(datetime(2026, 11, 22, 12, tzinfo=UTC))
ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)


@pytest.fixture
def now(make_clock: Callable[[int], Clock]) -> Clock:
    return make_clock(NOW)


@pytest.fixture
def loaded(database: Database, now: Clock, secrets: Secrets) -> SampleReport:
    return load_sample(database, now, secrets, people=PEOPLE)


def _dump(db: Database) -> dict[str, list[Any]]:
    """Every row of every table, but for the audit trail."""
    with db.reading() as conn:
        found = {
            table.name: sorted(map(str, conn.execute(select(table)).all())) for table in tables.metadata.sorted_tables
        }
    return {name: rows for name, rows in found.items() if rows and name != "audit"}


def test_the_sample_agrees_with_itself_and_the_house_rules(database: Database, loaded: SampleReport) -> None:
    _check_that_every_table_agrees(database, loaded)
    _check_that_no_means_no(database)
    _check_that_people_are_plausible_and_marked(database)


def _check_that_every_table_agrees(database: Database, loaded: SampleReport) -> None:
    event, delivery, slot, campaign = tables.event, tables.delivery, tables.slot, tables.campaign
    with database.reading() as conn:
        campaigns = conn.execute(select(campaign)).all()
        assert (len(campaigns), loaded.people) == (loaded.campaigns, PEOPLE)
        assert conn.execute(select(func.count()).select_from(event)).scalar_one() == loaded.events
        for row in campaigns:
            states = Counter(conn.execute(select(delivery.c.state).where(delivery.c.campaign_pk == row.pk)).scalars())
            counts: Counter[str] = Counter()
            for kinds in totals(conn, row.pk).values():
                counts.update({kind: count.people for kind, count in kinds.items()})
            plan = conn.execute(
                select(tables.send_plan.c.summary).where(tables.send_plan.c.id == row.plan_id)
            ).scalar_one()
            slots = conn.execute(
                select(func.count()).select_from(slot).where(slot.c.campaign_pk == row.pk)
            ).scalar_one()
            assert sum(states.values()) == plan["people"] == slots == sum(plan["by_hour"].values())
            assert counts["delivered"] == states["delivered"] + states["complained"]
            assert counts["accepted"] == sum(states.values()) - states["failed"]
            assert (counts["bounced"], counts["failed"]) == (states["bounced"], states["failed"])
            body = conn.execute(
                select(tables.revision.c.body).where(tables.revision.c.id == row.revision_id)
            ).scalar_one()
            approved = select(tables.approval.c.content_hash).where(tables.approval.c.campaign_pk == row.pk)
            assert conn.execute(approved).scalar_one() == Revision.model_validate(body).content_hash
            assert row.created_at < row.launched_at < row.done_at <= NOW
        assert conn.execute(select(func.max(event.c.at))).scalar_one() <= NOW
        assert conn.execute(select(func.min(campaign.c.created_at))).scalar_one() >= NOW - 92 * DAY
        brand = conn.execute(select(tables.brand.c.body)).scalar_one()
        assert Brand.model_validate(brand).id == loaded.brand_id


def _check_that_no_means_no(database: Database) -> None:
    event, delivery = tables.event, tables.delivery
    with database.reading() as conn:
        sent = conn.execute(select(delivery.c.contact_pk, delivery.c.due_at)).all()
        for at in sorted({row.due_at // DAY for row in sent}):
            due = [row.contact_pk for row in sent if row.due_at // DAY == at]
            answers = may_send(conn, due, Purpose.MARKETING_EMAIL, "email", at * DAY)
            assert {why.value for why in answers.values() if why} <= {"suppressed", "no_consent"}
        noes = conn.execute(
            select(event.c.contact_pk, event.c.at).where(event.c.kind.in_(["unsubscribed", "bounced", "failed"]))
        ).all()
        assert noes
        silent = may_send(conn, [row.contact_pk for row in noes], Purpose.MARKETING_EMAIL, "email", NOW)
        assert None not in silent.values()
        for row in noes:
            assert all(other.due_at < row.at for other in sent if other.contact_pk == row.contact_pk)
        received = select(delivery.c.contact_pk).distinct()
        consented = select(tables.consent.c.contact_pk).where(tables.consent.c.state == "granted")
        assert set(conn.execute(received).scalars()) <= set(conn.execute(consented).scalars())


def _check_that_people_are_plausible_and_marked(database: Database) -> None:
    contact, account = tables.contact, tables.account
    with database.reading() as conn:
        people = conn.execute(select(contact)).all()
        assert all(row.sample for row in people)
        assert len({row.time_zone for row in people} - {""}) >= 12
        assert 0 < sum(row.time_zone == "" for row in people) < 20
        assert {"en", "de", "fr", "pt-BR", "ja"} <= {row.locale for row in people}
        domains = {row.email.partition("@")[2] for row in people}
        assert all(
            name in {"example.com", "example.org", "example.net"} or name.endswith(".example") for name in domains
        )
        accounts = conn.execute(select(account).order_by(account.c.role)).all()
        assert [row.role for row in accounts] == ["approver", "author"]
        assert not any(row.active or row.password_hash for row in accounts)  # nobody can sign in with them
        for table in (tables.brand, tables.segment, tables.campaign, account):
            assert all(conn.execute(select(table.c.sample)).scalars())


def test_everything_goes_and_can_come_again(
    database: Database, loaded: SampleReport, now: Clock, secrets: Secrets
) -> None:
    before = _dump(database)
    with pytest.raises(ConflictError, match="already here"):
        load_sample(database, now, secrets)
    report = remove_sample(database)
    assert (report.people, report.campaigns, report.deliveries, report.events) == (
        loaded.people, loaded.campaigns, loaded.deliveries, loaded.events,
    )  # fmt: skip
    assert _dump(database) == {}
    with database.reading() as conn:
        assert not sample_present(conn)
    assert remove_sample(database).people == 0
    again = load_sample(database, now, secrets, people=PEOPLE)
    assert again == loaded
    after = _dump(database)
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert after["suppression"] == before["suppression"]
    assert after["rollup_local"] == before["rollup_local"]


def _live_a_little(database: Database, now: Clock, secrets: Secrets) -> None:
    """Real contacts, a no, and a real campaign with events."""
    audience = AudienceService(database, now, secrets)
    people = [{"email": "real@example.com"}, {"email": "gone@example.com"}]
    audience.add_contacts(ADMIN, people, consent=ConsentGiven("form", "Yes."))
    audience.suppress(ADMIN, "gone@example.com")
    with database.transaction() as conn:
        at = {"created_at": NOW, "updated_at": NOW}
        conn.execute(insert(tables.brand).values(id="brd_real", name="Real", body={}, **at))
        own = {"name": "Real", "brand_id": "brd_real", "state": "done", "brief": {}, "policy": {}, "author_id": "a"}
        conn.execute(insert(tables.campaign).values(id="cmp_real", **own, author_name="Ada", **at))
        pk = conn.execute(select(tables.campaign.c.pk)).scalar_one()
        person = conn.execute(select(func.min(tables.contact.c.pk))).scalar_one()
        append(conn, [Event(EventKind.CLICKED, NOW, pk, person, hour_local=12)])


def test_real_data_stay_exactly_as_they_are(database: Database, now: Clock, secrets: Secrets) -> None:
    _live_a_little(database, now, secrets)
    before = _dump(database)
    load_sample(database, now, secrets, people=60, days=30)
    assert _dump(database) != before
    remove_sample(database)
    assert _dump(database) == before


def test_a_brand_and_segment_in_real_use_are_kept(sqlite_database: Database, now: Clock, secrets: Secrets) -> None:
    loaded = load_sample(sqlite_database, now, secrets, people=60, days=30)
    campaign, segment = tables.campaign, tables.segment
    with sqlite_database.transaction() as conn:
        chosen = conn.execute(select(segment.c.id).where(segment.c.name == "Bread club members")).scalar_one()
        used = {"brand_id": loaded.brand_id, "segment_id": chosen, "brief": {}, "policy": {}, "author_id": "a"}
        own = {"id": "cmp_real", "name": "Real", "state": "review", "author_name": "Ada", **used}
        conn.execute(insert(campaign).values(**own, created_at=NOW, updated_at=NOW))
    remove_sample(sqlite_database)
    with sqlite_database.reading() as conn:
        assert conn.execute(select(campaign.c.id)).scalars().all() == ["cmp_real"]
        assert conn.execute(select(tables.brand.c.sample)).scalars().all() == [False]
        assert conn.execute(select(segment.c.name, segment.c.sample)).all() == [("Bread club members", False)]
        assert conn.execute(select(func.count()).select_from(tables.claim)).scalar_one() >= 12
        assert not sample_present(conn)


def test_a_sample_campaign_on_its_way_must_end_first(sqlite_database: Database, now: Clock, secrets: Secrets) -> None:
    load_sample(sqlite_database, now, secrets, people=60, days=30)
    with sqlite_database.transaction() as conn:
        newest = select(func.max(tables.campaign.c.pk)).scalar_subquery()
        conn.execute(update(tables.campaign).where(tables.campaign.c.pk == newest).values(state="sending"))
    before = _dump(sqlite_database)
    with pytest.raises(ConflictError, match="is being sent") as refused:
        remove_sample(sqlite_database)
    assert "Cancel" in refused.value.remedy
    assert _dump(sqlite_database) == before


def test_another_seed_makes_other_people(sqlite_database: Database, now: Clock, secrets: Secrets) -> None:
    first = load_sample(sqlite_database, now, secrets, people=60, days=30, seed=1)
    remove_sample(sqlite_database)
    assert load_sample(sqlite_database, now, secrets, people=60, days=30, seed=2) != first


@pytest.mark.parametrize("wrong", [{"people": 1}, {"people": 10**6}, {"days": 5}, {"days": 5000}])
def test_a_sample_out_of_bounds_is_refused(
    sqlite_database: Database, now: Clock, secrets: Secrets, wrong: dict[str, int]
) -> None:
    with pytest.raises(InvalidInputError):
        load_sample(sqlite_database, now, secrets, **wrong)
    with sqlite_database.reading() as conn:
        assert not sample_present(conn)
