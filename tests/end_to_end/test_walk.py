"""The walk of one campaign through the whole house, as a newcomer takes it: in the browser, and by commands alone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Running

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip


@pytest.fixture(scope="module")
def page(tidings: Running) -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.set_default_timeout(20_000)
        yield page
        browser.close()


def wait_for(found: Any, *, seconds: float = 60) -> Any:
    """The first true answer of `found`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = found()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


def campaigns(tidings: Running, *arguments: str) -> list[dict[str, Any]]:
    """What `tidings campaign list` says, as values."""
    return list(json.loads(tidings.cli("--json", "campaign", "list", *arguments).stdout))
