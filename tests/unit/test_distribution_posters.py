"""The contract of every poster (channels/posting.py), run on each of them against its service as it is published."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Headers
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from tests import posting_fakes as fakes
from tests.conftest import FakeClock

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.bluesky import BlueskyForm, BlueskyPoster, displayed, record_key
from tidings.distribution.channels.facebook import FacebookForm, FacebookPoster
from tidings.distribution.channels.feed import FeedForm, FeedPoster
from tidings.distribution.channels.folder import FolderForm, FolderPoster
from tidings.distribution.channels.instagram import InstagramForm, InstagramPoster
from tidings.distribution.channels.linkedin import LinkedInForm, LinkedInPoster, commentary
from tidings.distribution.channels.mastodon import MastodonForm, MastodonPoster
from tidings.distribution.channels.pictures import fetching
from tidings.distribution.channels.posting import Post, Poster
from tidings.distribution.channels.registry import PROVIDERS, provider
from tidings.distribution.channels.slack import SlackForm, SlackPoster
from tidings.distribution.channels.teams import TeamsForm, TeamsPoster
from tidings.distribution.channels.webhook import WebhookForm, WebhookPoster
from tidings.distribution.channels.x import XForm, XPoster
from tidings.domain.channel import POSTED
from tidings.net.addresses import AddressRule
from tidings.net.client import Answer, Guard
from tidings.net.once import OnceClient

TOKEN = SecretStr(fakes.TOKEN)
LINK = "https://northwind.example/workshop?utm_source=x&utm_medium=social"
POST = Post(
    key="pst_1",
    text=f"Bread (the best) & more – ein Kurs.\n\nReserve: {LINK}\n\n#Bread", title="A workshop", link=LINK,
    image_url="https://northwind.example/bread.jpg", image_alt="A loaf", language="en",
)  # fmt: skip


def _guard() -> Guard:
    return Guard(AddressRule(frozenset({"127.0.0.1"})))


@dataclass(frozen=True)
class Way:
    """One poster with its service. `finds`: it can tell whether a post is there; `repeats`: a repeat does no harm."""

    name: str
    fake: type[fakes.FakeService]
    make: Callable[[fakes.FakeService], Poster]
    finds: bool = False
    repeats: bool = False
    url: str = ""
    too_long: int = 0


def _x(service: fakes.FakeService, **form: Any) -> XPoster:
    return XPoster(XForm(**(form or {"access_token": TOKEN})), _guard(), service.base, FakeClock(), fakes.with_picture)


WAYS = (
    Way("teams", fakes.FakeTeams, lambda s: TeamsPoster(
        TeamsForm(webhook_url=SecretStr(f"{s.base}{fakes.FLOW}?sig={fakes.TOKEN}")), _guard()
    ), too_long=30_000),
    Way("slack webhook", fakes.FakeSlackWebhook, lambda s: SlackPoster(
        SlackForm(webhook_url=SecretStr(f"{s.base}/services/T0/B0/{fakes.TOKEN}")), _guard()
    ), too_long=50_000),
    Way("slack bot", fakes.FakeSlackBot, lambda s: SlackPoster(
        SlackForm(bot_token=TOKEN, channel="C0123456789"), _guard(), s.base
    ), finds=True, url="https://northwind.slack.com/archives/C0123456789/p1700000000000001", too_long=50_000),
    Way("linkedin", fakes.FakeLinkedIn, lambda s: LinkedInPoster(
        LinkedInForm(access_token=TOKEN, author="urn:li:organization:1"), _guard(), s.base, fakes.with_picture
    ), repeats=True, url="https://www.linkedin.com/feed/update/urn:li:share:7001", too_long=3_001),
    Way("x", fakes.FakeX, _x, url="https://x.com/i/web/status/1445880548472328001", too_long=281),
    Way("facebook", fakes.FakeFacebook, lambda s: FacebookPoster(
        FacebookForm(page_id="1234", access_token=TOKEN), _guard(), s.base
    ), finds=True, url="https://www.facebook.com/northwind/posts/1234_1", too_long=63_300),
    Way("instagram", fakes.FakeInstagram, lambda s: InstagramPoster(
        InstagramForm(user_id="5678", access_token=TOKEN), _guard(), s.base, sleep=lambda _: None
    ), finds=True, url="https://www.instagram.com/p/C1/", too_long=2_300),
    Way("mastodon", fakes.FakeMastodon, lambda s: MastodonPoster(
        MastodonForm(server=s.base, access_token=TOKEN), _guard(), fakes.with_picture, lambda _: None
    ), finds=True, repeats=True, url="https://mastodon.example/@northwind/1", too_long=501),
    Way("bluesky", fakes.FakeBluesky, lambda s: BlueskyPoster(
        BlueskyForm(server=s.base, handle="northwind.example", app_password=TOKEN), _guard(), FakeClock(),
        fakes.with_picture,
    ), finds=True, repeats=True, too_long=301,
        url=f"https://bsky.app/profile/northwind.example/post/{record_key('pst_1')}"),
    Way("webhook", fakes.FakeReceiver, lambda s: WebhookPoster(
        WebhookForm(url=f"{s.base}/hook", secret=SecretStr(fakes.WEBHOOK_SECRET)), _guard(), FakeClock()
    ), repeats=True, url="https://receiver.example/1", too_long=100_001),
)  # fmt: skip


@pytest.fixture(params=WAYS, ids=lambda way: way.name)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


@pytest.fixture
def service(way: Way) -> Iterator[fakes.FakeService]:
    with fakes.running(way.fake()) as made:
        yield made


def test_it_posts_and_keeps_what_proves_it(way: Way, service: fakes.FakeService) -> None:
    poster = way.make(service)
    assert poster.problems(POST) == []
    posted = poster.post(POST)
    assert posted.outcome.result is Result.ACCEPTED, posted
    assert len(service.taken) == 1
    assert posted.url == way.url
    if way.name != "slack webhook":
        assert posted.provider_id


def test_too_long_is_said_before_and_refused_by_the_service(way: Way, service: fakes.FakeService) -> None:
    poster, long = way.make(service), replace(POST, text="x" * way.too_long, link="", image_url=POST.image_url)
    problems = poster.problems(long)
    assert problems
    assert "Shorten" in problems[0]
    posted = poster.post(long)
    assert posted.outcome.result is Result.FAILED
    assert service.taken == []


def test_an_expired_token_is_said_with_the_remedy(way: Way, service: fakes.FakeService) -> None:
    service.mood = "expired"
    with pytest.raises(ChannelDownError) as caught:
        way.make(service).post(POST)
    assert caught.value.refused
    assert service.taken == []
    words = str(caught.value)
    assert fakes.TOKEN not in words
    assert any(remedy in words for remedy in ("the page Channels", "Workflows app", "same secret")), words


def test_a_missing_right_is_said(way: Way, service: fakes.FakeService) -> None:
    service.mood = "forbidden"
    with pytest.raises(ChannelDownError) as caught:
        way.make(service).post(POST)
    assert caught.value.refused


def test_slow_down_is_heeded(way: Way, service: fakes.FakeService) -> None:
    service.mood = "limited"
    posted = way.make(service).post(POST)
    assert (posted.outcome.result, posted.wait_ms) == (Result.DEFERRED, 120_000)


def test_a_service_that_is_away_for_a_moment_is_asked_later(way: Way, service: fakes.FakeService) -> None:
    service.mood = "503"
    assert way.make(service).post(POST).outcome.result is Result.DEFERRED


def test_a_broken_service_may_have_posted(way: Way, service: fakes.FakeService) -> None:
    service.mood = "500"
    posted = way.make(service).post(POST)
    harmless = way.repeats or way.name in {"instagram", "x"}  # the first request makes nothing that anybody sees
    assert posted.outcome.result is (Result.DEFERRED if harmless else Result.UNCERTAIN)


def test_a_lost_answer_is_doubt_and_never_a_retry(way: Way, service: fakes.FakeService) -> None:
    service.mood = "cut"
    poster = way.make(service)
    posted = poster.post(POST)
    assert posted.outcome.result is Result.UNCERTAIN, posted
    assert len(service.taken) == 1
    service.mood = "ok"
    found = poster.find(POST)
    if way.finds:
        assert found is not None
        assert (found.outcome.result, found.url) == (Result.ACCEPTED, way.url)
    else:
        assert found is None or (way.repeats and found.outcome.result is Result.DEFERRED)
    assert len(service.taken) == 1


def test_what_is_not_there_is_not_found(way: Way, service: fakes.FakeService) -> None:
    found = way.make(service).find(POST)
    assert found is None or found.outcome.result is Result.DEFERRED


def test_a_repeat_of_the_same_posting_does_no_harm_where_the_service_knows_it(
    way: Way, service: fakes.FakeService
) -> None:
    if not way.repeats:
        pytest.skip("the service takes everything twice")
    poster = way.make(service)
    first, second = poster.post(POST), poster.post(POST)
    assert (second.outcome.result, second.url) == (Result.ACCEPTED, first.url)
    assert len(service.taken) == 1


def test_out_of_reach_nothing_was_posted(way: Way) -> None:
    with fakes.running(way.fake()) as gone:
        pass
    with pytest.raises(ChannelDownError) as caught:
        way.make(gone).post(POST)
    assert not caught.value.refused
    assert "cannot be reached" in str(caught.value)


def test_an_address_in_ones_own_network_must_be_allowed(service: fakes.FakeService, way: Way) -> None:
    poster: Any = way.make(service)
    inner: Any = getattr(poster, "_service", None) or poster._graph.service
    inner._client = OnceClient(Guard())
    with pytest.raises(ChannelDownError) as caught:
        poster.post(POST)
    assert caught.value.refused
    assert service.requests == []


def test_an_account_can_be_checked_without_posting(way: Way, service: fakes.FakeService) -> None:
    poster: Any = way.make(service)
    if not hasattr(poster, "check"):
        pytest.skip("the service has nothing to ask")
    assert poster.check()
    assert service.taken == []
    if way.name != "slack webhook":
        service.mood = "expired"
        with pytest.raises(ChannelDownError):
            poster.check()


def test_every_channel_that_posts_has_a_provider() -> None:
    found = [provider(name) for name in PROVIDERS]
    assert {each.channel for each in found if each.poster} >= POSTED
    for each in (one for one in found if one.poster):
        assert each.about
        assert each.form.model_json_schema()["type"] == "object"


# What is particular to one of them


UPLOADING = tuple(way for way in WAYS if way.name in {"x", "bluesky", "linkedin", "mastodon"})


@pytest.mark.parametrize("way", UPLOADING, ids=lambda way: way.name)
@pytest.mark.parametrize(
    ("status", "content", "result", "words"),
    [
        (404, b"", Result.FAILED, "no picture at its address"),
        (503, b"", Result.DEFERRED, "tried again"),
        (200, b"<html>gone</html>", Result.FAILED, "none of these"),
        (200, fakes.PICTURE + bytes(8_000_001), Result.FAILED, "Make it smaller"),
    ],
)
def test_a_picture_that_cannot_be_had_is_no_doubt_and_no_fault_of_the_account(
    way: Way, status: int, content: bytes, result: Result, words: str
) -> None:
    with fakes.running(way.fake()) as service:
        poster: Any = way.make(service)
        poster._fetch = lambda _url: Answer(status, Headers(), content)
        posted = poster.post(POST)
        assert posted.outcome.result is result
        assert words in posted.outcome.words
        assert service.taken == []


@pytest.mark.parametrize("way", UPLOADING, ids=lambda way: way.name)
def test_without_a_picture_none_is_uploaded_and_one_from_ones_own_network_is_refused(way: Way) -> None:
    with fakes.running(way.fake()) as service:
        poster: Any = way.make(service)
        assert poster.post(replace(POST, image_url="")).outcome.result is Result.ACCEPTED
        assert service.pictures == []
        poster._fetch = fetching(Guard())
        posted = poster.post(replace(POST, key="pst_2", image_url=f"{service.base}/secret.png"))
        assert posted.outcome.result is Result.FAILED
        assert "cannot be fetched" in posted.outcome.words
        assert len(service.taken) == 1


def test_x_may_have_posted_a_text_whose_answer_was_an_error() -> None:
    with fakes.running(fakes.FakeX(mood="500")) as service:
        assert _x(service).post(replace(POST, image_url="")).outcome.result is Result.UNCERTAIN


def test_x_renews_its_token_once_and_hands_the_new_pair_on() -> None:
    with fakes.running(fakes.FakeX(mood="expired")) as service:
        kept: dict[str, str] = {}
        poster = _x(
            service, access_token=TOKEN, refresh_token=SecretStr("refresh-1"), client_id="client",
            client_secret=SecretStr("client-secret"),
        )  # fmt: skip
        poster.keep = kept.update
        assert poster.post(POST).outcome.result is Result.ACCEPTED
        assert kept == {"access_token": "access-2-of-the-service", "refresh_token": "refresh-2"}


def test_x_says_when_a_token_cannot_be_renewed() -> None:
    with fakes.running(fakes.FakeX(mood="revoked")) as service:
        poster = _x(service, refresh_token=SecretStr("refresh-1"), client_id="client")
        with pytest.raises(ChannelDownError, match="does not renew the access token"):
            poster.post(POST)


def test_x_takes_the_older_keys() -> None:
    with fakes.running(fakes.FakeX(access="none")) as service:
        keys = {"api_key": "app", "api_secret": "app-secret", "token": "token", "token_secret": "token-secret"}
        poster = _x(service, **{name: SecretStr(value) for name, value in keys.items()})
        assert poster.post(POST).outcome.result is Result.ACCEPTED


def test_forms_that_lack_something_say_what() -> None:
    for make in (XForm, SlackForm, lambda: SlackForm(bot_token=TOKEN)):
        with pytest.raises(ValidationError, match="give "):
            make()
    with pytest.raises(ValidationError, match="whsec_"):
        WebhookForm(url="https://a.example", secret=SecretStr("whsec_c2hvcnQ="))


def test_a_retired_connector_and_an_old_version_are_named() -> None:
    form = TeamsForm(webhook_url=SecretStr("https://northwind.webhook.office.com/webhookb2/1"))
    assert "retired" in TeamsPoster(form, _guard()).problems(POST)[0]
    with fakes.running(fakes.FakeLinkedIn()) as service:
        form_of = LinkedInForm(access_token=TOKEN, author="urn:li:person:a", version="202401")
        with pytest.raises(ChannelDownError, match="202401"):
            LinkedInPoster(form_of, _guard(), service.base, fakes.with_picture).post(POST)


def test_instagram_needs_a_picture() -> None:
    poster = InstagramPoster(InstagramForm(user_id="1", access_token=TOKEN), _guard())
    assert "picture" in poster.problems(replace(POST, image_url=""))[0]


def test_a_webhook_that_is_gone_says_so() -> None:
    with fakes.running(fakes.FakeReceiver(mood="gone")) as service:
        form = WebhookForm(url=f"{service.base}/hook", secret=SecretStr(fakes.WEBHOOK_SECRET))
        with pytest.raises(ChannelDownError, match="410"):
            WebhookPoster(form, _guard(), FakeClock()).post(POST)


def test_linkedin_escapes_what_it_would_read_as_its_own() -> None:
    assert commentary("Bread (best_of) #Bread @home") == r"Bread \(best\_of\) {hashtag|\#|Bread} \@home"
    assert commentary("https://a.example/x_y#z") == r"https://a.example/x\_y\#z"


@given(st.text(max_size=80), st.sampled_from(["", LINK, "https://a.example/é/ü"]), st.text(max_size=20))
def test_bluesky_marks_exactly_its_links(before: str, link: str, after: str) -> None:
    text, marks = displayed(f"{before} {link} {after}")
    raw = text.encode("utf-8", "surrogatepass")
    links = [mark for mark in marks if mark["features"][0]["$type"].endswith("#link")]
    if link and "http" not in before + after:
        assert [mark["features"][0]["uri"] for mark in links] == [link]
        start, end = links[0]["index"]["byteStart"], links[0]["index"]["byteEnd"]
        assert raw[start:end].decode() in {"northwind.example/workshop", "a.example/é/ü"}


@given(st.text(min_size=1))
def test_record_keys_are_tids(key: str) -> None:
    found = record_key(key)
    assert len(found) == 13
    assert found[0] in "234567abcdefghij"
    assert set(found) <= set("234567abcdefghijklmnopqrstuvwxyz")
    assert found == record_key(key)


@pytest.mark.parametrize("kind", ["txt", "html", "json", "eml"])
def test_a_folder_gets_one_whole_file(tmp_path: Path, kind: str) -> None:
    poster = FolderPoster(FolderForm.model_validate({"directory": str(tmp_path), "format": kind}))
    assert poster.find(POST).outcome.result is Result.DEFERRED  # type: ignore[union-attr]
    posted = poster.post(POST)
    again = poster.post(POST)
    (path,) = tmp_path.iterdir()
    assert posted.url == again.url == path.as_uri()
    assert poster.find(POST).url == posted.url  # type: ignore[union-attr]
    text = path.read_text()
    match kind:
        case "json":
            assert json.loads(text)["text"] == POST.text
        case "eml":
            assert message_from_string(text, policy=policy.default)["Subject"] == POST.title
        case "html":
            assert "Bread (the best) &amp; more" in text
        case _:
            assert text == f"{POST.title}\n\n{POST.text}\n"


def test_a_folder_that_is_not_there_holds_its_posting(tmp_path: Path) -> None:
    poster = FolderPoster(FolderForm(directory=str(tmp_path / "missing")))
    with pytest.raises(ChannelDownError, match="is not there"):
        poster.post(POST)


def test_a_feed_takes_a_posting_at_once() -> None:
    poster = FeedPoster(FeedForm(feed="news", title="News"))
    assert poster.post(POST).url == "/feeds/news.atom#pst_1"
    assert poster.find(POST) == poster.post(POST)
    with pytest.raises(ValidationError):
        FeedForm(feed="../etc", title="x")
