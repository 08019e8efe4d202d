"""The ledger of postings on real databases, from an approved campaign to the link that proves it, crashes included."""

from __future__ import annotations

import asyncio
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import func, select, update
from tests.conftest import FakeClock
from tests.integration import test_campaigns_service as campaigns_tests
from tests.integration.test_campaigns_service import Town

from tidings.api.campaigns.schemas import Campaign
from tidings.app.sending import build_postings
from tidings.campaigns.views import CampaignDetail, PostingView
from tidings.distribution.channels import registry
from tidings.distribution.channels.base import ChannelDownError, Outcome, Result
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.postings.feed_app import FeedApp
from tidings.distribution.postings.worker import LEASE, PostingHooks, PostingWorker
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.campaign import CampaignState
from tidings.domain.channel import Channel
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from tidings.domain.instant import DAY, HOUR, MINUTE, SECOND
from tidings.store.database import Database, open_postgresql
from tidings.store.tables import activity, event, posting

S = CampaignState
town = campaigns_tests.town  # the fixture
ADMIN = Actor(ActorKind.PERSON, "adm", "Ada Admin", Role.ADMIN)
THERE = "https://network.example/posts/1"


class NoForm(BaseModel):
    """The scripted network needs nothing."""


@dataclass
class Network:
    """A network that does what the test says; `posts` is what it has taken, by key."""

    answers: list[Callable[[Post], Posted]] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    told: Posted | None = None
    refuses: list[str] = field(default_factory=list)
    name: str = "Network"

    def problems(self, post: Post) -> list[str]:
        return self.refuses

    def post(self, post: Post) -> Posted:
        if self.answers:
            return self.answers.pop(0)(post)
        return self.take(post)

    def take(self, post: Post) -> Posted:
        self.posts.append(post.key)
        return Posted(Outcome(Result.ACCEPTED, "201", "created"), "1", THERE)

    def find(self, post: Post) -> Posted | None:
        return self.told


def says(result: Result, words: str = "", *, wait_ms: int = 0) -> Callable[[Post], Posted]:
    return lambda _post: Posted(Outcome(result, "", words), wait_ms=wait_ms)


def down(words: str, *, refused: bool = False) -> Callable[[Post], Posted]:
    def answer(_post: Post) -> Posted:
        raise ChannelDownError(words, refused=refused)

    return answer


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Encrypted SQLite; PostgreSQL too where what is tested is decided by the database."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    database = open_postgresql(request.getfixturevalue("postgres_address"))
    yield database
    database.close()


both = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    made = Network()
    provider = Provider("network", "Network", Channel.MASTODON, NoForm, poster=lambda _form, _outbound: made)
    monkeypatch.setitem(registry.PROVIDERS, "network", f"{__name__}")
    globals()["PROVIDER"] = provider
    yield made
    del globals()["PROVIDER"]


@dataclass
class Square:
    """A town with accounts to post to, and a worker that is turned by hand."""

    town: Town
    worker: PostingWorker

    @property
    def clock(self) -> FakeClock:
        return self.town.clock

    @property
    def campaigns(self) -> Any:
        return self.town.house.services.campaigns

    def account(self, provider: str, **values: Any) -> str:
        channels = self.town.house.services.channels
        return channels.create(ADMIN, provider_name=provider, name=f"our {provider}", values=values).id

    def reviewed(self, *channels: str, **more: Any) -> CampaignDetail:
        made = self.town.new(channels=list(channels), **more)
        self.town.jobs.turn()
        return self.town.at(made)

    def approved(self, *channels: str, **more: Any) -> CampaignDetail:
        ready = self.reviewed(*channels, **more)
        assert ready.row.state is S.REVIEW, ready.row.state_reason
        assert ready.revision is not None
        return self.campaigns.approve(self.town.approver, ready.row.id, ready.revision.id)

    def launched(self, *channels: str, **more: Any) -> CampaignDetail:
        """Sent now; nothing is posted yet."""
        ready = self.approved(*channels, **more)
        self.campaigns.send(self.town.approver, ready.row.id, now=True)
        self.town.jobs.turn()
        found = self.town.at(ready)
        assert found.row.state is S.SENDING, found.row.state_reason
        return found

    def run(self) -> None:
        for _ in range(20):
            if not self.worker.work_once():
                return

    def postings(self, campaign: CampaignDetail) -> tuple[PostingView, ...]:
        return self.campaigns.posted(self.town.approver, campaign.row.id)

    def the_one(self, campaign: CampaignDetail) -> PostingView:
        (only,) = self.postings(campaign)
        return only

    def state(self, campaign: CampaignDetail) -> CampaignState:
        return self.town.at(campaign).row.state


