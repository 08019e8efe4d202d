"""What readers' mail programs and browsers reach: a raw ASGI application before any router.

`/t/<token>` sends on to the address in the campaign's immutable link table (no open redirect) and notes the click.
`/o/<token>.gif` answers a picture of one pixel and notes that the mail was opened, if the person still allows it.
`/u/<token>` shows a page on GET and acts on POST (`way_out.py`), and so does `/y/<token>` (`confirm_door.py`).
`/c/…` takes conversions (`conversion_door.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import quote

from tidings.distribution import pages, repository
from tidings.distribution.confirm_door import Answer, ConfirmDoor
from tidings.distribution.hit_events import HitEvents
from tidings.distribution.hits import INTERVAL_MS, Hit, HitKind, HitWriter, settle
from tidings.distribution.pixel import GIF
from tidings.distribution.tokens import Token, TokenPurpose, TokenSigner
from tidings.distribution.way_out import Unsubscribe, WayOut, Wishes
from tidings.domain.instant import Clock
from tidings.keys.secrets import Secrets
from tidings.store.database import Database

log = logging.getLogger("tidings.distribution.tracking")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]
PATHS = ("/t/", "/o/", "/u/", "/c/", "/y/")
"""What belongs to tracking; nothing else is answered at an address of its own."""
_MAX_BODY = 4096
_LINKS_KEPT = 4096
_LOOK = frozenset({"GET", "HEAD"})
_GOING_ON: Headers = (
    (b"cache-control", b"no-store"), (b"content-length", b"0"), (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
)  # fmt: skip
PICTURE: Headers = (
    (b"content-type", b"image/gif"), (b"content-length", str(len(GIF)).encode()),
    (b"cache-control", b"no-store, no-cache, must-revalidate, max-age=0"), (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)  # fmt: skip
_BODY_NONE = {"type": "http.response.body", "body": b""}
_BODY_GIF = {"type": "http.response.body", "body": GIF}


class Door(Protocol):
    """Who answers `/c/…`. Blocking."""

    def __call__(self, method: str, path: str, query: bytes, body: bytes) -> tuple[int, Headers, bytes]:
        """Status, headers and body of the answer."""
        ...


class TrackingApp:
    """The ASGI application. `close` writes what waits; a kill loses what was answered in the last `interval_ms`."""

    def __init__(
        self, db: Database, clock: Clock, secrets: Secrets, wishes: Wishes | Unsubscribe, *,
        interval_ms: int = INTERVAL_MS, door: Door | None = None, confirming: ConfirmDoor | None = None,
    ) -> None:  # fmt: skip
        self._db, self._clock = db, clock
        self._signer = TokenSigner(secrets.signing_key)
        wishes = wishes if isinstance(wishes, Wishes) else Wishes(wishes)
        self._way_out, self._door, self._confirming = WayOut(db, clock, wishes), door, confirming
        self._hits = HitWriter(HitEvents(db, clock, wishes.may_track).write, interval_ms)
        self._links: dict[tuple[int, int], tuple[bytes, bytes | None]] = {}

    def close(self) -> None:
        """Writes the opens and clicks that wait."""
        self._hits.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request to one of `PATHS`."""
        path: str = scope["path"]
        kind = path[:3]
        if kind == "/t/":
            await self._click(path[3:].rstrip("/"), scope, send)
        elif kind == "/o/":
            await self._open(path[3:].removesuffix(".gif"), scope, send)
        elif kind == "/u/":
            await self._out(path[3:].rstrip("/"), scope, receive, send)
        elif kind == "/y/" and self._confirming is not None:
            await self._confirm(self._confirming, path[3:].rstrip("/"), scope, receive, send)
        elif kind == "/c/" and self._door is not None:
            await self._convert(self._door, scope, receive, send)
        else:
            await _answer(send, 404, pages.not_valid(pages.language_in(scope["headers"])), scope["method"])

    async def _click(self, text: str, scope: Scope, send: Send) -> None:
        method: str = scope["method"]
        if method not in _LOOK:
            await _answer(
                send, 405, pages.not_allowed(pages.language_in(scope["headers"])), method, ((b"allow", b"GET, HEAD"),)
            )
            return
        token = self._signer.read(text, TokenPurpose.CLICK)
        target = None
        if token is not None:
            target = self._links.get((token.campaign_pk, token.link)) or await self._look_up(token)
        if token is None or target is None:
            await _answer(send, 404, pages.not_valid(pages.language_in(scope["headers"])), method)
            return
        await self._note(HitKind.CLICK, token, scope)
        location, after = target
        if after is not None:
            location = location + text.encode("ascii") + after
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", location), *_GOING_ON]})
        await send(_BODY_NONE)

    async def _open(self, text: str, scope: Scope, send: Send) -> None:
        """Always the picture: a reader's mail never shows a broken one, and nothing tells who allows what."""
        method: str = scope["method"]
        if method not in _LOOK:
            await _answer(
                send, 405, pages.not_allowed(pages.language_in(scope["headers"])), method, ((b"allow", b"GET, HEAD"),)
            )
            return
        token = self._signer.read(text, TokenPurpose.OPEN)
        if token is not None:
            await self._note(HitKind.OPEN, token, scope)
        await send({"type": "http.response.start", "status": 200, "headers": list(PICTURE)})
        await send(_BODY_NONE if method == "HEAD" else _BODY_GIF)

    async def _note(self, kind: HitKind, token: Token, scope: Scope) -> None:
        agent, prefetch = "", False
        for name, value in scope["headers"]:
            if name == b"user-agent":
                agent = value[:300].decode("latin-1")
            elif name in _PURPOSE and b"prefetch" in value:
                prefetch = True
        client = scope.get("client")
        hit = Hit(
            kind, token.campaign_pk, token.contact_pk, token.step, token.link, self._clock.now(), agent,
            scope["method"], client[0] if client else "", prefetch,
        )  # fmt: skip
        held = self._hits.put(hit)
        if held is not None:
            await settle(held)

    async def _look_up(self, token: Token) -> tuple[bytes, bytes | None] | None:
        """The link's address; where it gets the click's id, what stands before and after that."""
        key = (token.campaign_pk, token.link)
        row = await asyncio.to_thread(self._read_link, *key)
        if row is None:
            return None
        if len(self._links) >= _LINKS_KEPT:
            self._links.clear()
        found = self._links[key] = split_for_id(row[0]) if row[1] else (_header_url(row[0]), None)
        return found

    def _read_link(self, campaign_pk: int, no: int) -> tuple[str, bool] | None:
        with self._db.reading() as conn:
            return repository.link_target(conn, campaign_pk, no)

    async def _out(self, text: str, scope: Scope, receive: Receive, send: Send) -> None:
        out, token = self._way_out, self._signer.read(text, TokenPurpose.UNSUBSCRIBE)

        async def answer(token: Token) -> Answer:
            if scope["method"] == "POST":
                return 200, await asyncio.to_thread(out.act, token, await _read(receive))
            return 200, await asyncio.to_thread(out.ask, token)

        await _page(token, answer, scope, send)

    async def _confirm(self, door: ConfirmDoor, text: str, scope: Scope, receive: Receive, send: Send) -> None:
        token = self._signer.read(text, TokenPurpose.CONFIRM)

        async def answer(token: Token) -> Answer | None:
            if scope["method"] == "POST":
                await _read(receive)
                return await asyncio.to_thread(door.act, token)
            return await asyncio.to_thread(door.ask, token)

        await _page(token, answer, scope, send)

    async def _convert(self, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        method, query = scope["method"], scope.get("query_string", b"")
        body = await _read(receive) if method == "POST" else b""
        try:
            status, headers, answer = await asyncio.to_thread(door, method, scope["path"], query, body)
        except Exception:
            log.exception("a conversion could not be recorded")
            await _answer(
                send, 503, pages.later(pages.language_in(scope["headers"])), method, ((b"retry-after", b"5"),)
            )
            return
        length = () if any(name == b"content-length" for name, _ in headers) else (_length(answer),)
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer})


