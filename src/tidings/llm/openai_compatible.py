"""Any service that speaks OpenAI's chat completions: Ollama, LM Studio, llama-server, vLLM, Foundry Local, clouds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2

from tidings.domain.errors import InvalidInputError, TidingsError, UnavailableError
from tidings.llm.base import BadAnswerError, Completion, ModelRefusedError, Prompt, Where
from tidings.net.client import TROUBLE, Answer, GuardedAsyncTransport, Outbound

if TYPE_CHECKING:
    from agent_framework_openai import OpenAIChatCompletionClient

TRIES = 3
LONGEST_WAIT = 20.0
"""Seconds; a service that asks for more counts as unavailable."""


@dataclass(frozen=True, slots=True)
class OpenAiCompatible:
    """One model of one service. `base_url` ends where `/chat/completions` is appended."""

    name: str
    base_url: str
    model: str
    outbound: Outbound
    api_key: str = field(default="", repr=False)
    sleep: Callable[[float], None] = time.sleep

    @property
    def where(self) -> Where:
        """Local only on this machine or an allow-listed place."""
        return Where.LOCAL if self.outbound.guard.addresses.is_local(self.base_url) else Where.CLOUD

    @property
    def host(self) -> str:
        """The host of the base URL."""
        return httpx2.URL(self.base_url).host

    def complete(
        self, prompt: Prompt, *, schema: dict[str, Any] | None = None, max_tokens: int = 1024, seed: int = 0,
        seconds: float = 60.0,
    ) -> Completion:  # fmt: skip
        """See `LanguageModel`. Tries three times in all, as long as the service says that later may help."""
        body = self._body(prompt, schema, max_tokens, seed)
        until = time.monotonic() + seconds
        answer = self.insist(lambda: self._ask(body, max(1.0, until - time.monotonic())), seconds=seconds)
        if answer.status >= 400:
            raise self._refusal(answer)
        return self._completion(answer)

    def insist(self, ask: Callable[[], Answer], *, seconds: float = 60.0) -> Answer:
        """The answer, asked for three times in all as long as the service says that later may help.

        Never waits beyond `seconds` from now. Raises UnavailableError when it is still busy then.
        """
        until = time.monotonic() + seconds
        for attempt in range(1, TRIES + 1):
            answer = ask()
            if answer.status not in TROUBLE:
                return answer
            wait = _wait(answer, attempt)
            if attempt == TRIES or wait > LONGEST_WAIT or time.monotonic() + wait >= until:
                break
            self.sleep(wait)
        raise UnavailableError(f"{self.name} is busy or down.", remedy="Try again later.")

    def chat_client(self, *, seconds: float = 60.0) -> OpenAIChatCompletionClient:
        """The same model for an agent's turn (see `agents/runtime.py`), through the same guard."""
        from agent_framework_openai import OpenAIChatCompletionClient
        from openai import AsyncOpenAI

        http = httpx2.AsyncClient(transport=GuardedAsyncTransport(self.outbound.guard), trust_env=False)
        client = AsyncOpenAI(
            base_url=self.base_url, api_key=self.api_key or "none", http_client=http, max_retries=0, timeout=seconds
        )
        return OpenAIChatCompletionClient(model=self.model, async_client=client)

    async def close_chat(self, client: OpenAIChatCompletionClient) -> None:
        """Closes what `chat_client` opened."""
        await client.client.close()

    def explain(self, error: BaseException) -> TidingsError:
        """What a failure within an agent's turn means, in our words: ours if one of ours is behind it."""
        for behind in _chain(error):
            if isinstance(behind, TidingsError):
                return behind
            status = getattr(behind, "status_code", None)
            if isinstance(status, int):
                body = getattr(behind, "body", None)
                return self._failure(status, {**body} if isinstance(body, dict) else {})  # pyright: ignore[reportUnknownArgumentType]
        return UnavailableError(
            f"The language model {self.name} does not answer.", remedy="Check that its service runs, then ask again."
        )

    def _body(self, prompt: Prompt, schema: dict[str, Any] | None, max_tokens: int, seed: int) -> dict[str, Any]:
        messages = [{"role": "system", "content": prompt.instructions}, {"role": "user", "content": prompt.task}]
        body: dict[str, Any] = {"model": self.model, "messages": messages, "max_tokens": max_tokens, "seed": seed}
        if schema is not None:
            form = {"name": "answer", "schema": schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body

    def _ask(self, body: dict[str, Any], seconds: float) -> Answer:
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        url = f"{self.base_url.rstrip('/')}/chat/completions"
        return self.outbound.send("POST", url, json=body, headers=headers, seconds=seconds)

    def _completion(self, answer: Answer) -> Completion:
        found = answer.json()
        try:
            choice = found["choices"][0]
            refused = choice["message"].get("refusal") or choice.get("finish_reason") == "content_filter"
            text = choice["message"].get("content") or ""
            usage: dict[str, Any] = found.get("usage") or {}
            counts = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise BadAnswerError(f"{self.name} gave an answer of another form.", remedy="Check its address.") from error
        if refused:
            raise ModelRefusedError(f"{self.name} refused to write this.", remedy="Change the brief.")
        if choice.get("finish_reason") == "length":
            raise BadAnswerError(f"{self.name} ran out of room before the end of its answer.", remedy="Ask for less.")
        return Completion(text, str(found.get("model") or self.model), *counts)

    def _refusal(self, answer: Answer) -> Exception:
        return self._failure(answer.status, _problem(answer))

    def _failure(self, status: int, problem: dict[str, Any]) -> TidingsError:
        if status in TROUBLE:
            return UnavailableError(f"{self.name} is busy or down.", remedy="Try again later.")
        if problem.get("code") == "content_filter":
            return ModelRefusedError(f"{self.name}'s content filter refused this.", remedy="Change the brief.")
        if status in {401, 403}:
            return InvalidInputError(f"{self.name} does not accept the key.", remedy="Check the key in the settings.")
        if status == 404:
            return InvalidInputError(
                f"{self.name} has no model {self.model}.", remedy="Check its name and the address."
            )
        words = str(problem.get("message") or "")[:200]
        return InvalidInputError(f"{self.name} does not take the request ({status}). {words}".strip())


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what caused it, the innermost last; at most ten."""
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _wait(answer: Answer, attempt: int) -> float:
    """Seconds until the next try: as the service asks (RFC 9110, Retry-After in seconds), else doubling."""
    try:
        return max(0.0, float(answer.headers.get("retry-after", "")))
    except ValueError:
        return float(2 ** (attempt - 1))


def _problem(answer: Answer) -> dict[str, Any]:
    try:
        problem: dict[str, Any] = dict(answer.json()["error"])
    except (UnavailableError, LookupError, TypeError, ValueError):
        return {}  # services word their errors as they like; the status is enough then
    return problem
