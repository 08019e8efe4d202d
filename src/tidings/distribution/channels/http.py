"""The base of every provider with an HTTP API: lanes that each keep one request on the wire.

A provider's file says only what is its own: the form of its account, one request for one message (or one for several,
where its API takes batches), and what an answer means; see docs/channels.md. What makes "nothing lost, nothing twice"
hold is here: the ledger is asked before each request, every message taken is reported or given back exactly once, an
answer that was lost after the request left is UNCERTAIN unless the provider recognises a repeated request.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tidings.distribution.channels.base import ChannelDownError, Feed, Outcome, Outgoing, Result
from tidings.net.client import Answer, AnswerLostError, Guard, HostClient, ManyHosts, NothingLeftError

log = logging.getLogger("tidings.distribution")
_CLOSING_SECONDS = 30.0
_REPEATS = 2
_ADDRESS = re.compile(r"[^\s<>\"'@:;,]+@")
_NUMBER = re.compile(r"\+[0-9][0-9 ]{5,}")
_BUSY = frozenset({"429", "503"})
_MOST_PAUSE_SECONDS = 3600.0
_LATER = 30_000  # where a service says "too many" and not for how long


Caller = HostClient | ManyHosts
"""What carries requests."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a provider's API. `body` and headers may hold secrets: they are never shown."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Provider(Protocol):
    """What one provider's file adds to the lanes."""

    name: str
    """The provider's name, under which its references are kept."""
    url: str
    """Its API's address; all requests go to this host. Empty: to whatever host a message names."""
    wants_parts: bool
    """Whether it makes the MIME itself, or carries short messages: then messages come as `parts`."""
    batch: int
    """The most messages in one request."""
    repeatable: bool
    """Whether the same request, sent again, has its effect once: a lost answer is then asked for again."""

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """The call for these messages, at most `batch`. Raises ChannelDownError when no credentials can be had."""
        ...

    def outcomes(self, number: int, answer: Answer) -> list[Outcome]:
        """What the answer to that many messages means for each, in their order.

        Only of answers that no rule of HTTP settles already; see `by_status`. Raises ChannelDownError when it says
        that the account, not the message, is the trouble.
        """
        ...


class OneByOne:
    """Base of the providers whose API takes one message in a request. Most are `repeatable` by no means."""

    batch = 1

    def outcome(self, answer: Answer) -> Outcome:
        """What the answer means; see `Provider.outcomes`."""
        raise NotImplementedError

    def outcomes(self, number: int, answer: Answer) -> list[Outcome]:
        """The same, as a list of one."""
        return [self.outcome(answer)] * number


