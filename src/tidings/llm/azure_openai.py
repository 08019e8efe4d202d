"""Azure OpenAI, v1 API: OpenAI's chat completions at the resource's own address.

Sign-in is a key, or a token of Microsoft Entra asked for at each request (scope https://ai.azure.com/.default).
Source: https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tidings.domain.errors import UnavailableError
from tidings.llm.base import Where
from tidings.llm.openai_compatible import OpenAiCompatible
from tidings.net.client import Answer, Guard, Outbound

SCOPE = "https://ai.azure.com/.default"


@dataclass(frozen=True, slots=True)
class AzureOpenAi(OpenAiCompatible):
    """One deployment. It always counts as cloud, whatever its name resolves to."""

    identity: Callable[[], str] | None = None

    @classmethod
    def made(
        cls, name: str, endpoint: str, deployment: str, key: str, guard: Guard, identity: Callable[[], str] | None
    ) -> AzureOpenAi:
        """The deployment at `https://<resource>.openai.azure.com`."""
        base = f"{endpoint.rstrip('/')}/openai/v1"
        return cls(name, base, deployment, Outbound(guard), key, identity=identity or entra_token)

    @property
    def where(self) -> Where:
        """Always the cloud."""
        return Where.CLOUD

    def _ask(self, body: dict[str, Any], seconds: float) -> Answer:
        headers = {"api-key": self.api_key} if self.api_key else {"Authorization": f"Bearer {self._token()}"}
        url = f"{self.base_url}/chat/completions"
        # Reasoning deployments refuse max_tokens; all of the v1 API take this.
        sent = {**{k: v for k, v in body.items() if k != "max_tokens"}, "max_completion_tokens": body["max_tokens"]}
        return self.outbound.send("POST", url, json=sent, headers=headers, seconds=seconds)

    def _token(self) -> str:
        if self.identity is None:
            raise UnavailableError(f"{self.name} has neither a key nor an identity.")
        return self.identity()


_credential: Any = None


def entra_token() -> str:
    """A fresh token of the machine's identity; the library keeps it until it nears its end. Blocking.

    Raises UnavailableError with the remedy where the library or an identity is missing.
    """
    global _credential  # noqa: PLW0603  # one credential per process: it caches its tokens
    try:
        library: Any = importlib.import_module("azure.identity")
    except ImportError as error:
        raise UnavailableError(
            "Signing in to Azure without a key needs the extra `azure`.", remedy="Run: pip install 'tidings[azure]'"
        ) from error
    try:
        _credential = _credential or library.DefaultAzureCredential()
        return str(_credential.get_token(SCOPE).token)
    except Exception as error:  # the library has many; none of their texts is fit for people
        raise UnavailableError(
            f"Azure gave no access token ({type(error).__name__}).",
            remedy="Sign in with `az login`, or give the machine a managed identity with a role on the resource.",
        ) from error