@pytest.fixture
def square(town: Town) -> Square:
    return Square(town, build_postings(town.house))


@both
def test_a_posting_goes_out_once_and_keeps_what_proves_it(square: Square, network: Network) -> None:
    square.account("network")
    campaign = square.launched("mastodon")
    planned = square.the_one(campaign)
    assert planned.state == "planned"
    square.run()
    found = square.the_one(campaign)
    assert (found.state, found.url, found.provider_id) == ("accepted", THERE, "1")
    assert network.posts == [found.id]
    assert square.state(campaign) is S.DONE
    assert not square.worker.work_once()
    assert "utm_source=mastodon&utm_medium=social&utm_campaign=autumn-workshop" in found.text


def test_posting_writes_an_event_and_a_line_and_counts_nobody(square: Square, network: Network) -> None:
    square.account("network")
    campaign = square.launched("mastodon")
    square.run()
    with square.town.house.db.reading() as conn:
        found = conn.execute(select(event).where(event.c.channel == "mastodon")).one()
        lines = conn.execute(select(activity.c.text)).scalars().all()
    assert (found.kind, found.contact_pk, found.detail["url"]) == ("accepted", 0, THERE)
    assert "posted “Autumn workshop” to Mastodon" in lines
    assert square.town.at(campaign).row.counts == {}


@both
def test_a_campaign_with_mail_is_done_when_both_are(square: Square, network: Network) -> None:
    square.account("network")
    campaign = square.launched("email", "mastodon")
    square.run()
    assert square.state(campaign) is S.SENDING
    assert {draft.channel for draft in square.town.at(campaign).revision.drafts} == {"email", "mastodon"}  # type: ignore[union-attr]
    house = square.town.house
    with house.db.transaction() as conn:
        house.services.distribution.cancel_open(conn, 1)
        house.run.finished(conn, 1)
    assert square.state(campaign) is S.DONE


def test_without_an_account_it_is_said_before_approval(square: Square) -> None:
    ready = square.reviewed("linkedin")
    words = "No LinkedIn account is set up: add one on the page Channels, or begin anew without this channel."
    assert ready.notices == (words,)
    assert ready.revision is not None
    with pytest.raises(InvalidInputError, match="No LinkedIn account is set up"):
        square.campaigns.approve(square.town.approver, ready.row.id, ready.revision.id)
    assert square.state(ready) is S.REVIEW


def test_an_account_of_another_brand_is_not_used(square: Square, network: Network) -> None:
    channels = square.town.house.services.channels
    channels.create(ADMIN, provider_name="network", name="theirs", values={}, brand_id="brd_other")
    assert square.reviewed("mastodon").notices


def test_a_lost_answer_is_shown_and_never_repeated_by_itself(square: Square, network: Network) -> None:
    square.account("network")
    network.answers = [says(Result.UNCERTAIN, "the answer was lost")]
    campaign = square.launched("mastodon")
    square.run()
    assert square.the_one(campaign).state == "uncertain"
    assert square.state(campaign) is S.SENDING, "it is still looked for"
    for _ in range(10):
        square.clock.advance(HOUR)
        square.run()
    found = square.the_one(campaign)
    assert (found.state, network.posts, found.can_confirm, found.can_repeat) == ("uncertain", [], True, True)
    assert square.state(campaign) is S.DONE


