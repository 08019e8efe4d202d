"""The pages on the real services and a real database: every role on every page and form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.conftest import FakeClock

from tidings.access.repository import account_by_id
from tidings.agents.state import ensure_agents
from tidings.app.wiring import House, wire
from tidings.domain.actor import Role
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.sample.loading import load_sample
from tidings.sample.stories import STORIES
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.web.app import build_web
from tidings.web.routes.insights import LATEST

PAGES = [
    "/",
    "/campaigns",
    "/campaigns/new",
    "/sequences",
    "/sequences/new?begin=win-back",
    "/approvals",
    "/agents/content",
    "/audience",
    "/insights",
    "/mailbox",
    "/settings",
]
PEOPLE = [role for role in Role if role is not Role.SERVICE]
NO_CONTACTS = {Role.VIEWER}
NO_WRITING = {Role.VIEWER, Role.ANALYST, Role.APPROVER}
NO_MAIL = {Role.VIEWER, Role.ANALYST, Role.AUTHOR, Role.APPROVER}
# Each form, and the roles it is for; to all others it says 403 and does nothing.
FORMS: list[tuple[str, dict[str, str], set[Role]]] = [
    ("/sending/pause", {"reason": "x"}, {Role.ADMIN, Role.MANAGER, Role.AUTHOR, Role.APPROVER}),
    ("/sending/resume", {}, {Role.ADMIN, Role.MANAGER}),
    ("/agents/content/pause", {}, {Role.ADMIN, Role.MANAGER, Role.AUTHOR, Role.APPROVER}),
    ("/agents/content/resume", {}, {Role.ADMIN, Role.MANAGER}),
    ("/settings/sample/remove", {}, {Role.ADMIN}),
]


@pytest.fixture
def house(database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path) -> House:
    with database.transaction() as conn:
        ensure_agents(conn)
    return wire(Settings(data_dir=tmp_path), database, MasterKey(bytes(32)), secrets, clock, "test")


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    app = build_web(house.services, mailbox=house.mailbox, remove_sample=lambda _: None)
    headers = {"sec-fetch-site": "same-origin"}
    with TestClient(app, base_url="https://localhost", follow_redirects=False, headers=headers) as client:
        yield client


def sign_in(client: TestClient, house: House, role: Role, name: str = "") -> Any:
    access = house.services.access
    account = access.create_account(None, email=f"{name or role}@example.com", name=f"The {role}", role=role)
    client.cookies.clear()
    response = client.post("/sign-in/link", data={"token": access.create_sign_in_link(account.id)})
    assert response.status_code == 303
    return account


def test_each_role_sees_its_pages_and_a_readable_no_elsewhere(client: TestClient, house: House) -> None:
    for role in PEOPLE:
        sign_in(client, house, role)
        for path in PAGES:
            closed = (path == "/audience" and role in NO_CONTACTS) or (path == "/mailbox" and role in NO_MAIL)
            closed |= "/new" in path and role in NO_WRITING
            response = client.get(path)
            assert response.status_code == (403 if closed else 200), (role, path, response.text[-900:])


def test_each_role_is_shown_the_ways_it_may_go(client: TestClient, house: House) -> None:
    for role in PEOPLE:
        sign_in(client, house, role)
        assert ('href="/mailbox"' in client.get("/campaigns").text) is (role not in NO_MAIL), role


def test_only_who_may_send_for_every_brand_is_offered_to_resume(client: TestClient, house: House) -> None:
    access = house.services.access
    admin = access.create_account(None, email="root@example.com", name="Root", role=Role.ADMIN).actor()
    house.services.distribution.pause_all(admin, "wrong price")
    for role in PEOPLE:
        sign_in(client, house, role)
        page = client.get("/campaigns").text
        assert "All sending is paused by Root: wrong price." in page, role
        assert ("Resume sending" in page) is (role in {Role.ADMIN, Role.MANAGER}), role


def test_each_form_is_held_by_the_service_and_not_by_a_hidden_button(client: TestClient, house: House) -> None:
    for role in PEOPLE:
        sign_in(client, house, role)
        for path, data, allowed in FORMS:
            status = client.post(path, data=data).status_code
            assert status == (303 if role in allowed else 403), (role, path)


def test_contacts_are_imported_with_their_consent_and_without_those_who_said_no(
    client: TestClient, house: House
) -> None:
    file = {"file": ("people.csv", b"email,consent\nmina@example.com,\nben@example.com,no\nnobody,\n", "text/csv")}
    for role in PEOPLE:
        sign_in(client, house, role)
        answer = client.post("/audience/import", data={"source": "Fair", "wording": "Yes."}, files=file)
        assert answer.status_code == (200 if role in {Role.ADMIN, Role.MANAGER} else 403), role
    sign_in(client, house, Role.ADMIN, "again")
    again = client.post("/audience/import", data={"source": "Fair", "wording": "Yes."}, files=file).text
    assert "0 added, 1 updated, 2 refused" in again
    assert "this person has not consented" in again
    half = client.post("/audience/import", data={"source": "Fair"}, files=file)
    assert half.status_code == 422
    assert "The consent for the import has no proof." in half.text


def test_a_person_added_by_an_admin_signs_in_with_the_link(client: TestClient, house: House) -> None:
    sign_in(client, house, Role.ADMIN)
    page = client.post("/settings/accounts", data={"name": "Nia", "email": "nia@example.com", "role": "author"}).text
    (token,) = re.findall(r"/sign-in/link\?token=([\w-]+)", page)
    client.cookies.clear()
    assert client.post("/sign-in/link", data={"token": token}).status_code == 303
    assert "Nia · author" in client.get("/campaigns").text
    assert client.post("/settings/accounts", data={"name": "X", "email": "x@example.com"}).status_code == 403


def test_an_admin_changes_closes_and_opens_an_account(client: TestClient, house: House) -> None:
    sign_in(client, house, Role.ADMIN)
    made = house.services.access.create_account(None, email="ben@example.com", name="Ben", role=Role.AUTHOR)

    def ben() -> tuple[Role, bool]:
        with house.db.reading() as conn:
            found = account_by_id(conn, made.id)
        return found.role, found.active

    assert "Close the account of Ben?" in client.get("/settings").text
    assert client.post(f"/settings/accounts/{made.id}/role", data={"role": "approver"}).status_code == 303
    assert client.post(f"/settings/accounts/{made.id}/role", data={"role": "service"}).status_code == 422
    assert ben() == (Role.APPROVER, True)
    assert client.post(f"/settings/accounts/{made.id}/close").status_code == 303
    assert ben() == (Role.APPROVER, False)
    assert "Open again" in client.get("/settings").text
    assert client.post(f"/settings/accounts/{made.id}/open").status_code == 303
    assert ben() == (Role.APPROVER, True)
    assert client.post(f"/settings/accounts/{made.id}/delete").status_code in {404, 422}
    sign_in(client, house, Role.MANAGER)
    assert client.post(f"/settings/accounts/{made.id}/close").status_code == 403
    assert ben() == (Role.APPROVER, True)


def test_insights_tell_of_the_samples_past_with_its_uncertainty(client: TestClient, house: House) -> None:
    load_sample(house.services.db, house.clock, house.secrets, people=300)
    sign_in(client, house, Role.ANALYST)
    page = client.get("/insights").text
    assert "No recommendations yet" in page
    told = re.findall(r"<p>((?:Not enough data|Variant [AB] won|The variants)[^<]*)</p>", page)
    assert len(told) == len(STORIES) <= LATEST


def test_a_link_works_once_and_signing_out_ends_the_session(client: TestClient, house: House) -> None:
    access = house.services.access
    account = access.create_account(None, email="ada@example.com", name="Ada", role=Role.ADMIN)
    token = access.create_sign_in_link(account.id)
    assert client.post("/sign-in/link", data={"token": token}).status_code == 303
    assert client.post("/sign-in/link", data={"token": token}).status_code == 401
    session = client.cookies["__Host-tidings"]
    assert client.get("/").status_code == 200
    client.post("/sign-out")
    client.cookies.set("__Host-tidings", session)
    assert client.get("/").status_code == 303


def test_a_new_password_asks_to_sign_in_with_it(client: TestClient, house: House) -> None:
    sign_in(client, house, Role.AUTHOR)
    assert client.post("/settings/password", data={"password": "short"}).status_code == 422
    changed = client.post("/settings/password", data={"password": "seven loaves of rye at dawn"})
    assert (changed.status_code, changed.headers["location"]) == (303, "/sign-in?done=password")
    assert client.get("/").status_code == 303
    given = {"email": "author@example.com", "password": "seven loaves of rye at dawn"}
    assert client.post("/sign-in", data=given).status_code == 303
    assert client.get("/").status_code == 200


def test_what_is_measured_is_set_by_those_who_may_change_brands(client: TestClient, house: House) -> None:
    sign_in(client, house, Role.ADMIN)
    admin = house.services.access.create_account(None, email="b@example.com", name="B", role=Role.ADMIN).actor()
    fields = {"name": "Crumb", "sender": {"name": "Crumb", "address": "hello@crumb.example.com"}}
    fields |= {"postal_address": "Mill Lane 4, Vienna", "website": "https://crumb.example.com"}
    brand = house.services.brands.create_brand(admin, fields)
    form = {"opens": "1", "utm": "1", "url": "https://news.crumb.example.com/"}
    page = client.post(f"/settings/brands/{brand.id}/tracking", data=form, follow_redirects=True)
    assert "Saved." in page.text
    assert "opens of people who have consented" in page.text
    tracking = house.services.brands.brand(admin, brand.id).tracking
    assert (tracking.clicks, tracking.opens, tracking.utm.on) == (False, True, True)
    assert tracking.url == "https://news.crumb.example.com"
    wrong = client.post(f"/settings/brands/{brand.id}/tracking", data={"url": "http://crumb.example.com/x"})
    assert wrong.status_code == 422
    assert "https://news.example.com" in wrong.text
    assert house.services.brands.brand(admin, brand.id).tracking == tracking
    sign_in(client, house, Role.AUTHOR, "other")
    assert client.post(f"/settings/brands/{brand.id}/tracking", data=form).status_code == 403
