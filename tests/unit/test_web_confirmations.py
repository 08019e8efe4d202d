"""The page of double opt-in: its numbers, whom its buttons are for, and what they send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.fake_services import FakeMailbox, fake_services

from tidings.web.app import build_web
from tidings.web.mail_links import links_of
from tidings.web.visit import SESSION_COOKIE

PATH = "/audience/confirmations"
SAME = {"origin": "https://localhost"}


@pytest.fixture
def services() -> Any:
    return fake_services()


@pytest.fixture
def client(services: Any) -> Iterator[TestClient]:
    app = build_web(services, mailbox=FakeMailbox(), remove_sample=lambda _: None)  # type: ignore[arg-type]
    with TestClient(
        app, base_url="https://localhost", cookies={SESSION_COOKIE: "admin"}, follow_redirects=False
    ) as made:
        yield made


def test_the_numbers_and_the_latest_askings(client: TestClient) -> None:
    page = client.get(PATH).text
    shown = dict(re.findall(r"<dt[^>]*>([^<]+)</dt><dd[^>]*>([^<]+)</dd>", page))
    assert shown == {
        "Wait to confirm": "1,240", "Not asked yet": "1,000", "Mail on the way": "12", "Asked, link valid": "200",
        "Asked, link expired": "25", "Mail refused": "3", "Confirmed so far": "410",
    }  # fmt: skip
    assert 'href="/campaigns/cmp_9"' in page
    assert "Ask 1,000 people" in page
    assert "Remind 28 people" in page


def test_the_buttons_ask_and_remind_and_a_second_press_is_told(client: TestClient, services: Any) -> None:
    done = client.post(PATH, headers=SAME, data={"what": "first", "brand": "brd_1"})
    assert (done.status_code, done.headers["location"]) == (303, PATH)
    assert client.post(PATH, headers=SAME, data={"what": "remind", "brand": "brd_1"}).status_code == 303
    assert services.confirmations.asked == [("brd_1", False), ("brd_1", True)]
    assert "Nobody is asked again" in client.get(PATH).text
    again = client.post(PATH, headers=SAME, data={"what": "first", "brand": "brd_1"})
    assert again.status_code == 409
    assert "There is nobody to ask." in again.text


def test_who_may_not_send_sees_the_numbers_and_no_buttons(client: TestClient, services: Any) -> None:
    client.cookies.set(SESSION_COOKIE, "author")
    page = client.get(PATH)
    assert page.status_code == 200
    assert "1,240" in page.text
    assert "data-opens=" not in page.text.partition("<main")[2]
    assert client.post(PATH, headers=SAME, data={"what": "first"}).status_code == 403
    client.cookies.set(SESSION_COOKIE, "viewer")
    assert client.get(PATH).status_code == 403
    assert services.confirmations.asked == []


def test_where_nobody_waits_nothing_is_offered(client: TestClient, services: Any) -> None:
    services.confirmations.counts = replace(
        services.confirmations.counts, pending=0, to_ask=0, on_the_way=0, asked=0, expired=0, not_reached=0, to_remind=0
    )
    page = client.get(PATH).text
    assert "Nobody waits." in page
    assert "ask-first" not in page


def test_where_there_are_brands_one_is_chosen(client: TestClient, services: Any) -> None:
    made = [SimpleNamespace(id=f"brd_{no}", name=name) for no, name in enumerate(("Northwind", "South <wind>"))]
    services.brands = SimpleNamespace(brands=lambda _: made[:1])
    assert "<select" not in client.get(PATH).text
    services.brands = SimpleNamespace(brands=lambda _: made)
    page = client.get(PATH).text
    assert '<option value="brd_1">South &lt;wind&gt;</option>' in page


def test_the_page_of_an_asking_claims_no_approval_and_shows_no_rates(client: TestClient, services: Any) -> None:
    usual = services.campaigns.get

    def confirming(actor: Any, campaign_id: str) -> Any:
        detail = usual(actor, campaign_id)
        return replace(detail, row=replace(detail.row, is_confirmation=True))

    before = client.get("/campaigns/cmp_2").text
    services.campaigns.get = confirming
    page = client.get("/campaigns/cmp_2").text
    for words in ("The campaign’s way", "Results</h2>", "Brief</h2>", "History</h2>"):
        assert words in before, words
        assert words not in page, words
    assert "double opt-in" in page
    assert "Progress</h2>" in page
    assert f'href="{PATH}"' in page


def test_audience_and_import_say_who_waits(client: TestClient) -> None:
    assert "have not confirmed it: 40 people." in client.get("/audience").text
    file = {"file": ("people.csv", b"email\na@example.com\n", "text/csv")}
    page = client.post("/audience/import", headers=SAME, files=file).text
    assert "1,100 people wait to confirm" in page
    assert f'href="{PATH}"' in page


def test_the_mailbox_says_what_the_link_of_such_a_mail_does() -> None:
    url = "https://news.example/y/QAAAABAAAAAAAdhOTK_nOc2g"
    [link] = links_of(f'<a href="{url}">Confirm</a>', [url], "https://news.example")
    assert link == ("Confirm", "confirms this person's consent, after a click on the page", url)
