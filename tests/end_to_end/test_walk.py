"""The walk of one campaign through the whole house, as a newcomer takes it in the browser."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.conftest import Running

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("walk")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def wait_for(found: Callable[[], Any], *, seconds: float = 60) -> Any:
    """The first true answer of `found`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = found()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


def in_state(tidings: Running, state: str) -> dict[str, Any] | None:
    """The newest campaign when it is in that state."""
    rows = json.loads(tidings.cli("campaign", "list", "--json").stdout)
    rows = rows["items"] if isinstance(rows, dict) else rows
    return rows[0] if rows[0]["state"] == state else None


def test_from_the_sign_in_link_to_a_read_clicked_and_unsubscribed_mail(
    tidings: Running, page: Any, browser: Any
) -> None:
    wait_for(lambda: in_state(tidings, "review"))
    page.goto(tidings.link)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Waiting for approval").wait_for()

    # Three clicks, each asked once: the campaign, its approval, its sending.
    page.get_by_role("link", name="Winter bread school").first.click()
    page.get_by_role("button", name="Approve").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Send now").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Send now").click()

    # The page follows by itself: nothing is reloaded here.
    page.get_by_role("heading", name="Progress").wait_for()
    done = wait_for(lambda: in_state(tidings, "done"), seconds=90)
    assert done["counts"] == {"accepted": done["people"]}

    page.goto(f"{tidings.url}/mailbox")
    page.get_by_text("To ").first.wait_for()
    page.locator("a[href^='/mailbox/msg_']").first.click()
    frame = page.frame_locator("iframe")
    assert "Northwind Bakery" in frame.locator("body").inner_text()
    links = page.locator("ul.rows a").evaluate_all("found => found.map(link => link.href)")
    click = next(link for link in links if "/t/" in link)
    leave = next(link for link in links if "/u/" in link)

    reader = browser.new_context(ignore_https_errors=True, user_agent="Mozilla/5.0 (X11; Linux x86_64) reader")
    time.sleep(6)  # sooner, and the click would rightly count as a machine's
    answer = reader.request.get(click, max_redirects=0)
    assert answer.status == 302
    assert answer.headers["location"].startswith("https://northwind.example")
    other = reader.new_page()
    other.goto(leave)
    other.get_by_role("button").first.click()
    assert re.search("unsubscribed|no more|will not", other.content(), re.IGNORECASE)
    reader.close()

    def counted() -> bool:
        report = json.loads(tidings.cli("report", done["id"], "--json").stdout)["report"]
        return report["total"]["clicked"]["count"] == 1 and report["total"]["unsubscribed"]["count"] == 1

    wait_for(counted, seconds=10)


def test_the_policy_forbids_inline_code_and_foreign_hosts(tidings: Running, page: Any) -> None:
    answer = page.request.get(f"{tidings.url}/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_signed_out_nobody_sees_anything(tidings: Running, browser: Any) -> None:
    stranger = browser.new_context(ignore_https_errors=True)
    for path in ("/", "/campaigns", "/audience", "/mailbox", "/settings"):
        answer = stranger.request.get(f"{tidings.url}{path}", max_redirects=0)
        assert answer.status == 303, path
        assert "/sign-in" in answer.headers["location"]
    assert stranger.request.get(f"{tidings.url}/api/v1/campaigns").status == 401
    stranger.close()
