"""Offline mode: clouds are left alone without a socket, local models are not, and what was written is proposed anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select
from tests.conftest import FakeClock
from tests.integration.test_campaigns_service import HandTurned, Town, rows, town  # noqa: F401  # a fixture
from tests.unit.content_models import Scripted, sound

from tidings.content.exam.licence import Licence
from tidings.content.models import repository
from tidings.content.models.desk import ModelDesk, Question
from tidings.content.models.service import ModelService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, UnreachableError
from tidings.engine.jobs import Jobs
from tidings.llm.azure_openai import AzureOpenAi
from tidings.llm.base import OutageError, Prompt, Where
from tidings.llm.configured import ModelChoice, Models
from tidings.llm.network import AGAIN_AFTER, Network, Offline
from tidings.net.addresses import AddressRule
from tidings.net.client import Guard
from tidings.settings import load_settings
from tidings.store.database import Database
from tidings.store.tables import audit, decision, model_call

ADMIN = Actor(ActorKind.PERSON, "acc_admin", "Ada", Role.ADMIN)
AUTHOR = Actor(ActorKind.PERSON, "acc_author", "Otto", Role.AUTHOR)
PROMPT = Prompt("Write.", "A subject for bread.")


class Nowhere:
    """A resolver that knows no name and counts who asks; before the name there is no socket."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        raise UnreachableError(f"The name {host} cannot be resolved.")


@pytest.fixture
def nowhere() -> Nowhere:
    return Nowhere()


def service_of(database: Database, clock: FakeClock, nowhere: Nowhere, fixed: Offline | None = None) -> ModelService:
    guard = Guard(AddressRule(resolve=nowhere))
    desk = ModelDesk(database, clock, lambda: guard, network=Network(database, clock, fixed))
    return ModelService(database, clock, desk, cast("Jobs", HandTurned()))


@pytest.fixture
def models(database: Database, clock: FakeClock, nowhere: Nowhere) -> ModelService:
    return service_of(database, clock, nowhere)


def cloud(models: ModelService) -> Any:
    fields = {
        "endpoint": "https://bakery.openai.azure.com", "deployment": "gpt", "api_key": "k", "cloud_allowed": True,
    }  # fmt: skip
    return models.add(ADMIN, "cloudy", "azure_openai", fields)


def test_on_no_cloud_is_asked_and_the_route_is_on_record(models: ModelService, nowhere: Nowhere, database: Any) -> None:
    configured = cloud(models)
    assert models.set_offline(ADMIN, "on").reason == "offline mode is on (by Ada)"
    with pytest.raises(OutageError, match=r"offline mode is on \(by Ada\)"):
        models.desk.ask(configured, Question(PROMPT, "draft"))
    assert nowhere.asked == 0
    with database.reading() as conn:
        (call,) = conn.execute(select(model_call)).all()
    assert (call.outcome, call.left_machine, call.prompt, call.reserved) == ("not_asked", False, "", 0)
    assert call.reasons[0] == "cloudy (cloud): offline mode is on (by Ada)"


def test_on_a_local_model_is_asked(models: ModelService, monkeypatch: pytest.MonkeyPatch) -> None:
    configured = models.add(ADMIN, "near", "openai", {"base_url": "http://127.0.0.1:9/v1", "model": "m"})
    monkeypatch.setattr(models.desk, "model", lambda _: Scripted(lambda _: "Bread", where=Where.LOCAL))
    models.set_offline(ADMIN, "on")
    assert models.desk.ask(configured, Question(PROMPT, "draft")).text == "Bread"