def test_a_posting_in_doubt_is_found(square: Square, network: Network) -> None:
    square.account("network")
    network.answers = [says(Result.UNCERTAIN, "the answer was lost")]
    network.told = Posted(Outcome(Result.ACCEPTED, "", "found"), "7", "https://network.example/posts/7")
    campaign = square.launched("mastodon")
    square.run()
    square.clock.advance(20 * SECOND)
    square.run()
    found = square.the_one(campaign)
    assert (found.state, found.url, network.posts) == ("accepted", "https://network.example/posts/7", [])
    assert square.state(campaign) is S.DONE


def test_what_is_surely_not_there_is_posted_again(square: Square, network: Network) -> None:
    square.account("network")
    network.answers = [says(Result.UNCERTAIN, "the answer was lost")]
    network.told = Posted(Outcome(Result.DEFERRED, "", "it is not there"))
    campaign = square.launched("mastodon")
    square.run()
    square.clock.advance(20 * SECOND)
    square.run()
    assert square.the_one(campaign).state == "accepted"
    assert len(network.posts) == 1


def test_a_person_says_that_it_is_there(square: Square, network: Network) -> None:
    campaign = _in_doubt(square, network)
    only = square.the_one(campaign)
    assert Campaign.of(square.town.at(campaign)).postings[0].state == "uncertain", "every time can be written as a date"
    with pytest.raises(InvalidInputError, match="no address"):
        square.campaigns.settle_posting(square.town.approver, campaign.row.id, only.id, there=True, url="here")
    square.campaigns.settle_posting(square.town.approver, campaign.row.id, only.id, there=True, url=THERE)
    found = square.the_one(campaign)
    assert (found.state, found.url, network.posts) == ("accepted", THERE, [])
    with pytest.raises(ConflictError):
        square.campaigns.settle_posting(square.town.approver, campaign.row.id, only.id, there=True, url=THERE)


def test_a_person_has_it_posted_again(square: Square, network: Network) -> None:
    campaign = _in_doubt(square, network)
    only = square.the_one(campaign)
    with pytest.raises(ForbiddenError):
        square.campaigns.settle_posting(square.town.author, campaign.row.id, only.id, there=False)
    square.campaigns.settle_posting(square.town.approver, campaign.row.id, only.id, there=False)
    square.run()
    assert square.the_one(campaign).state == "accepted"
    assert len(network.posts) == 1


def _in_doubt(square: Square, network: Network) -> CampaignDetail:
    square.account("network")
    network.answers = [says(Result.UNCERTAIN, "the answer was lost")]
    campaign = square.launched("mastodon")
    for _ in range(3):
        square.run()
        square.clock.advance(HOUR)
    square.run()
    return campaign


@both
@pytest.mark.parametrize("when", ["claimed", "attempting"])
def test_a_dead_worker_loses_nothing_and_repeats_nothing(square: Square, network: Network, when: str) -> None:
    square.account("network")
    campaign = square.launched("mastodon")
    with square.town.house.db.transaction() as conn:
        gone = {"state": when, "owner": "elsewhere/1/1/dead", "lease_until": square.clock.now() + LEASE}
        conn.execute(update(posting).values(**gone, attempt=1 if when == "attempting" else 0))
    assert not square.worker.take_over(), "it may still be at work"
    square.clock.advance(LEASE + 1)
    assert square.worker.take_over()
    for _ in range(3):
        square.run()
        square.clock.advance(HOUR)
    found = square.the_one(campaign)
    if when == "claimed":
        assert (found.state, len(network.posts)) == ("accepted", 1)
    else:
        assert (found.state, network.posts) == ("uncertain", [])
        assert "stopped" in found.reason


def test_a_fault_of_ours_while_posting_is_doubt(square: Square, network: Network) -> None:
    def break_(_post: Post) -> Posted:
        raise RuntimeError("a fault")

    square.account("network")
    network.answers = [break_]
    campaign = square.launched("mastodon")
    square.run()
    assert square.the_one(campaign).state == "uncertain"


