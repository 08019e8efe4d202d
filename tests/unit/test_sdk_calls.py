"""The SDK without a server: retries, errors, keys, and whether every operation of the API has its method."""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

import tidings_client
from tidings.api.build import build_api
from tidings_client import AsyncTidings, Tidings
from tidings_client.calls import Call, Endpoint, Pages, Resource, Stream

_SPEC = importlib.util.spec_from_file_location("face_fakes", Path(__file__).parents[1] / "face_fakes.py")
assert _SPEC is not None
assert _SPEC.loader is not None
fakes: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fakes)

ME = {"kind": "person", "id": "acc_1", "name": "Ada", "role": "admin", "brands": [], "permissions": []}
ARGUMENTS: dict[str, Any] = {
    "brief": {}, "brand": {}, "changes": {}, "fields": {}, "rule": {}, "rows": [], "table": b"", "content": b"",
    "invitation": {}, "settings": {},
    "due_at": datetime(2027, 1, 1, tzinfo=UTC),
    "accept": True, "variant": "A", "definition": {}, "contact_ids": [], "number": 1, "before": 1, "after": 2,
}  # fmt: skip


def described() -> list[tuple[str, Call[Any]]]:
    """Every call the SDK can describe, with the name of its method."""
    with Tidings("https://localhost:1", "tid_x") as client:
        resources = {name: value for name, value in vars(client).items() if isinstance(value, Resource)}
    found: list[tuple[str, Call[Any]]] = []
    for name, resource in resources.items():
        for method, value in vars(type(resource)).items():
            if isinstance(value, Endpoint | Pages | Stream):
                parameters = list(inspect.signature(value.describe).parameters.values())[1:]
                needed = {
                    each.name: ARGUMENTS.get(each.name, "x")
                    for each in parameters
                    if each.default is inspect.Parameter.empty
                }
                found.append((f"{name}.{method}", value.describe(resource, **needed)))
    return found


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    document = build_api(fakes.make_services(fakes.NoDatabase(), None), None).openapi()
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def fits(call: Call[Any], method: str, path: str) -> bool:
    pattern = re.sub(r"\{[^}]+\}", "[^/]+", path)
    return call.method == method and re.fullmatch(pattern, call.path) is not None


def test_every_operation_has_its_method() -> None:
    calls = described()
    missing = [
        f"{method} {path}"
        for method, path, operation in operations()
        if not any(fits(call, method, path) for _, call in calls)
    ]
    assert not missing


def test_every_method_has_its_operation_and_sends_what_it_knows() -> None:
    known = operations()
    for name, call in described():
        # A fixed path such as /contacts/counts also fits /contacts/{contact_id}: the most literal one is meant.
        fitting = sorted((each for each in known if fits(call, each[0], each[1])), key=lambda each: each[1].count("{"))
        assert fitting, name
        operation = fitting[0][2]
        parameters = {each["name"] for each in operation.get("parameters", [])}
        assert set(call.query) <= parameters, name
        assert {header.lower() for header in call.headers} <= parameters, name
        assert (call.body is None and call.content is None) or "requestBody" in operation, name


def test_the_package_exports_its_errors_and_clients() -> None:
    for name in tidings_client.__all__:
        assert getattr(tidings_client, name).__doc__, name


def replying(*answers: httpx2.Response | Exception) -> tuple[httpx2.MockTransport, list[httpx2.Request]]:
    """A transport that gives these answers in order and remembers the requests."""
    left, seen = list(answers), []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    return httpx2.MockTransport(answer), seen


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings_client.transport.time.sleep", lambda _: None)


def test_the_token_goes_into_the_header_and_a_key_with_each_post() -> None:
    transport, seen = replying(httpx2.Response(200, json=ME), httpx2.Response(204), httpx2.Response(204))
    with Tidings("https://tidings.example/", "tid_x", transport=transport) as client:
        assert client.accounts.me().name == "Ada"
        client.contacts.suppress("a@example.com")
        client.contacts.suppress("a@example.com")
    assert str(seen[0].url) == "https://tidings.example/api/v1/me"
    assert seen[0].headers["authorization"] == "Bearer tid_x"
    assert "idempotency-key" not in seen[0].headers
    keys = [request.headers["idempotency-key"] for request in seen[1:]]
    assert len(set(keys)) == 2


def test_a_retry_carries_the_same_key() -> None:
    transport, seen = replying(httpx2.ReadTimeout("slow"), httpx2.Response(503), httpx2.Response(204))
    with Tidings("https://tidings.example", "tid_x", transport=transport) as client:
        client.contacts.suppress("a@example.com")
    assert len({request.headers["idempotency-key"] for request in seen}) == 1
    assert len(seen) == 3


