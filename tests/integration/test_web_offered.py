"""What a page offers is what its visitor may do: every page's every button, pressed by every role."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.integration.test_campaigns_editing import Desk, desk

from tidings.app.asgi import build_asgi
from tidings.campaigns.sequences.catalogue import read_yaml, template
from tidings.domain.actor import Role
from tidings.domain.sequence import parse_sequence
from tidings.store.database import Database
from tidings.web.app import build_web, page_routes

__all__ = ["desk"]
PEOPLE = [role for role in Role if role is not Role.SERVICE]
# No whole pages, or there is nothing of the kind on this desk.
NOT_WALKED = {
    "/live", "/campaigns/{campaign_id}/live", "/sequences/{sequence_id}/live", "/overview/numbers", "/overview/agents",
    "/overview/waiting", "/campaigns/{campaign_id}/edit/{variant}/look/{name}",
    "/campaigns/{campaign_id}/edit/{variant}/export", "/campaigns/{campaign_id}/edit/{variant}/print",
    "/campaigns/{campaign_id}/attachments/{attachment_id}", "/campaigns/{campaign_id}/deliveries/{contact_id}",
    "/campaigns/{campaign_id}/deliveries/{contact_id}/html", "/campaigns/{campaign_id}/preview/{variant}/html",
    "/brands/new/sample", "/brands/{brand_id}/sample", "/mailbox/{message_id}", "/mailbox/{message_id}/html",
    "/replies/{reply_id}", "/sign-in", "/sign-in/link",
}  # fmt: skip
MORE = {"/channels/new": "?provider=folder", "/sequences/new": "?begin=welcome"}
ENDS_THE_VISIT = {"/sign-out", "/settings/password"}
# Forms whose button this desk's state does not show: nothing is paused, held, blocked, attached or in doubt.
NOT_SHOWN = {
    "/sending/resume", "/sending/lift", "/agents/{name}/resume", "/agents/{name}/ask", "/insights/{recommendation_id}",
    "/agents/{name}/turns/{turn_id}/approve", "/agents/{name}/turns/{turn_id}/decline",
    "/agents/decisions/{decision_id}/override", "/brands/{brand_id}/claims/confirm", "/models/{model_id}/exam",
    "/models/{model_id}/exam/stop", "/models/{model_id}/switch", "/models/{model_id}/remove",
    "/replies/{reply_id}/done", "/replies/{reply_id}/unsubscribe", "/sequences/{sequence_id}/resume",
    "/sequences/{sequence_id}/start", "/campaigns/{campaign_id}/resume", "/campaigns/{campaign_id}/send",
    "/campaigns/{campaign_id}/retry",
    "/campaigns/{campaign_id}/drop-channel", "/campaigns/{campaign_id}/invitation/remove",
    "/campaigns/{campaign_id}/attachments/{attachment_id}/remove", "/campaigns/{campaign_id}/edit/{variant}/begin",
    "/campaigns/{campaign_id}/postings/{posting_id}/confirm", "/campaigns/{campaign_id}/postings/{posting_id}/repeat",
    "/campaigns/{campaign_id}/review/{variant}/suggestions/{suggestion_id}",
    "/campaigns/{campaign_id}/review/{variant}/comments/{comment_id}",
    "/campaigns/{campaign_id}/revisions/{number}/restore",
    "/campaigns/{campaign_id}/deliveries/{contact_id}/settle", "/settings/accounts/{account_id}/link",
    "/settings/accounts/{account_id}/role", "/settings/accounts/{account_id}/{act}",
    "/channels/{account_id}/test", "/channels/{account_id}/enable", "/channels/{account_id}/check",
}  # fmt: skip
NOTHING_THERE = {
    "/replies/{reply_id}/done", "/replies/{reply_id}/unsubscribe",
    "/campaigns/{campaign_id}/deliveries/{contact_id}/settle",
}  # fmt: skip
WRITERS, KEEPERS = {Role.ADMIN, Role.MANAGER, Role.AUTHOR}, {Role.ADMIN, Role.MANAGER}
# A page that is nothing but a form, and whom it is for.
FORMS_ALONE = [
    ("/campaigns/new", WRITERS), ("/sequences/new", WRITERS), ("/sequences/{sequence_id}/edit", WRITERS),
    ("/campaigns/{campaign_id}/edit/{variant}", WRITERS), ("/audience/import", KEEPERS), ("/brands/new", KEEPERS),
    ("/channels/new", {Role.ADMIN}), ("/channels/{account_id}", {Role.ADMIN}),
]  # fmt: skip


class Offers(HTMLParser):
    """Collects where a page's buttons send, each with the fields it would send."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.offers = path, dict[str, dict[str, str]]()
        self._forms: dict[str, tuple[str, dict[str, str]]] = {}
        self._form, self._closed = "", 0
        self._sends: list[tuple[str, str]] = []
        self._opened, self._dialogs, self._dialog = set[str](), dict[str, str](), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "fieldset" and (self._closed or "disabled" in given):
            self._closed += 1
        if tag == "dialog":
            self._dialog = given["id"]
        if tag == "form":
            self._form = given.get("id") or f"form {len(self._forms)}"
            sent_to = given.get("action") or self.path if given.get("method") == "post" else ""
            self._forms[self._form] = (sent_to, {})
            self._dialogs[self._form] = self._dialog
        form = given.get("form") or self._form
        if "hx-post" in given and "disabled" not in given:
            self._sends.append((form, given["hx-post"]))
        if "disabled" not in given and "data-opens" in given:
            self._opened.add(given["data-opens"])
        if tag == "button" and given.get("type", "submit") == "submit" and "disabled" not in given and form:
            self._sends.append((form, given.get("formaction", "")))
        if form and "name" in given and not self._closed:
            self._field(tag, form, given)

    def _field(self, tag: str, form: str, given: dict[str, str]) -> None:
        fields = self._forms.setdefault(form, ("", {}))[1]
        if tag == "input" and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            fields[given["name"]] = given.get("value") or "x"
        elif tag in {"select", "textarea"}:
            fields.setdefault(given["name"], "x")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = ""
        if tag == "dialog":
            self._dialog = ""
        if tag == "fieldset" and self._closed:
            self._closed -= 1

    def close(self) -> None:
        super().close()
        for form, elsewhere in self._sends:
            action, fields = self._forms.get(form, ("", {}))
            shown = self._dialogs.get(form, "") in {"", *self._opened}
            if shown and (elsewhere or action):
                self.offers[elsewhere or action] = fields


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """One kind is enough for pages; the services beneath are tested on both."""
    return sqlite_database


