"""What a language model is to Tidings, and what a prompt may carry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from tidings.domain.errors import TidingsError, UnavailableError


class Where(StrEnum):
    """Where a model runs; whatever is neither this machine nor on the allow-list counts as cloud."""

    LOCAL = "local"
    CLOUD = "cloud"


class Privacy(StrEnum):
    """What a prompt was made of. The strictest part decides."""

    PUBLIC = "public"  # what will be published anyway
    INTERNAL = "internal"  # briefs, numbers, plans
    CONTACT = "contact"  # anything about a person; never leaves this machine


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked. It has no place for contacts; foreign text stands in delimited blocks of `task`."""

    instructions: str
    task: str
    privacy: Privacy = Privacy.INTERNAL


@dataclass(frozen=True, slots=True)
class Completion:
    """What it answered, and which model that was. Token counts are 0 where the service does not tell."""

    text: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0


class ModelRefusedError(TidingsError):
    """The model or its content filter refused. Never asked of another model: that would dodge a policy's answer."""

    code = "model_refused"
    status = 422


class BadAnswerError(UnavailableError):
    """The model was reached, and what it answered cannot be used: cut short, of another form, or far too late."""

    code = "bad_answer"


class OutageError(UnavailableError):
    """The model would have been asked, and cannot be reached for now: what is written meanwhile may be rewritten."""

    code = "outage"


class LanguageModel(Protocol):
    """One configured model. Contract: `tests/integration/test_llm_contract.py`."""

    @property
    def name(self) -> str:
        """The name it was configured under, which drafts name as their writer."""
        ...

    @property
    def where(self) -> Where:
        """Where it runs."""
        ...

    @property
    def host(self) -> str:
        """The host it is reached at; what the breaker counts by."""
        ...

    def complete(
        self, prompt: Prompt, *, schema: dict[str, Any] | None = None, max_tokens: int = 1024, seed: int = 0,
        seconds: float = 60.0,
    ) -> Completion:  # fmt: skip
        """One answer; with `schema`, JSON that was asked to fit it (the caller checks).

        Raises UnavailableError when trying later may help, ModelRefusedError for a refusal, InvalidInputError when
        the configuration or the request is wrong.
        """
        ...
