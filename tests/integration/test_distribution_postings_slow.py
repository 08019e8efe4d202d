"""Receivers of webhooks that hang, drip or never end: nobody else waits for them, and what became of it is said."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.test_distribution_postings import Network, Square, database, network, square, town
from tests.integration.test_net_once import HEAD, Answering, dripping, endless, receiver, silent

from tidings.distribution.channels import remote
from tidings.distribution.postings.worker import PostingHooks, PostingWorker
from tidings.domain.instant import DAY, MINUTE
from tidings.net.addresses import AddressRule
from tidings.net.guard import Guard, NoBreaker
from tidings.net.once import OnceClient

__all__ = ["database", "network", "square", "town"]
SECRET = f"whsec_{b64encode(b's' * 32).decode()}"


def patient(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """So long the posters wait for a whole answer; and this machine is a place they may ask."""
    # Without a breaker: it counts by the machine's clock, which stands still beside the test's.
    guard = Guard(AddressRule(allowed=frozenset({"127.0.0.1"})), NoBreaker())
    client = OnceClient(guard, seconds=seconds)
    monkeypatch.setattr(remote, "_client_of", lambda _guard: client)


def posted(square: Square, campaign: Any) -> dict[str, Any]:
    return {each.channel: each for each in square.postings(campaign)}


def wait_for(happened: Callable[[], bool]) -> None:
    for _ in range(1_500):
        if happened():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def test_nobody_waits_for_a_receiver_that_hangs(
    square: Square, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch, 3_600)
    with receiver(silent) as url:
        square.account("webhook", url=url, secret=SECRET)
        square.account("network")
        first = square.launched("webhook")
        house = square.town.house
        worker = PostingWorker(
            house.db, house.clock, house.run.postings, house.services.channels,
            PostingHooks(house.services.activity.note, house.run.finished), every=0.02,
        )  # fmt: skip
        worker.start()
        wait_for(lambda: posted(square, first)["webhook"].state == "attempting")
        second = square.launched("webhook", "mastodon", name="Another one")
        wait_for(lambda: posted(square, second)["mastodon"].state == "accepted")
        assert posted(square, first)["webhook"].state == "attempting", "it hangs still"
        assert posted(square, second)["webhook"].state == "planned", "one after the other at one receiver"
        assert len(network.posts) == 1
        worker._stopping.set()  # what hangs ends with the receiver, below
    worker.stop()
    assert posted(square, first)["webhook"].state == "uncertain"


@pytest.mark.parametrize("answering", [silent, dripping(b"HTTP/1.1 200 OK\r\nX: ")])
def test_whoever_does_not_answer_is_told_of_and_asked_again(
    square: Square, monkeypatch: pytest.MonkeyPatch, answering: Answering
) -> None:
    patient(monkeypatch, 0.5)
    with receiver(answering) as url:
        square.account("webhook", url=url, secret=SECRET)
        campaign = square.launched("webhook")
        assert square.worker.work_once()
        found = square.the_one(campaign)
        assert (found.state, found.reason) == (
            "uncertain", "127.0.0.1 did not answer in time after the posting was handed over",
        )  # fmt: skip
        square.clock.advance(MINUTE)
        assert square.worker.work_once()
        found = square.the_one(campaign)
        assert found.state == "deferred"
        assert "did not answer in time" in found.reason
        assert "sent again under the same webhook-id" in found.reason
        for _ in range(40):
            square.clock.advance(DAY)
            square.worker.work_once()
        found = square.the_one(campaign)
        assert found.state == "uncertain", "after its last try it is left to a person"
        assert "did not answer in time" in found.reason


@pytest.mark.parametrize("answering", [dripping(HEAD), endless])
def test_whoever_took_it_and_does_not_come_to_an_end_has_taken_it(
    square: Square, monkeypatch: pytest.MonkeyPatch, answering: Answering
) -> None:
    patient(monkeypatch, 2.0 if answering is not endless else 60.0)
    with receiver(answering) as url:
        square.account("webhook", url=url, secret=SECRET)
        campaign = square.launched("webhook")
        assert square.worker.work_once()
        found = square.the_one(campaign)
        assert (found.state, found.code) == ("accepted", "200")
        assert found.reason.startswith("taken")
        assert len(found.reason) < 200
