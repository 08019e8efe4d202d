"""The file about one person: everything of theirs, nothing of anybody else's, and who may have it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Float, Integer, LargeBinary, Table, insert, select
from starlette.testclient import TestClient
from tests.conftest import FakeClock
from tests.integration.test_web_rights import client, house, sign_in

from tidings.app.wiring import House
from tidings.audience.incoming import ConsentGiven
from tidings.campaigns.personal_data import repository
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.consent import SuppressionReason
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.event import Event, EventKind
from tidings.events.log import append
from tidings.store.tables import audit, brand, campaign, contact, mailbox_message, metadata

__all__ = ["client", "house"]
ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
GIVEN = ConsentGiven("shop", "Yes, send me the news.")
NUMBERS_ALONE = {"engagement"}
"""Which kinds of event somebody had once: what `events` says, as bits."""


def people(house: House) -> tuple[dict[str, str], dict[str, int]]:
    """Ids and numbers of Erika and Bo."""
    rows = [
        {"email": "Erika@example.com", "first_name": "Erika", "phone": "+436601234567", "favourite": "rye"},
        {"email": "bo@example.com", "first_name": "Bo"},
    ]
    house.services.audience.add_contacts(ADMIN, rows, consent=GIVEN)
    with house.db.reading() as conn:
        found = conn.execute(select(contact.c.first_name, contact.c.id, contact.c.pk)).all()
    return {row.first_name: row.id for row in found}, {row.first_name: row.pk for row in found}


def some_row(table: Table, mark: str, at: int, given: dict[str, Any]) -> dict[str, Any]:
    """A row in which every text is the mark."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.name in given:
            row[column.name] = given[column.name]
        elif column.name == "pk":
            continue
        elif isinstance(column.type, JSON):
            row[column.name] = {"said": mark}
        elif isinstance(column.type, LargeBinary):
            row[column.name] = mark.encode()
        elif isinstance(column.type, Boolean):
            row[column.name] = False
        elif isinstance(column.type, Integer | Float):
            row[column.name] = at if column.name == "at" or column.name.endswith("_at") else 1
        else:
            row[column.name] = mark
    return row


def fill(house: House, person: str, pk: int) -> set[str]:
    """Something about a person in every table that names people; the marks by which it is found."""
    marks = set[str]()
    with house.db.transaction() as conn:
        conn.execute(insert(brand).values(some_row(brand, f"brand-{person}", 1, {})))
        fixed: dict[str, Any] = {
            "brand_id": f"brand-{person}",
            "revision_id": None,
            "plan_id": None,
            "segment_id": None,
        }
        new = insert(campaign).values(some_row(campaign, f"campaign-{person}", 1, fixed))
        campaign_pk = conn.execute(new.returning(campaign.c.pk)).scalar_one()
        for table in metadata.sorted_tables:
            if "contact_pk" not in table.c:
                continue
            mark = f"{table.name.replace('_', '-')}-of-{person}"
            fixed = {"contact_pk": pk, "campaign_pk": campaign_pk, "endpoint": f"https://{mark}.example/secret-place"}
            if table.name == "consent":
                fixed |= {"purpose": "marketing_sms", "state": "withdrawn"}
            conn.execute(insert(table).values(some_row(table, mark, house.clock.now(), fixed)))
            if table.name not in NUMBERS_ALONE:
                marks.add(mark)
        address = f"{'erika' if person == 'Erika' else 'bo'}@example.com"
        mail = some_row(mailbox_message, f"mail-to-{person}", 1, {"rcpt_to": address})
        conn.execute(insert(mailbox_message).values(mail))
    return {*marks, f"mail-to-{person}"}


def whole(house: House, about: str, form: str = "json", actor: Actor = ADMIN) -> str:
    return "".join(house.services.personal_data.export(actor, about, form).pieces)


def wants(bread: str) -> dict[str, Any]:
    return {"all": [{"field": "attributes.favourite", "op": "is", "value": bread}]}


def test_everything_of_theirs_is_in_it_and_nothing_of_anybody_elses(house: House) -> None:
    ids, pks = people(house)
    theirs, others = fill(house, "Erika", pks["Erika"]), fill(house, "Bo", pks["Bo"])
    house.services.audience.suppress(ADMIN, "erika@example.com", reason="asked by telephone")
    house.services.audience.create_segment(ADMIN, name="Rye", rule=wants("rye"))
    house.services.audience.create_segment(ADMIN, name="Oats", rule=wants("oats"))
    for form in ("json", "text"):
        text = whole(house, ids["Erika"], form)
        assert [mark for mark in theirs if mark.lower() not in text.lower()] == [], form
        assert [mark for mark in others if mark.lower() in text.lower()] == [], form
        assert "secret-place" not in text, "whoever has a browser's address can write to it"
        for known in ("Erika@example.com", "+436601234567", "rye", "Yes, send me the news.", "asked by telephone"):
            assert known in text, (form, known)
        assert "Bo" not in text, form
    held = json.loads(whole(house, ids["Erika"]))
    assert held["person"]["attributes"] == {"favourite": "rye"}
    assert [each["name"] for each in held["segments"]] == ["Rye"]
    assert [each["state"] for each in held["consents"]] == ["granted", "withdrawn"]
    assert held["suppressions"][0]["reason"] == "manual"
    assert "contacts.suppress" in [each["action"] for each in held["handled"]]


