"""The API on a real database with fake use cases: rights, problems, idempotency, versions, pages."""

from __future__ import annotations

import importlib.util
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from starlette.testclient import TestClient
from tests.channel_fakes import BROKEN
from tests.fake_sequences import SEQUENCE

from tidings.access.permissions import Permission, may
from tidings.api.activity.routes import follow
from tidings.api.authentication import COOKIE
from tidings.api.body_limit import LARGEST_BODY
from tidings.api.build import build_api
from tidings.api.problems import TYPE_BASE
from tidings.api.rate_limit import PER_ACTOR, PER_STRANGER
from tidings.domain.actor import Role
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import UnavailableError
from tidings.domain.instant import DAY
from tidings.events.activity import ActivityLine
from tidings.store.database import Database
from tidings.store.tables import idempotency

_SPEC = importlib.util.spec_from_file_location("face_fakes", Path(__file__).parents[1] / "face_fakes.py")
assert _SPEC is not None
assert _SPEC.loader is not None
fakes: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fakes)

ROLES = list(Role)
LEAK = "ada@example.com has password hunter2"
BODIES: dict[str, Any] = {
    "mark_reply": {"done": True},
    "create_campaign": fakes.BRIEF,
    "check_brief": fakes.BRIEF,
    "request_changes": {"comment": "Name the date."},
    "drop_channel": {"channel": "sms"},
    "set_send_time": {"due_at": "2027-01-01T09:00:00+01:00", "reason": "The shop opens."},
    "edit_draft": {"subject": "Come and bake"},
    "configure_agent": {"config": {"max_words": 100}},
    "ask_agent": {"question": "How many people does it reach?"},
    "override_decision": {"reason": "I know better."},
    "create_brand": {
        "name": "B", "sender": {"name": "B", "address": "b@example.com"}, "postal_address": "Mill Lane 4, Vienna",
        "website": "https://example.com",
    },
    "add_claim": {"sentence": "It is bread."},
    "add_contacts": {"rows": [{"email": "ada@example.com"}]},
    "suppress_address": {"address": "ada@example.com"},
    "create_segment": {"name": "All", "rule": {"all": []}},
    "settle_delivery": {"verdict": "arrived"},
    "set_invitation": {
        "title": "Workshop", "start": "2026-12-05T18:00", "end": "2026-12-05T20:00", "zone": "Europe/Vienna",
    },
    "decide_recommendation": {"accept": True},
    "mark_mail": {"read": True},
    "record_conversion": {"key": "order-1", "email": "ada@example.com", "value": "49.90", "currency": "EUR"},
    "lift_hold": {"relay": "smtp.example.com:587", "provider": "google"},
    "create_account": {"email": "bob@example.com", "name": "Bob", "role": "author"},
    "set_role": {"role": "viewer"},
    "create_token": {"name": "nightly"},
    "create_sequence": SEQUENCE, "check_sequence": SEQUENCE, "edit_sequence": SEQUENCE, "approve_sequence":
    {"revision_id": "rev_s1"}, "enter_sequence": {"contact_ids": ["con_1"]}, "create_channel": {"provider": "pigeon",
    "name": "Ours", "settings": {"key": "k"}}, "update_channel": {"priority": 1}, "try_channel": {"to":
    "ada@example.com"}, "create_push_link": {"contact_id": "con_12345"},
}  # fmt: skip
BODIES["add_model"] = {"name": "local", "kind": "openai", "fields": {"base_url": "http://127.0.0.1/v1", "model": "m"}}
BODIES["ask_to_confirm"] = {"brand": "Northwind"}
BODIES["export_personal_data"] = {"contact": "con_1"}
BODIES["update_model"] = {"enabled": False}
BODIES["set_offline"] = {"mode": "on"}
BODIES["confirm_posting"] = {"url": "https://mastodon.example/@northwind/1"}
BODIES["update_brand"] = {"voice": "bold"}
BODIES |= {
    "save_draft": {"subject": "Come and bake", "blocks": [{"kind": "text", "text": "It is bread."}]},
    "check_draft": {"subject": "Come and bake"}, "add_comment": {"text": "Name the date.", "block": 0},
    "resolve_comment": {"resolved": True}, "suggest_words": {"block": 0}, "save_template": {"name": "Workshop"},
    "begin_from_template": {"template_id": "tpl_1"}, "import_from_html": {"html": "<p>It is bread.</p>"},
}  # fmt: skip