@both
def test_offline_it_is_held_with_the_reason_and_posted_once_when_back(
    square: Square, network: Network, tmp_path: Path
) -> None:
    square.account("network")
    square.account("folder", directory=str(tmp_path))
    network.answers = [down("Mastodon cannot be reached")] * 3
    campaign = square.launched("mastodon", "folder")
    square.run()
    held, local = square.postings(campaign)
    assert (held.state, held.reason, held.attempt) == ("held", "Mastodon cannot be reached", 0)
    assert local.state == "accepted", "local channels go on"
    assert len(list(tmp_path.glob("*.txt"))) == 1
    for _ in range(6):
        square.clock.advance(MINUTE)
        square.run()
    assert [each.state for each in square.postings(campaign)] == ["accepted", "accepted"]
    assert len(network.posts) == 1
    with square.town.house.db.reading() as conn:
        told = conn.execute(select(func.count()).where(activity.c.text.contains("cannot be reached"))).scalar_one()
    assert told == 1, "said once, not at every try"


def test_a_token_that_ran_out_holds_it_and_marks_the_account(square: Square, network: Network) -> None:
    account = square.account("network")
    words = "Mastodon does not accept the access token any more. Renew it on the page Channels."
    network.answers = [down(words, refused=True)]
    campaign = square.launched("mastodon")
    square.run()
    channels = square.town.house.services.channels
    assert square.the_one(campaign).state == "held"
    assert channels.get(ADMIN, account).problem == words
    square.clock.advance(HOUR)
    square.run()
    assert square.the_one(campaign).state == "accepted"
    assert channels.get(ADMIN, account).problem == ""


def test_a_network_that_says_later_lets_us_in_so_that_an_old_problem_is_over(square: Square, network: Network) -> None:
    account = square.account("network")
    network.answers = [down("the access token ran out", refused=True), says(Result.DEFERRED, "too many requests")]
    campaign = square.launched("mastodon")
    square.run()
    channels = square.town.house.services.channels
    assert channels.get(ADMIN, account).problem == "the access token ran out"
    square.clock.advance(HOUR)
    square.run()
    assert (square.the_one(campaign).state, square.the_one(campaign).reason) == ("deferred", "too many requests")
    assert channels.get(ADMIN, account).problem == ""


def test_words_that_cannot_be_posted_prove_nothing_of_the_account(square: Square, network: Network) -> None:
    account = square.account("network")
    network.answers = [down("the access token ran out", refused=True)]
    campaign = square.launched("mastodon")
    square.run()
    network.refuses = ["It is too long."]
    square.clock.advance(HOUR)
    square.run()
    assert square.the_one(campaign).state == "failed"
    assert square.town.house.services.channels.get(ADMIN, account).problem == "the access token ran out"


def test_later_means_later_and_in_the_end_no(square: Square, network: Network) -> None:
    square.account("network")
    network.answers = [says(Result.DEFERRED, "slow down", wait_ms=2 * HOUR)]
    campaign = square.launched("mastodon")
    square.run()
    found = square.the_one(campaign)
    assert (found.state, found.due_at >= square.clock.now() + 2 * HOUR) == ("deferred", True)
    network.answers = [says(Result.DEFERRED, "slow down")] * 20
    for _ in range(20):
        square.clock.advance(DAY)
        square.run()
    found = square.the_one(campaign)
    assert (found.state, network.posts) == ("failed", [])
    assert found.reason.startswith("given up after 9 tries")
    assert square.state(campaign) is S.DONE


def test_what_the_network_would_refuse_never_leaves(square: Square, network: Network) -> None:
    square.account("network")
    campaign = square.launched("mastodon")
    network.refuses = ["Mastodon takes 10 characters. Shorten it."]
    square.run()
    found = square.the_one(campaign)
    assert (found.state, network.posts, found.attempt) == ("failed", [], 0)
    assert "Shorten it" in found.reason


@both
def test_pause_cancel_and_the_kill_switch_hold(square: Square, network: Network) -> None:
    square.account("network")
    campaign = square.launched("mastodon")
    distribution = square.town.house.services.distribution
    square.campaigns.pause(square.town.approver, campaign.row.id)
    square.run()
    square.campaigns.resume(square.town.approver, campaign.row.id)
    distribution.pause_all(ADMIN)
    square.run()
    assert network.posts == []
    distribution.resume_all(ADMIN)
    square.campaigns.cancel(square.town.approver, campaign.row.id)
    square.run()
    assert (square.the_one(campaign).state, network.posts) == ("cancelled", [])


