"""Use cases of configured models: add, change, examine, remove, and see what was asked of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from tidings.access.audit import record
from tidings.access.permissions import Permission, require
from tidings.content.exam import exam
from tidings.content.exam.licence import Licence, after
from tidings.content.models import kinds, repository
from tidings.content.models.desk import ModelDesk
from tidings.content.models.repository import Configured
from tidings.content.repository import brand_named
from tidings.content.service import load_brand
from tidings.content.writers.base import Assignment
from tidings.content.writers.plan import prompt_for
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.brief import Brief
from tidings.domain.errors import ConflictError, NotFoundError, TidingsError
from tidings.domain.ids import new_id
from tidings.domain.instant import Clock
from tidings.engine.jobs import Jobs
from tidings.llm.base import Where
from tidings.llm.llama.weights import bundled_path, is_there
from tidings.llm.network import NetworkState, Offline, offline_mode
from tidings.store.database import Database
from tidings.store.settings import get_setting, put_setting


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent to a model, and whether it may be."""

    model: str
    may_be_asked: bool
    leaves_machine: bool
    destination: str
    reasons: tuple[str, ...]
    instructions: str
    task: str


log = logging.getLogger("tidings.content")
EXAM = "content.exam"
BUNDLED = "smollm2"
_BUNDLED = "bundled_model"
_INSTALLATION = Actor(ActorKind.SYSTEM, "system", "Tidings", Role.ADMIN)
"""Acts where the one who set Tidings up has fetched the weights: that was the decision."""