def test_many_rows_come_page_by_page_and_the_hours_are_those_learned_from(
    house: House, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "_AT_ONCE", 3)
    ids, pks = people(house)
    clicks = [Event(EventKind.CLICKED, clock.now() + no, 1, pks["Erika"], hour_local=9) for no in range(10)]
    by_program = Event(EventKind.CLICKED, clock.now(), 1, pks["Erika"], hour_local=3, machine=0.9)
    with house.db.transaction() as conn:
        append(conn, [*clicks, by_program])
    held = json.loads(whole(house, ids["Erika"]))
    assert len(held["events"]) == 11
    assert held["events"][0]["at"].endswith("Z")
    assert held["send_time"] == {"clicks_by_local_hour": {"09": 10}}
    assert json.loads(whole(house, ids["Bo"]))["events"] == []


def test_who_asked_about_whom_is_on_record_by_id(house: House) -> None:
    ids, _ = people(house)
    for about in (ids["Erika"], " erika@EXAMPLE.com ", "+43 660 1234567"):
        whole(house, about)
    with house.db.reading() as conn:
        rows = conn.execute(select(audit).where(audit.c.action == "contacts.export")).all()
    assert [(row.actor_name, row.object_id, row.detail) for row in rows] == [
        ("Ada", ids["Erika"], {"form": "json"})
    ] * 3  # fmt: skip


def test_somebody_erased_is_said_to_be_erased_by_id_and_address(house: House) -> None:
    ids, _ = people(house)
    house.services.audience.erase(ADMIN, ids["Erika"])
    for about in (ids["Erika"], "ERIKA@example.com", "+436601234567"):
        with pytest.raises(NotFoundError, match=r"was erased on \d\d \w+ 20\d\d.*keyed hash"):
            whole(house, about)
    for about in ("con_nobody", "nobody@example.com"):
        with pytest.raises(NotFoundError, match="no such contact"):
            whole(house, about)


def test_a_number_of_several_people_is_not_guessed(house: House) -> None:
    rows = [{"email": f"{name}@example.com", "phone": "+436601234567"} for name in ("ada", "cy")]
    house.services.audience.add_contacts(ADMIN, rows, consent=GIVEN)
    with pytest.raises(ConflictError, match="several people"):
        whole(house, "+436601234567")
    house.services.audience.suppress(ADMIN, "di@example.com")
    with pytest.raises(NotFoundError, match="no such contact"):
        whole(house, "di@example.com")
    assert SuppressionReason.ERASED.value not in whole(house, "ada@example.com")


def test_only_who_reads_addresses_of_every_brand_may_have_it(house: House) -> None:
    ids, _ = people(house)
    for role in (Role.AUTHOR, Role.APPROVER, Role.ANALYST, Role.VIEWER):
        with pytest.raises(ForbiddenError, match=f"The role {role} may not see addresses.*admin, manager"):
            whole(house, ids["Erika"], actor=Actor(ActorKind.PERSON, "acc_2", "Ben", role))
    limited = Actor(ActorKind.PERSON, "acc_3", "Cy", Role.MANAGER, frozenset({"brd_1"}))
    with pytest.raises(ForbiddenError, match="every brand"):
        whole(house, ids["Erika"], actor=limited)
    with pytest.raises(InvalidInputError, match="json, text"):
        whole(house, ids["Erika"], "xml")
    with house.db.reading() as conn:
        assert conn.execute(select(audit).where(audit.c.action == "contacts.export")).all() == []


def test_the_page_gives_the_file_to_whom_it_shows_the_button(client: TestClient, house: House) -> None:
    ids, _ = people(house)
    path = f"/audience/{ids['Erika']}"
    sign_in(client, house, Role.ANALYST)
    assert "Export as JSON" not in client.get(path).text
    assert client.post(f"{path}/personal-data").status_code == 403
    sign_in(client, house, Role.MANAGER)
    assert "Export as JSON" in client.get(path).text
    file = client.post(f"{path}/personal-data", data={"form": "json"})
    assert file.json()["person"]["email"] == "Erika@example.com"
    assert f'filename="personal-data-{ids["Erika"]}.json"' in file.headers["content-disposition"]
    assert file.headers["cache-control"] == "no-store"
    text = client.post(f"{path}/personal-data", data={"form": "text"})
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text.endswith("This is the end of the file.\n")
    assert client.post(f"{path}/personal-data", data={"form": "xml"}).status_code == 422
