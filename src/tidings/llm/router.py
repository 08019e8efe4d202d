"""Decides which model may see a prompt, if any, and says why. Gates first, preference after."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tidings.domain.errors import ForbiddenError, UnavailableError
from tidings.llm.base import Completion, LanguageModel, Privacy, Prompt, Where
from tidings.net.breaker import Breaker

log = logging.getLogger("tidings.llm")

NOTHING_CONFIGURED = "no model configured; the Composer writes"


@dataclass(frozen=True, slots=True)
class Route:
    """The models that may be asked, in order, and a reason for each decision; kept with the draft."""

    models: tuple[LanguageModel, ...]
    reasons: tuple[str, ...]
    for_now: bool = False
    """Whether a model was passed over for what goes by: offline mode, or a breaker that is open."""


@dataclass(frozen=True, slots=True)
class Routed:
    """What came of it. `completion` None: no model answered, and the Composer writes; `reasons` say why."""

    completion: Completion | None
    reasons: tuple[str, ...]


class Router:
    """Knows the configured models in the order of preference. `offline`: why clouds are left alone, or nothing."""

    def __init__(
        self, models: Sequence[LanguageModel], *, breaker: Breaker, offline: Callable[[], str],
        internal_may_leave: bool = False,
    ) -> None:  # fmt: skip
        self._models = tuple(models)
        self._breaker = breaker
        self._offline = offline
        self._internal_may_leave = internal_may_leave

    def route(self, prompt: Prompt) -> Route:
        """The gates, in order: privacy class, offline mode, circuit breaker.

        Raises ForbiddenError when the prompt holds contact data and only cloud models are configured: that is a
        fault in the caller and must not turn silently into another writer.
        """
        if not self._models:
            return Route((), (NOTHING_CONFIGURED,))
        if prompt.privacy is Privacy.CONTACT and all(model.where is Where.CLOUD for model in self._models):
            raise ForbiddenError("The prompt holds contact data, which never goes to a cloud model.")
        open_to: list[LanguageModel] = []
        reasons: list[str] = []
        for_now = False
        for model in self._models:
            never = self._never(model, prompt)
            against = never or self._not_now(model)
            for_now = for_now or bool(against and not never)
            reasons.append(f"{model.name} ({model.where.value}): {against or 'may be asked'}")
            if not against:
                open_to.append(model)
        if not open_to:
            reasons.append("no model may be asked; the Composer writes")
        return Route(tuple(open_to), tuple(reasons), for_now)

    def complete(
        self, prompt: Prompt, *, schema: dict[str, Any] | None = None, max_tokens: int = 1024, seed: int = 0
    ) -> Routed:
        """Asks the models that may be asked, one after another, until one answers.

        Only an unavailable model passes on to the next; a refusal (ModelRefusedError) or a wrong configuration
        (InvalidInputError) is the caller's to see.
        """
        route = self.route(prompt)
        reasons = list(route.reasons)
        for model in route.models:
            try:
                done = model.complete(prompt, schema=schema, max_tokens=max_tokens, seed=seed)
            except UnavailableError as error:
                log.warning("%s is unavailable", model.name)
                reasons.append(f"{model.name}: {error}")
                continue
            reasons.append(f"{model.name} answered")
            return Routed(done, tuple(reasons))
        if route.models:
            reasons.append("no model answered; the Composer writes")
        return Routed(None, tuple(reasons))

    def _never(self, model: LanguageModel, prompt: Prompt) -> str:
        """What speaks against it whatever the hour."""
        if model.where is Where.CLOUD:
            if prompt.privacy is Privacy.CONTACT:
                return "contact data never leaves"
            if prompt.privacy is Privacy.INTERNAL and not self._internal_may_leave:
                return "internal matters may not leave, by the organisation's settings"
        return ""

    def _not_now(self, model: LanguageModel) -> str:
        """What speaks against it at this moment."""
        offline = self._offline() if model.where is Where.CLOUD else ""
        if offline:
            return offline
        if self._breaker.is_open(model.host):
            return "did not answer lately; left alone for a while"
        return ""
