"""An agent of Azure AI Foundry Agent Service: its definition is published from here, its answers come by Responses.

The definition (instructions, model, form of the answer) is published by content hash: a new version only when it
changed. With an agent named, the service refuses `tools`, `tool_choice` and `text` in a call ("Not allowed when agent
is specified"), so the form of the answer stands in the definition. Nothing is stored there (`store` false).
Source: https://learn.microsoft.com/azure/ai-foundry/agents/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tidings.domain.errors import UnavailableError
from tidings.llm.azure_openai import entra_token
from tidings.llm.base import BadAnswerError, Completion, ModelRefusedError, Prompt, Where
from tidings.llm.openai_compatible import OpenAiCompatible
from tidings.net.client import Answer, Guard, Outbound

AGENT = "tidings-content"
_VERSION = "api-version=v1"
_HASH = "content_hash"


@dataclass(frozen=True, slots=True)
class FoundryAgent(OpenAiCompatible):
    """One agent of one project. `model` is the deployment that its definition names."""

    agent: str = AGENT
    identity: Callable[[], str] = entra_token
    published: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    """Hash of a definition → its version, as far as this process knows."""

    @classmethod
    def made(
        cls, name: str, endpoint: str, deployment: str, guard: Guard, *, agent: str = AGENT,
        identity: Callable[[], str] | None = None,
    ) -> FoundryAgent:  # fmt: skip
        """The project at `https://<resource>.services.ai.azure.com/api/projects/<project>`."""
        return cls(
            name, endpoint.rstrip("/"), deployment, Outbound(guard), agent=agent, identity=identity or entra_token
        )

    @property
    def where(self) -> Where:
        """Always the cloud."""
        return Where.CLOUD

    def complete(
        self, prompt: Prompt, *, schema: dict[str, Any] | None = None, max_tokens: int = 1024,
        seed: int = 0,  # noqa: ARG002  # the contract's
        seconds: float = 60.0,
    ) -> Completion:  # fmt: skip
        """See `LanguageModel`. The seed is not sent: the service takes none."""
        version = self._version_of(self.definition(prompt, schema), seconds)
        body: dict[str, Any] = {
            "agent_reference": {"type": "agent_reference", "name": self.agent, "version": version},
            "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": prompt.task}]}
            ],
            "max_output_tokens": max_tokens, "store": False,
        }  # fmt: skip
        answer = self._send("POST", f"{self.base_url}/openai/v1/responses", body, seconds)
        return self._responded(answer)

    def definition(self, prompt: Prompt, schema: dict[str, Any] | None) -> dict[str, Any]:
        """What is published: everything that is not the task."""
        made: dict[str, Any] = {"kind": "prompt", "model": self.model, "instructions": prompt.instructions}
        if schema is not None:
            made["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}}
        return made

    def _version_of(self, definition: dict[str, Any], seconds: float) -> str:
        canonical = json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        if digest not in self.published:
            self.published[digest] = self._found(digest, seconds) or self._publish(definition, digest, seconds)
        return self.published[digest]

    def _found(self, digest: str, seconds: float) -> str:
        """The version that has this very definition; empty when there is none."""
        url = f"{self.base_url}/agents/{quote(self.agent)}/versions?{_VERSION}&order=desc&limit=100"
        answer = self._try("GET", url, None, seconds)
        if answer.status == 404:
            return ""
        if answer.status >= 400:
            raise self._refusal(answer)
        versions: list[dict[str, Any]] = answer.json().get("data") or []
        for each in versions:
            metadata: dict[str, str] = each.get("metadata") or {}
            if metadata.get(_HASH) == digest:
                return str(each["version"])
        return ""

    def _publish(self, definition: dict[str, Any], digest: str, seconds: float) -> str:
        url = f"{self.base_url}/agents/{quote(self.agent)}/versions?{_VERSION}"
        body = {"definition": definition, "metadata": {_HASH: digest}, "description": "Published by Tidings"}
        answer = self._send("POST", url, body, seconds)
        return str(answer.json()["version"])

    def _send(self, method: str, url: str, body: dict[str, Any] | None, seconds: float) -> Answer:
        answer = self._try(method, url, body, seconds)
        if answer.status >= 400:
            raise self._refusal(answer)
        return answer

    def _try(self, method: str, url: str, body: dict[str, Any] | None, seconds: float) -> Answer:
        """One request, asked again as long as the service says that later may help."""
        return self.insist(
            lambda: self.outbound.send(
                method, url, json=body, headers={"Authorization": f"Bearer {self.identity()}"}, seconds=seconds
            ),
            seconds=seconds,
        )

    def _responded(self, answer: Answer) -> Completion:
        found: dict[str, Any] = answer.json()
        status = found.get("status")
        error: dict[str, Any] = found.get("error") or {}
        reason: dict[str, Any] = found.get("incomplete_details") or {}
        if "content_filter" in {error.get("code"), reason.get("reason")}:
            raise ModelRefusedError(f"{self.name}'s content filter refused this.", remedy="Change the brief.")
        if status == "incomplete":
            raise BadAnswerError(f"{self.name} ran out of room before the end of its answer.", remedy="Ask for less.")
        if status == "failed":
            raise UnavailableError(f"{self.name} failed: {str(error.get('message') or '')[:200]}")
        output: list[dict[str, Any]] = found.get("output") or []
        messages = [each for each in output if each.get("type") == "message"]
        parts: list[dict[str, Any]] = [part for message in messages for part in message["content"]]
        if any(part.get("type") == "refusal" for part in parts):
            raise ModelRefusedError(f"{self.name} refused to write this.", remedy="Change the brief.")
        text = "".join(part["text"] for part in parts if part.get("type") == "output_text")
        if status != "completed" or not text:
            raise BadAnswerError(f"{self.name} gave an answer of another form.", remedy="Check its address.")
        usage: dict[str, Any] = found.get("usage") or {}
        counts = int(usage.get("input_tokens") or 0), int(usage.get("output_tokens") or 0)
        return Completion(text, str(found.get("model") or self.model), *counts)
