"""Azure OpenAI and a Foundry agent against an honest stand-in: sign-in, publication by hash, every kind of fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.azure_server import KEY, PROJECT, TOKEN, AzureService, busy, filtered, nonsense, serving

from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.llm.azure_openai import AzureOpenAi, entra_token
from tidings.llm.base import BadAnswerError, ModelRefusedError, Prompt, Where
from tidings.llm.foundry import FoundryAgent
from tidings.llm.openai_compatible import OpenAiCompatible
from tidings.llm.router import Router
from tidings.net.addresses import AddressRule
from tidings.net.client import Guard

PROMPT = Prompt("Write.", "A subject for bread.")
SCHEMA = {"type": "object", "properties": {"subject": {"type": "string"}}, "required": ["subject"]}


@pytest.fixture
def service() -> Iterator[AzureService]:
    with serving(AzureService()) as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    return []


def guard_for(service: AzureService) -> Guard:
    return Guard(addresses=AddressRule().allowing(service.base_url.removeprefix("http://")))


def azure(service: AzureService, waits: list[float], key: str = KEY, token: str = TOKEN) -> AzureOpenAi:
    made = AzureOpenAi.made("azure", service.base_url, "gpt-test", key, guard_for(service), lambda: token)
    return replace(made, sleep=waits.append)


def foundry(service: AzureService, waits: list[float], token: str = TOKEN) -> FoundryAgent:
    made = FoundryAgent.made(
        "foundry", service.base_url + PROJECT, "gpt-test", guard_for(service), identity=lambda: token
    )
    return replace(made, sleep=waits.append)


@pytest.fixture(params=["azure_openai", "foundry"])
def make(request: pytest.FixtureRequest, service: AzureService, waits: list[float]) -> Callable[..., OpenAiCompatible]:
    if request.param == "foundry":
        return lambda **more: foundry(service, waits, **more)
    return lambda **more: azure(service, waits, key="" if "token" in more else KEY, **more)


def test_it_answers_and_names_itself(make: Callable[..., OpenAiCompatible]) -> None:
    done = make().complete(PROMPT, schema=SCHEMA)
    assert json.loads(done.text) == {"subject": "Bread"}
    assert done.tokens_in > 0
    assert done.tokens_out > 0


def test_a_token_that_is_not_accepted_is_said_to_be_wrong(make: Callable[..., OpenAiCompatible], service: Any) -> None:
    with pytest.raises(InvalidInputError, match="does not accept the key"):
        make(token="old").complete(PROMPT)
    assert len(service.calls) == 1, "a wrong key is not tried again"


def test_the_identity_is_asked_at_each_request(service: AzureService, waits: list[float]) -> None:
    tokens = iter([TOKEN, TOKEN, TOKEN, "expired"])
    agent = replace(foundry(service, waits), identity=lambda: next(tokens))
    agent.complete(PROMPT)
    with pytest.raises(InvalidInputError):
        agent.complete(PROMPT)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_later_means_later(
    make: Callable[..., OpenAiCompatible], service: Any, waits: list[float], status: int
) -> None:
    service.faults = [busy(status, retry_after="3")]
    assert make().complete(PROMPT).text
    assert waits == [3.0]


def test_it_does_not_wait_beyond_the_deadline(
    make: Callable[..., OpenAiCompatible], service: Any, waits: list[float]
) -> None:
    service.faults = [busy(429, retry_after="15")] * 9
    with pytest.raises(UnavailableError, match="busy"):
        make().complete(PROMPT, seconds=10.0)
    assert waits == []
    service.faults = [busy(429, retry_after="3600")] * 9
    with pytest.raises(UnavailableError, match="busy"):
        make().complete(PROMPT)
    assert waits == []


def test_a_filter_is_a_refusal_and_asked_once(make: Callable[..., OpenAiCompatible], service: Any) -> None:
    service.faults = [filtered()]
    before = len(service.calls)
    with pytest.raises(ModelRefusedError):
        make().complete(PROMPT)
    assert len(service.calls) == before + 1


def test_an_answer_cut_in_the_middle_is_no_answer(make: Callable[..., OpenAiCompatible], service: Any) -> None:
    model = make()
    model.complete(PROMPT)
    service.faults = ["cut"]
    with pytest.raises(UnavailableError):
        model.complete(PROMPT)


def test_a_page_of_a_proxy_is_no_answer(make: Callable[..., OpenAiCompatible], service: Any) -> None:
    service.faults = [nonsense(), nonsense()]
    with pytest.raises(UnavailableError):
        make().complete(PROMPT)


def test_no_request_reaches_an_open_breaker(make: Callable[..., OpenAiCompatible], service: Any) -> None:
    model = make()
    service.faults = [busy(503)] * 50
    for _ in range(2):
        with pytest.raises(UnavailableError):
            model.complete(PROMPT)
    before = len(service.calls)
    guard = model.outbound.guard
    routed = Router([model], breaker=guard.breaker, offline=str, internal_may_leave=True).complete(PROMPT)
    assert routed.completion is None
    assert len(service.calls) == before


# Azure OpenAI alone


def test_a_missing_deployment_is_named(service: AzureService, waits: list[float]) -> None:
    with pytest.raises(InvalidInputError, match="has no model gone"):
        replace(azure(service, waits), model="gone").complete(PROMPT)


# Foundry alone


def test_a_definition_is_published_once_for_all_processes(service: AzureService, waits: list[float]) -> None:
    agent = foundry(service, waits)
    agent.complete(PROMPT, schema=SCHEMA)
    agent.complete(Prompt("Write.", "Another task."), schema=SCHEMA)
    foundry(service, waits).complete(PROMPT, schema=SCHEMA)
    assert len(service.versions["tidings-content"]) == 1
    assert service.responses() == 3
    foundry(service, waits).complete(Prompt("Write boldly.", "A task."), schema=SCHEMA)
    assert len(service.versions["tidings-content"]) == 2, "other instructions, another version"


def test_the_task_stands_in_the_call_and_the_rules_in_the_definition(service: AzureService, waits: list[float]) -> None:
    foundry(service, waits).complete(PROMPT, schema=SCHEMA)
    (version,) = service.versions["tidings-content"]
    assert version["definition"]["instructions"] == "Write."
    assert version["definition"]["text"]["format"]["schema"] == SCHEMA
    body = service.calls[-1][2]
    assert "A subject for bread." in json.dumps(body)
    assert body["store"] is False


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, BadAnswerError),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, ModelRefusedError),
        ({"status": "failed", "error": {"code": "server_error", "message": "x"}}, UnavailableError),
        ({"output": []}, BadAnswerError),
        ({"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]}, ModelRefusedError),
    ],
)
def test_every_other_end_of_a_response(
    service: AzureService, waits: list[float], answer: dict[str, Any], error: type[Exception]
) -> None:
    service.answer = answer
    with pytest.raises(error):
        foundry(service, waits).complete(PROMPT)


def test_they_count_as_cloud(service: AzureService, waits: list[float]) -> None:
    assert foundry(service, waits).where is Where.CLOUD
    real = AzureOpenAi.made("azure", "https://x.openai.azure.com", "gpt", KEY, Guard(), None)
    assert real.where is Where.CLOUD


def test_without_the_library_signing_in_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(UnavailableError) as told:
        entra_token()
    assert "tidings[azure]" in told.value.remedy