class HttpChannel:
    """A way out through one account at a provider."""

    def __init__(self, provider: Provider, guard: Guard, *, lanes: int = 4) -> None:
        """What the provider allows the account a minute and an hour, its feed keeps; see `AccountLimit`."""
        self._provider, self._guard, self._wanted = provider, guard, lanes
        self._client: Caller | None = None
        self._feed: Feed | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0
        self._wake = asyncio.Event()
        self._closing = self._is_down = False
        self._quiet_until = 0.0
        self.on_works: Callable[[], None] | None = None
        """Told once, in another thread, when the account first took a message."""
        self.on_busy: Callable[[float], None] | None = None
        """Told whenever the service asked to be left alone for so many seconds."""

    @property
    def name(self) -> str:
        """The provider and the host of its API."""
        host = self._provider.url.partition("://")[2].partition("/")[0]
        return f"{self._provider.name} ({host})" if host else self._provider.name

    @property
    def room(self) -> int:
        """How many messages it can have on the wire."""
        return self._wanted * self._provider.batch

    @property
    def provider(self) -> Provider:
        """Its dialect."""
        return self._provider

    @property
    def wants_parts(self) -> bool:
        """Whether messages must come as `parts`."""
        return self._provider.wants_parts

    @property
    def lanes(self) -> int:
        """How many lanes take messages; none after the account was refused or the network went."""
        return 0 if self._is_down else self._open

    async def connect(self, feed: Feed) -> None:
        """Looks whether the service can be reached, and starts the lanes. Raises ChannelDownError."""
        if self._open and not self._is_down:
            return
        await self._end_lanes()
        if self._client is None:
            url = self._provider.url
            self._client = HostClient(self._guard, url, connections=self._wanted) if url else ManyHosts(self._guard)
        try:
            await self._client.reach()
        except NothingLeftError as error:
            raise ChannelDownError(str(error)) from error
        self._feed, self._closing, self._is_down, self._wake = feed, False, False, asyncio.Event()
        for _ in range(self._wanted):
            task = asyncio.get_running_loop().create_task(self._lane(feed))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            self._open += 1

    def wake(self) -> None:
        """Lets idle lanes look again."""
        self._wake.set()

    async def close(self) -> None:
        """Waits for the answers to what is on the wire, at most 30 s; what is left then is uncertain."""
        self._closing = True
        await self._end_lanes()
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _end_lanes(self) -> None:
        self._wake.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_CLOSING_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # One lane

    async def _lane(self, feed: Feed) -> None:
        try:
            while not self._closing and not self._is_down:
                self._wake.clear()
                wait = self._until_free()
                messages = self._take(feed) if wait <= 0 else []
                if messages:
                    await self._carry(feed, messages)
                else:
                    await self._rest(wait)
        finally:
            self._open -= 1

    def _until_free(self) -> float:
        """Seconds until something may leave again."""
        return self._quiet_until - asyncio.get_running_loop().time()

    def _take(self, feed: Feed) -> list[Outgoing]:
        messages: list[Outgoing] = []
        while len(messages) < self._provider.batch and (message := feed.take()) is not None:
            messages.append(message)
        return messages

    async def _rest(self, wait: float) -> None:
        try:
            async with asyncio.timeout(wait if wait > 0 else None):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _carry(self, feed: Feed, messages: Sequence[Outgoing]) -> None:
        """One request from the question to the report; whatever happens, each message ends once."""
        open_ = list(messages)
        try:
            going = await self._allowed(feed, open_)
        except asyncio.CancelledError:
            for message in open_:
                feed.give_back(message)
            raise
        if not going:
            return
        try:
            outcomes = await self._exchange(going)
        except asyncio.CancelledError:
            self._report(feed, going, [_lost("stopped while waiting for the answer")] * len(going))
            raise
        except NothingLeftError as error:
            self._give_back(feed, going)
            self._go_down(feed, str(error), refused=False)
        except ChannelDownError as error:
            self._give_back(feed, going)
            self._go_down(feed, str(error), refused=error.refused)
        except Exception as error:  # a fault in a provider's file must not lose the message, nor say it did not leave
            log.exception("a provider's answer could not be read")
            self._report(feed, going, [_lost(f"the answer could not be read: {type(error).__name__}")] * len(going))
        else:
            self._report(feed, going, outcomes)

    async def _allowed(self, feed: Feed, messages: list[Outgoing]) -> list[Outgoing]:
        """Those the ledger lets go; the others are given back and leave `messages`."""
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[bool]] = [loop.create_future() for _ in messages]

        for message, answer in zip(messages, answers, strict=True):
            feed.ask(message, _setter(answer))
        going: list[Outgoing] = []
        for message, answer in zip(list(messages), answers, strict=True):
            if await answer:
                going.append(message)
            else:
                messages.remove(message)
                feed.give_back(message)
        return going

    async def _exchange(self, messages: Sequence[Outgoing]) -> list[Outcome]:
        client, provider = self._client, self._provider
        if client is None:
            raise NothingLeftError("the channel is closed")
        own = getattr(provider, "exchange", None)
        if own is not None:  # one that needs more than one request for a message
            outcomes: list[Outcome] = await own(messages, client)
            if provider.url:  # one of many services is left alone message by message: it must not silence the others
                self._be_quiet(outcomes)
            return outcomes
        tries = 0
        request = await provider.request(messages)
        while True:
            try:
                answer = await client.send(request.method, request.url, headers=request.headers, body=request.body)
                break
            except (AnswerLostError, NothingLeftError) as error:
                if isinstance(error, NothingLeftError) and tries == 0:
                    raise
                if not provider.repeatable or tries == _REPEATS:
                    return [_lost(f"{error}; it may have been taken")] * len(messages)
                tries += 1
        settled = by_status(answer, repeatable=provider.repeatable)
        if settled is not None:
            self._be_quiet([settled])
            return [settled] * len(messages)
        return provider.outcomes(len(messages), answer)

    def _be_quiet(self, outcomes: Sequence[Outcome]) -> None:
        """Where the service asked to be left alone, every lane rests that long."""
        waits = [each.wait for each in outcomes if each.code in _BUSY]
        if waits:
            seconds = min(max(waits) / 1000, _MOST_PAUSE_SECONDS)
            self._quiet_until = asyncio.get_running_loop().time() + seconds
            if self.on_busy is not None:
                self.on_busy(seconds)

    def _give_back(self, feed: Feed, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            feed.give_back(message)

    def _report(self, feed: Feed, messages: Sequence[Outgoing], outcomes: Sequence[Outcome]) -> None:
        for message, outcome in zip(messages, outcomes, strict=True):
            feed.report(message, outcome)
        if self.on_works is not None and any(outcome.result is Result.ACCEPTED for outcome in outcomes):
            told, self.on_works = self.on_works, None
            asyncio.get_running_loop().run_in_executor(None, told)

    def _go_down(self, feed: Feed, words: str, *, refused: bool) -> None:
        if self._is_down or self._closing:
            return
        self._is_down = True
        self._wake.set()
        feed.down(f"{self.name}: {without_people(words)}", refused=refused)


def _setter(answer: asyncio.Future[bool]) -> Callable[[bool], None]:
    def go(allowed: bool) -> None:
        if not answer.done():
            answer.set_result(allowed)

    return go


def without_people(words: str) -> str:
    """A provider's words fit for the log: addresses and numbers it quotes are cut."""
    return _NUMBER.sub("+…", _ADDRESS.sub("…@", words))


def _lost(words: str) -> Outcome:
    return Outcome(Result.UNCERTAIN, "", words)


def by_status(answer: Answer, *, repeatable: bool) -> Outcome | None:
    """What HTTP itself says of an answer (RFC 9110): later, or nothing that can be relied on; None: ask the provider.

    A 500, 502 or 504 does not say whether the message was taken: only where a repeated request has its effect once
    is it tried again.
    """
    words = f"HTTP {answer.status}: {answer.body[:300].decode('utf-8', 'replace')}".strip()
    match answer.status:
        case 429 | 503:
            return Outcome(Result.DEFERRED, str(answer.status), words, wait=retry_after(answer))
        case 500 | 502 | 504 if not repeatable:
            return Outcome(Result.UNCERTAIN, str(answer.status), words)
        case status if status >= 500 or status == 408:
            return Outcome(Result.DEFERRED, str(answer.status), words)
        case _:
            return None


def retry_after(answer: Answer) -> int:
    """Milliseconds of a Retry-After header in seconds or as a date (RFC 9110, 10.2.3); half a minute without one."""
    text = answer.headers.get("retry-after", "").strip()
    if text.replace(".", "", 1).isdigit():
        return round(float(text) * 1000)
    if not text:
        return _LATER
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return _LATER
    return max(0, round((then - datetime.now(then.tzinfo or UTC)).total_seconds() * 1000))
