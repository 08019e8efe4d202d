"""The pages of replies: what they show, and what their buttons do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.fake_services import FakeMailbox, fake_services

from tidings.web.app import build_web
from tidings.web.visit import SESSION_COOKIE


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


def test_the_list_says_who_wants_what(client: TestClient, services: Any) -> None:
    page = client.get("/replies").text
    assert "no more mail?" in page
    assert "Ann Able" in page
    assert 'href="/replies"' in page
    assert "unsubscribed" in client.get("/replies?show=all").text
    services.replies.empty = True
    assert "Nobody waits for an answer" in client.get("/replies").text


def test_one_reply_is_read_and_acted_on(client: TestClient, services: Any) -> None:
    page = client.get("/replies/rpl_1").text
    assert "take me off your list" in page
    assert 'href="/campaigns/cmp_1"' in page
    same = {"origin": "https://localhost"}
    assert client.post("/replies/rpl_1/done", headers=same).headers["location"] == "/replies"
    assert client.post("/replies/rpl_1/done", headers=same, data={"done": "no"}).headers["location"] == "/replies/rpl_1"
    assert client.post("/replies/rpl_1/unsubscribe", headers=same).status_code == 303
    assert (services.replies.done, services.replies.gone) == ([("rpl_1", True), ("rpl_1", False)], ["rpl_1"])
    assert client.get("/replies/rpl_9").status_code == 404


def test_who_may_not_act_sees_no_buttons(client: TestClient) -> None:
    client.cookies.set(SESSION_COOKIE, "author")
    page = client.get("/replies/rpl_1").text
    assert "Unsubscribe this person" not in page
    client.cookies.set(SESSION_COOKIE, "viewer")
    assert client.get("/replies").status_code == 403
    assert 'href="/replies"' not in client.get("/").text