@pytest.fixture
def services(database: Database, clock: Any) -> Any:
    return fakes.make_services(database, clock)


@pytest.fixture
def lone_services(sqlite_database: Database, clock: Any) -> Any:
    """For what does not touch the database: once is enough."""
    return fakes.make_services(sqlite_database, clock)


@pytest.fixture
def client(lone_services: Any) -> Iterator[TestClient]:
    with TestClient(build_api(lone_services, fakes.FakeMailbox()), base_url="https://testserver") as made:
        yield made


OF_CLAIMS: dict[str, Any] = {
    "propose_claims": {"text": "Our bread is baked every night."}, "edit_claim": {"evidence": "Schedule"},
    "approve_claim": {}, "parse_plain_brief": {"text": "Tell everyone about the bread."},
}  # fmt: skip


def as_role(role: Role | str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer tid_{role}", **headers}


def briefed(services: Any) -> Any:
    return services.campaigns.create(services.access.people[Role.AUTHOR], fakes.brief_of())


def operations(services: Any) -> list[tuple[str, str, str, list[str]]]:
    document = build_api(services, None).openapi()
    return [
        (method.upper(), path, operation["operationId"], operation["x-permissions"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def call(client: TestClient, services: Any, method: str, path: str, name: str, headers: dict[str, str]) -> Any:
    """Makes one operation with a body it accepts, on a campaign in a state that allows it."""
    detail = briefed(services)
    if name == "send_campaign":
        row = replace(detail.row, state=CampaignState.APPROVED)
        services.campaigns.details[detail.row.id] = replace(detail, row=row)
    bodies = {**BODIES, **OF_CLAIMS, "approve_campaign": {"revision_id": detail.revision.id}}
    address = path.format(
        campaign_id=detail.row.id, variant="A", name="content", decision_id="dec_1", brand_id="brd_1",
        contact_id=fakes.CONTACT.id, recommendation_id="rec_1", message_id="msg_1", account_id="acc_1",
        token_id="tok_1", turn_id="trn_1", model_id="mdl_1", attachment_id="att_1", reply_id="rpl_1",
        sequence_id="cmp_s1", posting_id="pst_1", claim_id="clm_1", number=1, comment_id="cmt_1",
        suggestion_id="sug_1", template_id="tpl_1",
    )  # fmt: skip
    if name == "preview_prompt":
        address += f"?campaign_id={detail.row.id}"
    if name in {"import_contacts", "import_suppressions"}:
        return client.request(method, address, content=b"email\na@example.com\n", headers=headers)
    if name == "propose_claims_from_file":
        return client.request(method, f"{address}?name=b.md", content=b"Our bread is baked.", headers=headers)
    if name == "upload_image":
        return client.request(method, f"{address}?alt=A+loaf", content=b"png", headers=headers)
    if name == "attach_file":
        return client.request(method, f"{address}?name=b.pdf", content=b"%PDF", headers=headers)
    if name.endswith("_channel"):
        services.channels.rows.setdefault("chn_1", BROKEN)  # another role has removed it
        address = address.replace("acc_1", "chn_1")
    return client.request(method, address, json=bodies.get(name), headers={**headers, "If-Match": "*"})


def test_every_operation_declares_what_it_needs(lone_services: Any) -> None:
    for method, path, name, needed in operations(lone_services):
        assert set(needed) <= set(Permission), (method, path, name)
    open_to_all = {name for *_, name, needed in operations(lone_services) if not needed}
    assert open_to_all == {"get_me", "get_health", "list_tokens", "create_token", "revoke_token"}


@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_operation_for_every_role(client: TestClient, lone_services: Any, clock: Any, role: Role | None) -> None:
    """401 without a credential, 403 without the permission, success with it; nothing between."""
    for method, path, name, needed in operations(lone_services):
        actor = lone_services.access.people[role] if role else None
        allowed = actor is not None and (not needed or any(may(actor, Permission(each)) for each in needed))
        if name == "stream_activity" and allowed:
            continue  # it would never end; test_stream has it
        if name in {"cancel_campaign", "drop_channel"} and role is Role.SERVICE:
            continue  # the fake asks for one of the two permissions only
        answer = call(client, lone_services, method, path, name, as_role(role) if role else {})
        clock.advance(1000)  # strangers may not ask as often as there are operations
        expected = 401 if role is None else 200 if allowed else 403
        assert answer.status_code // 100 * 100 == expected // 100 * 100, (name, role, answer.text)
        if expected >= 400:
            assert answer.status_code == expected, (name, role)
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_credential_is_refused_with_a_remedy(client: TestClient) -> None:
    for header in ("Bearer tid_nobody", "Basic YTpi", "Bearer something"):
        answer = client.get("/me", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["type"] == TYPE_BASE + "unauthenticated"
        assert answer.json()["remedy"]


def test_the_session_cookie_counts_for_reading_and_from_our_own_pages(client: TestClient) -> None:
    cookie = {"Cookie": f"{COOKIE}=admin"}
    assert client.get("/me", headers=cookie).json()["role"] == "admin"
    assert client.post("/sending/pause", headers=cookie).status_code == 401
    assert client.post("/sending/pause", headers={**cookie, "Sec-Fetch-Site": "cross-site"}).status_code == 401
    assert client.post("/sending/pause", headers={**cookie, "Origin": "https://evil.example"}).status_code == 401
    assert client.post("/sending/pause", headers={**cookie, "Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert client.post("/sending/pause", headers={**cookie, "Origin": "https://testserver"}).status_code == 200


def test_a_malformed_brief_says_which_field_why_and_shows_an_example(client: TestClient) -> None:
    brief = {**fakes.BRIEF, "link": "example.com", "facts": ["no capital letter."]}
    answer = client.post("/campaigns", json=brief, headers=as_role("author"))
    problem = answer.json()
    assert answer.status_code == 422
    assert "`link`" in problem["detail"]
    assert "capital letter" in problem["detail"]
    assert "name: Autumn workshop" in problem["remedy"]
    assert problem["field"] in {"link", "facts"}


def test_validation_names_every_wrong_field_and_repeats_no_value(client: TestClient) -> None:
    body = {"email": "x", "name": "", "role": "king-of-all"}
    problem = client.post("/accounts", json=body, headers=as_role("admin")).json()
    assert {error["field"] for error in problem["errors"]} == {"email", "name", "role"}
    assert problem["type"] == TYPE_BASE + "invalid_input"
    assert "king-of-all" not in json.dumps(problem)


def test_a_wrong_brief_names_each_field_in_plain_words(client: TestClient) -> None:
    problem = client.post("/campaigns", json={**fakes.BRIEF, "goal": "a"}, headers=as_role("author")).json()
    words = "`goal` is too short: say what the campaign is to bring about, as in “Fill the autumn workshop”"
    assert problem["errors"] == [{"field": "goal", "message": words}]


def test_versions_are_taken_and_a_wrong_one_is_named(client: TestClient) -> None:
    german = {"name": "german", "language": "de", "facts": ["Der Kurs ist neu."], "call_to_action": "Platz sichern"}
    answer = client.post("/campaigns", json={**fakes.BRIEF, "versions": [german]}, headers=as_role("author"))
    assert answer.status_code == 201, answer.text
    twice = {**fakes.BRIEF, "versions": [german, {**german, "language": "fr"}]}
    problem = client.post("/campaigns", json=twice, headers=as_role("author")).json()
    assert [error["field"] for error in problem["errors"]] == ["versions"]
    assert "two versions are called german" in problem["errors"][0]["message"]
    nameless = {**fakes.BRIEF, "versions": [german, {**german, "name": "", "language": "fr"}]}
    problem = client.post("/campaigns", json=nameless, headers=as_role("author")).json()
    assert [error["field"] for error in problem["errors"]] == ["versions.1.name"]
    assert problem["detail"].startswith("The brief cannot be used: version 2, name must be a short name")


def test_a_body_that_is_not_json_says_where_it_ends(client: TestClient) -> None:
    headers = {**as_role("author"), "Content-Type": "application/json"}
    answer = client.post("/campaigns", content=b'{"name": ', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The body is not JSON (character 9)."
    assert answer.json()["field"] == "body"
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    plain = client.post("/campaigns", content=b'{"name": "x"}', headers=headers)
    assert plain.json()["detail"] == "The body was not sent as JSON."
    assert "application/json" in plain.json()["remedy"]


def test_unknown_fields_are_mistakes(client: TestClient) -> None:
    answer = client.post("/tokens", json={"name": "x", "scope": ["campaigns:read"]}, headers=as_role("admin"))
    assert answer.status_code == 422
    assert answer.json()["field"] == "scope"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/campaigns", 405)])
def test_wrong_addresses_are_problems(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path, headers=as_role("admin"))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_an_unexpected_error_tells_nothing_of_the_inside(
    client: TestClient, lone_services: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(LEAK)

    lone_services.campaigns.list = fail
    with caplog.at_level(logging.ERROR):
        answer = client.get("/campaigns", headers=as_role("admin"))
    assert answer.status_code == 500
    assert answer.json()["type"] == TYPE_BASE + "internal"
    for text in (answer.text, caplog.text):
        assert "hunter2" not in text
        assert "ada@example.com" not in text
    assert "RuntimeError" in caplog.text
    incident = answer.json()["remedy"].split()[3]
    assert incident in caplog.text


def test_a_database_that_is_away_is_said_with_its_remedy_and_when_to_ask_again(
    client: TestClient, lone_services: Any
) -> None:
    """Not as a fault of ours: the first to ask the database is who looks at the credential, before any route."""

    def away(*_: Any, **__: Any) -> None:
        raise UnavailableError("The database server does not answer.", remedy="Check that PostgreSQL runs.")

    lone_services.access.actor_of_token = away
    answer = client.get("/campaigns", headers=as_role("admin"))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["detail"] == "The database server does not answer."
    assert answer.json()["remedy"] == "Check that PostgreSQL runs."


def test_the_same_key_happens_once(services: Any) -> None:
    with TestClient(build_api(services, None)) as client:
        headers = as_role("author", **{"Idempotency-Key": "key-00001"})
        first = client.post("/campaigns", json=fakes.BRIEF, headers=headers)
        again = client.post("/campaigns", json=fakes.BRIEF, headers=headers)
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["etag"] == first.headers["etag"]
        assert services.campaigns.calls == ["create"]
        other = client.post("/campaigns", json=fakes.BRIEF, headers={**headers, **as_role("manager")})
        assert other.status_code == 201, "another actor's key is another key"
        assert other.json()["id"] != first.json()["id"]


def test_another_body_or_path_under_the_same_key_is_refused(services: Any) -> None:
    with TestClient(build_api(services, None)) as client:
        headers = as_role("author", **{"Idempotency-Key": "key-00001"})
        client.post("/campaigns", json=fakes.BRIEF, headers=headers)
        body = client.post("/campaigns", json={**fakes.BRIEF, "name": "Other"}, headers=headers)
        path = client.post("/campaigns/check-brief", json=fakes.BRIEF, headers=headers)
    for answer in (body, path):
        assert answer.status_code == 422
        assert answer.json()["type"] == TYPE_BASE + "idempotency_mismatch"


def test_a_key_whose_first_request_still_runs_is_a_conflict(services: Any) -> None:
    started, go_on = threading.Event(), threading.Event()
    create = services.campaigns.create

    def slow(*args: Any) -> Any:
        started.set()
        assert go_on.wait(10)
        return create(*args)

    services.campaigns.create = slow
    with TestClient(build_api(services, None)) as client:
        headers = as_role("author", **{"Idempotency-Key": "key-00001"})
        answers: list[Any] = []
        thread = threading.Thread(
            target=lambda: answers.append(client.post("/campaigns", json=fakes.BRIEF, headers=headers))
        )
        thread.start()
        assert started.wait(10)
        second = client.post("/campaigns", json=fakes.BRIEF, headers=headers)
        go_on.set()
        thread.join(10)
    assert second.status_code == 409
    assert second.json()["type"] == TYPE_BASE + "idempotency_in_progress"
    assert answers[0].status_code == 201
    assert services.campaigns.calls == ["create"]


def test_a_failure_inside_gives_the_key_back(services: Any) -> None:
    create = services.campaigns.create

    def fail(*_: Any) -> Any:
        raise RuntimeError

    with TestClient(build_api(services, None)) as client:
        headers = as_role("author", **{"Idempotency-Key": "key-00001"})
        services.campaigns.create = fail
        assert client.post("/campaigns", json=fakes.BRIEF, headers=headers).status_code == 500
        services.campaigns.create = create
        assert client.post("/campaigns", json=fakes.BRIEF, headers=headers).status_code == 201


def test_a_refusal_of_rights_is_not_final_but_a_wrong_brief_is(services: Any, database: Database) -> None:
    with TestClient(build_api(services, None)) as client:
        client.post("/campaigns", json=fakes.BRIEF, headers=as_role("viewer", **{"Idempotency-Key": "key-00001"}))
        client.post("/campaigns", json={}, headers=as_role("author", **{"Idempotency-Key": "key-00002"}))
    with database.reading() as conn:
        assert conn.execute(select(idempotency.c.status)).scalars().all() == [422]


def test_a_key_is_forgotten_after_a_day(services: Any, database: Database, clock: Any) -> None:
    with TestClient(build_api(services, None)) as client:
        headers = as_role("author", **{"Idempotency-Key": "key-00001"})
        first = client.post("/campaigns", json=fakes.BRIEF, headers=headers)
        clock.advance(DAY - 1)
        assert client.post("/campaigns", json=fakes.BRIEF, headers=headers).json() == first.json()
        clock.advance(1)
        assert client.post("/campaigns", json=fakes.BRIEF, headers=headers).json() != first.json()
    with database.reading() as conn:
        assert conn.execute(select(func.count()).select_from(idempotency)).scalar_one() == 1


def test_a_cut_off_request_is_not_repeated_silently(services: Any, database: Database, clock: Any) -> None:
    """A key left behind by a killed process: nobody knows whether it took effect, so it is not done again."""
    with TestClient(build_api(services, None)) as client:
        headers = as_role("author", **{"Idempotency-Key": "key-00001"})
        client.post("/campaigns", json=fakes.BRIEF, headers=headers)
        with database.transaction() as conn:
            kept = conn.execute(select(idempotency)).one()
            conn.execute(idempotency.delete())
            conn.execute(insert(idempotency).values({**kept._mapping, "status": 0, "response": {}}))
        answer = client.post("/campaigns", json=fakes.BRIEF, headers=headers)
    assert answer.status_code == 409
    assert "look whether it took effect" in answer.json()["remedy"]


def test_secrets_are_answered_once_and_never_kept(services: Any, database: Database) -> None:
    with TestClient(build_api(services, None)) as client:
        for path, body in (("/tokens", {"name": "nightly"}), ("/accounts/acc_1/sign-in-links", {})):
            headers = as_role("admin", **{"Idempotency-Key": f"key{path}"})
            first = client.post(path, json=body, headers=headers)
            assert first.status_code == 201
            assert first.headers["cache-control"] == "no-store"
            assert "secret" in first.text
            again = client.post(path, json=body, headers=headers)
            assert again.status_code == 409
            assert again.json()["type"] == TYPE_BASE + "shown_once"
    with database.reading() as conn:
        assert "secret1" not in str(conn.execute(select(idempotency)).all())


@pytest.mark.parametrize("key", ["short", "x" * 201])
def test_a_key_that_is_none_is_refused(client: TestClient, key: str) -> None:
    answer = client.post("/tokens", json={"name": "x"}, headers=as_role("admin", **{"Idempotency-Key": key}))
    assert answer.status_code == 422
    assert answer.json()["field"] == "idempotency-key"


def test_edits_ask_for_the_version_that_was_seen(client: TestClient, lone_services: Any) -> None:
    found = briefed(lone_services).row.id
    path, body, author = f"/campaigns/{found}/drafts/A", {"subject": "Come and bake"}, as_role("author")
    etag = client.get(f"/campaigns/{found}", headers=author).headers["etag"]
    assert client.patch(path, json=body, headers=author).status_code == 428
    edited = client.patch(path, json=body, headers={**author, "If-Match": etag})
    assert edited.status_code == 200
    assert edited.headers["etag"] != etag
    stale = client.patch(path, json=body, headers={**author, "If-Match": etag})
    assert stale.status_code == 412
    assert edited.headers["etag"] in stale.json()["remedy"]
    weak = f'W/{edited.headers["etag"]}, "999"'
    assert client.patch(path, json=body, headers={**author, "If-Match": weak}).status_code == 200
    assert client.patch(path, json=body, headers={**author, "If-Match": "*"}).status_code == 200
    assert len(lone_services.campaigns.calls) == 4, "refused edits did not reach the use case"


def test_agents_are_configured_on_the_version_that_was_seen(client: TestClient) -> None:
    manager = as_role("manager")
    etag = client.get("/agents/content", headers=manager).headers["etag"]
    body = {"config": {"max_words": 100}, "autonomy": "after_approval"}
    answer = client.patch("/agents/content/configuration", json=body, headers={**manager, "If-Match": etag})
    assert answer.json()["config"] == {"max_words": 100}
    assert answer.json()["autonomy"] == "after_approval"
    stale = client.patch("/agents/content/configuration", json=body, headers={**manager, "If-Match": etag})
    assert stale.status_code == 412


def test_lists_come_in_pages(client: TestClient, lone_services: Any) -> None:
    made = [briefed(lone_services).row.id for _ in range(5)]
    seen: list[str] = []
    after = ""
    while True:
        page = client.get("/campaigns", params={"limit": 2, "after": after}, headers=as_role("viewer")).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if not after:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize("path", ["/campaigns", "/brands", "/me"])
def test_a_parameter_that_is_none_is_refused_and_the_known_ones_are_named(client: TestClient, path: str) -> None:
    answer = client.get(path, params={"cursor": "abc"}, headers=as_role("viewer"))
    assert answer.status_code == 422
    assert "`cursor`" in answer.json()["detail"]
    assert answer.json()["remedy"] == {"/me": "Leave it out."}.get(path, answer.json()["remedy"])
    if path == "/campaigns":
        assert {"after", "limit", "state"} <= set(answer.json()["remedy"].removeprefix("Use ").rstrip(".").split(", "))


def test_instants_are_rfc_3339(client: TestClient, lone_services: Any) -> None:
    found = briefed(lone_services).row.id
    campaign = client.get(f"/campaigns/{found}", headers=as_role("viewer")).json()
    assert campaign["created_at"] == "2026-05-28T20:26:40.000Z"
    assert campaign["plan"]["by_hour"] == [{"at": "2026-05-28T20:26:40.000Z", "people": 3}]
    assert campaign["launched_at"] is None


@pytest.mark.parametrize("text", ["tomorrow", "2026-12-01", "2026-12-01T09:30:00"])
def test_a_time_without_a_zone_is_refused(client: TestClient, lone_services: Any, text: str) -> None:
    found = briefed(lone_services).row.id
    answer = client.put(
        f"/campaigns/{found}/send-time",
        json={"due_at": text, "reason": "Because."},
        headers=as_role("author", **{"If-Match": "*"}),
    )
    assert answer.status_code == 422
    assert answer.json()["field"] == "due_at"


def test_rate_limits_are_told_and_held(lone_services: Any, clock: Any) -> None:
    with TestClient(build_api(lone_services, None)) as client:
        first = client.get("/me", headers=as_role("viewer"))
        assert first.headers["ratelimit-policy"] == f'"default";q={PER_ACTOR};w=60'
        assert first.headers["ratelimit"] == f'"default";r={PER_ACTOR - 1};t=60'
        statuses = [client.get("/me").status_code for _ in range(PER_STRANGER + 1)]
        assert statuses == [401] * PER_STRANGER + [429]
        refused = client.get("/me")
        assert refused.headers["retry-after"] == "60"
        assert refused.headers["content-type"] == "application/problem+json"
        assert client.get("/me", headers=as_role("viewer")).status_code == 200, "others are not held back"
        clock.advance(60_000)
        assert client.get("/me").status_code == 401


def test_a_page_too_large_and_a_state_that_is_none_are_refused(client: TestClient) -> None:
    assert client.get("/campaigns", params={"limit": 201}, headers=as_role("viewer")).status_code == 422
    assert client.get("/campaigns", params={"state": "flying"}, headers=as_role("viewer")).status_code == 422


def test_csv_comes_as_it_is(client: TestClient, lone_services: Any) -> None:
    table = b"email,first_name\nada@example.com,Ada\n"
    answer = client.post(
        "/contacts/import",
        params={"consent_source": "form", "consent_wording": "Yes."},
        content=table,
        headers=as_role("manager", **{"Content-Type": "text/csv", "Idempotency-Key": "import-1"}),
    )
    assert answer.json()["added"] == 1
    assert answer.json()["refused"] == [{"row": 3, "reason": "it has no proof of consent", "remedy": "Add it."}]
    assert lone_services.audience.imported[0][0] == table
    half = client.post("/contacts/import", params={"consent_source": "form"}, content=table, headers=as_role("manager"))
    assert half.status_code == 422
    assert half.json()["field"] == "consent_wording"


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "too-large"}])
def test_a_body_too_large_is_refused(client: TestClient, key: dict[str, str]) -> None:
    table = b"email\n" + b"x" * LARGEST_BODY
    for content in (table, iter([b"email\n", table])):  # of a length that is told, and of one that is not
        answer = client.post("/contacts/import", content=content, headers=as_role("manager", **key))
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["detail"], answer.json()["remedy"]) == (
            "The request is larger than 32 MB.", "Send it in parts.",
        )  # fmt: skip


def test_a_body_nested_too_deep_says_where_its_form_is_described(client: TestClient) -> None:
    deep = b"[" * 100_000
    answer = client.post("/contacts", content=deep, headers=as_role("manager", **{"Content-Type": "application/json"}))
    assert answer.status_code == 400
    assert "openapi.json" in answer.json()["remedy"]


def test_the_kill_switch_tells_by_whom_and_why(client: TestClient) -> None:
    manager = as_role("manager")
    assert client.get("/sending", headers=manager).json()["paused"] is False
    paused = client.post("/sending/pause", json={"reason": "A wrong price"}, headers=manager).json()
    assert paused["paused"] is True
    assert paused["by"] == "Manager"
    assert paused["reason"] == "A wrong price"
    assert client.post("/sending/resume", headers=manager).json()["paused"] is False


def test_relays_and_providers_are_shown_and_a_hold_is_lifted(client: TestClient) -> None:
    found = client.get("/sending/limits", headers=as_role("viewer")).json()
    assert [relay["state"] for relay in found["relays"]] == ["up", "paused"]
    assert found["providers"][0]["reason"].startswith("Google asked to slow down")
    assert found["warmups"][0]["allowance"] == 88
    held = {"relay": "smtp.example.com:587", "provider": "yahoo"}
    assert client.post("/sending/limits/lift", json=held, headers=as_role("manager")).status_code == 404


def test_without_a_mailbox_it_says_so(lone_services: Any) -> None:
    with TestClient(build_api(lone_services, None)) as client:
        answer = client.get("/mailbox", headers=as_role("admin"))
    assert answer.status_code == 503
    assert answer.json()["type"] == TYPE_BASE + "unavailable"


async def test_stream(lone_services: Any) -> None:
    """A reader that follows hears what comes, in order, and after a number only what is newer."""
    feed = lone_services.activity
    answers = iter([False, False, True])

    async def gone() -> bool:
        feed.lines.append(ActivityLine(feed.lines[-1].pk + 1, fakes.AT, "person", "did it", None))
        return next(answers)

    actor = lone_services.access.people[Role.VIEWER]
    text = "".join([part async for part in follow(actor, lone_services, None, gone)])
    assert text.startswith(": open\n\n")
    assert [line for line in text.splitlines() if line.startswith("id:")] == ["id: 2", "id: 3"]
    data = json.loads(text.split("data: ")[1].splitlines()[0])
    assert data == {
        "number": 2,
        "at": "2026-05-28T20:26:40.000Z",
        "source": "person",
        "text": "did it",
        "campaign_id": None,
    }


async def test_a_stream_hides_campaigns_of_other_brands(lone_services: Any) -> None:
    ours, other = briefed(lone_services), briefed(lone_services)
    theirs = replace(other, row=replace(other.row, brand_id="brd_x"))
    lone_services.campaigns.details[other.row.id] = theirs
    lone_services.activity.lines = [
        ActivityLine(1, fakes.AT, "content", "secret", other.row.id),
        ActivityLine(2, fakes.AT, "content", "ours", ours.row.id),
    ]
    actor = replace(lone_services.access.people[Role.VIEWER], brands=frozenset({ours.row.brand_id}))
    answers = iter([False, True])

    async def gone() -> bool:
        return next(answers)

    text = "".join([part async for part in follow(actor, lone_services, 0, gone)])
    assert "ours" in text
    assert "secret" not in text


def test_the_reference_page_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "http://" not in page.text.replace("http://www", "")
    for name in ("list_campaigns", "get_health", "create_token"):
        assert f'id="{name}"' in page.text


def test_the_document_is_good_enough_to_generate_from(lone_services: Any) -> None:
    document = build_api(lone_services, None).openapi()
    names: list[str] = []
    for path, methods in document["paths"].items():
        for operation in methods.values():
            names.append(operation["operationId"])
            assert operation["summary"], path
            assert operation["description"], path
            assert operation["tags"], path
            assert "422" not in operation["responses"], "errors are problems, not FastAPI's own shape"
    assert len(names) == len(set(names))
    assert {"token", "session"} == set(document["components"]["securitySchemes"])
    assert document["servers"] == [{"url": "/api/v1"}]
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert reference in document["components"]["schemas"], reference
    assert document["components"]["schemas"]["CampaignState"]["enum"] == [state.value for state in CampaignState]


def test_without_a_model_asking_is_a_problem_of_its_own(client: TestClient, lone_services: Any) -> None:
    lone_services.asking.possible = False
    answer = client.post("/agents/content/ask", json={"question": "What is new?"}, headers=as_role("viewer"))
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("/no_language_model")
    assert answer.json()["detail"].startswith("No language model is configured")
    assert "TIDINGS_MODEL" in answer.json()["remedy"]
