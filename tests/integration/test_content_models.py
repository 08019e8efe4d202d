"""Configured models: licences, budgets, records of what left, and that no contact ever does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.llm_server import FakeService, fails, says, serving
from tests.unit.content_material import brand, briefs
from tests.unit.content_models import Scripted, liar, plan, sound

from tidings.content.agent import ContentAgent
from tidings.content.exam.licence import Licence
from tidings.content.models import repository
from tidings.content.models.desk import ModelDesk, Question
from tidings.content.models.look import look
from tidings.content.models.service import ModelService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, UnavailableError
from tidings.engine.jobs import Jobs
from tidings.llm.base import Completion, LanguageModel, ModelRefusedError, Prompt
from tidings.llm.calls import BudgetSpentError, forget_prompts
from tidings.llm.configured import ModelLook
from tidings.llm.llama.gguf import fingerprint
from tidings.llm.network import Network
from tidings.net.client import Guard
from tidings.net.egress import EgressScan

ADMIN = Actor(ActorKind.PERSON, "acc_admin", "Ada", Role.ADMIN)
VIEWER = Actor(ActorKind.PERSON, "acc_viewer", "Vic", Role.VIEWER)
PROMPT = Prompt("Write.", "A subject for bread.")
CANARY = "canary@secret.example.com"


@pytest.fixture
def service_there() -> Iterator[FakeService]:
    with serving(FakeService()) as running:
        yield running


@pytest.fixture
def models(database: Any, clock: Any) -> Iterator[ModelService]:
    guard = Guard(egress=EgressScan(lambda addresses: CANARY in addresses, [CANARY]))
    desk = ModelDesk(database, clock, lambda: guard, network=Network(database, clock))
    jobs = Jobs(database, clock, "test")
    jobs.prepare()
    yield ModelService(database, clock, desk, jobs)
    desk.close()
    jobs.stop()


def add(models: ModelService, service: FakeService, name: str = "tiny", **more: Any) -> str:
    fields = {"base_url": service.base_url, "model": "tiny-1", "api_key": "sk-secret"}
    return models.add(ADMIN, name, "openai", fields, **more).id


def instead(models: ModelService, monkeypatch: pytest.MonkeyPatch, model: LanguageModel) -> None:
    monkeypatch.setattr(models.desk, "model", lambda _configured: model)


def license_(models: ModelService, model_id: str, licence: Licence, database: Any) -> None:
    with database.transaction() as conn:
        repository.change(conn, model_id, 0, licence=licence.value)


def test_a_new_model_may_do_nothing_and_keeps_its_key_to_itself(models: ModelService, service_there: Any) -> None:
    add(models, service_there)
    (model,) = models.models(VIEWER)
    assert model.licence is Licence.UNEXAMINED
    assert models.desk.writers() == ()
    assert "sk-secret" not in repr(model)
    assert "api_key" not in model.config


def test_bad_input_says_what_is_wrong(models: ModelService, service_there: Any, tmp_path: Path) -> None:
    add(models, service_there)
    with pytest.raises(ConflictError):
        add(models, service_there)
    with pytest.raises(InvalidInputError, match="kind"):
        models.add(ADMIN, "x", "oracle", {})
    with pytest.raises(InvalidInputError, match="base_url"):
        models.add(ADMIN, "x", "openai", {"base_url": "ftp://x", "model": "y"})
    wrong = tmp_path / "cat.gguf"
    wrong.write_bytes(b"\x89PNG....")
    with pytest.raises(InvalidInputError, match="not a GGUF"):
        models.add(ADMIN, "cat", "gguf", {"path": str(wrong)})
    with pytest.raises(NotFoundError):
        models.model(ADMIN, "nobody")


def test_only_who_may_change_settings_adds_and_examines(models: ModelService, service_there: Any) -> None:
    with pytest.raises(ForbiddenError):
        models.add(VIEWER, "x", "openai", {})
    add(models, service_there)
    with pytest.raises(ForbiddenError):
        models.start_exam(VIEWER, "tiny")
    with pytest.raises(ForbiddenError):
        models.remove(VIEWER, "tiny")


def test_the_exam_decides_what_it_may_do(
    models: ModelService, service_there: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id = add(models, service_there)
    instead(models, monkeypatch, Scripted(sound))
    started = models.start_exam(ADMIN, "tiny")
    assert started.exam["state"] == "waiting"
    assert models.start_exam(ADMIN, "tiny").exam["number"] == 1, "asked twice, taken once"
    models.take_exam(model_id, 1)
    model = models.model(ADMIN, "tiny")
    assert (model.licence, model.exam["state"]) == (Licence.WRITER, "done")
    assert "8 of 8" in model.licence_reason
    assert [writer.name for writer in models.desk.writers()] == ["tiny"]


def test_a_stopped_exam_and_a_late_job_give_no_licence(
    models: ModelService, service_there: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id = add(models, service_there)
    instead(models, monkeypatch, Scripted(sound))
    models.start_exam(ADMIN, "tiny")
    models.stop_exam(ADMIN, "tiny")
    models.take_exam(model_id, 1)
    models.take_exam("mdl_gone", 1)
    assert models.model(ADMIN, "tiny").licence is Licence.UNEXAMINED


def test_a_model_that_cannot_be_reached_keeps_its_licence(
    models: ModelService, service_there: FakeService, database: Any
) -> None:
    model_id = add(models, service_there)
    license_(models, model_id, Licence.JUDGE, database)
    service_there.answers = [fails(401)]
    models.start_exam(ADMIN, "tiny")
    models.take_exam(model_id, 1)
    model = models.model(ADMIN, "tiny")
    assert (model.licence, model.exam["state"]) == (Licence.JUDGE, "failed")
    assert "key" in model.exam["reason"]


def test_a_writer_whose_drafts_fail_too_often_writes_no_more(
    models: ModelService, service_there: Any, database: Any
) -> None:
    model_id = add(models, service_there)
    license_(models, model_id, Licence.WRITER, database)
    for passed in (True, False, False, True, False):
        models.note_draft("tiny", passed)
    assert models.model(ADMIN, "tiny").licence is Licence.WRITER
    models.note_draft("tiny", False)
    model = models.model(ADMIN, "tiny")
    assert model.licence is Licence.SUGGESTER
    assert "4 of its last 10" in model.licence_reason
    models.note_draft("Composer", False)  # it is nobody's model


def test_the_agent_goes_on_with_the_composer_when_a_model_invents(
    models: ModelService, service_there: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    license_(models, add(models, service_there), Licence.WRITER, database)
    instead(models, monkeypatch, Scripted(liar))
    agent = ContentAgent(models.desk.writers, on_draft=models.note_draft)
    result = agent.draft(briefs()[0], brand(briefs()[0].brand), (), seed=1, at=1_772_445_600_000)
    assert {draft.writer for draft in result.drafts} == {"Composer"}
    assert "73" in result.decision.evidence["writers_that_failed"][0]
    assert models.model(ADMIN, "tiny").record == (False,)


def test_a_sound_model_is_named_as_the_author(
    models: ModelService, service_there: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    license_(models, add(models, service_there), Licence.WRITER, database)
    instead(models, monkeypatch, Scripted(sound))
    agent = ContentAgent(models.desk.writers, on_draft=models.note_draft)
    result = agent.draft(briefs()[0], brand(briefs()[0].brand), (), seed=1, at=1_772_445_600_000)
    assert {draft.writer for draft in result.drafts} == {"tiny"}
    assert result.decision.decided_by == "tiny"
    assert models.model(ADMIN, "tiny").record == (True,)


def test_a_content_filter_is_never_dodged(models: ModelService, service_there: FakeService, database: Any) -> None:
    license_(models, add(models, service_there), Licence.WRITER, database)
    service_there.answers = [fails(400, code="content_filter")]
    agent = ContentAgent(models.desk.writers, on_draft=models.note_draft)
    with pytest.raises(ModelRefusedError):
        agent.draft(briefs()[0], brand(briefs()[0].brand), (), seed=1, at=1_772_445_600_000)
    assert models.desk.calls.latest()[0].outcome == "refused"


def test_a_spent_budget_sends_nothing(models: ModelService, service_there: FakeService, database: Any) -> None:
    add(models, service_there, monthly_tokens=3000)
    service_there.answers = [says("Bread")]
    (configured,) = models.desk.configured()
    assert models.desk.ask(configured, Question(PROMPT, "draft")).text == "Bread"
    used = models.desk.calls.spent_this_month(configured.id)
    assert 0 < used < 1600, "what was reserved and not used is given back"
    before = len(service_there.asked)
    with pytest.raises(BudgetSpentError, match="3,000"):
        models.desk.ask(configured, Question(PROMPT, "draft", max_tokens=3000))
    assert len(service_there.asked) == before


def test_what_is_reserved_counts_until_the_answer_is_there(models: ModelService, service_there: Any) -> None:
    add(models, service_there, monthly_tokens=2000)
    (configured,) = models.desk.configured()

    class Slow(Scripted):
        def complete(self, prompt: Prompt, **more: Any) -> Completion:
            with pytest.raises(BudgetSpentError):
                models.desk.ask(configured, Question(PROMPT, "draft", max_tokens=1600))
            return super().complete(prompt, **more)

    model = Slow(plan and (lambda _prompt: "Bread"))
    models.desk.model = lambda _configured: model  # type: ignore[method-assign]
    assert models.desk.ask(configured, Question(PROMPT, "draft", max_tokens=1600)).text == "Bread"


def test_cloud_needs_leave_and_what_went_there_is_kept(
    models: ModelService, database: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"base_url": "https://models.example.com/v1", "model": "big"}
    models.add(ADMIN, "closed", "openai", fields)
    models.add(ADMIN, "open", "openai", {**fields, "cloud_allowed": True})
    from tidings.llm.base import Where

    cloud = Scripted(lambda _prompt: "Bread", where=Where.CLOUD, host="models.example.com")
    instead(models, monkeypatch, cloud)
    closed, opened = models.desk.configured()
    with pytest.raises(UnavailableError, match="may not leave"):
        models.desk.ask(closed, Question(PROMPT, "draft"))
    assert models.desk.gate(opened, PROMPT)[0], "can be told beforehand"
    assert cloud.asked == []
    models.desk.ask(opened, Question(PROMPT, "draft", campaign_id="cmp_1"))
    (kept,) = models.desk.calls.latest(left_machine=True)
    assert "A subject for bread." in kept.prompt
    assert (kept.destination, kept.campaign_id, kept.outcome) == ("models.example.com", "cmp_1", "answered")
    with database.transaction() as conn:
        assert forget_prompts(conn, clock.now() + 1) == 1
    (kept,) = models.desk.calls.latest(left_machine=True)
    assert kept.prompt == ""
    assert kept.prompt_hash


def test_an_address_we_know_is_stopped_at_the_door(models: ModelService) -> None:
    fields = {"base_url": "https://203.0.114.7/v1", "model": "big", "cloud_allowed": True}
    models.add(ADMIN, "cloud", "openai", fields)
    (configured,) = models.desk.configured()
    with pytest.raises(ForbiddenError):
        models.desk.ask(configured, Question(Prompt("Write.", f"To {CANARY}."), "draft", seconds=1.0))
    (call,) = models.desk.calls.latest()
    assert call.outcome == "failed"


def test_removed_is_removed(models: ModelService, service_there: Any) -> None:
    add(models, service_there)
    models.change(ADMIN, "tiny", enabled=False)
    assert models.desk.configured() == []
    models.remove(ADMIN, "tiny")
    assert models.models(ADMIN) == []


def test_the_bundled_model_is_added_once_its_weights_are_there(
    models: ModelService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidings.content.models import service

    models.ensure_bundled(tmp_path)
    assert models.models(ADMIN) == [], "nothing was fetched"
    monkeypatch.setattr(service, "is_there", lambda _folder: True)
    monkeypatch.setattr("tidings.content.models.kinds.hash_of", lambda _kind, _config: "abc")
    models.ensure_bundled(tmp_path)
    (model,) = models.models(ADMIN)
    assert (model.name, model.exam["state"]) == ("smollm2", "waiting")
    models.remove(ADMIN, "smollm2")
    models.ensure_bundled(tmp_path)
    assert models.models(ADMIN) == [], "removed, it stays removed"


def test_another_file_in_its_place_has_no_licence(models: ModelService, database: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"the one that took the exam")
    with database.transaction() as conn:
        values = {"id": "mdl_1", "name": "local", "kind": "gguf", "config": {"path": str(path)}, "secret": {},
                  "model_hash": fingerprint(path), "monthly_tokens": None, "rank": 1, "enabled": True, "record": [],
                  "licence": Licence.WRITER.value, "licence_reason": "", "exam": {}}  # fmt: skip
        repository.add(conn, values, 0)
    assert [writer.name for writer in models.desk.writers()] == ["local"]
    path.write_bytes(b"another one of which nothing is known")
    assert models.desk.writers() == ()
    found = models.model(ADMIN, "local")
    assert (found.licence, "not the one that took the exam" in found.licence_reason) == (Licence.UNEXAMINED, True)
    path.unlink()
    assert models.desk.licensed(Licence.JUDGE) == []


def test_health_says_what_each_model_does_and_what_a_writer_would_need(
    models: ModelService, service_there: FakeService, database: Any, tmp_path: Path
) -> None:
    def words(found: str = "", *, answers: bool = False) -> str:
        return look(models.desk, lambda: ModelLook("ok", found), answers=answers).message

    assert words("none at all") == "none at all"
    path = tmp_path / "m.gguf"
    path.write_bytes(b"weights")
    with database.transaction() as conn:
        values = {"id": "mdl_1", "name": "smollm2", "kind": "gguf", "config": {"path": str(path)}, "secret": {},
                  "model_hash": fingerprint(path), "monthly_tokens": None, "rank": 1, "enabled": True, "record": [],
                  "licence": Licence.JUDGE.value, "licence_reason": "", "exam": {}}  # fmt: skip
        repository.add(conn, values, 0)
    told = words()
    assert told.startswith("smollm2 ranks subject lines (a judge by its exam); the Composer writes.")
    assert "its exam must make it a writer" in told
    assert told.endswith("for agents that answer questions, set TIDINGS_MODEL")
    assert "set TIDINGS_MODEL" not in words("tiny answers", answers=True)
    larger = add(models, service_there, "larger")
    assert "larger is not used before its exam" in words()
    license_(models, larger, Licence.WRITER, database)
    assert "larger writes drafts" in words()
    assert "the Composer writes" not in words()
    path.unlink()
    assert "smollm2 is not used (its file cannot be read)" in words()
