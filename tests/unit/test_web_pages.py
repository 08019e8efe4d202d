"""Every page from fake use cases: what it shows, what its forms do, and what guards it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.fake_services import ROWS, FakeMailbox, fake_services

from tidings.analytics.views import VersionLine
from tidings.audience.incoming import ConsentGiven
from tidings.campaigns.views import CapHolder, CapHolders
from tidings.domain.actor import Role
from tidings.domain.brief import parse_brief
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import ForbiddenError, InvalidInputError, UnavailableError
from tidings.web.app import build_web
from tidings.web.middleware import CSP

OURS = {"sec-fetch-site": "same-origin"}
PAGES = [
    "/", "/campaigns", "/campaigns?view=board", "/campaigns?state=review", "/campaigns/new",
    *(f"/campaigns/{row.id}" for row in ROWS), "/campaigns/cmp_1/people", "/campaigns/cmp_1/preflight",
    "/campaigns/cmp_2/deliveries", "/campaigns/cmp_2/deliveries/con_1", "/campaigns/cmp_2/deliveries/con_9",
    "/deliveries", "/deliveries?q=anna@example.com", "/deliveries?q=nobody@example.com",
    *(f"/campaigns/cmp_1/preview/A?as={look}" for look in ("desktop", "phone", "dark", "text", "source")),
    "/campaigns/cmp_1/preview/A?channel=mastodon",
    "/approvals", "/agents/content", "/agents/scheduling", "/agents/distribution", "/agents/analytics", "/audience",
    "/audience?q=nobody", "/audience/import", "/audience/confirmations", "/audience/con_0", "/audience/con_2",
    "/insights", "/mailbox", "/mailbox/msg_1", "/mailbox/msg_1?as=text",
    "/mailbox/msg_1?as=source", "/settings", "/models", "/replies", "/replies?show=all", "/replies/rpl_1",
    "/channels", "/channels/new?provider=pigeon", "/channels/chn_1",
]  # fmt: skip


@pytest.fixture
def services() -> Any:
    return fake_services()


@pytest.fixture
def mailbox() -> FakeMailbox:
    return FakeMailbox()


@pytest.fixture
def client(services: Any, mailbox: FakeMailbox) -> Iterator[TestClient]:
    app = build_web(services, mailbox=mailbox, remove_sample=lambda _: None)
    with TestClient(app, base_url="https://tidings.test", follow_redirects=False, headers=OURS) as client:
        client.cookies.set("__Host-tidings", "admin")
        yield client


class Strict(HTMLParser):
    """Collects what a strict policy and a reader of the page would stumble over."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.bad: list[str] = []
        self.named: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.bad.append(f"inline style or handler in <{tag}>")
        if tag == "script" and "src" not in given:
            self.bad.append("inline script")
        self.named |= {given[name] or "" for name in ("aria-labelledby", "data-opens", "for") if given.get(name)}


@pytest.mark.parametrize("path", PAGES)
def test_every_page_renders_under_the_strict_policy(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == CSP
    page = Strict()
    page.feed(response.text)
    assert page.bad == []
    assert len(page.ids) == len(set(page.ids))
    assert page.named <= set(page.ids)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_signing_in(client: TestClient, path: str) -> None:
    client.cookies.clear()
    response = client.get(path)
    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in?next=/")


def test_a_viewer_sees_pages_without_their_buttons(client: TestClient) -> None:
    client.cookies.set("__Host-tidings", "viewer")
    page = client.get("/").text
    assert "Pause all sending" not in page
    assert "New campaign" not in page


@pytest.mark.parametrize(("who", "mailbox", "resumes"), [("author", False, False), ("one brand", True, False)])
def test_what_a_role_may_not_is_not_offered(
    client: TestClient, services: Any, who: str, mailbox: bool, resumes: bool
) -> None:
    client.cookies.set("__Host-tidings", who)
    assert 'data-opens="pause-all"' in client.get("/campaigns").text
    services.distribution.pause_all(services.access.people["admin"], "wrong price")
    page = client.get("/campaigns").text
    assert ('href="/mailbox"' in page) is mailbox
    assert ("resume-all" in page) is resumes
    assert "All sending is paused by Ada Lind: wrong price." in page


def test_the_password_opens_a_session_in_a_guarded_cookie(client: TestClient) -> None:
    client.cookies.clear()
    wrong = client.post("/sign-in", data={"email": "a@example.com", "password": "x", "next": "/"})
    assert wrong.status_code == 401
    assert "Check address and password." in wrong.text
    right = client.post("/sign-in", data={"email": "a@example.com", "password": "correct horse", "next": "/approvals"})
    assert (right.status_code, right.headers["location"]) == (303, "/approvals")
    cookie = right.headers["set-cookie"].lower()
    assert cookie.startswith("__host-tidings=")
    assert all(part in cookie for part in ("secure", "httponly", "samesite=lax", "path=/"))
    assert "domain" not in cookie


def test_a_link_is_used_only_when_a_person_goes_on(client: TestClient) -> None:
    client.cookies.clear()
    page = client.get("/sign-in/link?token=once")
    assert 'value="once"' in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in page.headers
    assert client.post("/sign-in/link", data={"token": "once"}).status_code == 303
    assert client.post("/sign-in/link", data={"token": "twice"}).status_code == 401


def test_signing_out_ends_the_session_on_the_server(client: TestClient, services: Any) -> None:
    assert client.post("/sign-out").status_code == 303
    assert "admin" not in services.access.people


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "", "origin": "https://x.example"}]
)
def test_forms_from_other_sites_change_nothing(client: TestClient, services: Any, headers: dict[str, str]) -> None:
    response = client.post("/sending/pause", headers=headers)
    assert response.status_code == 403
    assert services.distribution.paused is None


