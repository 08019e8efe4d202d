"""The kinds of models and what each needs; and the model made of a configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from tidings.domain.errors import InvalidInputError
from tidings.domain.wording import problem
from tidings.llm.base import LanguageModel

if TYPE_CHECKING:
    from tidings.content.models.repository import Configured
    from tidings.net.client import Guard


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class GgufForm(_Form):
    """A GGUF file on this machine, run by llama.cpp in a child process."""

    path: str = Field(min_length=1, title="File", description="Absolute path of the .gguf file")
    threads: int = Field(default=0, ge=0, le=64, description="0: all cores but one")


class OpenAiForm(_Form):
    """Any service that speaks OpenAI's chat completions: Ollama, LM Studio, vLLM, llama-server, Foundry Local."""

    base_url: str = Field(pattern=r"^https?://[^\s@]+$", title="Address", examples=["http://127.0.0.1:11434/v1"])
    model: str = Field(min_length=1, title="Model")
    api_key: SecretStr = Field(default=SecretStr(""), title="Key")
    cloud_allowed: bool = Field(default=False, title="Briefs and numbers may leave this machine to it")


class AzureOpenAiForm(_Form):
    """Azure OpenAI, v1 API. Without a key, the machine's managed identity signs in (extra `azure`)."""

    endpoint: str = Field(pattern=r"^https://[^\s@/]+/?$", examples=["https://example.openai.azure.com"])
    deployment: str = Field(min_length=1)
    api_key: SecretStr = SecretStr("")
    cloud_allowed: bool = Field(default=False, title="Briefs and numbers may leave this machine to it")


class FoundryForm(_Form):
    """An agent of Azure AI Foundry Agent Service, signed in to by this machine's identity (extra `azure`).

    Its definition is published from here, as a new version only when it changed.
    """

    endpoint: str = Field(
        pattern=r"^https://[^\s@/]+/api/projects/[^\s/]+/?$", title="Project endpoint",
        examples=["https://example.services.ai.azure.com/api/projects/marketing"],
    )  # fmt: skip
    deployment: str = Field(min_length=1)
    agent: str = Field(default="tidings-content", pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$", title="Agent's name")
    cloud_allowed: bool = Field(default=False, title="Briefs and numbers may leave this machine to it")


FORMS: dict[str, type[_Form]] = {
    "gguf": GgufForm,
    "openai": OpenAiForm,
    "azure_openai": AzureOpenAiForm,
    "foundry": FoundryForm,
}
"""What each kind of model needs."""


def parts_of(kind: str, fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The checked fields, split into what may be shown and what may not. Raises InvalidInputError that names one."""
    form = FORMS.get(kind)
    if form is None:
        raise InvalidInputError(f"There is no kind of model {kind!r}.", remedy=f"Use {', '.join(FORMS)}.", field="kind")
    try:
        filled = form.model_validate(dict(fields))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidInputError(f"The model cannot be used: {problem(name, first)}.", field=name) from None  # pyright: ignore[reportArgumentType]
    shown: dict[str, Any] = {}
    secret: dict[str, str] = {}
    for name, value in filled:
        if isinstance(value, SecretStr):
            if value.get_secret_value():
                secret[name] = value.get_secret_value()
        else:
            shown[name] = value
    return shown, secret


def made(model: Configured, guard: Guard, identity: Callable[[], str] | None = None) -> LanguageModel:
    """The model itself; nothing is loaded or reached yet. `identity` gives an Azure access token."""
    if model.kind == "gguf":
        from tidings.llm.llama.model import LlamaModel

        return LlamaModel(model.name, Path(model.config["path"]), model.config.get("threads", 0))
    from tidings.llm.build import ModelSettings, build_models

    key = model.secret.get("api_key", "")
    if model.kind == "azure_openai":
        from tidings.llm.azure_openai import AzureOpenAi

        return AzureOpenAi.made(model.name, model.config["endpoint"], model.config["deployment"], key, guard, identity)
    if model.kind == "foundry":
        from tidings.llm.foundry import FoundryAgent

        config = model.config
        return FoundryAgent.made(
            model.name, config["endpoint"], config["deployment"], guard, agent=config["agent"], identity=identity
        )
    settings = ModelSettings(model.name, model.config["base_url"], model.config["model"], key)
    return build_models([settings], guard)[0]


def hash_of(kind: str, config: Mapping[str, Any]) -> str:
    """What a licence is bound to: the file's own hash, else that of kind, address and model name."""
    if kind == "gguf":
        from tidings.llm.llama.gguf import fingerprint, read_gguf

        path = Path(config["path"])
        read_gguf(path)
        return fingerprint(path)
    shown = "\n".join([kind, *(f"{name}={config[name]}" for name in sorted(config) if name != "cloud_allowed")])
    return hashlib.sha256(shown.encode()).hexdigest()
