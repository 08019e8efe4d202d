"""Contact data never goes to a model, whoever writes: planted people, a whole campaign, and every byte that leaves."""

from __future__ import annotations

import base64
import json
import quopri
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from tests.conftest import FakeClock
from tests.integration import azure_server, llm_server
from tests.integration import distribution_bed as bed
from tests.integration.azure_server import KEY, PROJECT, TOKEN, AzureService
from tests.integration.egress_watch import Watch, leaks, watching
from tests.integration.llm_server import FakeService, says
from tests.integration.test_campaigns_asking import answers, calls
from tests.integration.test_campaigns_service import HandTurned, Town, brief
from tests.unit.content_models import sound

from tidings.agents.policy import Effect
from tidings.agents.state import ensure_agents
from tidings.app.sending import build_sender
from tidings.app.wiring import wire
from tidings.audience.incoming import ConsentGiven
from tidings.campaigns.views import CampaignDetail
from tidings.content.exam.licence import Licence
from tidings.content.models import repository
from tidings.domain.actor import Actor, Role
from tidings.domain.errors import UnavailableError
from tidings.engine.jobs import Jobs
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.llm.azure_openai import AzureOpenAi
from tidings.llm.base import Prompt
from tidings.llm.configured import ModelChoice
from tidings.llm.foundry import FoundryAgent
from tidings.llm.llama import weights
from tidings.net.addresses import AddressRule
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.store.tables import contact

pytestmark = pytest.mark.xdist_group("llama")
CANARIES = (
    "Zephyrine", "Quackenbüsch", "zephyrine.q@canary-mill.example", "canary-mill", "+436641234567", "6641234567",
    "Vermilion gyrfalcon", "CUST-77-ALPHA",
)  # fmt: skip
HEADER = "email,first_name,last_name,phone,time_zone,favourite,customer_number\n"
PLANTED = (
    "zephyrine.q@canary-mill.example,Zephyrine,Quackenbüsch,+436641234567,Europe/Vienna,"
    "Vermilion gyrfalcon,CUST-77-ALPHA\n"
)
OTHERS = "".join(f"p{n}@people.example,Ada{n},Lovelace{n},,Europe/London,rye,C-{n}\n" for n in range(30))


def thought(instructions: str, task: str) -> str:
    """What a model answers that means well and repeats much."""
    if "<sentence>" in task:
        return json.dumps({"sentences": ["You get a starter to take home."]})
    return sound(Prompt(instructions, task))


class Thinking(FakeService):
    """An OpenAI-compatible service; calls each tool it is offered before it answers."""

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append((dict(request.headers), body))
        if self.answers:
            return self.answers.pop(0)
        said = {each["role"]: str(each["content"]) for each in body["messages"]}
        return says(thought(said.get("system", ""), said["user"]))


class ThinkingAzure(AzureService):
    """Azure OpenAI and Foundry, with an answer to what was asked."""

    async def _body(self, request: Request) -> Any:
        body = await super()._body(request)
        if isinstance(body, dict) and ("messages" in body or "input" in body):
            heard = body.get("messages") or body["input"]
            task = heard if isinstance(heard, str) else _text(heard[-1]["content"])
            self.text = thought("", task)
        return body


def _text(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part["text"] for part in content)


@dataclass
class Watched:
    """A town with planted people, and what leaves it. `allowed` are the ports something may be said to."""

    town: Town
    watch: Watch
    admin: Actor
    allowed: set[str]
    sink: Any

    def licensed(self, kind: str, fields: dict[str, Any], licence: Licence) -> Any:
        models = self.town.house.services.models
        made = models.add(self.admin, kind, kind, fields)
        with self.town.house.db.transaction() as conn:
            repository.change(conn, made.id, 0, licence=licence.value)
        return models.model(self.admin, kind)

    def campaign(self) -> CampaignDetail:
        """Brief, drafts, other words for a block, approval, launch, and the mails on their way."""
        town, campaigns = self.town, self.town.house.services.campaigns
        made = campaigns.create(town.author, brief(bodies=2, subjects=2, other_calls=["Come and bake"]))
        town.jobs.turn()
        ready = town.at(made)
        assert ready.revision is not None
        self.town.house.services.suggestions.suggest(town.author, made.row.id, "A", sentence=None)
        text = next(no for no, block in enumerate(ready.revision.drafts[0].blocks) if "sourdough" in str(block))
        self.town.house.services.suggestions.suggest(town.author, made.row.id, "A", block=text)
        campaigns.approve(town.approver, made.row.id, ready.revision.id)
        campaigns.send(town.approver, made.row.id, now=True)
        town.jobs.turn()
        with bed.running(build_sender(town.house)):
            bed.wait_for(lambda: len(self.sink.taken) == 31)
        return ready

    def nothing_left(self) -> None:
        """No canary in any spelling, and nobody was connected to but who may be."""
        assert leaks(self.watch.all, CANARIES) == []
        assert {place for place in self.watch.reached if place not in self.allowed} == set()


