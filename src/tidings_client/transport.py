"""Carries calls to the server: credentials, idempotency keys, retries and errors; blocking and awaiting alike."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
import uuid
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from tidings_client.calls import Call, Page
from tidings_client.errors import TidingsError, UnavailableError, of_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

T = TypeVar("T")

TIMEOUT_S = 30.0
TRIES = 3
LONGEST_PAUSE_S = 5.0
_TRY_AGAIN = frozenset({429, 502, 503, 504})


def trust(ca: Path | str | None) -> ssl.SSLContext:
    """What certificates are trusted: the system's, and the given authority's if any.

    Raises TidingsError when the file cannot be used.
    """
    context = ssl.create_default_context()
    if ca is not None:
        try:
            context.load_verify_locations(cafile=str(ca))
        except (OSError, ssl.SSLError) as error:
            raise TidingsError(
                f"The certificate authority {ca} cannot be read.", remedy="Name a PEM file that you may read."
            ) from error
    return context


class _Transport:
    """What both kinds share; it does no I/O."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url = base_url.rstrip("/") + "/api/v1"
        self.headers = {"User-Agent": "tidings-client", "Accept": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def request(self, call: Call[Any]) -> dict[str, Any]:
        """The request's parts. Every POST gets a key, so that a retry cannot happen twice."""
        headers = {**self.headers, **call.headers}
        content = call.content
        if call.body is not None:
            content = json.dumps(call.body).encode()
        if content is not None:
            headers["Content-Type"] = call.content_type
        if call.method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        url = self.base_url + call.path
        parts = {"method": call.method, "url": url, "params": dict(call.query), "content": content, "headers": headers}
        return parts if call.seconds is None else {**parts, "timeout": httpx2.Timeout(call.seconds, connect=TIMEOUT_S)}

    def pause_before_retry(self, attempt: int, outcome: httpx2.Response | httpx2.TransportError) -> float | None:
        """Seconds to wait before trying again; None when it is not worth trying. `attempt` counts from 1."""
        pause = 0.2 * 2 ** (attempt - 1)
        if isinstance(outcome, httpx2.Response):
            if outcome.status_code not in _TRY_AGAIN:
                return None
            wanted = outcome.headers.get("retry-after", "")
            pause = float(wanted) if wanted.isdigit() else pause
        elif "CERTIFICATE_VERIFY_FAILED" in str(outcome):
            return None
        return pause if attempt < TRIES and pause <= LONGEST_PAUSE_S else None

    def answer_of(self, call: Call[T], outcome: httpx2.Response | httpx2.TransportError) -> T:
        """The typed answer. Raises the server's problem, or the failure to reach it, as an exception."""
        if isinstance(outcome, httpx2.TransportError):
            raise self.unreachable(outcome) from outcome
        if not outcome.is_success:
            raise of_answer(outcome.status_code, outcome.content)
        return call.read(outcome.json() if outcome.content else None)

    def unreachable(self, error: httpx2.TransportError) -> UnavailableError:
        """The error of a server that does not answer; says so when its certificate is the reason."""
        words = str(error) or type(error).__name__
        address = self.base_url.removesuffix("/api/v1")
        if "CERTIFICATE_VERIFY_FAILED" in words:
            return UnavailableError(
                f"The certificate of {address} is not trusted.",
                remedy="Name its authority's file; `tidings trust` says where it is.",
            )
        return UnavailableError(
            f"Tidings does not answer at {address} ({words}).",
            remedy="Start it with `tidings up`, or mend the address.",
        )


def following(call: Call[Page[T]], page: Page[T]) -> Call[Page[T]] | None:
    """The call for the next page, or None after the last."""
    return replace(call, query={**call.query, "after": page.next}) if page.next else None


class BlockingTransport(_Transport):
    """Calls that return when the answer is there."""

    def __init__(self, base_url: str, token: str, client: httpx2.Client) -> None:
        super().__init__(base_url, token)
        self.client = client

    def run(self, call: Call[T]) -> T:
        """Makes the call."""
        request = self.request(call)
        for attempt in count(1):
            outcome: httpx2.Response | httpx2.TransportError
            try:
                outcome = self.client.request(**request)
            except httpx2.TransportError as error:
                outcome = error
            pause = self.pause_before_retry(attempt, outcome)
            if pause is None:
                return self.answer_of(call, outcome)
            time.sleep(pause)
        raise AssertionError  # the loop has no end of its own

    def pages(self, call: Call[Page[T]]) -> Iterator[T]:
        """Every item of every page."""
        more: Call[Page[T]] | None = call
        while more is not None:
            page = self.run(more)
            yield from page.items
            more = following(more, page)

    def follow(self, call: Call[T]) -> Iterator[T]:
        """Each event's data as it comes; ends when the server ends it."""
        parts = self.request(call)
        parts["headers"]["Accept"] = "text/event-stream"
        try:
            with self.client.stream(**parts, timeout=httpx2.Timeout(TIMEOUT_S, read=None)) as response:
                if not response.is_success:
                    raise of_answer(response.status_code, response.read())
                for line in response.iter_lines():
                    if line.startswith("data:"):
                        yield call.read(json.loads(line[5:]))
        except httpx2.TransportError as error:
            raise self.unreachable(error) from error


class AwaitingTransport(_Transport):
    """The same calls for asynchronous programs."""

    def __init__(self, base_url: str, token: str, client: httpx2.AsyncClient) -> None:
        super().__init__(base_url, token)
        self.client = client

    async def run(self, call: Call[T]) -> T:
        """Makes the call."""
        request = self.request(call)
        for attempt in count(1):
            outcome: httpx2.Response | httpx2.TransportError
            try:
                outcome = await self.client.request(**request)
            except httpx2.TransportError as error:
                outcome = error
            pause = self.pause_before_retry(attempt, outcome)
            if pause is None:
                return self.answer_of(call, outcome)
            await asyncio.sleep(pause)
        raise AssertionError  # the loop has no end of its own

    async def pages(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        """Every item of every page."""
        more: Call[Page[T]] | None = call
        while more is not None:
            page = await self.run(more)
            for item in page.items:
                yield item
            more = following(more, page)

    async def follow(self, call: Call[T]) -> AsyncIterator[T]:
        """Each event's data as it comes; ends when the server ends it."""
        parts = self.request(call)
        parts["headers"]["Accept"] = "text/event-stream"
        try:
            async with self.client.stream(**parts, timeout=httpx2.Timeout(TIMEOUT_S, read=None)) as response:
                if not response.is_success:
                    raise of_answer(response.status_code, await response.aread())
                async for line in response.aiter_lines():
                    if line.startswith("data:"):
                        yield call.read(json.loads(line[5:]))
        except httpx2.TransportError as error:
            raise self.unreachable(error) from error
