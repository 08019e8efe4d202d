"""Language models: added, examined, budgeted; and what was asked of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given

if TYPE_CHECKING:
    from collections.abc import Mapping


class LanguageModel(Model):
    """A configured model. `licence` says what it may do: writer, suggester, judge, none or unexamined."""

    id: str
    name: str
    kind: str
    config: dict[str, Any]
    enabled: bool
    rank: int
    monthly_tokens: int | None = None
    spent_tokens: int
    licence: str
    licence_reason: str
    model_hash: str
    exam: dict[str, Any]
    created_at: datetime


class LanguageModelList(Model):
    """The models in the order in which they are asked, and what each kind needs as JSON schema."""

    items: list[LanguageModel]
    kinds: dict[str, Any]


class ModelCall(Model):
    """One question to a model. `prompt` is what left the server's machine."""

    at: datetime
    model_id: str
    purpose: str
    campaign_id: str | None = None
    destination: str
    left_machine: bool
    outcome: str
    reasons: list[str]
    prompt_hash: str
    prompt: str
    tokens_in: int
    tokens_out: int


class ModelCallList(Model):
    """The newest first."""

    items: list[ModelCall]


class PromptPreview(Model):
    """What would be sent to a model, and whether it may be."""

    model: str
    may_be_asked: bool
    leaves_machine: bool
    destination: str
    reasons: list[str]
    instructions: str
    task: str


class OfflineMode(Model):
    """Whether cloud models are left alone. `fixed`: the installation's own setting decides."""

    mode: str
    offline: bool
    reason: str
    fixed: bool
    by: str
    at: datetime | None = None


class Models(Resource[Mode]):
    """Language models."""

    @Endpoint
    def list(self) -> Call[LanguageModelList]:
        """All that are configured."""
        return Call("GET", "/models", LanguageModelList)

    @Endpoint
    def add(
        self, name: str, kind: str, fields: Mapping[str, Any], *, monthly_tokens: int | None = None, rank: int = 100
    ) -> Call[LanguageModel]:
        """A new one; it may do nothing until it has taken the exam."""
        body = given(name=name, kind=kind, fields=dict(fields), monthly_tokens=monthly_tokens, rank=rank)
        return Call("POST", "/models", LanguageModel, body=body)

    @Endpoint
    def get(self, model_id: str) -> Call[LanguageModel]:
        """One, by id or name."""
        return Call("GET", f"/models/{model_id}", LanguageModel)

    @Endpoint
    def update(self, model_id: str, changes: Mapping[str, Any]) -> Call[LanguageModel]:
        """Switches it on or off, or gives it another rank or budget."""
        return Call("PATCH", f"/models/{model_id}", LanguageModel, body=dict(changes))

    @Endpoint
    def remove(self, model_id: str) -> Call[None]:
        """Forgets it and its secret."""
        return Call("DELETE", f"/models/{model_id}")

    @Endpoint
    def start_exam(self, model_id: str) -> Call[LanguageModel]:
        """Lets it take the exam, in the background."""
        return Call("POST", f"/models/{model_id}/exam", LanguageModel)

    @Endpoint
    def stop_exam(self, model_id: str) -> Call[LanguageModel]:
        """Stops a running exam."""
        return Call("DELETE", f"/models/{model_id}/exam", LanguageModel)

    @Endpoint
    def get_offline(self) -> Call[OfflineMode]:
        """Whether cloud models are left alone, and why."""
        return Call("GET", "/models/offline", OfflineMode)

    @Endpoint
    def set_offline(self, mode: str) -> Call[OfflineMode]:
        """`on`, `off`, or `auto` by the last attempts to reach one."""
        return Call("PUT", "/models/offline", OfflineMode, body={"mode": mode})

    @Endpoint
    def preview(self, model_id: str, campaign_id: str) -> Call[PromptPreview]:
        """What would be sent to it for a campaign's brief."""
        return Call("GET", f"/models/{model_id}/preview", PromptPreview, query={"campaign_id": campaign_id})

    @Endpoint
    def calls(self, *, left_machine: bool | None = None, limit: int = 50) -> Call[ModelCallList]:
        """What was asked of models, the newest first."""
        return Call("GET", "/models/calls", ModelCallList, query=given(left_machine=left_machine, limit=limit))