@pytest.fixture
def watched(
    sqlite_database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    with ExitStack() as stack:
        sink = stack.enter_context(bed.sink())
        service = stack.enter_context(llm_server.serving(Thinking()))
        town = _settled(sqlite_database, clock, secrets, tmp_path, sink.port, service.base_url)
        admin = town.house.services.access.create_account(None, email="a2@s.example", name="Ann", role=Role.ADMIN)
        watch = stack.enter_context(watching(monkeypatch))
        place = service.base_url.removeprefix("http://").removesuffix("/v1")
        made = Watched(town, watch, admin.actor(), {place, f"127.0.0.1:{sink.port}"}, sink)
        made.town.service = service  # type: ignore[attr-defined]
        yield made
        town.house.services.models.desk.close()


def _settled(db: Database, clock: FakeClock, secrets: Secrets, folder: Path, relay: int, model: str) -> Town:
    jobs = HandTurned()
    settings = Settings(folder, model=ModelChoice(model, "tiny", "sesame"), relay=f"smtp://127.0.0.1:{relay}?tls=none")
    house = wire(settings, db, MasterKey(bytes(32)), secrets, clock, "test", cast("Jobs", jobs))
    with db.transaction() as conn:
        ensure_agents(conn)
    people = {
        role: house.services.access.create_account(None, email=f"{role}@staff.example", name=f"The {role}", role=role)
        for role in (Role.ADMIN, Role.AUTHOR, Role.MANAGER)
    }
    admin = people[Role.ADMIN].actor()
    brand = {"name": "Northwind Bakery", "sender": {"name": "Northwind", "address": "hello@northwind.example.com"},
             "postal_address": "Mill Lane 4, 1010 Vienna", "website": "https://northwind.example.com"}  # fmt: skip
    made = house.services.brands.create_brand(admin, brand)
    house.services.brands.add_claim(admin, made.id, "Our bread is baked every night.", evidence="the schedule")
    given = ConsentGiven(source="sign-up form", wording="Yes, write to me.")
    assert house.services.audience.import_csv(admin, HEADER + PLANTED + OTHERS, consent=given).added == 31
    with db.reading() as conn:
        planted = conn.execute(select(contact).where(contact.c.first_name == "Zephyrine")).one()
    assert {planted.last_name, planted.phone, *planted.attributes.values()} >= {
        "Quackenbüsch", "+436641234567", "Vermilion gyrfalcon", "CUST-77-ALPHA",
    }  # fmt: skip
    return Town(house, jobs, clock, people[Role.AUTHOR].actor(), people[Role.MANAGER].actor())


def bundled() -> Path:
    try:
        return weights.fetch(Path(sys.prefix))
    except UnavailableError as error:
        pytest.skip(f"the bundled model is not to be had here: {error.message}")


def composer(watched: Watched, _stack: ExitStack, _patch: pytest.MonkeyPatch) -> str:
    return "Composer"


def llama(watched: Watched, _stack: ExitStack, _patch: pytest.MonkeyPatch) -> str:
    """Judges subject lines and suggests sentences: what its exam lets it do."""
    watched.licensed("gguf", {"path": str(bundled())}, Licence.SUGGESTER)
    return "Composer"


def openai(watched: Watched, _stack: ExitStack, _patch: pytest.MonkeyPatch) -> str:
    base = watched.town.service.base_url  # type: ignore[attr-defined]
    watched.licensed("openai", {"base_url": base, "model": "tiny"}, Licence.WRITER)
    return "openai"


def _azure(watched: Watched, stack: ExitStack, patch: pytest.MonkeyPatch, kind: str) -> str:
    service = stack.enter_context(azure_server.serving(ThinkingAzure()))
    host = service.base_url.removeprefix("http://")
    watched.allowed.add(host)
    desk = watched.town.house.services.models.desk
    guard = replace(desk._guard, addresses=AddressRule().allowing(host))
    if kind == "foundry":
        fields = {"endpoint": f"https://x.services.ai.azure.com{PROJECT}", "deployment": "gpt-test"}
        model: Any = FoundryAgent.made(kind, service.base_url + PROJECT, "gpt-test", guard, identity=lambda: TOKEN)
    else:
        fields = {"endpoint": "https://x.openai.azure.com", "deployment": "gpt-test"}
        model = AzureOpenAi.made(kind, service.base_url, "gpt-test", KEY, guard, None)
    watched.licensed(kind, {**fields, "cloud_allowed": True}, Licence.WRITER)
    patch.setattr(desk, "model", lambda _configured: model)
    return kind


def azure_openai(watched: Watched, stack: ExitStack, patch: pytest.MonkeyPatch) -> str:
    return _azure(watched, stack, patch, "azure_openai")


def foundry(watched: Watched, stack: ExitStack, patch: pytest.MonkeyPatch) -> str:
    return _azure(watched, stack, patch, "foundry")


WRITERS = [composer, llama, openai, azure_openai, foundry]


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_no_contact_leaves_with_a_campaign_whoever_writes(
    writer: Any, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        name = writer(watched, stack, monkeypatch)
        campaign = watched.campaign()
        assert campaign.revision is not None
        assert {draft.writer for draft in campaign.revision.drafts} == {name}
    if writer is not composer:
        assert b"bread workshop" in watched.watch.all, "something was asked"
    watched.nothing_left()
    mail = next(raw for raw in watched.sink.bodies if b"zephyrine.q@canary-mill.example" in raw.lower())
    assert leaks(mail, CANARIES[:1]) == ["Zephyrine"], "the planted person is real: her own mail greets her"


def test_no_contact_leaves_with_the_exam(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        openai(watched, stack, monkeypatch)
        models = watched.town.house.services.models
        models.start_exam(watched.admin, "openai")
        watched.town.jobs.turn()
    assert models.model(watched.admin, "openai").exam["state"] == "done"
    assert len(watched.watch.left) >= 24
    watched.nothing_left()


def test_a_brief_in_plain_words_asks_nobody(watched: Watched) -> None:
    text = "Tell our readers about the bread workshop on 3 December. You get a starter. Book at https://northwind.example.com/w"
    watched.town.house.services.briefs.parse(watched.town.author, text)
    assert watched.watch.left == []
    watched.nothing_left()


def test_no_contact_leaves_with_a_question_to_an_agent(watched: Watched) -> None:
    """Every reading tool of every agent, with a campaign under way and a person's words in its history."""
    town, service = watched.town, watched.town.service  # type: ignore[attr-defined]
    campaign_id = watched.campaign().row.id
    given = {"check_text": {"text": "Bread is good."}}
    asking, used = town.house.services.asking, 0
    for agent, tools in asking.tools.items():
        for tool in (each for each in tools if each.effect is Effect.READ):
            wants = {"campaign_id": campaign_id} if "campaign_id" in tool.schema().get("properties", {}) else {}
            service.answers = [calls(tool.name, **wants, **given.get(tool.name, {})), answers("Done.")]
            said = asking.ask(town.approver, agent, "Who got it, and who clicked?")
            assert [(use.tool, use.outcome) for use in said.tools] == [(tool.name, "done")]
            used += 1
    assert used > 10
    watched.nothing_left()


ENCODED = {
    "plain": lambda text: text.encode(),
    "other case": lambda text: text.upper().encode(),
    "json": lambda text: json.dumps({"prompt": f"Dear {text}!"}).encode(),
    "url": lambda text: quote(f"x={text}").encode(),
    "quoted-printable": lambda text: quopri.encodestring(f"Hello {text}, {'x' * 70} {text}".encode()),
    **{f"base64 at {n}": lambda text, n=n: base64.b64encode(("y" * n + text + "tail").encode()) for n in range(3)},
}  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("canary", CANARIES)
def test_a_leak_would_be_seen(canary: str, encoding: str) -> None:
    assert canary in leaks(b"POST /v1\n" + ENCODED[encoding](canary), CANARIES)


def test_an_address_in_a_brief_is_stopped_before_it_leaves(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last look at what goes to a cloud: the campaign stops and says so, for a person to change the brief."""
    town, check = watched.town, AddressRule.check
    monkeypatch.setattr(AddressRule, "check", lambda self, url: replace(check(self, url), local=False))
    with ExitStack() as stack:
        azure_openai(watched, stack, monkeypatch)
        facts = ["It is a bread workshop for beginners.", "Write to zephyrine.q@canary-mill.example for a place."]
        made = town.house.services.campaigns.create(town.author, brief(facts=facts))
        town.jobs.turn()
    ready = town.at(made)
    assert (ready.row.state.value, "carried contact data" in ready.row.state_reason) == ("blocked", True)
    watched.nothing_left()