@pytest.fixture
def things(desk: Desk, tmp_path: Path) -> dict[str, str]:
    """What the pages are of, by the names their addresses have for it."""
    services, brand = desk.house.services, desk.now.row.brand_id
    admin = services.access.create_account(None, email="root@example.com", name="Root", role=Role.ADMIN).actor()
    found, _ = services.audience.contacts(admin)
    text = template("welcome", brand="Northwind Bakery", website="https://northwind.example.com", audience="everyone")
    made = services.sequences.create(desk.author, parse_sequence(read_yaml(text)))
    claim = services.brands.add_claim(admin, brand, "Our bread is baked every night.", None, "seen", approve=False)
    account = services.channels.create(
        admin, provider_name="folder", name="Folder", values={"directory": str(tmp_path)}
    )
    desk.jobs.turn()
    return {
        "campaign_id": desk.id, "variant": "A", "name": "content", "brand_id": brand, "contact_id": found[0].id,
        "sequence_id": made.campaign.row.id, "claim_id": claim.id, "account_id": account.id,
    }  # fmt: skip


def visitor(desk: Desk, role: Role, brands: tuple[str, ...] = ()) -> TestClient:
    app = build_web(desk.house.services, mailbox=desk.house.mailbox, remove_sample=lambda _: None)
    headers = {"sec-fetch-site": "same-origin"}
    client = TestClient(app, base_url="https://localhost", follow_redirects=False, headers=headers)
    access = desk.house.services.access
    account = access.create_account(None, email=f"web-{role}@example.com", name=f"The {role}", role=role, brands=brands)
    assert client.post("/sign-in/link", data={"token": access.create_sign_in_link(account.id)}).status_code == 303
    return client