def test_the_kill_switch_shows_a_loud_banner_on_every_page(client: TestClient) -> None:
    assert (
        client.post("/sending/pause", data={"reason": "wrong price", "back": "//evil.example"}).headers["location"]
        == "/"
    )
    for path in ("/", "/campaigns", "/settings", "/agents/content"):
        page = client.get(path).text
        assert "All sending is paused by Ada Lind: wrong price." in page
        assert 'data-opens="resume-all"' in page
    client.post("/sending/resume")
    assert "All sending is paused" not in client.get("/campaigns").text


FACTS = {"fact_stem": ["it"], "fact_text": ["is a workshop"]}
BRIEF = {"name": "W", "goal": "Fill it", "brand": "brd_1", "call_to_action": "Go", "link": "https://example.com"}


def test_a_brief_becomes_a_campaign(client: TestClient, services: Any) -> None:
    response = client.post("/campaigns/new", data={**BRIEF, **FACTS})
    assert (response.status_code, response.headers["location"]) == (303, "/campaigns/cmp_4")
    (name, brief), *_ = services.campaigns.calls
    assert (name, brief.facts[0].sentence) == ("create", "It is a workshop.")


def test_a_brief_that_cannot_be_used_comes_back_with_reason_and_values(client: TestClient, services: Any) -> None:
    response = client.post("/campaigns/new", data={**BRIEF, **FACTS, "link": "ftp://x", "goal": "Fill “it” <b>"})
    assert response.status_code == 422
    assert "`link`" in response.text
    assert "Fill “it” &lt;b&gt;" in response.text
    assert "is a workshop" in response.text
    assert "complete example" not in response.text, "YAML helps nobody who fills in a form"
    assert services.campaigns.calls == []


def test_a_wrong_version_is_named_as_the_form_numbers_it(client: TestClient) -> None:
    versions = {"version_name": ["members", "german"], "version_segment": ["Members", ""], "version_facts": ["", "Hm."]}
    page = client.post("/campaigns/new", data={**BRIEF, **FACTS, **versions}).text
    assert "version 2, fact 1 is too short" in page
    assert '<legend class="px-1 text-sm font-medium">Version 2: german</legend>' in page


