"""Where providers post to: `/hooks/<provider>/<account>`, a raw ASGI application before any router.

It answers once everything is committed: 401 for what proves nothing, 503 when the provider should come again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from tidings.distribution.reports.base import Batch, RefusedError, Request, UnreadableError
from tidings.distribution.reports.desk import ReportDesk
from tidings.domain.errors import NotFoundError, TidingsError

log = logging.getLogger("tidings.distribution.reports")
PREFIX = "/hooks/"
MAX_BODY = 4 * 1024 * 1024
_AT_ONCE = 8
_AGAIN_SECONDS = (5.0, 30.0, 300.0, 1800.0)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ReportsApp:
    """The ASGI application. `base_url` is what providers know this house by: Twilio signs the address."""

    def __init__(self, desk: ReportDesk, base_url: str) -> None:
        self._desk, self._base_url = desk, base_url.rstrip("/")
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._later: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        parts = scope["path"][len(PREFIX) :].rstrip("/").split("/")
        if len(parts) != 2 or not all(parts):
            return await _answer(send, 404)
        if scope["method"] not in {"POST", "OPTIONS"}:
            return await _answer(send, 405, headers={"Allow": "POST, OPTIONS"})
        body = await _read(scope, receive)
        if body is None:
            return await _answer(send, 413)
        async with self._room:
            status, batch = await asyncio.to_thread(self._take, parts[0], parts[1], self._request(scope, body))
        return await _answer(send, status, batch.answer, batch.content_type, dict(batch.headers))

    def _request(self, scope: Scope, body: bytes) -> Request:
        query = scope.get("query_string", b"").decode("latin-1")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
        url = f"{self._base_url}{path}" + (f"?{query}" if query else "")
        try:
            asked = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=50))
        except ValueError:
            asked = {}
        return Request(scope["method"], url, asked, headers, body)

    def _take(self, provider: str, account_id: str, request: Request) -> tuple[int, Batch]:
        """The status and what is to be answered; what went wrong goes into our log only."""
        try:
            batch, waiting = self._desk.take(provider, account_id, request)
        except NotFoundError:
            return 404, Batch()
        except RefusedError as error:
            log.warning("a report of %s was refused: %s", provider[:40], error)
            return 401, Batch()
        except UnreadableError as error:
            log.warning("a report of %s is not understood: %s", provider[:40], error)
            return 400, Batch()
        except TidingsError as error:
            log.warning("a report of %s must come again: %s", provider[:40], error.message)
            return 503, Batch(headers={"Retry-After": "30"})
        except Exception:
            log.exception("a report of %s could not be recorded", provider[:40])
            return 503, Batch(headers={"Retry-After": "30"})
        if waiting:
            self._loop_again()
        return 200, batch

    def _loop_again(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._plan)

    _loop: asyncio.AbstractEventLoop | None = None

    def _plan(self) -> None:
        if self._later is None or self._later.done():
            self._later = asyncio.get_running_loop().create_task(self._again())

    async def _again(self) -> None:
        """Looks a few times for what some events are about: the provider was quicker than our commit."""
        for seconds in _AGAIN_SECONDS:
            await asyncio.sleep(seconds)
            try:
                if not await asyncio.to_thread(self._desk.again):
                    return
            except Exception:
                log.exception("waiting reports could not be looked at")

    def start(self) -> None:
        """Called in the running loop: looks after what waited when the process ended last."""
        self._loop = asyncio.get_running_loop()
        self._plan()

    def close(self) -> None:
        """Stops looking; what waits is looked at after the next start."""
        if self._later is not None:
            self._later.cancel()


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """The body; None when it is too large. Nothing is kept of what is."""
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if not announced.isdigit() or int(announced) > MAX_BODY:
        return None
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)


async def _answer(
    send: Send, status: int, body: bytes = b"", kind: str = "text/plain", headers: dict[str, str] | None = None
) -> None:
    told = {"Content-Length": str(len(body)), "Cache-Control": "no-store", **(headers or {})}
    if body:
        told["Content-Type"] = kind
    pairs = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