def test_it_gives_up_and_says_so() -> None:
    transport, seen = replying(*[httpx2.ConnectError("refused")] * 3)
    with (
        Tidings("https://tidings.example", "tid_x", transport=transport) as client,
        pytest.raises(tidings_client.UnavailableError) as caught,
    ):
        client.accounts.me()
    assert len(seen) == 3
    assert "https://tidings.example" in caught.value.detail
    assert "tidings up" in caught.value.remedy


def test_an_untrusted_certificate_is_not_retried_and_named() -> None:
    transport, seen = replying(httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"))
    with (
        Tidings("https://tidings.example", "tid_x", transport=transport) as client,
        pytest.raises(tidings_client.UnavailableError, match="not trusted"),
    ):
        client.accounts.me()
    assert len(seen) == 1


def test_a_long_retry_after_is_the_callers_to_wait() -> None:
    transport, seen = replying(httpx2.Response(429, headers={"Retry-After": "60"}, json={"detail": "Too many."}))
    with (
        Tidings("https://tidings.example", "tid_x", transport=transport) as client,
        pytest.raises(tidings_client.RateLimitedError, match="Too many"),
    ):
        client.accounts.me()
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, tidings_client.UnauthenticatedError), (403, tidings_client.ForbiddenError),
        (404, tidings_client.NotFoundError), (409, tidings_client.ConflictError), (412, tidings_client.ConflictError),
        (422, tidings_client.InvalidInputError), (500, tidings_client.ServerError),
    ],
)  # fmt: skip
def test_problems_become_exceptions_with_the_servers_words(status: int, kind: type[Exception]) -> None:
    problem = {
        "type": "https://tidings.invalid/problems/some_code", "title": "T", "status": status, "detail": "It is wrong.",
        "remedy": "Mend it.", "field": "name", "errors": [{"field": "name", "message": "is short"}],
    }  # fmt: skip
    transport, _ = replying(httpx2.Response(status, json=problem))
    with (
        Tidings("https://tidings.example", "tid_x", transport=transport) as client,
        pytest.raises(kind) as caught,
    ):
        client.accounts.me()
    error: Any = caught.value
    assert (error.detail, error.remedy, error.field, error.status) == ("It is wrong.", "Mend it.", "name", status)
    assert error.code == "some_code"
    assert error.errors[0]["message"] == "is short"
    assert str(error) == "It is wrong. Mend it."


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[1]", b"\xff"])
def test_an_answer_that_is_no_problem_still_says_something(body: bytes) -> None:
    transport, _ = replying(*[httpx2.Response(502, content=body)] * 3)
    with (
        Tidings("https://tidings.example", "tid_x", transport=transport) as client,
        pytest.raises(tidings_client.UnavailableError, match="502"),
    ):
        client.accounts.me()


def test_fields_of_a_newer_server_are_let_through() -> None:
    transport, _ = replying(httpx2.Response(200, json={**ME, "moon": "full"}))
    with Tidings("https://tidings.example", "tid_x", transport=transport) as client:
        assert client.accounts.me().role == "admin"


def test_edits_name_the_version() -> None:
    transport, seen = replying(*[httpx2.Response(404, json={})] * 2)
    with Tidings("https://tidings.example", "tid_x", transport=transport) as client:
        for version in (7, None):
            with pytest.raises(tidings_client.NotFoundError):
                client.campaigns.edit_draft("cmp_x", "A", subject="S", texts={1: "T"}, version=version)
    assert [request.headers["if-match"] for request in seen] == ['"7"', "*"]
    assert json.loads(seen[0].content) == {"subject": "S", "texts": {"1": "T"}}


def test_a_certificate_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(tidings_client.TidingsError, match=r"ca\.pem cannot be read"):
        Tidings("https://tidings.example", "tid_x", ca=tmp_path / "ca.pem")


async def test_the_asynchronous_client_is_the_same() -> None:
    pages = [{"items": [], "next": "2"}, {"items": [], "next": ""}]
    transport, seen = replying(
        httpx2.Response(200, json=ME), *[httpx2.Response(200, json=page) for page in pages], httpx2.Response(404)
    )
    async with AsyncTidings("https://tidings.example", "tid_x", transport=transport) as client:
        assert (await client.accounts.me()).name == "Ada"
        assert [row async for row in client.campaigns.all()] == []
        with pytest.raises(tidings_client.NotFoundError):
            await client.campaigns.get("cmp_x")
    assert seen[2].url.params["after"] == "2"
