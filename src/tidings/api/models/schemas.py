"""What crosses the API about language models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from tidings.api.pages import Body, Moment, Schema
from tidings.content.exam.licence import Licence

EXAMPLE: JsonDict = {
    "name": "ollama",
    "kind": "openai",
    "fields": {"base_url": "http://127.0.0.1:11434/v1", "model": "qwen2.5"},
}


class Model(Schema):
    """A configured model. Its secrets are never shown."""

    id: str
    name: str
    kind: str
    config: dict[str, Any]
    enabled: bool
    rank: int
    monthly_tokens: int | None
    spent_tokens: int = 0
    licence: Licence
    licence_reason: str
    model_hash: str
    exam: dict[str, Any]
    created_at: Moment


class Models(Schema):
    """The configured models, in the order in which they are asked."""

    items: list[Model]
    kinds: dict[str, Any]


class NewModel(Body):
    """A model to be examined before it may do anything."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: str = Field(min_length=1, max_length=80)
    kind: Literal["gguf", "openai", "azure_openai", "foundry"]
    fields: dict[str, Any] = Field(description="What the kind needs; GET /models has each kind's schema")
    monthly_tokens: int | None = Field(default=None, ge=0, description="None: no limit")
    rank: int = Field(default=100, ge=0, le=1000, description="The lowest is asked first")


class ModelChanges(Body):
    """New values; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enabled": False}]})

    enabled: bool | None = None
    rank: int | None = Field(default=None, ge=0, le=1000)
    monthly_tokens: int | None = Field(default=None, ge=0)


class OfflineMode(Schema):
    """The mode (on, off or auto) and whether cloud models are left alone now; `reason` says why.

    `fixed`: TIDINGS_OFFLINE decides.
    """

    mode: str
    offline: bool
    reason: str
    fixed: bool
    by: str
    at: Moment | None


class OfflineChange(Body):
    """The mode there is to be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mode": "on"}]})

    mode: Literal["on", "off", "auto"]


class ModelCall(Schema):
    """One question to a model. `prompt` is what left this machine; empty where nothing did."""

    at: Moment
    model_id: str
    purpose: str
    campaign_id: str | None
    destination: str
    left_machine: bool
    outcome: str
    reasons: list[str]
    prompt_hash: str
    prompt: str
    tokens_in: int
    tokens_out: int


class ModelCalls(Schema):
    """The newest first."""

    items: list[ModelCall]


class Preview(Schema):
    """What would be sent to a model for a campaign's brief, and whether it may be."""

    model: str
    may_be_asked: bool
    leaves_machine: bool
    destination: str
    reasons: list[str]
    instructions: str
    task: str
