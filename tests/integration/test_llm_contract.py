"""What every language model keeps, held against the fake and against the real provider on a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import BaseModel
from tests.integration.llm_server import FakeService, elsewhere, fails, forms, nonsense, says, serving

from tidings.agents.runtime import Finished, Runtime
from tidings.domain.actor import AgentName
from tidings.domain.errors import ForbiddenError, InvalidInputError, TidingsError, UnavailableError
from tidings.llm.base import Completion, LanguageModel, ModelRefusedError, Privacy, Prompt, Where
from tidings.llm.build import ModelSettings, build_models
from tidings.llm.openai_compatible import OpenAiCompatible
from tidings.llm.router import NOTHING_CONFIGURED, Router
from tidings.net.addresses import AddressRule
from tidings.net.breaker import Breaker
from tidings.net.client import Guard
from tidings.net.egress import EgressScan

PROMPT = Prompt("Write.", "A subject for bread.")
SCHEMA = {"type": "object", "properties": {"subject": {"type": "string"}}, "required": ["subject"]}


@dataclass
class FakeModel:
    """A model without a network: answers or raises what it is given."""

    name: str = "fake"
    where: Where = Where.LOCAL
    host: str = "fake.local"
    answers: list[str | TidingsError] = field(default_factory=lambda: ['{"subject": "Bread"}'])
    asked: list[Prompt] = field(default_factory=list)

    def complete(
        self, prompt: Prompt, *, schema: dict[str, Any] | None = None, max_tokens: int = 1024, seed: int = 0,
        seconds: float = 60.0,
    ) -> Completion:  # fmt: skip
        self.asked.append(prompt)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, TidingsError):
            raise answer
        return Completion(answer, self.name)


@pytest.fixture
def service() -> Iterator[FakeService]:
    with serving(FakeService()) as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def model(service: FakeService, waits: list[float]) -> OpenAiCompatible:
    return provider(service, waits)


def provider(service: FakeService, waits: list[float], guard: Guard | None = None) -> OpenAiCompatible:
    settings = ModelSettings("tiny", service.base_url, "tiny-1", api_key="sk-secret")
    made = build_models([settings], guard or Guard())[0]
    return OpenAiCompatible(made.name, made.base_url, made.model, made.outbound, made.api_key, waits.append)


@pytest.fixture(params=["fake", "openai_compatible"])
def any_model(request: pytest.FixtureRequest) -> LanguageModel:
    return FakeModel() if request.param == "fake" else request.getfixturevalue("model")


@pytest.fixture(params=["fake", "openai_compatible"])
def failing(request: pytest.FixtureRequest) -> Callable[[str], LanguageModel]:
    """A model that is unavailable or refuses."""
    if request.param == "fake":
        errors: dict[str, TidingsError] = {"down": UnavailableError("down"), "refusal": ModelRefusedError("no")}
        return lambda how: FakeModel(answers=[errors[how]])
    service = request.getfixturevalue("service")

    def make(how: str) -> LanguageModel:
        service.answers = [fails(503) if how == "down" else fails(400, "content_filter")]
        return request.getfixturevalue("model")

    return make


def test_a_model_answers_and_names_itself(any_model: LanguageModel) -> None:
    done = any_model.complete(PROMPT, schema=SCHEMA)
    assert json.loads(done.text) == {"subject": "Bread"}
    assert done.model
    assert any_model.name
    assert any_model.where is Where.LOCAL
    assert any_model.host


def test_down_and_refused_are_told_apart(failing: Callable[[str], LanguageModel]) -> None:
    with pytest.raises(UnavailableError):
        failing("down").complete(PROMPT)
    with pytest.raises(ModelRefusedError):
        failing("refusal").complete(PROMPT)


def test_the_request_is_as_the_service_documents_it(service: FakeService, model: OpenAiCompatible) -> None:
    done = model.complete(PROMPT, schema=SCHEMA, max_tokens=64, seed=5)
    assert (done.tokens_in, done.tokens_out, done.model) == (11, 7, "tiny-1")
    headers, body = service.asked[0]
    assert headers["authorization"] == "Bearer sk-secret"
    assert headers["host"] == service.base_url.split("/")[2]
    assert body["messages"] == [{"role": "system", "content": "Write."}, {"role": "user", "content": PROMPT.task}]
    assert (body["model"], body["max_tokens"], body["seed"]) == ("tiny-1", 64, 5)
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "sk-secret" not in repr(model)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_trouble_is_tried_again_as_the_service_asks(
    service: FakeService, model: OpenAiCompatible, waits: list[float], status: int
) -> None:
    service.answers = [fails(status, retry_after="3"), fails(status), says("ok")]
    assert model.complete(PROMPT).text == "ok"
    assert waits == [3.0, 2.0]


def test_three_tries_are_all_and_a_long_wait_is_not_waited_for(
    service: FakeService, model: OpenAiCompatible, waits: list[float]
) -> None:
    service.answers = [fails(429, retry_after="3600")]
    with pytest.raises(UnavailableError, match="busy or down"):
        model.complete(PROMPT)
    assert (len(service.asked), waits) == (1, []), "asked again at once, it would only be refused again"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (fails(401), InvalidInputError, "does not accept the key"),
        (fails(404), InvalidInputError, "no model tiny-1"),
        (fails(400, "bad"), InvalidInputError, "said so"),
        (says("", refusal="I will not."), ModelRefusedError, "refused"),
        (says("", finish="content_filter"), ModelRefusedError, "refused"),
        (says("{", finish="length"), UnavailableError, "ran out of room"),
        (nonsense(), UnavailableError, "not JSON"),
        (forms('{"choices": []}'), UnavailableError, "another form"),
        (forms("[1]"), UnavailableError, "another form"),
        (elsewhere(), UnavailableError, "elsewhere"),
    ],
)
def test_what_goes_wrong_is_named(
    service: FakeService, model: OpenAiCompatible, answer: Any, error: type[TidingsError], words: str
) -> None:
    service.answers = [answer]
    with pytest.raises(error, match=words):
        model.complete(PROMPT)
    assert len(service.asked) == 1


def test_a_service_that_is_gone_is_unavailable_and_then_left_alone(waits: list[float]) -> None:
    guard = Guard()
    with serving(FakeService()) as service:
        gone = provider(service, waits, guard)
    for _ in range(5):
        with pytest.raises(UnavailableError, match="does not answer"):
            gone.complete(PROMPT)
    with pytest.raises(UnavailableError, match="5 times in a row"):
        gone.complete(PROMPT)
    router = Router([gone], breaker=guard.breaker, offline=str)
    routed = router.complete(PROMPT)
    assert routed.completion is None
    assert routed.reasons[0] == "tiny (local): did not answer lately; left alone for a while"


async def test_an_agents_turn_runs_on_the_same_model(service: FakeService, model: OpenAiCompatible) -> None:
    class Answer(BaseModel):
        subject: str

    service.answers = [says("Bread!"), says('{"subject": "Bread"}')]
    done = await Runtime(AgentName.CONTENT, model.chat_client(), Answer).start("A subject for bread.")
    assert isinstance(done, Finished)
    assert (done.value.subject, done.asked_again) == ("Bread", True)
    headers, body = service.asked[0]
    assert "agent-framework" not in headers["user-agent"]
    assert body["response_format"]["json_schema"]["schema"]["properties"]["subject"]
    assert len(service.asked) == 2


def cloud(**more: Any) -> FakeModel:
    return FakeModel(name="cloud", where=Where.CLOUD, host="api.example.com", **more)


def routed_by(*models: LanguageModel, offline: str = "", internal_may_leave: bool = True) -> Router:
    return Router(models, breaker=Breaker(), offline=lambda: offline, internal_may_leave=internal_may_leave)


def test_with_no_model_the_composer_writes() -> None:
    routed = routed_by().complete(PROMPT)
    assert routed.completion is None
    assert routed.reasons == (NOTHING_CONFIGURED,)


def test_contact_data_never_goes_to_the_cloud() -> None:
    private = Prompt("Write.", "Dear Ada", Privacy.CONTACT)
    outside, inside = cloud(), FakeModel()
    with pytest.raises(ForbiddenError, match="never goes to a cloud model"):
        routed_by(outside).complete(private)
    routed = routed_by(outside, inside).complete(private)
    assert routed.completion is not None
    assert (outside.asked, inside.asked) == ([], [private])
    assert routed.reasons[0] == "cloud (cloud): contact data never leaves"


def test_internal_matters_leave_only_where_allowed_and_offline_nothing_does() -> None:
    outside = cloud()
    assert routed_by(outside, internal_may_leave=False).complete(PROMPT).completion is None
    assert routed_by(outside, offline="offline").complete(PROMPT).reasons[0] == "cloud (cloud): offline"
    assert outside.asked == []
    public = Prompt("Write.", "Public text.", Privacy.PUBLIC)
    assert routed_by(outside, internal_may_leave=False).complete(public).completion is not None


def test_an_unavailable_model_passes_on_but_a_refusal_does_not() -> None:
    second = FakeModel(name="second")
    routed = routed_by(cloud(answers=[UnavailableError("down")]), second).complete(PROMPT)
    assert routed.completion is not None
    assert routed.reasons[-2:] == ("cloud: down", "second answered")
    with pytest.raises(ModelRefusedError):
        routed_by(cloud(answers=[ModelRefusedError("no")]), second).complete(PROMPT)
    assert len(second.asked) == 1


def test_an_address_that_is_neither_here_nor_listed_counts_as_cloud() -> None:
    def one(url: str, guard: Guard) -> Where:
        return build_models([ModelSettings("m", url, "m")], guard)[0].where

    assert one("http://localhost:11434/v1", Guard()) is Where.LOCAL
    assert one("https://llm.corp/v1", Guard()) is Where.CLOUD
    assert one("https://llm.corp/v1", Guard(AddressRule(frozenset({"llm.corp"})))) is Where.LOCAL


def test_what_is_configured_wrongly_is_named() -> None:
    with pytest.raises(InvalidInputError, match="not an address of a service"):
        build_models([ModelSettings("m", "localhost:11434", "m")], Guard())
    same = ModelSettings("m", "http://localhost:1/v1", "m")
    with pytest.raises(InvalidInputError, match="same name"):
        build_models([same, same], Guard())


def test_a_contacts_address_does_not_leave_even_when_everything_else_failed() -> None:
    def never(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    scan = EgressScan(lambda addresses: "ada@example.com" in addresses)
    outside = build_models(
        [ModelSettings("m", "https://api.example.com/v1", "m")], Guard(AddressRule(resolve=never), egress=scan)
    )[0]
    with pytest.raises(ForbiddenError, match="contact data"):
        outside.complete(Prompt("Write.", "Dear ada@example.com", Privacy.PUBLIC))
