"""The outgoing HTTP clients, blocking and async, behind one guard: address, breaker, content. No redirect, no proxy."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from json import loads
from typing import Any

import httpx2

from tidings.domain.errors import InvalidInputError, TidingsError, UnavailableError, UnreachableError
from tidings.net.guard import TROUBLE, Guard, NoBreaker

__all__ = [
    "MOST_BYTES", "TIMEOUT", "TROUBLE", "Answer", "AnswerLostError", "Guard", "GuardedAsyncTransport",
    "GuardedTransport", "HostClient", "ManyHosts", "NothingLeftError", "Outbound",
]  # fmt: skip
log = logging.getLogger("tidings.net")

TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
MOST_BYTES = 8_000_000
# Connections are pooled by address; two names on one address must not share what was verified for the first.
_NO_REUSE = httpx2.Limits(max_keepalive_connections=0)
_MOST_HOSTS = 64
_KEPT_SECONDS = 4.0  # shorter than any service keeps an idle one: a request must not meet a closed connection


class GuardedTransport(httpx2.BaseTransport):
    """Sends what the guard admits."""

    def __init__(self, guard: Guard, inner: httpx2.BaseTransport | None = None) -> None:
        self._guard = guard
        self._inner = inner or httpx2.HTTPTransport(trust_env=False, limits=_NO_REUSE)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One request. Errors of the network come as httpx2's own."""
        target = self._guard.admit(request)
        status: int | None = None
        try:
            response = self._inner.handle_request(request)
            status = response.status_code
            return response
        finally:
            self._guard.settle(target, status)

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()


class GuardedAsyncTransport(httpx2.AsyncBaseTransport):
    """The same for coroutines; for libraries that take an async client."""

    def __init__(self, guard: Guard, inner: httpx2.AsyncBaseTransport | None = None) -> None:
        self._guard = guard
        self._inner = inner or httpx2.AsyncHTTPTransport(trust_env=False, limits=_NO_REUSE)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One request. Errors of the network come as httpx2's own."""
        await request.aread()
        target = await asyncio.to_thread(self._guard.admit, request)  # resolving a name blocks
        status: int | None = None
        try:
            response = await self._inner.handle_async_request(request)
            status = response.status_code
            return response
        finally:
            self._guard.settle(target, status)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._inner.aclose()


class NothingLeftError(Exception):
    """The request did not leave: no connection could be made, or it may not be made at all. The text is for people."""


class AnswerLostError(Exception):
    """The request left, wholly or in part, and no whole answer came: it may have had its effect."""


class HostClient:
    """Asynchronous requests to one host, over connections that are kept.

    Connections are pooled by address, so they may be kept only where one name stands behind them: a request for
    another host, port or scheme is refused. The guard judges the name again at each request; its breaker is left out,
    for whoever keeps connections has waits of its own, and "too many" is no silence.
    """

    def __init__(self, guard: Guard, url: str, *, connections: int, timeout: httpx2.Timeout = TIMEOUT) -> None:
        limits = httpx2.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_KEPT_SECONDS
        )
        self._guard, self._place = replace(guard, breaker=NoBreaker()), _place(httpx2.URL(url))
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False, limits=limits, retries=0)
        self._client = httpx2.AsyncClient(
            transport=GuardedAsyncTransport(self._guard, self._inner), timeout=timeout, follow_redirects=False,
            trust_env=False, headers={"User-Agent": "tidings"},
        )  # fmt: skip

    async def reach(self) -> None:
        """Makes and closes a bare connection. Raises NothingLeftError when the host cannot be reached."""
        scheme, host, port = self._place
        try:
            shown = f"[{host}]" if ":" in host else host
            target = await asyncio.to_thread(self._guard.addresses.check, f"{scheme}://{shown}:{port}/")
            async with asyncio.timeout(TIMEOUT.connect):
                _, writer = await asyncio.open_connection(target.address, target.port)
        except TidingsError as error:
            raise NothingLeftError(str(error)) from error
        except (OSError, TimeoutError) as error:
            raise NothingLeftError(f"{host} does not answer") from error
        writer.close()

    async def send(self, method: str, url: str, *, headers: dict[str, str], body: bytes) -> Answer:
        """One request and its whole answer, redirects included as they are.

        Raises NothingLeftError and AnswerLostError.
        """
        host = self._place[1]
        try:
            if _place(httpx2.URL(url)) != self._place:
                raise NothingLeftError(f"{url.partition('?')[0]} is not at {host}")
            async with self._client.stream(method, url, headers=headers, content=body) as response:
                read = bytearray()
                async for part in response.aiter_bytes():
                    read += part
                    if len(read) > MOST_BYTES:
                        raise AnswerLostError(f"the answer of {host} is too large")
                return Answer(response.status_code, response.headers, bytes(read))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as error:
            raise NothingLeftError(f"{host} does not answer ({type(error).__name__})") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise AnswerLostError(f"the connection to {host} was lost ({type(error).__name__})") from error
        except TidingsError as error:
            raise NothingLeftError(str(error)) from error

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