def every_page() -> list[str]:
    """The address of every page there is, with places for what it is of."""
    found = {route.path for route in page_routes() if "GET" in route.methods}
    assert found >= NOT_WALKED
    return sorted(found - NOT_WALKED)


@pytest.mark.parametrize("role", PEOPLE)
def test_no_page_offers_what_is_then_refused(desk: Desk, things: dict[str, str], role: Role) -> None:
    client, offered = visitor(desk, role), dict[str, tuple[str, dict[str, str]]]()
    for place in every_page():
        path = place.format(**things) + MORE.get(place, "")
        page = client.get(path)
        assert page.status_code in {200, 403}, (role, path, page.text[-900:])
        if page.status_code == 200:
            offers = Offers(path)
            offers.feed(page.text)
            offers.close()
            offered |= {action: (path, fields) for action, fields in offers.offers.items()}
    assert len(offered) > (50 if role is Role.ADMIN else 1), sorted(offered)
    refused = {
        action: (path, re.findall("The role[^<]*", answer.text))
        for action, (path, fields) in sorted(offered.items())
        if action not in ENDS_THE_VISIT and (answer := client.post(action, data=fields)).status_code == 403
    }
    assert refused == {}


@pytest.mark.parametrize("role", PEOPLE)
def test_a_form_for_others_is_not_shown_and_who_may_is_said(desk: Desk, things: dict[str, str], role: Role) -> None:
    client = visitor(desk, role)
    for place, allowed in FORMS_ALONE:
        page = client.get(place.format(**things) + MORE.get(place, ""))
        assert page.status_code == (200 if role in allowed else 403), (role, place)
        if role not in allowed:
            assert f"The role {role} may not" in page.text, place
            for other in PEOPLE:
                assert (f"{other}" in page.text.partition("Ask somebody")[2].partition("</p>")[0]) is (
                    other in allowed
                ), (place, other)


def test_who_has_some_brands_sees_no_form_for_another(desk: Desk) -> None:
    client = visitor(desk, Role.MANAGER, (desk.now.row.brand_id,))
    for page in (client.get("/brands/new"), client.post("/brands/new", data={"name": "Crumb"})):
        assert page.status_code == 403
        assert "You have some of the brands, so you cannot add one." in page.text


def test_the_address_of_a_form_leads_to_the_page_with_its_button(desk: Desk, things: dict[str, str]) -> None:
    client, found = visitor(desk, Role.ADMIN), dict[str, str]()
    others = ("turn_id", "decision_id", "suggestion_id", "comment_id", "posting_id", "model_id", "reply_id",
              "attachment_id", "recommendation_id")  # fmt: skip
    names = {**dict.fromkeys(others, "x"), "number": "1", "act": "close"}
    pages = {route.path for route in page_routes() if "GET" in route.methods}
    forms = {route.path for route in page_routes() if "POST" in route.methods} - pages
    assert len(forms) > 60
    for place in forms:
        path = place.format(**names, **things)
        told = client.get(f"{path}?from=reload")
        assert (told.status_code, place) == (303, place)
        page = client.get(told.headers["location"])
        assert page.status_code == (404 if place in NOTHING_THERE else 200), (place, told.headers["location"])
        if path not in page.text and place not in NOT_SHOWN:
            found[place] = told.headers["location"]
    assert found == {}


def test_after_signing_in_one_stands_where_the_form_was(desk: Desk) -> None:
    client = visitor(desk, Role.MANAGER)
    review = f"/campaigns/{desk.id}/review/A"
    client.cookies.clear()
    assert client.get(f"{review}/suggest").headers["location"] == review
    for told in (client.get(review), client.post(f"{review}/suggest")):
        assert (told.status_code, told.headers["location"]) == (303, f"/sign-in?next={review}")


def test_only_pages_lead_anywhere(desk: Desk) -> None:
    with TestClient(build_asgi(desk.house), base_url="https://localhost", follow_redirects=False) as client:
        for path in ("/api/v1/campaigns/latest/approve", "/api/v1/contacts/import"):
            assert client.get(path).status_code in {401, 404, 405}, path
