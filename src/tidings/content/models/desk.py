"""Where a model is asked: gates first (privacy, offline, breaker, budget), then the question, on record both ways."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidings.content.exam.exam import Scores
from tidings.content.exam.licence import Licence
from tidings.content.models import kinds, repository
from tidings.content.models.repository import Configured
from tidings.content.writers.base import Writer
from tidings.content.writers.model import ModelWriter
from tidings.content.writers.plan import schema
from tidings.domain.errors import InvalidInputError, TidingsError, UnavailableError, UnreachableError
from tidings.domain.instant import Clock
from tidings.llm.base import BadAnswerError, Completion, LanguageModel, ModelRefusedError, OutageError, Prompt, Where
from tidings.llm.calls import Asked, BudgetSpentError, Calls
from tidings.llm.llama.gguf import fingerprint
from tidings.llm.network import Network
from tidings.llm.router import Route, Router
from tidings.store.database import Database

if TYPE_CHECKING:
    from tidings.net.client import Guard

log = logging.getLogger("tidings.content")
DRAFT_TOKENS = 1600
DEADLINE_SECONDS = 120.0
_LETTERS_PER_TOKEN = 3
_CAN = {
    Licence.WRITER: frozenset({Licence.WRITER}),
    Licence.SUGGESTER: frozenset({Licence.WRITER, Licence.SUGGESTER}),
    Licence.JUDGE: frozenset({Licence.WRITER, Licence.SUGGESTER, Licence.JUDGE}),
}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask: what for, how long the answer may be, and by when it is needed."""

    prompt: Prompt
    purpose: str
    campaign_id: str | None = None
    form: dict[str, Any] | None = None
    max_tokens: int = DRAFT_TOKENS
    seed: int = 0
    seconds: float = DEADLINE_SECONDS


