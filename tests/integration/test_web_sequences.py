"""A sequence made, approved, started, edited and stopped by its pages alone, on the real services."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from tests.conftest import FakeClock
from tests.integration.sequence_bed import Bed, make_bed

from tidings.campaigns.sequences.catalogue import template
from tidings.domain.actor import Actor, Role
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.web.app import build_web


def signed_in(bed: Bed, role: Role) -> TestClient:
    app = build_web(bed.house.services, mailbox=bed.house.mailbox, remove_sample=lambda _: None)
    headers = {"sec-fetch-site": "same-origin"}
    client = TestClient(app, base_url="https://localhost", follow_redirects=False, headers=headers)
    access = bed.house.services.access
    account = access.create_account(None, email=f"web-{role}@example.com", name=f"The {role}", role=role)
    assert client.post("/sign-in/link", data={"token": access.create_sign_in_link(account.id)}).status_code == 303
    return client


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would send of the form on the page, untouched."""
    from html import unescape

    form = page[page.index('<form method="post" action="/sequences') : page.rindex("</form>")]
    found: dict[str, Any] = {}

    def put(name: str, value: str) -> None:
        if name in {"step", "exits"}:
            found.setdefault(name, []).append(unescape(value))
        else:
            found[name] = unescape(value)

    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and not ("checkbox" in tag and "checked" not in tag):
            put(name[1], value[1] if value else "")
    for name, text in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        put(name, text)
    for name, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"( selected)?', options)
        put(name, next((value for value, chosen in values if chosen), values[0][0] if values else ""))
    return found


def test_the_whole_way_by_pages(sqlite_database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path) -> None:
    bed = make_bed(sqlite_database, clock, secrets, tmp_path)
    author, manager = signed_in(bed, Role.AUTHOR), signed_in(bed, Role.MANAGER)
    page = author.get("/sequences/new?begin=welcome").text
    wrong = author.post("/sequences/new", data={**fields_of(page), "s1_at_least": "soon"})
    assert wrong.status_code == 422
    assert "step `a-while`: `wait.at_least` is not a duration" in wrong.text
    assert 'value="soon"' in wrong.text
    made = author.post("/sequences/new", data=fields_of(page))
    assert made.status_code == 303, made.text[:500]
    address = made.headers["location"]
    assert "is writing its messages" in author.get(address).text
    bed.jobs.turn()
    assert "Waiting for approval" in manager.get(address).text
    assert address.rpartition("/")[2] in manager.get("/approvals").text
    revision = re.search(r'name="revision_id" value="([^"]*)"', manager.get(address).text)
    assert revision is not None
    assert author.post(f"{address}/approve", data={"revision_id": revision[1]}).status_code == 403
    assert manager.post(f"{address}/approve", data={"revision_id": revision[1]}).status_code == 303
    assert manager.post(f"{address}/start").status_code == 303
    bed.jobs.turn()
    bed.people(2, prefix="new")
    bed.turn()
    shown = manager.get(address).text
    assert "2 entered, 2 are in it now" in shown
    assert "new0@example.com" in manager.get(f"{address}/people").text
    assert manager.get(address.replace("sequences", "campaigns")).headers["location"] == address
    seen = re.search(r'live\?seen=([^"]*)"', shown)
    assert seen is not None
    flow = manager.get(f"{address}/live?seen={seen[1]}")
    assert 'id="flow"' in flow.text
    assert manager.get(f"{address}/live?seen=other").headers["hx-refresh"] == "true"
    yaml = author.get(f"{address}/edit?as_yaml=1").text
    version = fields_of(yaml)["version"]
    text = template("welcome", brand="Northwind Bakery", website="https://northwind.example.com").replace(
        "2 days", "9 days"
    )
    assert author.post(f"{address}/edit", data={"version": version, "yaml": "steps: ["}).status_code == 422
    assert author.post(f"{address}/edit", data={"version": version, "yaml": text}).status_code == 303
    assert author.post(f"{address}/edit", data={"version": version, "yaml": text}).status_code == 409
    assert "An edit is being written" in author.get(address).text
    bed.jobs.turn()
    assert "Wait 9 days" in manager.get(address).text
    assert manager.post(f"{address}/pause").status_code == 303
    assert manager.post(f"{address}/resume").status_code == 303
    assert manager.post(f"{address}/stop").status_code == 303
    assert bed.service.list(bed.admin)[0][0].campaign.state == "cancelled"


def test_a_stranger_to_the_brand_sees_none_of_it(
    sqlite_database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path
) -> None:
    from dataclasses import replace

    from tests.integration.sequence_bed import send, sequence

    from tidings.domain.errors import NotFoundError

    bed = make_bed(sqlite_database, clock, secrets, tmp_path)
    made = bed.made(sequence(send("one")))
    other: Actor = replace(bed.approver, brands=frozenset({"brd_other"}))
    assert bed.service.list(other)[0] == []
    verbs = (bed.service.get, bed.service.start, bed.service.pause, bed.service.stop, bed.service.people)
    for verb in verbs:
        try:
            verb(other, made.campaign.row.id)
        except NotFoundError:
            continue
        raise AssertionError(verb)