class ModelService:
    """Blocking. Adding, examining and removing is for who may change settings; looking for who may see agents."""

    def __init__(
        self, db: Database, clock: Clock, desk: ModelDesk, jobs: Jobs, *,
        on_online: Callable[[Connection], Any] = lambda _conn: None,
    ) -> None:  # fmt: skip
        """`on_online` is called where somebody ends offline mode, in that transaction."""
        self.on_online = on_online
        self._db, self._clock, self.desk, self._jobs = db, clock, desk, jobs
        jobs.job(EXAM, queue="content")(self.take_exam)

    def models(self, actor: Actor) -> list[Configured]:
        """All, in the order in which they are asked."""
        require(actor, Permission.AGENTS_READ)
        with self._db.reading() as conn:
            return repository.every(conn)

    def model(self, actor: Actor, id_or_name: str) -> Configured:
        """One. Raises NotFoundError."""
        require(actor, Permission.AGENTS_READ)
        with self._db.reading() as conn:
            return _found(repository.named(conn, id_or_name), id_or_name)

    def add(
        self, actor: Actor, name: str, kind: str, fields: Mapping[str, Any], *, monthly_tokens: int | None = None,
        rank: int = 100,
    ) -> Configured:  # fmt: skip
        """A new model without a licence. Raises InvalidInputError for a file that is no model or a wrong field."""
        require(actor, Permission.SETTINGS_WRITE)
        config, secret = kinds.parts_of(kind, fields)
        values: dict[str, Any] = {
            "id": new_id("model"), "name": name.strip(), "kind": kind, "config": config, "secret": secret,
            "model_hash": kinds.hash_of(kind, config), "monthly_tokens": monthly_tokens, "rank": rank, "enabled": True,
            "licence": Licence.UNEXAMINED.value, "licence_reason": "", "exam": {}, "record": [],
        }  # fmt: skip
        now = self._clock.now()
        try:
            with self._db.transaction() as conn:
                repository.add(conn, values, now)
                record(conn, now, actor, "model.add", values["id"], {"name": values["name"], "kind": kind})
        except IntegrityError as error:
            raise ConflictError(f"There is a model named {name!r} already.", remedy="Give it another name.") from error
        return self.model(actor, values["id"])

    def change(self, actor: Actor, id_or_name: str, **values: Any) -> Configured:
        """Switches it on or off, or gives it another rank or budget (`enabled`, `rank`, `monthly_tokens`)."""
        require(actor, Permission.SETTINGS_WRITE)
        known = {name: value for name, value in values.items() if name in {"enabled", "rank", "monthly_tokens"}}
        now = self._clock.now()
        with self._db.transaction() as conn:
            model = _found(repository.named(conn, id_or_name), id_or_name)
            repository.change(conn, model.id, now, **known)
            record(conn, now, actor, "model.change", model.id, known)
        return self.model(actor, model.id)

    def ensure_bundled(self, data_dir: Path) -> None:
        """Adds the bundled model once its weights are there, and lets it take the exam. Removed, it stays removed."""
        if not is_there(data_dir):
            return
        with self._db.transaction() as conn:
            if get_setting(conn, _BUNDLED) is not None or repository.named(conn, BUNDLED) is not None:
                return
            put_setting(conn, _BUNDLED, {"added": True}, self._clock.now())
        self.add(_INSTALLATION, BUNDLED, "gguf", {"path": str(bundled_path(data_dir))})
        self.start_exam(_INSTALLATION, BUNDLED)

    def remove(self, actor: Actor, id_or_name: str) -> None:
        """Forgets it and its secret; drafts it wrote keep its name and hash."""
        require(actor, Permission.SETTINGS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            model = _found(repository.named(conn, id_or_name), id_or_name)
            repository.remove(conn, model.id)
            record(conn, now, actor, "model.remove", model.id, {"name": model.name})

    def offline(self, actor: Actor) -> NetworkState:
        """Whether cloud models are left alone, why, and who said so."""
        require(actor, Permission.AGENTS_READ)
        return self.desk.network.state()

    def set_offline(self, actor: Actor, mode: str) -> NetworkState:
        """`on`: no cloud model is asked; `off`: they are; `auto`: by the last attempts to reach one.

        Raises InvalidInputError for another word, ConflictError where TIDINGS_OFFLINE decides.
        """
        require(actor, Permission.SETTINGS_WRITE)
        wanted, network = offline_mode(mode), self.desk.network
        with self._db.transaction() as conn:
            before = network.read(conn)
            if network.switch(conn, wanted, actor.name):
                detail = {"before": before.mode.value, "after": wanted.value}
                record(conn, self._clock.now(), actor, "models.offline", "models", detail)
            if wanted is not Offline.ON:
                self.on_online(conn)
            return network.read(conn)

    def calls(self, actor: Actor, *, left_machine: bool | None = None, limit: int = 50) -> Sequence[Row[Any]]:
        """What was asked of models, the newest first."""
        require(actor, Permission.AUDIT_READ)
        return self.desk.calls.latest(left_machine=left_machine, limit=limit)

    def spent(self, model: Configured) -> int:
        """Its tokens of this month."""
        return self.desk.calls.spent_this_month(model.id)

    def preview(self, actor: Actor, id_or_name: str, brief: Brief) -> Preview:
        """What would be sent to it for a brief, and whether it may be. Asks nobody."""
        require(actor, Permission.CAMPAIGNS_READ)
        with self._db.reading() as conn:
            model = _found(repository.named(conn, id_or_name), id_or_name)
            brand, claims = load_brand(conn, _brand_id(conn, brief))
        usable = tuple(claim for claim in claims if claim.usable(at=self._clock.now(), channel="email"))
        prompt = prompt_for(Assignment(brief, brand.speaking(brief.language), usable))
        may, reasons = self.desk.gate(model, prompt)
        made = self.desk.model(model)
        return Preview(model.name, may, made.where is Where.CLOUD, made.host, reasons, prompt.instructions, prompt.task)

    # The exam

    def start_exam(self, actor: Actor, id_or_name: str) -> Configured:
        """Enqueues the exam; its progress stands in `exam`. One that runs already is left alone."""
        require(actor, Permission.SETTINGS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            model = _found(repository.named(conn, id_or_name), id_or_name)
            if model.exam.get("state") in {"waiting", "running"}:
                return model
            number = int(model.exam.get("number", 0)) + 1
            state = {"state": "waiting", "number": number, "at": now}
            repository.change(conn, model.id, now, exam=state)
            record(conn, now, actor, "model.exam", model.id)
            self._jobs.enqueue(conn, EXAM, model.id, number, id=f"{EXAM}:{model.id}:{number}")
        return self.model(actor, model.id)

    def stop_exam(self, actor: Actor, id_or_name: str) -> None:
        """A running exam ends after the step it is at, and gives no licence."""
        require(actor, Permission.SETTINGS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            model = _found(repository.named(conn, id_or_name), id_or_name)
            if model.exam.get("state") in {"waiting", "running"}:
                repository.change(conn, model.id, now, exam={**model.exam, "state": "stopped"})

    def take_exam(self, model_id: str, number: int) -> None:
        """The job. Each step is written down; a repeated job begins anew, which changes nothing but time."""
        with self._db.reading() as conn:
            model = repository.named(conn, model_id)
        if model is None or not self._goes_on(model_id, number):
            return
        try:
            model_hash = kinds.hash_of(model.kind, model.config)
            for result in exam.sit(
                self.desk.model(model), model_hash, stopped=lambda: not self._goes_on(model_id, number)
            ):
                told = {**result.as_json(), "number": number, "at": self._clock.now()}
                told["state"] = "done" if result.finished else "running"
                self._write(model_id, number, told, result, model_hash)
        except TidingsError as error:
            failed = {"state": "failed", "number": number, "reason": str(error), "at": self._clock.now()}
            with self._db.transaction() as conn:
                repository.change(conn, model_id, self._clock.now(), exam=failed)

    def _write(self, model_id: str, number: int, told: dict[str, Any], result: exam.Result, model_hash: str) -> None:
        values: dict[str, Any] = {"exam": told}
        if result.finished:
            values |= {
                "licence": result.licence.value, "licence_reason": result.reason, "model_hash": model_hash,
                "record": [],
            }  # fmt: skip
        with self._db.transaction() as conn:
            now_is = repository.named(conn, model_id)
            if now_is is not None and _runs(now_is, number):  # somebody may have stopped it meanwhile
                repository.change(conn, model_id, self._clock.now(), **values)

    def _goes_on(self, model_id: str, number: int) -> bool:
        with self._db.reading() as conn:
            model = repository.named(conn, model_id)
        return model is not None and _runs(model, number)

    def note_draft(self, name: str, passed: bool) -> None:
        """How a draft of a writer fared. One that fails too often is a suggester from then on, until its next exam."""
        with self._db.transaction() as conn:
            model = repository.named(conn, name)
            if model is None:
                return
            kept, too_often = after(model.record, passed)
            values: dict[str, Any] = {"record": kept}
            if too_often and model.licence is Licence.WRITER:
                reason = "Downgraded: 4 of its last 10 drafts did not pass the verifier. Let it take the exam again."
                values |= {"licence": Licence.SUGGESTER.value, "licence_reason": reason, "record": []}
                log.warning("%s is no writer any more: too many of its drafts failed", name)
            repository.change(conn, model.id, self._clock.now(), **values)


def _runs(model: Configured, number: int) -> bool:
    return model.exam.get("number") == number and model.exam.get("state") in {"waiting", "running"}


def _brand_id(conn: Connection, brief: Brief) -> str:
    brand = brand_named(conn, brief.brand)
    if brand is None:
        raise NotFoundError(f"There is no brand {brief.brand!r}.")
    return brand.id


def _found(model: Configured | None, name: str) -> Configured:
    if model is None:
        raise NotFoundError(f"There is no model {name!r}.", remedy="`tidings models list` shows them.")
    return model
