"""Where people allow notifications: a raw ASGI application under `/push/`, reached by a signed link.

`GET /push/<token>` shows the page, `POST /push/<token>` keeps or forgets the browser that sends its subscription.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from tidings.distribution import pages, push_pages
from tidings.distribution.channels.push_crypto import from_url_safe
from tidings.distribution.page_texts_push import words_in
from tidings.distribution.tokens import TokenPurpose, TokenSigner
from tidings.domain.errors import TidingsError

log = logging.getLogger("tidings.distribution")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_MAX_BODY = 8192
_SCRIPT = (
    (b"content-type", b"text/javascript; charset=utf-8"), (b"cache-control", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
)  # fmt: skip


class Keeper(Protocol):
    """What the door needs of the rest; see `app/push.py`."""

    def public_key(self) -> str:
        """Ours, as browsers take it; empty while nobody has set up web push."""
        ...

    def keep(self, contact_pk: int, browser: tuple[str, str, str], wording: str) -> None:
        """A person said yes in this browser, in these words. Raises TidingsError."""
        ...

    def drop(self, contact_pk: int, endpoint: str) -> None:
        """A person said no in this browser."""
        ...


class PushDoor:
    """The ASGI application."""

    def __init__(self, signer: TokenSigner, keeper: Keeper) -> None:
        self._signer, self._keeper = signer, keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request to `/push/…`."""
        path, method = str(scope["path"]).removeprefix("/push/").rstrip("/"), scope["method"]
        if path in {"app.js", "worker.js"} and method == "GET":
            text = push_pages.SCRIPT if path == "app.js" else push_pages.WORKER
            await _answer(send, 200, text.encode(), _SCRIPT)
            return
        language = pages.language_in(scope["headers"])
        token = self._signer.read(path, TokenPurpose.PUSH)
        if token is None:
            await _answer(send, 404, pages.not_valid(language))
        elif method == "GET":
            key = await asyncio.to_thread(self._keeper.public_key)
            await _answer(
                send, 200 if key else 404, push_pages.ask(key, language) if key else push_pages.not_set_up(language)
            )
        elif method == "POST":
            await self._said(token.contact_pk, await _read(receive), send, language)
        else:
            await _answer(send, 405, pages.not_allowed(language))

    async def _said(self, contact_pk: int, body: bytes, send: Send, language: str) -> None:
        try:
            said = json.loads(body)
            browser, off = browser_of(said)
            wording = words_in(str(said.get("language") or language)).on  # of the page as it was read
        except (ValueError, KeyError, TypeError, AttributeError):
            await _answer(send, 400, pages.not_allowed(language))
            return
        try:
            if off:
                await asyncio.to_thread(self._keeper.drop, contact_pk, browser[0])
            else:
                await asyncio.to_thread(self._keeper.keep, contact_pk, browser, wording)
        except TidingsError as error:
            await _answer(send, error.status, pages.not_allowed(language))
        except Exception:
            log.exception("a person's word about notifications could not be kept")
            await _answer(send, 503, pages.later(language))
        else:
            await _answer(send, 204, b"")


def browser_of(said: Any) -> tuple[tuple[str, str, str], bool]:
    """Endpoint and keys of a PushSubscription as browsers write it in JSON, and whether it is a no.

    Raises ValueError, KeyError or TypeError for what is none. Where requests may go is judged when one is sent.
    """
    endpoint, keys = str(said["endpoint"]), said["keys"]
    parts = urlsplit(endpoint)
    if parts.scheme != "https" or not parts.hostname or len(endpoint) > 2000:
        raise ValueError("no endpoint of a push service")
    p256dh, auth = str(keys["p256dh"]).rstrip("="), str(keys["auth"]).rstrip("=")
    if len(from_url_safe(p256dh)) != 65 or len(from_url_safe(auth)) != 16:
        raise ValueError("no keys of a browser")
    return (endpoint, p256dh, auth), said.get("off") is True


async def _read(receive: Receive) -> bytes:
    body = b""
    while len(body) <= _MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body
    return b""


async def _answer(
    send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = push_pages.HEADERS
) -> None:
    whole = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": whole})
    await send({"type": "http.response.body", "body": body})