class ModelDesk:
    """The configured models of this process. Models are made when first asked and kept while unchanged."""

    def __init__(self, db: Database, clock: Clock, guard: Callable[[], Guard], *, network: Network) -> None:
        """`guard` makes what every request passes; called when the first model is, for it costs memory."""
        self._db, self._clock, self._make_guard, self.network = db, clock, guard, network
        self.calls = Calls(db, clock)
        self._made: dict[str, tuple[str, LanguageModel]] = {}
        self._examined: dict[str, tuple[str, int, int]] = {}
        self._lock = threading.Lock()

    @cached_property
    def _guard(self) -> Guard:
        return self._make_guard()

    def configured(self) -> list[Configured]:
        """All that are switched on, in the order in which they are asked."""
        with self._db.reading() as conn:
            return [model for model in repository.every(conn) if model.enabled]

    def licensed(self, licence: Licence) -> list[Configured]:
        """Those that may do what the licence allows, and are still what took the exam."""
        found = [model for model in self.configured() if model.licence in _CAN[licence]]
        return [model for model in found if self._is_as_examined(model)]

    def _is_as_examined(self, configured: Configured) -> bool:
        """Whether the file is the one that was examined; another loses the licence. Looked at anew when it changed."""
        if configured.kind != "gguf":
            return True
        path = Path(str(configured.config["path"]))
        try:
            seen = path.stat()
            stamp = (configured.model_hash, seen.st_size, seen.st_mtime_ns)
            if self._examined.get(configured.id) == stamp:
                return True
            same = fingerprint(path) == configured.model_hash
        except OSError as error:
            log.warning("%s cannot be read: %s", configured.name, error.strerror)
            return False
        if same:
            self._examined[configured.id] = stamp
            return True
        reason = "Its file is not the one that took the exam. Let it take the exam again."
        with self._db.transaction() as conn:
            values = {"licence": Licence.UNEXAMINED.value, "licence_reason": reason}
            repository.change(conn, configured.id, self._clock.now(), **values)
        log.warning("%s lost its licence: %s", configured.name, reason)
        return False

    def model(self, configured: Configured) -> LanguageModel:
        """The model itself."""
        stamp = repr((configured.kind, configured.config, sorted(configured.secret)))
        with self._lock:
            kept = self._made.get(configured.id)
            if kept is None or kept[0] != stamp:
                kept = self._made[configured.id] = (stamp, kinds.made(configured, self._guard))
            return kept[1]

    def writers(self) -> tuple[Writer, ...]:
        """The licensed writers. Whatever they answer passes the verifier before anybody sees it."""
        return tuple(
            ModelWriter(each.name, partial(self._draft, each), each.model_hash, self._clock.now, self.rank)
            for each in self.licensed(Licence.WRITER)
        )

    def _draft(self, configured: Configured, prompt: Prompt, seed: int, lines: int) -> Completion:
        local = configured.kind == "gguf"
        return self.ask(configured, Question(prompt, "draft", form=schema(lines if local else 0), seed=seed))

    def gate(self, configured: Configured, prompt: Prompt) -> tuple[bool, tuple[str, ...]]:
        """Whether the model may see the prompt, and the router's reasons; asks nobody. For showing beforehand."""
        route = self._route(configured, prompt)
        return bool(route.models), route.reasons

    def _route(self, configured: Configured, prompt: Prompt) -> Route:
        return self._router(configured).route(prompt)

    def _router(self, configured: Configured) -> Router:
        return Router(
            [self.model(configured)], breaker=self._guard.breaker, offline=self.network.reason,
            internal_may_leave=bool(configured.config.get("cloud_allowed")),
        )  # fmt: skip

    def ask(self, configured: Configured, question: Question) -> Completion:
        """One answer, on record. Raises UnavailableError for a closed gate or a spent budget, and what the model does.

        OutageError where that goes by: clouds are left alone, or the model cannot be reached.
        A refusal by a content filter is never asked of another model: ModelRefusedError passes through.
        """
        route, model = self._route(configured, question.prompt), self.model(configured)
        shown = f"{question.prompt.instructions}\n\n{question.prompt.task}"
        asked = Asked(
            configured.id, configured.name, question.purpose, model.host, model.where is Where.CLOUD, shown,
            hashlib.sha256(shown.encode()).hexdigest(), route.reasons, question.campaign_id,
        )  # fmt: skip
        if not route.models:
            self.calls.note_closed(asked)
            closed = OutageError if route.for_now else UnavailableError
            raise closed(f"{configured.name} may not be asked: {route.reasons[0].partition(': ')[2]}.")
        expected = len(shown) // _LETTERS_PER_TOKEN + question.max_tokens
        number = self.calls.reserve(asked, expected, configured.monthly_tokens)
        try:
            answer = model.complete(
                question.prompt, schema=question.form, max_tokens=question.max_tokens, seed=question.seed,
                seconds=question.seconds,
            )  # fmt: skip
        except BaseException as error:
            self.calls.settle(number, _outcome(error), len(shown) // _LETTERS_PER_TOKEN if _answered(error) else 0)
            self._note(model, error)
            if isinstance(error, UnavailableError) and not isinstance(error, BadAnswerError):
                raise OutageError(error.message, remedy=error.remedy) from error
            raise
        self._note(model)
        tokens_in = answer.tokens_in or len(shown) // _LETTERS_PER_TOKEN
        tokens_out = answer.tokens_out or len(answer.text) // _LETTERS_PER_TOKEN
        self.calls.settle(number, "answered", tokens_in, tokens_out)
        return answer

    def _note(self, model: LanguageModel, error: BaseException | None = None) -> None:
        """What an attempt at a cloud says of the network; one that never began, or broke off later, says nothing."""
        if model.where is not Where.CLOUD:
            return
        if isinstance(error, UnreachableError):
            self.network.note(model.host, reached=False)
        elif error is None or _answered(error) or isinstance(error, InvalidInputError):
            self.network.note(model.host, reached=True)

    def rank(self, context: str, lines: Sequence[str], *, seconds: float = 6.0) -> tuple[str, list[float]] | None:
        """Name of the judge and a score for each line, higher is better; None where nobody can judge now."""
        for configured in self.licensed(Licence.JUDGE):
            model = self.model(configured)
            if not isinstance(model, Scores):
                continue
            try:
                return configured.name, model.score(context, lines, seconds=seconds)
            except TidingsError as error:
                log.warning("%s could not judge: %s", configured.name, error.message)
        return None

    def close(self) -> None:
        """Ends the processes of local models."""
        for _, model in self._made.values():
            closing = getattr(model, "close", None)
            if closing is not None:
                closing()


def _outcome(error: BaseException) -> str:
    match error:
        case ModelRefusedError():
            return "refused"
        case BadAnswerError():
            return "invalid"
        case BudgetSpentError() | UnavailableError():
            return "unavailable"
        case _:
            return "failed"


def _answered(error: BaseException) -> bool:
    return isinstance(error, ModelRefusedError | BadAnswerError)
