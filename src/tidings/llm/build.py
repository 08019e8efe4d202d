"""Makes the configured models: each with its own way out, all behind one breaker and one look at what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from tidings.domain.errors import InvalidInputError
from tidings.llm.openai_compatible import OpenAiCompatible
from tidings.net.client import Guard, Outbound


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One model as an administrator configures it. `base_url` for example `http://127.0.0.1:11434/v1`."""

    name: str
    base_url: str
    model: str
    api_key: str = field(default="", repr=False)


def build_models(configured: Sequence[ModelSettings], guard: Guard) -> list[OpenAiCompatible]:
    """The models in the given order. Raises InvalidInputError for an address that is none or a name used twice.

    A model on this machine may be reached at exactly its own host and port, whatever else the guard forbids.
    """
    names = [settings.name for settings in configured]
    if len(set(names)) < len(names):
        raise InvalidInputError("Two models have the same name.", remedy="Give each its own: drafts name their writer.")
    return [_build(settings, guard) for settings in configured]


def _build(settings: ModelSettings, guard: Guard) -> OpenAiCompatible:
    parts = urlsplit(settings.base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise InvalidInputError(
            f"{settings.name}: {settings.base_url!r} is not an address of a service.",
            remedy="An example: http://127.0.0.1:11434/v1",
            field="base_url",
        )
    if guard.addresses.is_local(settings.base_url):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        guard = replace(guard, addresses=guard.addresses.allowing(f"{parts.hostname}:{port}"))
    return OpenAiCompatible(settings.name, settings.base_url, settings.model, Outbound(guard), settings.api_key)
