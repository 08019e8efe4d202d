"""The contract every way out keeps (channels/base.py), run on each of them.

To add a channel: write a `Way` that starts the other side with the asked-for behaviour and makes the channel, and put
it into WAYS. Nothing below knows SMTP. Providers with an HTTP API stand in provider_ways.py, their fakes in
provider_bed.py.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed
from provider_bed import OtherSide
from provider_ways import PROVIDER_WAYS

from tidings.distribution.channels.base import Channel, ChannelDownError, Feed, Outcome, Outgoing, Result
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.distribution.dkim import DkimKey, DkimSigner
from tidings.distribution.relay import Relay

SECRET = "not-for-anybody"
LANES = 3


class Way(Protocol):
    """One channel with its other side. `open` starts both; `nowhere` is a channel whose other side is not there."""

    name: str
    reaches_nowhere: bool
    """Whether it goes to one place, which may not be there."""

    @contextmanager
    def open(self, side: OtherSide) -> Iterator[Channel]: ...

    def nowhere(self) -> Channel: ...

    def address(self, no: int) -> str: ...

    def message(self, no: int) -> Outgoing: ...


class SmtpWay:
    """A relay on loopback, with or without signing here."""

    reaches_nowhere = True

    def __init__(self, name: str, signer: DkimSigner | None = None) -> None:
        self.name, self._signer = name, signer

    @contextmanager
    def open(self, side: OtherSide) -> Iterator[Channel]:
        def answer(address: str) -> bytes | None:
            return b"451 4.3.0 later\r\n" if address in side.puts_off else None

        def refuse(address: str) -> bytes | None:
            return b"550 5.1.1 nobody here\r\n" if address in side.refuses else None

        faults = bed.Faults(refuse_rcpt=refuse, answer_dot=answer, drop_every=side.loses_every)
        with bed.sink(faults) as sink:
            side.taken, side.bodies = lambda: sink.to, lambda: sink.bodies
            yield self._channel(sink.port)

    def nowhere(self) -> Channel:
        return self._channel(bed.free_port())

    def address(self, no: int) -> str:
        return f"p{no}@example.com"

    def message(self, no: int) -> Outgoing:
        to = self.address(no)
        body = f"From: hello@northwind.example\r\nTo: {to}\r\nMessage-ID: <m{no}@x.example>\r\n\r\nBody {no}\r\n"
        return Outgoing(1, no, 0, "A", 1, 0, 1, 0, {}, 0, "hello@northwind.example", to, body.encode())

    def _channel(self, port: int) -> Channel:
        relay = Relay("127.0.0.1", port, "none", password=SECRET)
        return SmtpChannel(relay, connections=LANES, ehlo_name="test.example", signer=self._signer)


WAYS: tuple[Way, ...] = (
    SmtpWay("smtp"),
    SmtpWay("smtp, signed here", DkimSigner([DkimKey("ed", ed25519.Ed25519PrivateKey.generate())])),
    *PROVIDER_WAYS,
)


@pytest.fixture(params=WAYS, ids=lambda way: way.name)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


@dataclass
class Book(Feed):
    """A feed that keeps book: every message ends in exactly one of `reports` and `back`."""

    waiting: list[Outgoing] = field(default_factory=list)
    taken: list[Outgoing] = field(default_factory=list)
    reports: dict[str, Outcome] = field(default_factory=dict)
    back: list[str] = field(default_factory=list)
    held: list[Callable[[], None]] = field(default_factory=list)
    downs: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    leave: Callable[[Outgoing], bool | None] = lambda _message: True
    """What `ask` is answered: None keeps the question open."""

    def take(self) -> Outgoing | None:
        if not self.waiting:
            return None
        self.taken.append(self.waiting.pop(0))
        return self.taken[-1]

    def ask(self, message: Outgoing, go: Callable[[bool], None]) -> None:
        self.asked.add(message.recipient)
        answer = self.leave(message)
        if answer is None:
            self.held.append(lambda: go(True))
        else:
            asyncio.get_running_loop().call_soon(go, answer)

    def report(self, message: Outgoing, outcome: Outcome) -> None:
        assert message.recipient not in self.reports, "reported twice"
        assert message.recipient not in self.back, "given back and reported"
        self.reports[message.recipient] = outcome

    def give_back(self, message: Outgoing) -> None:
        assert message.recipient not in self.reports, "reported and given back"
        assert message.recipient not in self.back, "given back twice"
        self.back.append(message.recipient)

    def down(self, words: str, *, refused: bool) -> None:
        self.downs.append(words)

    @property
    def settled(self) -> bool:
        return not self.waiting and len(self.reports) + len(self.back) == len(self.taken)


def messages(way: Way, number: int, first: int = 0) -> list[Outgoing]:
    return [way.message(no) for no in range(first, number)]


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def test_every_message_is_taken_once_reported_once_and_arrives_whole(way: Way) -> None:
    side = OtherSide()
    with way.open(side) as channel:
        book = Book(messages(way, 40))
        await channel.connect(book)
        assert channel.lanes >= 1
        await until(lambda: book.settled)
        await channel.close()
        assert channel.lanes == 0
    assert {outcome.result for outcome in book.reports.values()} == {Result.ACCEPTED}
    assert side.taken() == Counter(message.recipient for message in book.taken)
    assert all(b"Body " in body for body in side.bodies())
    assert len(book.reports) == 40
    assert book.asked == set(book.reports)


async def test_no_body_leaves_before_the_ledger_said_yes(way: Way) -> None:
    side = OtherSide()
    with way.open(side) as channel:
        book = Book(messages(way, 3), leave=lambda _: None)
        await channel.connect(book)
        await until(lambda: bool(book.held))
        await asyncio.sleep(0.1)
        assert not side.taken()
        assert not book.reports
        book.leave = lambda _: True
        for yes in book.held:
            yes()
        await until(lambda: len(book.reports) == 3)
        await channel.close()


async def test_a_no_from_the_ledger_keeps_the_message_from_leaving(way: Way) -> None:
    side, fifth = OtherSide(), way.address(5)
    with way.open(side) as channel:
        book = Book(messages(way, 12), leave=lambda message: message.contact_pk != 5)
        await channel.connect(book)
        await until(lambda: fifth in book.back)
        await until(lambda: book.settled, 8)
        await channel.close()
    assert fifth not in side.taken()
    assert fifth not in book.reports


async def test_a_refusal_fails_one_and_a_delay_defers_one_with_the_words(way: Way) -> None:
    side = OtherSide(refuses=frozenset({way.address(3)}), puts_off=frozenset({way.address(7)}))
    with way.open(side) as channel:
        book = Book(messages(way, 12))
        await channel.connect(book)
        await until(lambda: book.settled)
        await channel.close()
    failed, deferred = book.reports.pop(way.address(3)), book.reports.pop(way.address(7))
    assert (failed.result, failed.hard, "nobody here" in failed.words) == (Result.FAILED, True, True)
    assert (deferred.result, deferred.hard, "later" in deferred.words) == (Result.DEFERRED, False, True)
    assert {outcome.result for outcome in book.reports.values()} == {Result.ACCEPTED}


async def test_a_lost_answer_is_uncertain_and_nothing_else_is(way: Way) -> None:
    side = OtherSide(loses_every=10)
    with way.open(side) as channel:
        book = Book(messages(way, 25))
        await channel.connect(book)
        await until(lambda: sum(o.result is Result.UNCERTAIN for o in book.reports.values()) == 2)
        await until(lambda: book.settled, 8)
        await channel.close()
    lost = {to for to, outcome in book.reports.items() if outcome.result is Result.UNCERTAIN}
    assert all(side.taken()[to] == 1 for to in lost)
    assert not lost & set(book.back)
    assert max(side.taken().values()) == 1


async def test_a_way_out_that_is_not_there_says_so_without_its_secret(way: Way) -> None:
    if not way.reaches_nowhere:
        pytest.skip("it goes to whatever place a message names")
    channel, book = way.nowhere(), Book(messages(way, 2))
    with pytest.raises(ChannelDownError) as error:
        await channel.connect(book)
    assert str(error.value)
    assert SECRET not in str(error.value) + channel.name + repr(channel)
    assert not error.value.refused
    assert (book.reports, len(book.back)) == ({}, len(book.taken))
    await channel.close()


async def test_closing_accounts_for_everything_that_was_taken(way: Way) -> None:
    side = OtherSide()
    with way.open(side) as channel:
        book = Book(messages(way, 300))
        await channel.connect(book)
        await until(lambda: len(book.reports) > 20)
        await channel.close()
        assert len(book.reports) + len(book.back) == len(book.taken)
        assert sum(side.taken().values()) == len(book.reports)
    assert book.waiting


async def test_what_comes_later_is_taken_after_a_wake(way: Way) -> None:
    side = OtherSide()
    with way.open(side) as channel:
        book = Book(messages(way, 2))
        await channel.connect(book)
        await until(lambda: book.settled)
        book.waiting += messages(way, 4, 2)
        channel.wake()
        await until(lambda: len(book.reports) == 4)
        await channel.close()
        await channel.connect(book)  # a closed channel can be opened again
        book.waiting += messages(way, 5, 4)
        channel.wake()
        await until(lambda: len(book.reports) == 5)
        await channel.close()
    assert side.taken() == Counter(book.reports.keys())
