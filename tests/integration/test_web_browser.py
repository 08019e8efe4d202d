"""The pages in a real browser: accessible in both themes, no overflow on a phone, quiet console, small enough."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.fake_services import FakeMailbox, fake_services

from tidings.domain.actor import Actor
from tidings.events.activity import ActivityLine
from tidings.web.app import build_web

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PAGES = [
    "/", "/campaigns", "/campaigns?view=board", "/campaigns/new", "/campaigns/cmp_1", "/campaigns/cmp_2",
    "/campaigns/cmp_3", "/campaigns/cmp_4", "/campaigns/cmp_6", "/campaigns/cmp_1/preview/A",
    "/campaigns/cmp_1/preview/A?as=source", "/campaigns/cmp_1/people", "/campaigns/cmp_2/deliveries",
    "/campaigns/cmp_2/deliveries/con_1", "/campaigns/cmp_2/deliveries/con_9", "/deliveries",
    "/deliveries?q=anna@example.com", "/deliveries?q=nobody@example.com", "/approvals",
    "/campaigns/cmp_1/preview/A?channel=mastodon",
    "/agents/content", "/agents/distribution", "/audience", "/audience/import",
    "/audience/confirmations", "/audience/con_2", "/insights",
    "/mailbox", "/mailbox/msg_1", "/settings", "/models", "/nothing", "/sign-in", "/sign-in/link?token=once",
    "/audit", "/replies", "/replies?show=all", "/replies/rpl_1", "/sequences", "/sequences/cmp_s1", "/sequences/cmp_s2",
    "/sequences/cmp_s3", "/sequences/cmp_s1/people", "/sequences/new", "/sequences/new?begin=onboarding",
    "/sequences/cmp_s1/edit", "/sequences/cmp_s1/edit?as_yaml=1", "/channels", "/channels/new?provider=pigeon",
    "/channels/chn_1", "/brands", "/brands/new", "/brands/brd_1", "/brands/brd_1/claims",
    "/brands/brd_1/claims?state=retired", "/claims/clm_3", "/claims/clm_5",
]  # fmt: skip
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
LIMIT = 120 * 1024  # bytes of the overview, gzipped
# The frame's own script is refused, which is what the sandbox is for.
EXPECTED_WORDS = ("the document's frame is sandboxed", "status of 404")


@dataclass
class Site:
    """The pages on a port of their own."""

    address: str
    services: Any
    mailbox: FakeMailbox


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    import uvicorn

    services, mailbox = fake_services(), FakeMailbox()

    def remove_sample(_: Actor) -> None: ...

    app = build_web(services, mailbox=mailbox, remove_sample=remove_sample)  # pyright: ignore[reportArgumentType]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield Site(f"http://localhost:{listener.getsockname()[1]}", services, mailbox)
        server.should_exit = server.force_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Any, site: Site) -> Iterator[Any]:
    """Opens a signed-in page in a theme and size; fails when the console complained."""
    said: list[str] = []
    opened: list[Any] = []

    def open_page(scheme: str = "light", size: dict[str, int] = DESK) -> Any:
        context = browser.new_context(color_scheme=scheme, viewport=size, timezone_id="Europe/Berlin")
        context.add_cookies([{
            "name": "__Host-tidings", "value": "admin", "url": site.address.replace("http:", "https:"), "secure": True,
            "httpOnly": True, "sameSite": "Lax",
        }])  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        opened.append(context)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert [text for text in said if not any(words in text for words in EXPECTED_WORDS)] == []


def axe() -> str:
    """The accessibility checker's source."""
    from axe_playwright_python import sync_playwright as module

    return Path(module.__file__).with_name("axe.min.js").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(visitor: Any, site: Site, scheme: str) -> None:
    page, checker = visitor(scheme, PHONE if scheme == "light" else DESK), axe()
    found: dict[str, Any] = {}
    for path in PAGES:
        page.goto(site.address + path)
        assert page.evaluate("document.documentElement.classList.contains('dark')") is (scheme == "dark"), path
        page.evaluate(checker)
        violations = page.evaluate("axe.run({resultTypes: ['violations']}).then(result => result.violations)")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if violations or wide > 0:
            found[path] = [wide, *((one["id"], one["nodes"][0]["html"][:200]) for one in violations)]
    assert found == {}