def test_an_account_that_is_off_or_gone_holds_its_postings(square: Square, network: Network) -> None:
    account = square.account("network")
    campaign = square.launched("mastodon")
    channels = square.town.house.services.channels
    channels.enable(ADMIN, account, enabled=False)
    square.run()
    assert "turned off" in square.the_one(campaign).reason
    channels.remove(ADMIN, account)
    square.clock.advance(HOUR)
    square.run()
    found = square.the_one(campaign)
    assert (found.state, found.account) == ("held", "")
    assert "gone" in found.reason


@both
def test_each_account_is_posted_to_once(square: Square, network: Network) -> None:
    square.account("network")
    channels = square.town.house.services.channels
    channels.create(ADMIN, provider_name="network", name="the other one", values={})
    campaign = square.launched("mastodon")
    house = square.town.house
    with house.db.transaction() as conn:
        assert house.run.postings.launch(conn, 1, "again", campaign.row.brand_id, [], 0) == 2
    square.run()
    assert [each.account for each in square.postings(campaign)] == ["our network", "the other one"]
    assert len(network.posts) == 2


def test_a_planned_posting_waits_for_its_hour(square: Square, network: Network) -> None:
    square.account("network")
    ready = square.approved("mastodon")
    assert ready.plan is not None
    assert ready.plan.people == 0
    due = ready.plan.first_at
    assert due is not None
    assert due > square.clock.now()
    square.campaigns.send(square.town.approver, ready.row.id, now=False)
    square.town.jobs.turn()
    square.run()
    assert network.posts == []
    square.clock.at = due
    square.run()
    assert len(network.posts) == 1


def test_a_person_sets_the_time_of_a_posting(square: Square, network: Network) -> None:
    square.account("network")
    ready = square.reviewed("mastodon")
    wished = square.clock.now() + 5 * HOUR
    changed = square.campaigns.set_send_time(square.town.author, ready.row.id, wished, "the shop opens")
    assert changed.plan.first_at == wished


def test_editing_a_post_voids_the_approval(square: Square, network: Network) -> None:
    square.account("network")
    ready = square.approved("mastodon")
    before = ready.revision
    assert before is not None
    changed = square.campaigns.edit_draft(
        square.town.author, ready.row.id, "A", channel="mastodon", texts={1: "It is a bread workshop."}
    )
    assert changed.row.state is S.REVIEW
    assert changed.revision.content_hash != before.content_hash
    preview = square.campaigns.preview(square.town.author, ready.row.id, channel="mastodon")
    assert "It is a bread workshop." in preview.text
    assert "utm_source=mastodon" in preview.text


def test_the_worker_costs_one_query_at_idle(square: Square, network: Network) -> None:
    from sqlalchemy import event as listening

    square.account("network")
    square.launched("mastodon")
    square.run()
    seen: list[str] = []
    engine = square.town.house.db.engine
    listening.listen(engine, "before_cursor_execute", lambda *found: seen.append(found[2]))
    assert not square.worker.work_once()
    assert sum("FROM posting" in statement for statement in seen) == 1
    assert len([statement for statement in seen if statement.lstrip().upper().startswith("SELECT")]) == 1


