"""The SDK against a real server on the loopback, with fake use cases behind it."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tidings.api.build import MOUNT, build_api
from tidings.domain.actor import Role
from tidings_client import AsyncTidings, ConflictError, ForbiddenError, InvalidInputError, Tidings, UnauthenticatedError

_SPEC = importlib.util.spec_from_file_location("face_fakes", Path(__file__).parents[1] / "face_fakes.py")
assert _SPEC is not None
assert _SPEC.loader is not None
fakes: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fakes)


@pytest.fixture
def services(sqlite_database: Any, clock: Any) -> Any:
    return fakes.make_services(sqlite_database, clock)


@pytest.fixture
def address(services: Any) -> Iterator[str]:
    outer = FastAPI()
    outer.mount(MOUNT, build_api(services, fakes.FakeMailbox()))
    with fakes.serving(outer) as url:
        yield url


def test_a_campaign_walks_the_whole_way(address: str) -> None:
    with Tidings(address, "tid_author") as author, Tidings(address, "tid_manager") as manager:
        campaign = author.campaigns.create(fakes.BRIEF)
        assert campaign.state == "review"
        assert campaign.revision is not None
        assert [row.id for row in manager.approvals.list().items] == [campaign.id]
        assert author.campaigns.preview(campaign.id, variant="B").variant == "B"
        with pytest.raises(ForbiddenError) as refused:
            author.campaigns.approve(campaign.id, campaign.revision.id)
        assert refused.value.remedy
        with pytest.raises(ConflictError):
            manager.campaigns.approve(campaign.id, "rev_other")
        approved = manager.campaigns.approve(campaign.id, campaign.revision.id, "Good.")
        assert approved.approvals[0].comment == "Good."
        sent = manager.campaigns.send(campaign.id, now=True)
        assert sent.counts == {"planned": 1, "accepted": 2}
        edited = author.campaigns.edit_draft(campaign.id, "A", subject="New", version=sent.version)
        with pytest.raises(ConflictError):
            author.campaigns.edit_draft(campaign.id, "A", subject="New", version=sent.version)
        assert edited.version > sent.version
        report = manager.analytics.report(campaign.id)
        assert report.total.clicked.low == 0.07


def test_every_list_can_be_walked_page_by_page(address: str, services: Any) -> None:
    for _ in range(3):
        services.campaigns.create(services.access.people[Role.AUTHOR], fakes.brief_of())
    with Tidings(address, "tid_viewer") as client:
        assert client.campaigns.list(limit=2).next == "2"
        assert len(list(client.campaigns.all())) == 3
    with Tidings(address, "tid_admin") as client:
        assert len(list(client.contacts.all())) == 1
        assert len(list(client.mailbox.all(query="bake"))) == 1
        assert len(list(client.decisions.all(agent="content"))) == 1


def test_errors_come_with_field_and_remedy(address: str) -> None:
    with Tidings(address, "tid_author") as client, pytest.raises(InvalidInputError) as caught:
        client.campaigns.create({**fakes.BRIEF, "link": "nowhere"})
    assert caught.value.field == "link"
    assert "A complete example" in caught.value.remedy
    with Tidings(address, "tid_wrong") as client, pytest.raises(UnauthenticatedError):
        client.accounts.me()


def test_the_other_resources_answer_typed(address: str) -> None:
    with Tidings(address, "tid_admin") as client:
        assert {agent.name for agent in client.agents.list().items} == {
            "content", "scheduling", "distribution", "analytics",
        }  # fmt: skip
        agent = client.agents.configure("content", {"max_words": 99}, autonomy="within_policy", version=1)
        assert (agent.config["max_words"], agent.autonomy) == (99, "within_policy")
        assert client.agents.pause("content", "tea").paused
        assert not client.agents.resume("content").paused
        assert client.sending.pause("fire").reason == "fire"
        assert not client.sending.resume().paused
        assert client.health.get().status == "warn"
        assert client.contacts.import_csv(b"email\na@example.com\n").added == 1
        assert client.contacts.get(fakes.CONTACT.id).consents[0].state == "granted"
        assert client.segments.create("All", {"all": []}).name == "All"
        assert client.brands.claims("brd_1").items[0].sentence == "It is bread."
        assert client.mailbox.get("msg_1").row.sender == "hello@northwind.example.com"
        assert client.tokens.create("nightly", scopes=["analytics:read"]).secret.startswith("tid_")
        assert client.accounts.create_link("acc_1").url.startswith("https://localhost:8443/sign-in/link?token=")
        assert client.analytics.overview(days=30).days == 30
        assert client.analytics.decide("rec_1", accept=False).status == "rejected"
        assert client.contacts.erase(fakes.CONTACT.id) is None


def test_the_feed_is_followed_as_it_happens(address: str, services: Any) -> None:
    with Tidings(address, "tid_viewer") as client:
        feed = client.activity.stream(since=0)
        assert next(feed).text == "wrote two drafts"
        services.activity.lines.append(fakes.ActivityLine(2, fakes.AT, "person", "approved", None))
        assert next(feed).text == "approved"


async def test_the_asynchronous_client_does_the_same(address: str) -> None:
    async with AsyncTidings(address, "tid_manager") as client:
        campaign = await client.campaigns.create(fakes.BRIEF)
        assert [row.id async for row in client.campaigns.all()] == [campaign.id]
        both = await asyncio.gather(client.campaigns.get(campaign.id), client.health.get())
        assert both[0].id == campaign.id
        async for line in client.activity.stream(since=0):
            assert line.number == 1
            break


def test_files_come_back_byte_for_byte(address: str) -> None:
    content = bytes(range(256)) * 40
    with Tidings(address, "tid_author") as client:
        campaign = client.campaigns.create(fakes.BRIEF)
        made = client.attachments.add(campaign.id, "Größe.pdf", content)
        assert (made.name, made.size) == ("Größe.pdf", len(content))
        assert client.attachments.get(campaign.id, made.id).content == content
        with pytest.raises(InvalidInputError) as refused:
            client.attachments.add(campaign.id, "setup.exe", b"MZ")
        assert refused.value.field == "attachment"
        client.attachments.remove(campaign.id, made.id)
        assert made.id not in {each.id for each in client.attachments.list(campaign.id).items}


def test_a_delivery_is_found_and_settled(address: str) -> None:
    with Tidings(address, "tid_manager") as client:
        [found] = client.deliveries.find(address="ada@example.com").items
        detail = client.deliveries.get(found.campaign_id, found.contact_id)
        assert [attempt.outcome for attempt in detail.attempts] == ["deferred", "uncertain"]
        assert detail.events[1].by_machine
        assert client.deliveries.settle(found.campaign_id, found.contact_id, "arrived").settles
        with pytest.raises(InvalidInputError):
            client.deliveries.settle(found.campaign_id, found.contact_id, "perhaps")
    with Tidings(address, "tid_author") as client, pytest.raises(ForbiddenError):
        client.deliveries.settle("cmp_1", "con_1", "arrived")
