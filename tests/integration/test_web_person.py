"""A person's page on the real services: what it shows to whom, and the erasure of exactly that person."""

from __future__ import annotations

import re

from sqlalchemy import select
from starlette.testclient import TestClient
from tests.integration.test_web_rights import client, house, sign_in

from tidings.app.wiring import House
from tidings.audience.incoming import ConsentGiven
from tidings.domain.actor import Actor, Role
from tidings.store.tables import audit

__all__ = ["client", "house"]
GIVEN = ConsentGiven("shop", "Yes, send me the <news>.")


def people(house: House) -> tuple[Actor, dict[str, str]]:
    """An administrator, and the ids of two people by their first names."""
    admin = house.services.access.create_account(None, email="r@example.com", name="Root", role=Role.ADMIN).actor()
    rows = [
        {"email": "Erika@example.com", "first_name": "Erika", "favourite": "rye"},
        {"email": "erik@example.com", "first_name": "Erik"},
    ]
    house.services.audience.add_contacts(admin, rows, consent=GIVEN)
    found, _ = house.services.audience.contacts(admin)
    return admin, {each.first_name: each.id for each in found}


def test_a_person_has_a_page_with_everything_that_is_kept(client: TestClient, house: House) -> None:
    _, ids = people(house)
    sign_in(client, house, Role.MANAGER)
    assert f'href="/audience/{ids["Erika"]}"' in client.get("/audience").text
    page = client.get(f"/audience/{ids['Erika']}").text
    for told in ("Erika@example.com", "rye", "Yes, send me the &lt;news&gt;.", "shop"):
        assert told in page, told
    said = re.findall(r"<time[^>]*>([^<]+)</time>", page)
    assert said
    assert all(re.search(r" 20\d\d ", each) for each in said), "a consent's proof has its year"
    assert client.get("/audience/con_nobody").status_code == 404


def test_only_who_may_change_contacts_sees_the_erasure_and_may_post_it(client: TestClient, house: House) -> None:
    admin, ids = people(house)
    path = f"/audience/{ids['Erika']}"
    for role in (Role.VIEWER, Role.ANALYST, Role.AUTHOR, Role.APPROVER):
        sign_in(client, house, role)
        page = client.get(path)
        assert page.status_code == (403 if role is Role.VIEWER else 200), role
        assert "rika@" not in page.text, role
        assert "Erase this person" not in page.text, role
        assert client.post(f"{path}/erase", data={"named": "erika@example.com"}).status_code == 403, role
    assert house.services.audience.contact(admin, ids["Erika"]).contact.email == "Erika@example.com"
    sign_in(client, house, Role.MANAGER)
    page = client.get(path).text
    assert "What goes" in page
    assert "What stays" in page
    assert "cannot be undone" in page


def test_a_person_is_erased_once_their_whole_address_was_typed(client: TestClient, house: House) -> None:
    admin, ids = people(house)
    path = f"/audience/{ids['Erika']}"
    sign_in(client, house, Role.MANAGER)
    for typed in ("", "erika", "erik@example.com"):
        refused = client.post(f"{path}/erase", data={"named": typed})
        assert refused.status_code == 422, typed
        assert "Nobody is erased" in refused.text
    assert house.services.audience.counts(admin).contacts == 2
    done = client.post(f"{path}/erase", data={"named": " erika@EXAMPLE.com "})
    assert (done.status_code, done.headers["location"]) == (303, "/audience")
    assert "The person is erased." in client.get("/audience").text
    assert client.get(path).status_code == 404
    left, _ = house.services.audience.contacts(admin)
    assert [each.first_name for each in left] == ["Erik"]
    with house.db.reading() as conn:
        rows = conn.execute(select(audit).where(audit.c.action == "contacts.erase")).all()
    assert [(row.actor_name, row.object_id) for row in rows] == [("The manager", ids["Erika"])]
    again = house.services.audience.add_contacts(admin, [{"email": "erika@example.com"}], consent=GIVEN)
    assert again.added == 0