def ask(app: FeedApp, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request, without a server."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any: ...

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(app({"type": "http", "method": method, "path": path, "headers": raw}, receive, send))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, sent[1]["body"]


@both
def test_a_feed_shows_what_was_posted_to_it_with_ids_that_stay(square: Square) -> None:
    square.account("feed", feed="news", title="Northwind & friends", website="https://northwind.example.com")
    campaign = square.launched("feed")
    app = FeedApp(square.town.house.db, "https://tidings.example/")
    status, _, empty = ask(app, "/feeds/news.atom")
    assert (status, b"<entry" in empty) == (200, False)
    square.run()
    only = square.the_one(campaign)
    assert only.url == f"/feeds/news.atom#{only.id}"
    status, told, body = ask(app, "/feeds/news.atom")
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ET.fromstring(body)
    assert (status, told["content-type"]) == (200, "application/atom+xml; charset=utf-8")
    for needed in ("id", "title", "updated", "author"):  # RFC 4287, 4.1.1
        assert feed.find(f"{atom}{needed}") is not None
    (entry,) = feed.findall(f"{atom}entry")
    assert all(entry.findtext(f"{atom}{needed}") for needed in ("id", "title", "updated", "content"))
    assert entry.findtext(f"{atom}id", "").endswith(only.id)
    assert "utm_source=feed" in entry.find(f"{atom}link").attrib["href"]  # type: ignore[union-attr]
    assert ask(app, "/feeds/news.atom", if_none_match=told["etag"])[0] == 304
    assert ask(app, "/feeds/news.atom")[2] == body


def test_the_same_feed_as_rss(square: Square) -> None:
    account = square.account("feed", feed="news", title="Northwind & friends")
    square.launched("feed")
    square.run()
    app = FeedApp(square.town.house.db, "https://tidings.example")
    status, told, body = ask(app, "/feeds/news.rss")
    assert (status, told["content-type"]) == (200, "application/rss+xml; charset=utf-8")
    channel = ET.fromstring(body).find("channel")
    assert channel is not None
    assert all(channel.findtext(needed) for needed in ("title", "link", "description"))  # RSS 2.0, required
    item = channel.find("item")
    assert item is not None
    assert item.find("guid").attrib["isPermaLink"] == "false"  # type: ignore[union-attr]
    assert parsedate_to_datetime(item.findtext("pubDate", "")).year == 2026
    assert ask(app, "/feeds/news.rss", "HEAD")[2] == b""
    assert ask(app, "/feeds/news.rss", "POST")[0] == 405
    assert ask(app, "/feeds/other.atom")[0] == ask(app, "/feeds/../x")[0] == 404
    square.town.house.services.channels.enable(ADMIN, account, enabled=False)
    assert ask(app, "/feeds/news.atom")[0] == 404


@both
def test_two_workers_post_once(square: Square, network: Network) -> None:
    """Both see the same posting due; the one that claims it later finds it taken."""
    square.account("network")
    campaign = square.launched("mastodon")
    house = square.town.house
    other = build_postings(house)
    seen = threading.Barrier(2)

    def slow(post: Post) -> Posted:
        seen.wait(5)
        return network.take(post)

    network.answers = [slow]
    first = threading.Thread(target=square.worker.work_once)
    first.start()
    deadline = time.monotonic() + 5
    while square.the_one(campaign).state != "attempting" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not other.take_over()
    assert not other.work_once()
    seen.wait(5)
    first.join(5)
    assert (square.the_one(campaign).state, len(network.posts)) == ("accepted", 1)


def test_the_thread_starts_works_and_ends(square: Square, network: Network) -> None:
    square.account("network")
    campaign = square.launched("mastodon")
    house = square.town.house
    worker = PostingWorker(
        house.db, house.clock, house.run.postings, house.services.channels,
        PostingHooks(house.services.activity.note, house.run.finished), every=0.02,
    )  # fmt: skip
    worker.start()
    deadline = time.monotonic() + 5
    while square.the_one(campaign).state != "accepted" and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.stop()
    assert square.state(campaign) is S.DONE


def test_a_campaign_that_only_posts_goes_the_whole_way(square: Square, network: Network) -> None:
    """Pre-flight, report and a new plan have nobody to count, and say so instead of failing."""
    square.account("network")
    ready = square.reviewed("mastodon")
    assert not [found for found in square.campaigns.preflight(square.town.author, ready.row.id) if found.blocks]
    again = square.campaigns.replan(square.town.author, ready.row.id)
    square.town.jobs.turn()
    ready = square.town.at(again)
    assert ready.row.state is S.REVIEW
    campaign = square.launched("mastodon", name="Another one")
    square.run()
    square.town.jobs.turn()
    house = square.town.house
    assert house.services.analytics.campaign_report(ADMIN, campaign.row.id) is not None
    with house.db.reading() as conn:
        lines = conn.execute(select(activity.c.text)).scalars().all()
    assert any(line.startswith("reported on “Another one”") for line in lines), lines
    assert not any("could not report" in line or "is stuck" in line for line in lines), lines
