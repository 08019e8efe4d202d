"""Kills the worker while a service has a posting in hand: none is lost, and none is posted twice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import posting_fakes as fakes
from tests.integration import posting_program
from tests.integration import test_distribution_postings as postings_tests
from tests.integration.test_distribution_postings import ADMIN, Square

town, square = postings_tests.town, postings_tests.square  # fixtures
database = postings_tests.database


def start(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, posting_program.__file__, str(path)])


def wait_for(what: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.03)


@pytest.mark.parametrize("findable", [True, False])
def test_killed_with_a_posting_in_hand(square: Square, sqlite_path: Path, *, findable: bool) -> None:
    kind = fakes.FakeMastodon if findable else fakes.FakeSlackWebhook
    with fakes.running(kind(mood="hang")) as service:
        values = {"server": service.base, "access_token": fakes.TOKEN}
        if not findable:
            values = {"webhook_url": f"{service.base}/services/T0/B0/{fakes.TOKEN}"}
        provider = "mastodon" if findable else "slack"
        channels = square.town.house.services.channels
        channels.create(ADMIN, provider_name=provider, name="ours", values=values)
        campaign = square.launched(provider)
        process = start(sqlite_path)
        try:
            wait_for(lambda: len(service.taken) == 1)
        finally:
            process.kill()
            process.wait()
        assert square.the_one(campaign).state == "attempting"
        service.mood = "ok"
        service.let_go.set()
        process = start(sqlite_path)
        try:
            wanted = "accepted" if findable else "uncertain"
            wait_for(lambda: square.the_one(campaign).state == wanted)
            time.sleep(0.5)
        finally:
            process.kill()
            process.wait()
    found = square.the_one(campaign)
    assert (found.state, len(service.taken), found.attempt) == (wanted, 1, 1)
    assert found.url == ("https://mastodon.example/@northwind/1" if findable else "")
    assert found.can_confirm is not findable