def test_by_itself_it_begins_after_two_attempts_that_reached_nothing(
    models: ModelService, nowhere: Nowhere, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured = cloud(models)

    def ask() -> None:
        with pytest.raises(OutageError):
            models.desk.ask(configured, Question(PROMPT, "draft"))

    ask()
    assert not models.offline(AUTHOR).offline
    ask()
    state = models.offline(AUTHOR)
    assert (nowhere.asked, state.mode) == (2, Offline.AUTO)
    assert "the last 2 attempts reached nothing" in state.reason
    assert "bakery.openai.azure.com" in state.reason
    ask()
    assert nowhere.asked == 2, "left alone"
    clock.advance(AGAIN_AFTER)
    ask()
    assert nowhere.asked == 3, "after a minute the next question finds out"
    ask()
    assert nowhere.asked == 3
    clock.advance(AGAIN_AFTER)
    monkeypatch.setattr(models.desk, "model", lambda _: Scripted(lambda _: "Bread", where=Where.CLOUD))
    assert models.desk.ask(configured, Question(PROMPT, "draft")).text == "Bread"
    assert not models.offline(AUTHOR).offline
    clock.advance(1)
    assert not models.offline(AUTHOR).offline, "one answer ends it"


def test_off_it_is_tried_whatever_failed(models: ModelService, nowhere: Nowhere) -> None:
    configured = cloud(models)
    models.set_offline(ADMIN, "off")
    for _ in range(4):
        with pytest.raises(OutageError):
            models.desk.ask(configured, Question(PROMPT, "draft"))
    assert nowhere.asked == 4


def test_only_who_may_change_settings_switches_it_and_it_is_audited(models: ModelService, database: Any) -> None:
    with pytest.raises(ForbiddenError):
        models.set_offline(AUTHOR, "on")
    with pytest.raises(InvalidInputError, match="'perhaps' is no offline mode"):
        models.set_offline(ADMIN, "perhaps")
    models.set_offline(ADMIN, "on")
    models.set_offline(ADMIN, "on")
    with database.reading() as conn:
        noted = conn.execute(select(audit).where(audit.c.action == "models.offline")).all()
    assert [(each.actor_name, each.detail) for each in noted] == [("Ada", {"before": "auto", "after": "on"})]


def test_the_installations_own_setting_decides(database: Database, clock: FakeClock, nowhere: Nowhere) -> None:
    models = service_of(database, clock, nowhere, Offline.ON)
    with pytest.raises(ConflictError, match="TIDINGS_OFFLINE=on decides"):
        models.set_offline(ADMIN, "off")
    assert models.offline(AUTHOR).offline
    assert load_settings({"TIDINGS_OFFLINE": "On"}).offline == "on"
    assert load_settings({}).offline is None
    with pytest.raises(InvalidInputError, match="TIDINGS_OFFLINE is 'maybe'"):
        load_settings({"TIDINGS_OFFLINE": "maybe"})


def test_neither_the_health_page_nor_a_question_to_an_agent_reaches_a_cloud(
    database: Database, clock: FakeClock, nowhere: Nowhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.net.addresses.socket.getaddrinfo", lambda *_a, **_k: nowhere("host", 443))
    choice = ModelChoice("https://api.example.com/v1", "m", cloud_allowed=True)
    found = Models(choice, None, Network(database, clock, Offline.ON))
    assert "not asked: offline mode is on" in found.look().message
    with pytest.raises(Exception, match="left alone: offline mode is on") as refused:
        found.for_prompt(PROMPT)
    assert "tidings models offline" in refused.value.remedy  # type: ignore[attr-defined]
    assert nowhere.asked == 0


@pytest.fixture
def cloudy(town: Town, monkeypatch: pytest.MonkeyPatch) -> Scripted:  # noqa: F811
    """A cloud model licensed to write in a town whose offline mode is on."""
    service = town.house.services.models
    made = cloud(service)
    with town.house.db.transaction() as conn:
        repository.change(conn, made.id, 0, licence=Licence.WRITER.value)
    model = Scripted(sound, name="cloudy", where=Where.CLOUD)
    monkeypatch.setattr(service.desk, "model", lambda _configured: model)
    service.set_offline(ADMIN, "on")
    return model


def proposals(town: Town, campaign_id: str) -> list[Any]:  # noqa: F811
    return town.house.services.analytics.recommendations(town.author, campaign_id)


def test_drafts_of_an_outage_are_proposed_anew_and_never_swapped(town: Town, cloudy: Scripted) -> None:  # noqa: F811
    ready = town.reviewed()
    assert ready.revision
    assert (ready.revision.drafts[0].writer, cloudy.asked) == ("Composer", [])
    (drafted,) = [each for each in rows(town, decision) if each.kind == "draft"]
    assert drafted.evidence["outage"] == ["cloudy"]
    assert "offline mode is on" in drafted.evidence["writers_that_failed"][0]

    town.house.services.models.set_offline(ADMIN, "off")
    town.jobs.turn()
    now = town.at(ready)
    assert now.revision
    assert now.revision.id == ready.revision.id, "nothing is swapped"
    (proposed,) = proposals(town, ready.row.id)
    assert (proposed.kind, proposed.status) == ("rewrite", "proposed")
    assert cloudy.asked

    town.house.services.models.set_offline(ADMIN, "off")
    town.jobs.turn()
    assert len(proposals(town, ready.row.id)) == 1, "proposed once"

    town.house.services.analytics.decide_recommendation(town.author, proposed.id, True)
    taken = town.at(ready)
    assert taken.revision
    assert (taken.revision.author, taken.revision.drafts[0].writer) == (town.author.name, "cloudy")
    assert taken.row.state == "review", "it is approved anew"
    assert all(draft.sendable for draft in taken.revision.drafts)


def test_rejected_or_edited_meanwhile_the_draft_there_is_stands(town: Town, cloudy: Scripted) -> None:  # noqa: F811
    ready = town.reviewed()
    town.house.services.models.set_offline(ADMIN, "off")
    town.jobs.turn()
    (proposed,) = proposals(town, ready.row.id)
    edited = town.house.services.campaigns.edit_draft(town.author, ready.row.id, "A", subject="Come and bake with us")
    with pytest.raises(ConflictError, match="changed or approved since"):
        town.house.services.analytics.decide_recommendation(town.author, proposed.id, True)
    town.house.services.analytics.decide_recommendation(town.author, proposed.id, False)
    assert town.at(ready).revision == edited.revision


def test_an_approved_or_edited_draft_is_not_written_anew(town: Town, cloudy: Scripted) -> None:  # noqa: F811
    approved, edited = town.approved(), town.reviewed()
    town.house.services.campaigns.edit_draft(town.author, edited.row.id, "A", subject="Come and bake with us")
    town.house.services.models.set_offline(ADMIN, "off")
    due = [job for job in town.jobs.waiting if job[0] == "content.rewrite"]
    assert len(due) == 2, "both wait for their time"
    for name, args, _ in due:
        town.jobs.registered[name](*args)
    assert cloudy.asked == []
    assert proposals(town, approved.row.id) == proposals(town, edited.row.id) == []


def test_while_it_lasts_it_is_tried_again_and_again(town: Town, cloudy: Scripted) -> None:  # noqa: F811
    town.reviewed()
    waits: list[int] = []
    for _ in range(4):
        (job,) = [each for each in town.jobs.waiting if each[0] == "content.rewrite"]
        town.jobs.waiting.remove(job)
        waits.append(job[2] // 60_000)
        town.jobs.registered[job[0]](*job[1])
    assert waits == [5, 15, 60, 60]
    assert cloudy.asked == []


def test_an_azure_deployment_is_always_a_cloud() -> None:
    model = AzureOpenAi.made("a", "https://127.0.0.1", "gpt", "k", Guard(), None)
    assert model.where is Where.CLOUD


def test_an_empty_folder_of_settings(tmp_path: Path) -> None:
    assert load_settings({"TIDINGS_OFFLINE": " "}, data_dir=tmp_path).offline is None