_PURPOSE = frozenset({b"sec-purpose", b"purpose", b"x-purpose", b"x-moz"})
CLICK_ID = "tid"
"""The parameter that carries the click's id to the brand's own site."""


def split_for_id(url: str) -> tuple[bytes, bytes]:
    """What stands before and after the click's id in an address."""
    rest, mark, fragment = url.partition("#")
    between = "?" if "?" not in rest else "" if rest.endswith(("?", "&")) else "&"
    return _header_url(f"{rest}{between}{CLICK_ID}="), _header_url(mark + fragment)


def _header_url(url: str) -> bytes:
    """An address fit for a Location header: what is not ASCII or could break the line is percent-encoded."""
    return quote(url, safe="!#$%&'()*+,/:;=?@[]~").encode("ascii")


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()


async def _read(receive: Receive) -> bytes:
    body = b""
    while len(body) < _MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    return body[:_MAX_BODY]


async def _page(
    token: Token | None, answer: Callable[[Token], Awaitable[Answer | None]], scope: Scope, send: Send
) -> None:
    """The page of a person's own address; the one that says what is wrong where the address is none or it fails."""
    method, language = scope["method"], pages.language_in(scope["headers"])
    if method not in {"GET", "HEAD", "POST"}:
        await _answer(send, 405, pages.not_allowed(language), method, ((b"allow", b"GET, HEAD, POST"),))
        return
    try:
        found = None if token is None else await answer(token)
    except Exception:
        log.exception("a reader's page could not be shown or acted on")
        await _answer(send, 503, pages.later(language), method, ((b"retry-after", b"5"),))
        return
    status, page = (404, pages.not_valid(language)) if found is None else found
    await _answer(send, status, page, method)


async def _answer(send: Send, status: int, body: bytes, method: str, more: Headers = ()) -> None:
    headers = [*pages.HEADERS, *more, _length(body)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
