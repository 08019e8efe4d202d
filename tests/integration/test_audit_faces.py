"""The audit trail as people read it: filtered, page by page, exported and checked, by the API, the SDK and the page."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update
from starlette.testclient import TestClient
from tests.integration.test_app_sending import house_with
from tests.integration.test_web_rights import client as web_client
from tests.integration.test_web_rights import house as web_house
from tests.integration.test_web_rights import sign_in

from tidings.access.audit import record
from tidings.access.trail import AuditTrail
from tidings.app.doctor import examine
from tidings.app.wiring import House
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import ForbiddenError, InvalidInputError
from tidings.store.database import Database
from tidings.store.tables import audit

client, house = web_client, web_house
ADA = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
BEN = Actor(ActorKind.PERSON, "acc_2", "Ben", Role.MANAGER)


@pytest.fixture
def trail(database: Database) -> AuditTrail:
    """Six acts of two people."""
    with database.transaction() as conn:
        for number in range(3):
            record(conn, 1000 + number, ADA, "campaign.send", f"cmp_{number}", {"how": "now"})
            record(conn, 2000 + number, BEN, "campaigns_odd.made", f"cmp_{number}")
    return AuditTrail(database)


def ids(trail: AuditTrail, **asked: Any) -> list[int]:
    return [row.id for row in trail.rows(ADA, **asked)[0]]


def test_rows_are_filtered_by_noun_action_person_and_object(trail: AuditTrail) -> None:
    everything = ids(trail)
    assert everything == sorted(everything, reverse=True)
    assert ids(trail, action="campaign") == ids(trail, action="campaign.send") == ids(trail, who="Ada")
    assert ids(trail, who="acc_2", about="cmp_1") == [everything[2]]
    assert ids(trail, action="campaign_") == ids(trail, action="%") == ids(trail, who="Nobody") == []


def test_pages_follow_one_another_and_a_wrong_cursor_is_said(trail: AuditTrail) -> None:
    seen, after = [], ""
    while True:
        rows, after = trail.rows(ADA, after=after, limit=2)
        seen += [row.id for row in rows]
        if not after:
            break
    assert seen == ids(trail)
    for wrong in ("x", "-1", "9" * 30, "٣"):
        with pytest.raises(InvalidInputError, match="not a cursor"):
            trail.rows(ADA, after=wrong)


def test_only_who_may_see_every_brand_reads_it(trail: AuditTrail) -> None:
    for role, brands in ((Role.AUTHOR, ()), (Role.VIEWER, ()), (Role.ADMIN, ("brd_1",))):
        actor = Actor(ActorKind.PERSON, "acc_3", "Cy", role, frozenset(brands))
        for act in (trail.rows, trail.check):
            with pytest.raises(ForbiddenError):
                act(actor)


def test_a_changed_and_a_removed_row_are_found(trail: AuditTrail, database: Database) -> None:
    assert (trail.check(ADA).intact, trail.check(ADA).rows) == (True, 6)
    third, last = ids(trail)[3], ids(trail)[0]
    with database.transaction() as conn:
        conn.execute(update(audit).where(audit.c.pk == third).values(actor_name="Eve"))
    assert f"row {third} (" in trail.check(ADA).problem
    with database.transaction() as conn:
        name = "Ada" if trail.rows(ADA, about="cmp_1")[0][-1].actor_id == "acc_1" else "Ben"
        conn.execute(update(audit).where(audit.c.pk == third).values(actor_name=name))
    assert trail.check(ADA).intact
    with database.transaction() as conn:
        conn.execute(delete(audit).where(audit.c.pk == last))
    assert "6 rows were written and 5 are there" in trail.check(ADA).problem


def test_the_hash_can_be_made_again_from_what_is_exported(trail: AuditTrail) -> None:
    row = trail.rows(ADA)[0][0]
    fields = [row.at, row.actor_kind, row.actor_id, row.actor_name, row.action, row.object_id, row.detail]
    text = json.dumps([*fields, row.previous_hash], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert hashlib.sha256(text.encode()).hexdigest() == row.hash


def test_the_page_shows_filters_and_checks(client: TestClient, house: House) -> None:
    sign_in(client, house, Role.ADMIN)
    page = client.get("/audit").text
    assert "sign_in.done" in page
    assert 'href="/audit"' in client.get("/settings").text
    assert "sign_in.done" not in client.get("/audit?action=campaign").text
    assert "Nothing fits" in client.get("/audit?action=campaign&who=Nobody").text
    assert "every one as it was written" in client.get("/audit?check=yes").text
    assert client.get("/audit?after=x").status_code == 422
    with house.db.transaction() as conn:
        conn.execute(update(audit).values(action="sign_in.failed"))
    assert "The audit trail is broken: row 1 " in client.get("/audit?check=yes").text
    sign_in(client, house, Role.AUTHOR)
    assert client.get("/audit").status_code == 403
    assert 'href="/audit"' not in client.get("/settings").text


def test_doctor_finds_a_trail_that_was_tampered_with(tmp_path: Path) -> None:
    def seen(house: House) -> Any:
        return next(check for check in examine(house.settings) if check.name == "audit trail")

    with house_with(tmp_path, "") as house:
        house.services.access.create_account(None, email="ben@example.com", name="Ben", role=Role.AUTHOR)
        assert seen(house).status == "ok"
        with house.db.transaction() as conn:
            conn.execute(update(audit).values(actor_name="Eve"))
        assert (seen(house).status, "was changed" in seen(house).message) == ("fail", True)