class ManyHosts:
    """The same for addresses at many hosts: each gets a client of its own."""

    def __init__(self, guard: Guard, *, connections: int = 4) -> None:
        self._guard, self._connections = guard, connections
        self._clients: dict[tuple[str, str, int], HostClient] = {}

    async def reach(self) -> None:
        """There is no one host to look at."""

    async def send(self, method: str, url: str, *, headers: dict[str, str], body: bytes) -> Answer:
        """One request and its whole answer. Raises NothingLeftError and AnswerLostError."""
        try:
            place = _place(httpx2.URL(url))
        except httpx2.InvalidURL as error:
            raise NothingLeftError("that is no address on the web") from error
        client = self._clients.get(place)
        if client is not None:
            return await client.send(method, url, headers=headers, body=body)
        client = HostClient(self._guard, url, connections=self._connections)
        if len(self._clients) < _MOST_HOSTS:
            self._clients[place] = client
            return await client.send(method, url, headers=headers, body=body)
        try:
            return await client.send(method, url, headers=headers, body=body)
        finally:
            await client.close()

    async def close(self) -> None:
        """Closes all connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()


def _place(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, whatever its status."""

    status: int
    headers: httpx2.Headers
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises UnavailableError when it is none."""
        try:
            return loads(self.body)
        except ValueError as error:
            raise UnavailableError(
                "The answer is not JSON.", remedy="Check that the address is the right one."
            ) from error


class Outbound:
    """The client for our own calls: a whole answer or an UnavailableError, never a hang."""

    def __init__(self, guard: Guard, *, timeout: httpx2.Timeout = TIMEOUT) -> None:
        self.guard = guard
        self._client = httpx2.Client(
            transport=GuardedTransport(guard), timeout=timeout, follow_redirects=False, trust_env=False,
            headers={"User-Agent": "tidings"},
        )  # fmt: skip

    def send(
        self, method: str, url: str, *, json: object = None, headers: dict[str, str] | None = None,
        seconds: float | None = None,
    ) -> Answer:  # fmt: skip
        """One request and its answer; `seconds` is how long it may think between two pieces.

        Raises UnavailableError when none comes in time, it redirects or it is too large, UnreachableError when no
        connection could be made; ForbiddenError when the request may not be made.
        """
        timeout = TIMEOUT if seconds is None else httpx2.Timeout(seconds, connect=TIMEOUT.connect)
        try:
            with self._client.stream(method, url, json=json, headers=headers, timeout=timeout) as response:
                if response.is_redirect:
                    raise UnavailableError("The service sends the request elsewhere.", remedy="Use its new address.")
                return Answer(response.status_code, response.headers, _read_within(response))
        except httpx2.InvalidURL as error:
            raise InvalidInputError(f"{url!r} is not an address on the web.") from error
        except httpx2.HTTPError as error:
            host = httpx2.URL(url).host
            log.warning("no answer from %s: %s", host, type(error).__name__)
            unmade = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
            kind = UnreachableError if unmade else UnavailableError
            raise kind(f"{host} does not answer.", remedy="Check the network and the service.") from error

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def _read_within(response: httpx2.Response) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise UnavailableError(f"The answer is larger than {MOST_BYTES // 1_000_000} MB.")
    return bytes(body)
