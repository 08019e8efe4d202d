"""The language model that was configured, and all behind it, made when it is first needed: unused it costs nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tidings.domain.errors import ForbiddenError, TidingsError, UnavailableError, UnreachableError
from tidings.llm.base import Prompt, Where

if TYPE_CHECKING:
    from tidings.llm.network import Network
    from tidings.llm.openai_compatible import OpenAiCompatible
    from tidings.llm.router import Router
    from tidings.net.egress import Known

LOOK_KEPT_S = 60.0
LOOK_WAIT_S = 2.0


class NoModelError(UnavailableError):
    """Nobody configured a language model; everything but thinking in words works without one."""

    code = "no_language_model"

    def __init__(self) -> None:
        super().__init__(
            "No language model is configured, so the agents cannot answer in words. Everything else works without one.",
            remedy="Set TIDINGS_MODEL, for example http://127.0.0.1:11434/v1#qwen2.5, and start Tidings again.",
        )


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """One model as the settings name it. `cloud_allowed`: internal matters may go to a host that is not this one."""

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    cloud_allowed: bool = False


@dataclass(frozen=True, slots=True)
class ModelLook:
    """How the model is, for the health page."""

    status: Literal["ok", "warn"]
    message: str
    remedy: str = ""


@dataclass(slots=True)
class Models:
    """The configured model behind router, breaker and the look at what leaves. `known` says whose addresses stay.

    `network` says whether clouds are left alone; without one they are not.
    """

    choice: ModelChoice | None = None
    known: Known | None = None
    network: Network | None = None
    monotonic: Callable[[], float] = time.monotonic
    _built: tuple[OpenAiCompatible, Router] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _look: ModelLook | None = None
    _looked_at: float = 0.0
    _looking: threading.Thread | None = None

    @property
    def configured(self) -> bool:
        """Whether there is a model to ask."""
        return self.choice is not None

    def for_prompt(self, prompt: Prompt) -> OpenAiCompatible:
        """The model that may see the prompt.

        Raises NoModelError when none is configured, ForbiddenError when a gate is closed, UnavailableError while the
        model is left alone because it did not answer.
        """
        model, router = self._all()
        route = router.route(prompt)
        if route.models:
            return model
        why = route.reasons[0].partition(": ")[2]
        if self._breaker_open(model):
            raise UnavailableError(f"The language model {model.name} {why}.", remedy="Try again in a few minutes.")
        if route.for_now:
            raise UnavailableError(
                f"The language model {model.name} is in the cloud and left alone: {why}.",
                remedy="It is asked again once there is a network and offline mode is off: `tidings models offline`.",
            )
        raise ForbiddenError(
            f"The language model {model.name} may not be asked: {why}.",
            remedy="An administrator decides that: TIDINGS_MODEL_CLOUD=allowed.",
        )

    def look(self) -> ModelLook:
        """Whether the model answers; at most two seconds are waited for it, and the answer is kept for a minute."""
        if self.choice is None:
            return ModelLook("ok", "not configured; the Composer writes")
        with self._lock:
            if self._look is not None and self.monotonic() - self._looked_at < LOOK_KEPT_S:
                return self._look
            if self._looking is None or not self._looking.is_alive():
                self._looking = threading.Thread(target=self._look_now, name="model-look", daemon=True)
                self._looking.start()
            looking = self._looking
        looking.join(LOOK_WAIT_S)
        return self._look or ModelLook("warn", f"{self._words()}, has not answered yet", _CHECK)

    def _look_now(self) -> None:
        found = self._ask_whether_there()
        with self._lock:
            self._look, self._looked_at = found, self.monotonic()

    def _ask_whether_there(self) -> ModelLook:
        try:
            model, _ = self._all()
            left_alone = self._left_alone(model)
            if left_alone:
                return ModelLook("ok", f"{self._words()}, not asked: {left_alone}")
            headers = {"Authorization": f"Bearer {model.api_key}"} if model.api_key else {}
            url = f"{model.base_url.rstrip('/')}/models"
            answer = model.outbound.send("GET", url, headers=headers, seconds=5.0)
            self._note(model, reached=True)
        except TidingsError as error:
            if isinstance(error, UnreachableError):
                self._note(self._all()[0], reached=False)
            return ModelLook("warn", f"{self._words()}, does not answer", error.remedy or _CHECK)
        if answer.status in {401, 403}:
            return ModelLook("warn", f"{self._words()}, does not accept the key", "Check TIDINGS_MODEL_KEY_FILE.")
        if answer.status >= 500:
            return ModelLook("warn", f"{self._words()}, answers with an error ({answer.status})", _CHECK)
        return ModelLook("ok", f"{self._words()}, answers")

    def _left_alone(self, model: OpenAiCompatible) -> str:
        return self.network.reason() if self.network is not None and model.where is Where.CLOUD else ""

    def _note(self, model: OpenAiCompatible, *, reached: bool) -> None:
        if self.network is not None and model.where is Where.CLOUD:
            self.network.note(model.host, reached=reached)

    def _words(self) -> str:
        model, _ = self._all()
        place = "on this machine" if model.where.value == "local" else "in the cloud"
        return f"{model.model} at {model.host}, {place}"

    def _breaker_open(self, model: OpenAiCompatible) -> bool:
        return model.outbound.guard.breaker.is_open(model.host)

    def _all(self) -> tuple[OpenAiCompatible, Router]:
        if self.choice is None:
            raise NoModelError
        if self._built is None:
            self._built = _build(self.choice, self.known, self.network)
        return self._built


_CHECK = "Check that the model's service runs and TIDINGS_MODEL is right; the Composer writes meanwhile."


def _build(choice: ModelChoice, known: Known | None, network: Network | None) -> tuple[OpenAiCompatible, Router]:
    from tidings.llm.build import ModelSettings, build_models
    from tidings.llm.router import Router
    from tidings.net.client import Guard
    from tidings.net.egress import EgressScan

    guard = Guard(egress=None if known is None else EgressScan(known))
    settings = ModelSettings(choice.model, choice.base_url, choice.model, choice.api_key)
    (model,) = build_models([settings], guard)
    router = Router(
        [model], breaker=guard.breaker, offline=network.reason if network is not None else str,
        internal_may_leave=choice.cloud_allowed,
    )  # fmt: skip
    return model, router
