"""What the faces see of providers and accounts: never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tidings.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class ProviderView:
    """One service an account can be set up at. `schema` is the JSON Schema of its form; `secrets` names those fields
    of it that are stored apart and never shown again."""

    name: str
    title: str
    channel: str
    personal: bool
    about: str
    limits: dict[str, str]
    schema: dict[str, Any]
    secrets: tuple[str, ...]
    can_check: bool


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account. `secrets` says of each secret field whether it is set."""

    id: str
    name: str
    channel: str
    provider: str
    title: str
    personal: bool
    brand_id: str | None
    config: dict[str, Any]
    secrets: dict[str, bool]
    enabled: bool
    priority: int
    state: str
    """off, problem, works (its credentials were proved), ready (local: nobody to ask) or not checked."""
    in_use: bool
    """What its channel's messages leave by: of the personal channels, the enabled account with the highest priority."""
    problem: str
    problem_at: Instant | None
    checked_at: Instant | None
    can_check: bool
    created_at: Instant
    updated_at: Instant


@dataclass(frozen=True, slots=True)
class TestAnswer:
    """What a provider said to a test message."""

    __test__ = False

    result: str
    """accepted, deferred, failed or uncertain."""
    words: str
    reference: str = ""
    """The provider's own name for it."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its filled-in form, secrets included: for the rooms that send, never for a face."""

    id: str
    name: str
    channel: str
    provider: str
    brand_id: str | None
    form: Any