def test_a_long_health_leaves_no_hole_under_you(visitor: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    items = site.services.health.check() * 12
    monkeypatch.setattr(site.services.health, "check", lambda: items)
    page = visitor("light", {"width": 1280, "height": 900})
    page.goto(site.address + "/settings")
    you, accounts, health = (
        page.locator(f"[aria-labelledby={name}-title]").bounding_box() for name in ("you", "accounts", "health")
    )
    assert health["y"] == you["y"]
    assert health["height"] > you["height"] + accounts["height"] / 2, "it is the long one"
    assert accounts["y"] - you["y"] - you["height"] < 40


def test_the_overview_is_small(visitor: Any, site: Site) -> None:
    page, bodies = visitor(), {}
    page.on("requestfinished", lambda request: bodies.__setitem__(request.url, request))
    page.goto(site.address + "/")
    page.wait_for_selector(".uplot")
    sizes = {
        url: len(gzip.compress(request.response().body(), 6)) for url, request in bodies.items() if "/live" not in url
    }
    assert any("inter" in url for url in sizes)
    assert sum(sizes.values()) <= LIMIT, sizes
    assert all(url.startswith(site.address) for url in sizes)  # nothing from anywhere else


def test_the_charts_legend_tells_the_last_day_until_another_is_pointed_at(visitor: Any, site: Site) -> None:
    page = visitor()
    page.goto(site.address + "/")
    legend = page.locator(".u-legend")
    legend.locator("text=22 Nov").wait_for()
    at_rest = legend.inner_text()
    page.hover(".u-over", position={"x": 100, "y": 80})
    page.wait_for_function("old => document.querySelector('.u-legend').innerText !== old", arg=at_rest)
    assert "–" not in legend.inner_text()
    page.hover("h1")
    page.wait_for_function("old => document.querySelector('.u-legend').innerText === old", arg=at_rest)


def test_no_table_is_cut_on_a_small_screen(visitor: Any, site: Site) -> None:
    over = (
        "[...document.querySelectorAll('.card, .table-container')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        ".map(e => e.innerText.slice(0, 40))"
    )
    pages = (
        "/campaigns/cmp_1/people",
        "/campaigns/cmp_2/deliveries",
        "/campaigns/cmp_2",
        "/campaigns/new",
        "/audience",
    )
    found: dict[Any, Any] = {}
    for size in (PHONE, {"width": 1280, "height": 800}):
        page = visitor("light", size)
        for path in pages:
            page.goto(site.address + path)
            if cut := page.evaluate(over):
                found[size["width"], path] = cut
    assert found == {}


def test_new_activity_appears_by_itself(visitor: Any, site: Site) -> None:
    page = visitor()
    page.goto(site.address + "/")
    page.wait_for_timeout(300)
    newest = site.services.activity.lines[0]
    line = ActivityLine(newest.pk + 1, newest.at + 1000, "content", "wrote <b>variant C</b>", None)
    site.services.activity.lines.insert(0, line)
    fresh = page.locator("#activity li.fresh")
    fresh.wait_for()
    assert "Content wrote <b>variant C</b>" in page.locator("#activity li").first.inner_text()


def test_the_theme_is_switched_and_kept(visitor: Any, site: Site) -> None:
    page = visitor("light")
    page.goto(site.address + "/campaigns")
    page.click("[data-theme-toggle]")
    assert page.evaluate("document.documentElement.className") == "dark"
    page.goto(site.address + "/")
    assert page.evaluate("document.documentElement.className") == "dark"


def test_the_kill_switch_by_keyboard_asks_once(visitor: Any, site: Site) -> None:
    page = visitor()
    page.goto(site.address + "/campaigns")
    page.focus("[data-opens=pause-all]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#pause-all[open]")
    page.keyboard.press("Escape")
    assert site.services.distribution.paused is None
    page.keyboard.press("Enter")
    page.fill("#pause-all-reason", "wrong price")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=All sending is paused by Ada Lind: wrong price")
    page.click("[data-opens=resume-all]")
    page.click("#resume-all footer button[type=submit]")
    page.wait_for_selector("text=Sending goes on.")
    assert site.services.distribution.paused is None


def test_a_double_click_opens_a_question_and_a_click_beside_it_closes_it(visitor: Any, site: Site) -> None:
    page = visitor()
    page.goto(site.address + "/campaigns")
    page.dblclick("[data-opens=pause-all]")
    assert page.is_visible("#pause-all[open]")
    page.mouse.click(5, 5)
    assert not page.is_visible("#pause-all[open]")
    assert site.services.distribution.paused is None


def test_the_first_tab_leads_past_the_menu(visitor: Any, site: Site) -> None:
    page = visitor()
    page.goto(site.address + "/campaigns")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"


def test_the_menu_of_a_phone_opens(visitor: Any, site: Site) -> None:
    page = visitor("light", PHONE)
    page.goto(site.address + "/")
    assert not page.locator("#navigation").is_visible()
    page.click("[data-toggles=navigation]")
    assert page.get_attribute("[data-toggles=navigation]", "aria-expanded") == "true"
    page.click("#navigation >> text=Approvals")
    page.wait_for_url("**/approvals")


def test_the_brief_is_previewed_while_it_is_written(visitor: Any, site: Site) -> None:
    page = visitor()
    page.goto(site.address + "/campaigns/new")
    page.click("[data-add-fact]")
    page.keyboard.type("is a workshop for beginners")
    page.wait_for_selector("#brief-preview >> text=It is a workshop for beginners.")


def test_contacts_are_imported_and_a_person_is_added_by_hand(visitor: Any, site: Site) -> None:
    page, checker = visitor("light", PHONE), axe()
    page.goto(site.address + "/audience")
    page.click("text=Import contacts")
    page.set_input_files(
        "#file", {"name": "people.csv", "mimeType": "text/csv", "buffer": b"email\nmina@example.com\n"}
    )
    page.fill("#source", "Website form")
    page.fill("#wording", "Yes, write to me.")
    page.click("text=Import the contacts")
    page.wait_for_selector("text=1,204 added, 31 updated, 2 refused")
    assert _faults(page, checker) == (0, [])
    page.goto(site.address + "/settings")
    page.fill("#person-name", "Nia Neu")
    page.fill("#person-email", "nia@example.com")
    page.select_option("#person-role", "approver")
    page.click("text=Add and make a link")
    page.wait_for_selector("text=https://localhost/sign-in/link?token=s3cret")
    assert _faults(page, checker) == (0, [])


def _faults(page: Any, checker: str) -> tuple[int, list[str]]:
    """How far the page is too wide, and what the accessibility checker finds."""
    page.evaluate(checker)
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(result => result.violations)")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wide, [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def test_mail_cannot_reach_the_page_around_it(visitor: Any, site: Site) -> None:
    page = visitor()
    page.goto(site.address + "/mailbox/msg_1")
    frame = page.frame_locator("iframe")
    frame.locator("text=Reserve a place").wait_for()
    assert "owned" not in page.title()
    page.context.route("https://example.com/**", lambda route: route.fulfill(body="the shop"))
    with page.expect_popup() as popup:
        frame.locator("a").click()
    assert popup.value.url == "https://example.com/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_agent_is_asked_and_told_yes(visitor: Any, site: Site, scheme: str) -> None:
    page, checker = visitor(scheme, PHONE if scheme == "light" else DESK), axe()
    page.goto(site.address + "/agents/analytics")
    page.fill("#ask-question", "How many people?")
    page.click("#ask form button")
    page.wait_for_selector("#ask-answer >> text=Not proved")
    assert "<img src=x onerror=alert(1)>" in page.locator("#ask-answer").inner_text()
    page.evaluate(checker)
    assert page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes[0].html))") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill("#ask-question", "Start the open day")
    page.click("#ask form button")
    page.wait_for_selector("#ask-answer >> text=It waits for you")
    page.evaluate(checker)
    assert page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes[0].html))") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("text=Yes, do it")
    page.wait_for_selector("#ask-answer >> text=It is started.")
    assert not page.locator("#ask-answer >> text=It waits for you").is_visible()