def test_the_brief_tells_of_each_version_for_whom_it_is_and_what_it_says(
    client: TestClient, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = {"name": "german", "language": "de", "facts": ["Der Kurs ist neu."], "call_to_action": "Platz sichern"}
    versions = [
        german, {"name": "regulars", "segment": "seg_1", "more_facts": ["Bring a friend.", "Tea is free."]},
        {"name": "brazil", "segment": "Old <friends>", "language": "en-BR"},
    ]  # fmt: skip
    detail = services.campaigns.get(None, "cmp_1")
    told = replace(detail, brief=parse_brief({**detail.brief.model_dump(), "language": "en", "versions": versions}))
    monkeypatch.setattr(services.campaigns, "get", lambda *_: told)
    page = client.get("/campaigns/cmp_1").text
    assert "german</span>: contacts who read German; 1 fact of its own, instead of the brief’s" in page
    segment = services.audience.segments(None)[0].name
    assert f"regulars</span>: the segment {segment}; 2 facts of its own, besides the brief’s" in page
    assert "the segment Old &lt;friends&gt;, who read English (BR); no facts of its own: the brief’s" in page


def test_the_plan_names_the_campaigns_that_use_up_the_cap(
    client: TestClient, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is used up by" not in client.get("/campaigns/cmp_1").text
    holders = CapHolders((CapHolder("cmp_2", "Rye <week>", 9), CapHolder("cmp_3", "Oats", 1)), 2, others=True)
    told = replace(services.campaigns.get(None, "cmp_1"), cap_holders=holders)
    monkeypatch.setattr(services.campaigns, "get", lambda *_: told)
    page = re.sub("<[^>]+>", "", client.get("/campaigns/cmp_1").text)
    words = "used up by Rye &lt;week&gt; (9 contacts), Oats (1 contact), 2 more and campaigns of other brands."
    assert words in page


def test_results_name_versions_as_the_drafts_do_and_say_one_verdict_once(
    client: TestClient, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = services.analytics.campaign_report(None, "cmp_2")
    line = report.lines[0]
    lines = tuple(replace(line, variant=name) for name in ("A", "v2-A", "v10-A"))

    def shown(*verdicts: str) -> str:
        names = ("", "v2", "v10")
        versions = tuple(VersionLine(name, line, verdict, None) for name, verdict in zip(names, verdicts, strict=True))
        told = replace(report, lines=lines, versions=versions)
        monkeypatch.setattr(services.analytics, "campaign_report", lambda *_: told)
        return client.get("/campaigns/cmp_2").text

    page = shown("Too early.", "Too early.", "Too early.")
    assert page.count("Too early.") == 1
    assert re.findall(r'<th scope="row" class="h-auto text-left">([^<]*?) <span class="block max-w', page) == [
        "A",
        "v2 · A",
        "v10 · A",
    ]
    assert re.findall(r">(Base version|Version v\d+)<", page) == ["Base version", "Version v2", "Version v10"]
    page = shown("Too early.", "A won.", "Too early.")
    assert (page.count("Too early."), page.count("A won.")) == (2, 1)


def test_the_preview_says_what_drafts_may_say(client: TestClient) -> None:
    page = client.post("/campaigns/new/preview", data={**FACTS, "brand": "brd_1"}).text
    assert "It is a workshop." in page
    assert "Our bread is baked every night in Vienna." in page
    assert "Every loaf rests" not in page  # not approved
    assert "Still to fill in: name, goal, call to action, link" in page


@pytest.mark.parametrize(
    ("path", "data", "call"),
    [
        ("approve", {"revision_id": "rev_1", "comment": "Fine"}, ("approve", ("cmp_1", "rev_1", "Fine"))),
        ("request-changes", {"comment": "Shorter"}, ("request_changes", ("cmp_1", "Shorter", {}))),
        ("send", {"how": "planned"}, ("send", ("cmp_1", {"now": False}))),
        ("send", {"how": "now"}, ("send", ("cmp_1", {"now": True}))),
        ("pause", {}, ("pause", ("cmp_1", {}))),
        ("resume", {}, ("resume", ("cmp_1", {}))),
        ("cancel", {}, ("cancel", ("cmp_1", {}))),
        ("drop-channel", {"channel": "sms", "reason": "No"}, ("drop_channel", ("cmp_1", "sms", "No", {}))),
        ("retry", {}, ("retry", ("cmp_1", {}))),
        ("replan", {}, ("replan", ("cmp_1", {}))),
        (
            "time",
            {"due_at": "2026-11-24T09:30", "reason": "Fair"},
            ("set_send_time", ("cmp_1", 1795509000000, "Fair", {})),
        ),
    ],
)
def test_each_verb_reaches_its_use_case(
    client: TestClient, services: Any, path: str, data: dict[str, str], call: tuple[str, Any]
) -> None:
    client.cookies.set("tidings_zone", "Europe/Berlin")
    response = client.post(f"/campaigns/cmp_1/{path}", data=data)
    assert (response.status_code, response.headers["location"]) == (303, "/campaigns/cmp_1")
    assert services.campaigns.calls == [call]


def test_an_edit_sends_only_what_the_person_changed(client: TestClient, services: Any) -> None:
    data = {"subject": "Mine", "preheader": "P", "text_0": "Bake with us this autumn", "text_2": "It is for beginners."}
    client.post("/campaigns/cmp_1/edit/A", data=data)
    assert services.campaigns.calls == [
        (
            "edit_draft",
            ("cmp_1", "A", {"subject": "Mine", "preheader": "P", "texts": {2: "It is for beginners."}, "channel": ""}),
        )
    ]


def test_an_error_is_a_page_with_its_remedy_and_status(client: TestClient) -> None:
    stale = client.post("/campaigns/cmp_1/approve", data={"revision_id": "old"})
    assert stale.status_code == 409
    assert "The revision has changed." in stale.text
    assert "Look at the new one." in stale.text
    assert client.get("/campaigns/cmp_99").status_code == 404
    assert "There is no such page." in client.get("/nothing/here").text
    assert client.get("/agents/astrology").status_code == 404
    assert client.post("/campaigns/cmp_1/time", data={"due_at": "soon"}).status_code == 422
    assert client.post("/campaigns/cmp_1/approve", data={}).status_code == 422


def test_an_address_nobody_knows_tells_strangers_no_way_on_a_menu_they_do_not_see(client: TestClient) -> None:
    assert "Choose one from the menu." in client.get("/nothing").text
    client.cookies.clear()
    page = client.get("/nothing")
    assert page.status_code == 404
    assert "sign in to see the pages" in page.text
    assert "menu" not in page.text


@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/static/tidings.css"])
def test_head_is_answered_like_get_without_the_body(client: TestClient, path: str) -> None:
    head, got = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["content-security-policy"] == got.headers["content-security-policy"]


def test_the_feed_has_no_head(client: TestClient) -> None:
    assert client.head("/live").status_code == 405


def test_insights_say_of_each_finished_campaign_what_came_of_it(client: TestClient, services: Any) -> None:
    page = client.get("/insights").text
    recommended, finished = page.split("Finished campaigns")
    done = [row.id for row in ROWS if row.state is CampaignState.DONE]
    assert re.findall(r'href="/campaigns/(cmp_\d)"', finished) == done
    assert {"cmp_5", "cmp_2"} <= set(re.findall(r'href="/campaigns/(cmp_\d)"', recommended)), "each says of which"
    assert "Too early to compare: 612 of 1,872 are not sent yet." in page
    assert "1,177 delivered · 5.3 % clicked (4.2 % to 6.8 %)" in page
    services.analytics.empty = True
    services.agents.list = lambda _: []
    page = client.get("/insights").text
    assert "recommends where a difference between two subject lines is certain enough" in page
    services.campaigns.rows = []
    assert "No campaign is finished." in client.get("/insights").text


CSV = {"file": ("people.csv", b"email\nmina@example.com\n", "text/csv")}


def test_a_file_of_contacts_is_imported_and_each_refused_row_is_told(client: TestClient, services: Any) -> None:
    given = {"source": "Website form", "wording": "Yes, write to me."}
    page = client.post("/audience/import", data=given, files=CSV).text
    assert services.audience.imported == [(CSV["file"][1], ConsentGiven("Website form", "Yes, write to me."))]
    assert "1,204 added, 31 updated, 2 refused" in page
    assert "5 of the added and updated had said no before" in page
    assert "&#39;nobody&#39; is not an e-mail address" in page
    client.post("/audience/import", data={"source": "", "wording": " "}, files=CSV)
    assert services.audience.imported[1][1] is None  # each row brings its own


def test_a_file_that_cannot_be_read_comes_back_with_the_reason(client: TestClient, services: Any) -> None:
    wrong = client.post("/audience/import", data={"source": "Fair"}, files={"file": ("x.csv", b"a;b\n1;2", "text/csv")})
    assert wrong.status_code == 422
    assert "The file has no column with addresses." in wrong.text
    assert 'value="Fair"' in wrong.text
    for files in ({"file": ("x.csv", b"", "text/csv")}, None):
        none = client.post("/audience/import", data={"source": "Fair"}, files=files)
        assert none.status_code == 422
        assert "There is no file, or it is empty." in none.text
    client.cookies.set("__Host-tidings", "viewer")
    assert client.post("/audience/import", files=CSV).status_code == 403
    assert client.get("/audience/import").status_code == 403
    assert len(services.audience.imported) == 1
    assert "Import contacts" not in client.get("/audience").text


def test_a_person_is_added_and_their_link_is_shown_once(client: TestClient, services: Any) -> None:
    data = {"name": "Nia Neu", "email": "nia@example.com", "role": "approver", "brands": ["brd_1"]}
    page = client.post("/settings/accounts", data=data)
    assert services.access.made == [("nia@example.com", "Nia Neu", Role.APPROVER, ["brd_1"])]
    assert "https://localhost/sign-in/link?token=s3cret" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "s3cret" not in client.get("/settings").text
    assert "token=s3cret" in client.post("/settings/accounts/acc_3/link").text
    assert client.post("/settings/accounts/acc_nobody/link").status_code == 404


def test_a_person_who_cannot_be_added_comes_back_as_typed(client: TestClient, services: Any) -> None:
    data = {"name": "Ada “A” <b>", "email": "a@example.com", "role": "author"}
    twice = client.post("/settings/accounts", data=data)
    assert twice.status_code == 409
    assert "There is an account with that address already." in twice.text
    assert "Ada “A” &lt;b&gt;" in twice.text
    assert client.post("/settings/accounts", data={**data, "role": "service"}).status_code == 422
    client.cookies.set("__Host-tidings", "author")
    assert client.post("/settings/accounts", data=data).status_code == 403
    assert client.post("/settings/accounts/acc_1/link").status_code == 403
    assert len(services.access.made) == 1


def test_a_fault_of_ours_is_a_page_too(client: TestClient, services: Any) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("the secret detail")

    services.analytics.recommendations = broken
    response = client.get("/insights")
    assert response.status_code == 500
    assert "Something broke" in response.text
    assert "the secret detail" not in response.text
    assert response.headers["content-security-policy"] == CSP


def test_a_store_that_fails_still_gives_an_error_page(client: TestClient, services: Any) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("down")

    services.access.actor_of_session = broken
    response = client.get("/")
    assert response.status_code == 500
    assert "Something broke" in response.text


def test_a_store_that_is_away_sends_nobody_to_sign_in(client: TestClient, services: Any) -> None:
    """They are signed in, and could not be."""

    def away(*_: Any) -> Any:
        raise UnavailableError("The database server does not answer.", remedy="Check that PostgreSQL runs.")

    services.access.actor_of_session = away
    response = client.get("/campaigns")
    assert response.status_code == 503
    assert "Check that PostgreSQL runs." in response.text
    assert "Try again" in response.text
    assert "Sign in" not in response.text


def test_a_role_without_the_right_gets_a_readable_no(client: TestClient, services: Any) -> None:
    def forbidden(*_: Any, **__: Any) -> Any:
        raise ForbiddenError("Your role (viewer) may not see contacts.", remedy="Ask an admin.")

    services.audience.contacts = forbidden
    response = client.get("/audience")
    assert response.status_code == 403
    assert "Ask an admin." in response.text


def test_the_live_part_asks_for_the_whole_page_when_the_state_changed(client: TestClient) -> None:
    same = client.get("/campaigns/cmp_2/live?seen=sending")
    assert "1,180" in same.text
    changed = client.get("/campaigns/cmp_2/live?seen=approved")
    assert (changed.status_code, changed.headers["hx-refresh"]) == (204, "true")


@pytest.mark.parametrize("part", ["numbers", "agents", "waiting"])
def test_each_part_of_the_overview_can_be_asked_for_again(client: TestClient, part: str) -> None:
    again = client.get(f"/overview/{part}")
    assert f'hx-get="/overview/{part}"' in again.text
    assert "<html" not in again.text
    assert again.text.strip().removeprefix("\n")[:200] in client.get("/").text


def test_the_counts_shown_add_up_to_the_people(client: TestClient) -> None:
    page = client.get("/campaigns/cmp_2").text
    shown = [
        int(count.replace(",", "")) for count in re.findall(r'<strong class="num font-medium">([\d,]+)</strong>', page)
    ]
    assert sum(shown) == next(row.people for row in ROWS if row.state is CampaignState.SENDING)


def test_who_hears_when_says_that_the_times_were_set_aside(client: TestClient) -> None:
    sending = next(row for row in ROWS if row.state is CampaignState.SENDING)
    review = next(row for row in ROWS if row.state is CampaignState.REVIEW)
    assert "Sent to everybody at once" in client.get(f"/campaigns/{sending.id}/people").text
    assert "Sent to everybody at once" not in client.get(f"/campaigns/{review.id}/people").text


def test_an_agents_configuration_is_sent_whole_with_its_version(client: TestClient, services: Any) -> None:
    data = {
        "version": "4", "autonomy": "suggest", "config_connections": "8", "config_max_per_hour": "0",
        "config_late": "send", "config_late_after_hours": "24", "config_warm_up": "", "config_provider_groups": "",
    }  # fmt: skip
    assert client.post("/agents/distribution/configure", data=data).status_code == 303
    ((name, values),) = services.agents.calls
    assert (name, values[0], values[2:]) == ("configure", "distribution", ("suggest", 4))
    assert values[1] == {
        "connections": 8, "max_per_hour": 0, "late": "send", "late_after_hours": 24, "warm_up": [],
        "provider_groups": [],
    }  # fmt: skip


def test_a_wrong_configuration_comes_back_with_the_reason(client: TestClient, services: Any) -> None:
    def refuse(*_: Any) -> Any:
        raise InvalidInputError("connections: must be 1 to 50.", remedy="Keep to the limits.")

    services.agents.configure = refuse
    data = {
        "version": "4", "autonomy": "suggest", "config_connections": "800", "config_max_per_hour": "0",
        "config_late": "send", "config_late_after_hours": "24",
    }  # fmt: skip
    response = client.post("/agents/distribution/configure", data=data)
    assert response.status_code == 422
    assert "must be 1 to 50" in response.text


def test_recommendations_and_decisions_can_be_answered(client: TestClient, services: Any) -> None:
    client.post("/insights/rec_1", data={"answer": "reject"})
    assert services.analytics.calls == [("rec_1", False)]
    moved = client.post("/agents/decisions/dec_1/override", data={"reason": "Fair", "back": "https://evil.example"})
    assert moved.headers["location"] == "/"
    assert services.agents.calls == [("override", ("dec_1", "Fair"))]


def test_mail_is_framed_and_read(client: TestClient, mailbox: FakeMailbox) -> None:
    page = client.get("/mailbox/msg_1").text
    assert '<iframe class="mail-frame html" sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert mailbox.marked == ["msg_1"]
    framed = client.get("/mailbox/msg_1/html")
    assert framed.headers["content-security-policy"].startswith("sandbox")
    assert "https://example.com" in framed.text


def test_links_of_a_mail_stand_with_their_words(client: TestClient) -> None:
    page = client.get("/mailbox/msg_1").text
    links = re.findall(r'<li><a [^>]+href="([^"]+)"[^>]*>([^<]+)</a> <span [^>]+>([^<]+)</span>', page)
    assert links == [
        ("https://example.com", "Reserve a place", "leads to example.com"),
        ("https://localhost/t/abc", "Link of the campaign", "counts the click here, then leads on to its target"),
    ]


def test_empty_pages_teach_the_next_step(client: TestClient, services: Any, mailbox: FakeMailbox) -> None:
    services.campaigns.rows = []
    services.analytics.empty = services.audience.empty = mailbox.empty = True
    assert "Brief the first one" in client.get("/campaigns").text
    assert "Nothing sent yet" in client.get("/").text
    assert "tidings audience import" in client.get("/audience").text
    assert "See what waits" in client.get("/mailbox").text
    assert "Nothing waits" in client.get("/approvals").text
    assert "No recommendations yet" in client.get("/insights").text
    assert "The Analytics agent is stopped, so nobody writes them." in client.get("/insights").text


def test_a_notice_is_shown_once_and_says_only_what_is_known(client: TestClient) -> None:
    client.cookies.set("tidings_flash", "approved")
    page = client.get("/campaigns/cmp_6")
    assert "Approved. The send plan stands." in page.text
    assert 'tidings_flash=""' in page.headers["set-cookie"]
    client.cookies.set("tidings_flash", "<b>anything")
    assert "anything" not in client.get("/campaigns/cmp_6").text


def test_texts_of_others_are_shown_as_text(client: TestClient, services: Any) -> None:
    from dataclasses import replace

    services.campaigns.rows[0] = replace(ROWS[0], name='<script>alert("x")</script>')
    for path in ("/", "/campaigns", "/campaigns/cmp_1", "/approvals"):
        assert "<script>alert" not in client.get(path).text


def test_static_files_are_kept_by_version(client: TestClient) -> None:
    page = client.get("/sign-in").text
    address = re.search(r'href="(/static/tidings\.css\?v=[0-9a-f]+)"', page)
    assert address
    answer = client.get(address[1])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" not in client.get("/static/tidings.css").headers["cache-control"]


def test_every_icon_used_is_in_the_sprite(client: TestClient) -> None:
    sprite = client.get("/static/icons.svg").text
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = {name for path in PAGES for name in re.findall(r'icons\.svg\?v=\w+#([\w-]+)"', client.get(path).text)}
    assert used
    assert used <= known


def test_preflight_is_asked_for_by_the_page_and_shows_records_to_copy(client: TestClient) -> None:
    asked = 'hx-get="/campaigns/cmp_1/preflight" hx-trigger="load"'
    shown = {row.id: client.get(f"/campaigns/{row.id}").text for row in ROWS}
    before_sending = {CampaignState.REVIEW, CampaignState.APPROVED}
    for row in ROWS:
        assert (asked.replace("cmp_1", row.id) in shown[row.id]) is (row.state in before_sending), row.state
    card = client.get("/campaigns/cmp_1/preflight").text
    assert "Nothing forbids sending; 2 findings to look at first, 1 not checked" in card
    assert "_dmarc.northwind.bakery. IN TXT &#34;v=DMARC1; p=none; rua=mailto:dmarc@northwind.bakery&#34;" in card
    assert "1 check passed, 1 not made" in card


def test_an_answer_is_shown_as_text_with_what_it_rests_on(client: TestClient) -> None:
    part = client.post("/agents/analytics/ask", data={"question": "How many?"}, headers={"hx-request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "&lt;img src=x" in part.text
    assert "<img" not in part.text
    assert "The number 57 stands in no result" in part.text
    whole = client.post("/agents/analytics/ask", data={"question": "How many?", "campaign_id": "cmp_1"})
    assert "<html" in whole.text
    assert "read plan" in whole.text


def test_what_waits_is_answered_with_yes_or_no(client: TestClient, services: Any) -> None:
    part = client.post("/agents/distribution/ask", data={"question": "Start it"}, headers={"hx-request": "true"})
    assert "It wants to: Starts sending an approved campaign." in part.text
    assert "It wants to" in client.get("/agents/distribution").text
    assert "It is started." in client.post("/agents/distribution/turns/trn_1/approve").text
    assert "It wants to" not in client.get("/agents/distribution").text
    assert "Then not." in client.post("/agents/distribution/turns/trn_1/decline").text
    assert [name for name, _ in services.asking.calls] == ["ask", "approve", "decline"]


def test_a_question_that_cannot_be_asked_says_why(client: TestClient, services: Any) -> None:
    part = client.post("/agents/content/ask", data={"question": "?"}, headers={"hx-request": "true"})
    assert part.status_code == 422
    assert "A question has 3 to 2,000 characters." in part.text
    services.asking.possible = False
    page = client.get("/agents/content").text
    assert "No language model is configured" in page
    assert "ask-question" not in page


def test_a_campaign_that_is_held_says_why(client: TestClient, services: Any) -> None:
    assert "Held:" not in client.get("/campaigns/cmp_2").text
    services.campaigns.rows[1] = replace(services.campaigns.rows[1], counts={"accepted": 3, "held": 7})
    for page in ("/campaigns/cmp_2", "/campaigns/cmp_2/live?seen=sending"):
        said = client.get(page).text
        assert "the relay&#39;s &lt;certificate&gt; has expired" in said
        assert '<a class="text-link" href="/settings">Health</a> names the remedy' in said
    client.cookies.set("__Host-tidings", "author")
    assert "<code>tidings doctor</code> names the remedy" in client.get("/campaigns/cmp_2").text


def test_an_uncertain_delivery_is_settled_by_a_form(client: TestClient, services: Any) -> None:
    page = client.get("/campaigns/cmp_2/deliveries/con_9").text
    assert "It arrived" in page
    assert "Send it again" in page
    assert "It arrived" not in client.get("/campaigns/cmp_2/deliveries/con_1").text
    given = {"verdict": "send_again", "channel": "email", "step": "0", "reason": "She lost it."}
    answer = client.post("/campaigns/cmp_2/deliveries/con_9/settle", data=given)
    assert answer.status_code == 303
    assert [str(each) for each in services.deliveries.settled[0][:4]] == [
        "cmp_2",
        "con_9",
        "send_again",
        "She lost it.",
    ]
    assert client.post("/campaigns/cmp_2/deliveries/con_9/settle", data={**given, "verdict": "x"}).status_code == 422
    assert client.get("/campaigns/cmp_2/deliveries/con_9/html").text.endswith("<p>Bread</p>")


def test_a_mail_is_found_by_address_or_message_id(client: TestClient) -> None:
    assert "Rye week" in client.get("/deliveries?q=anna@example.com").text
    assert "Nothing was ever sent" in client.get("/deliveries?q=nobody@example.com").text
    assert client.get("/deliveries?q=6f1ed002ab5595859014ebf0951522d9@northwind.example").status_code == 200


def test_files_and_an_event_are_given_by_forms(client: TestClient, services: Any) -> None:
    page = client.get("/campaigns/cmp_1").text
    assert "Programm für Dezember.pdf" in page
    assert "Bread workshop for beginners" in page
    file = {"file": ("Programme.pdf", b"%PDF-1.7", "application/pdf")}
    assert client.post("/campaigns/cmp_1/attachments", files=file).status_code == 303
    bad = {"file": ("setup.exe", b"MZ", "application/pdf")}
    assert client.post("/campaigns/cmp_1/attachments", files=bad).status_code == 422
    assert client.post("/campaigns/cmp_1/attachments", data={}).status_code == 422
    assert client.post("/campaigns/cmp_1/attachments/att_1/remove").status_code == 303
    saved = client.get("/campaigns/cmp_1/attachments/att_1")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert saved.headers["content-type"] == "application/octet-stream"
    event = {"title": "W", "start": "2026-12-05T18:00", "end": "2026-12-05T20:00", "zone": "Europe/Vienna"}
    assert client.post("/campaigns/cmp_1/invitation", data={**event, "method": "request"}).status_code == 303
    assert client.post("/campaigns/cmp_1/invitation", data={**event, "zone": "x"}).status_code == 422
    assert client.post("/campaigns/cmp_1/invitation/remove").status_code == 303
    assert [call[0] for call in services.attachments.calls] == ["attach", "detach", "invite", "invite"]
    assert services.attachments.calls[2][2].method == "request"


def test_postings_show_their_proof_and_what_can_be_decided(client: TestClient, services: Any) -> None:
    sending = next(row.id for row in ROWS if row.state is CampaignState.SENDING)
    page = client.get(f"/campaigns/{sending}").text
    assert 'href="https://mastodon.example/1"' in page
    assert 'href="/feeds/news.atom#pst_4"' in page
    assert "Renew it on the page Channels." in page
    client.post(f"/campaigns/{sending}/postings/pst_2/confirm", data={"url": "https://x.com/i/web/status/1"})
    assert services.campaigns.calls[-1][1] == (sending, "pst_2", True, "https://x.com/i/web/status/1")
    client.post(f"/campaigns/{sending}/postings/pst_3/repeat")
    assert services.campaigns.calls[-1][1] == (sending, "pst_3", False, "")


def test_a_draft_of_another_channel_is_shown_and_edited_as_it_is_there(client: TestClient, services: Any) -> None:
    page = client.get("/campaigns/cmp_1").text
    assert "as Mastodon counts" in page
    assert "No X account is set up" in page
    client.post("/campaigns/cmp_1/edit/A", data={"channel": "mastodon", "text_0": "It is a workshop."})
    name, (_, variant, given) = services.campaigns.calls[-1]
    assert (name, variant, given["channel"], given["texts"]) == (
        "edit_draft",
        "A",
        "mastodon",
        {0: "It is a workshop."},
    )
    assert "utm_source=mastodon" in client.get("/campaigns/cmp_1/preview/A?channel=mastodon").text


def test_a_brief_names_its_channels(client: TestClient, services: Any) -> None:
    page = client.get("/campaigns/new").text
    assert 'value="linkedin"' in page
    form = {
        "name": "Autumn workshop", "type": "event", "goal": "Fill the workshop", "brand": "Northwind Bakery",
        "fact_stem": "it", "fact_text": "is a bread workshop.", "call_to_action": "Reserve", "link": "https://example.com",
        "channels": ["email", "linkedin"], "picture": "https://example.com/a.jpg",
    }  # fmt: skip
    assert client.post("/campaigns/new", data=form).status_code == 303
    brief = services.campaigns.calls[-1][1]
    assert [channel.value for channel in brief.channels] == ["email", "linkedin"]
    assert brief.picture == "https://example.com/a.jpg"


def test_an_account_is_set_up_and_changed_by_its_form(client: TestClient, services: Any) -> None:
    sent = {"provider": "pigeon", "name": "Mine", "priority": "3", "config_server": "", "config_key": "k3y",
            "config_per_minute": "12"}  # fmt: skip
    assert client.post("/channels/new", data=sent).headers["location"] == "/channels"
    assert services.channels.given[-1] == {"server": "https://api.pigeon.example", "key": "k3y", "per_minute": 12}
    changed = {"name": "Renamed", "priority": "4", "config_server": "https://x.example", "config_key": ""}
    assert client.post("/channels/chn_2", data=changed).status_code == 303
    assert services.channels.given[-1] == {"server": "https://x.example"}
    assert services.channels.rows["chn_2"].name == "Renamed"
    assert "k3y" not in client.get("/channels/chn_2").text + client.get("/channels").text
    wrong = client.post("/channels/new", data={**sent, "config_per_minute": "many"})
    assert wrong.status_code == 422
    assert "is not a number" in wrong.text
    assert "k3y" not in wrong.text


def test_an_account_is_checked_tried_turned_off_and_removed(client: TestClient, services: Any) -> None:
    assert "refuses the key" in client.get("/channels").text
    client.post("/channels/chn_1/check")
    assert services.channels.rows["chn_1"].state == "works"
    assert "queued for ada@example.com" in client.post("/channels/chn_1/test", data={"to": "ada@example.com"}).text
    client.post("/channels/chn_1/disable")
    assert services.channels.rows["chn_1"].state == "off"
    client.post("/channels/chn_1/enable")
    client.post("/channels/chn_1/remove")
    assert services.channels.rows == {}
    assert "No accounts yet" in client.get("/channels").text
    assert client.get("/channels/chn_1").status_code == 404
