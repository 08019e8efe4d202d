"""What readers' clicks and unsubscribes reach: a raw ASGI application before any router.

`/t/<token>` sends on to the address in the campaign's immutable link table (no open redirect) and notes the click.
`/u/<token>` shows a page on GET and acts on POST, one-click requests of mail programs included (RFC 8058).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from sqlalchemy import Connection

from tidings.distribution import pages, repository
from tidings.distribution.clicks import Click, ClickWriter
from tidings.distribution.tokens import Token, TokenPurpose, TokenSigner
from tidings.domain.channel import Channel
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Clock
from tidings.keys.secrets import Secrets
from tidings.store.database import Database

log = logging.getLogger("tidings.distribution.tracking")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_MAX_BODY = 4096
_LINKS_KEPT = 4096


class Unsubscribe(Protocol):
    """`AudienceService.unsubscribe`: True when the no was new."""

    def __call__(
        self, conn: Connection, contact_pk: int, campaign_pk: int | None, source: str, *, channel: str = "email"
    ) -> bool:
        """In the caller's transaction."""
        ...


class TrackingApp:
    """The ASGI application. `close` writes what waits; acknowledged clicks are lost by a kill for at most 250 ms."""

    def __init__(self, db: Database, clock: Clock, secrets: Secrets, unsubscribe: Unsubscribe) -> None:
        self._db, self._clock = db, clock
        self._signer = TokenSigner(secrets.signing_key)
        self._unsubscribe = unsubscribe
        self._clicks = ClickWriter(db)
        self._links: dict[tuple[int, int], bytes] = {}

    def close(self) -> None:
        """Writes the clicks that wait."""
        self._clicks.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request to `/t/…` or `/u/…`."""
        path: str = scope["path"]
        method: str = scope["method"]
        token = path[3:].rstrip("/")
        if path.startswith("/t/"):
            await self._click(token, method, scope, send)
        elif path.startswith("/u/"):
            await self._out(token, method, receive, send)
        else:
            await _answer(send, 404, pages.NOT_VALID, method)

    async def _click(self, text: str, method: str, scope: Scope, send: Send) -> None:
        if method not in {"GET", "HEAD"}:
            await _answer(send, 405, pages.NOT_ALLOWED, method, ((b"allow", b"GET, HEAD"),))
            return
        token = self._signer.read(text, TokenPurpose.CLICK)
        target = await self._target(token) if token is not None else None
        if token is None or target is None:
            await _answer(send, 404, pages.NOT_VALID, method)
            return
        self._clicks.put(
            Click(token.campaign_pk, token.contact_pk, token.step, token.link, self._clock.now(), _agent(scope), method)
        )
        headers = [(b"location", target), (b"cache-control", b"no-store"), (b"content-length", b"0")]
        headers += [(b"referrer-policy", b"no-referrer"), (b"x-robots-tag", b"noindex")]
        await send({"type": "http.response.start", "status": 302, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _target(self, token: Token) -> bytes | None:
        key = (token.campaign_pk, token.link)
        found = self._links.get(key)
        if found is None:
            url = await asyncio.to_thread(self._read_link, *key)
            if url is None:
                return None
            if len(self._links) >= _LINKS_KEPT:
                self._links.clear()
            found = self._links[key] = _header_url(url)
        return found

    def _read_link(self, campaign_pk: int, no: int) -> str | None:
        with self._db.reading() as conn:
            return repository.link_target(conn, campaign_pk, no)

    async def _out(self, text: str, method: str, receive: Receive, send: Send) -> None:
        if method not in {"GET", "HEAD", "POST"}:
            await _answer(send, 405, pages.NOT_ALLOWED, method, ((b"allow", b"GET, HEAD, POST"),))
            return
        token = self._signer.read(text, TokenPurpose.UNSUBSCRIBE)
        if token is None:
            await _answer(send, 404, pages.NOT_VALID, method)
        elif method != "POST":
            await _answer(send, 200, pages.ASK, method)
        else:
            body = await _read(receive)
            source = "one-click" if b"List-Unsubscribe=One-Click" in body else "unsubscribe page"
            try:
                await asyncio.to_thread(self._act, token, source)
            except Exception:
                log.exception("an unsubscribe could not be recorded")
                await _answer(send, 503, pages.LATER, method, ((b"retry-after", b"5"),))
                return
            await _answer(send, 200, pages.DONE, method)

    def _act(self, token: Token, source: str) -> None:
        """The no and its event in one synced commit, before the answer."""
        from tidings.events.log import append

        with self._db.transaction() as conn:
            channel = token.channel.value
            of = {} if token.channel is Channel.EMAIL else {"channel": channel}
            if self._unsubscribe(conn, token.contact_pk, token.campaign_pk, source, **of):
                facts = repository.delivery_facts(conn, token.campaign_pk, token.contact_pk)
                variant = facts.variant if facts is not None else "A"
                append(
                    conn,
                    [
                        Event(
                            EventKind.UNSUBSCRIBED, self._clock.now(), token.campaign_pk, token.contact_pk,
                            channel, step=token.step, variant=variant, detail={"source": source},
                        )
                    ],
                )  # fmt: skip


def _agent(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"user-agent":
            return value[:300].decode("latin-1")
    return ""


def _header_url(url: str) -> bytes:
    """An address fit for a Location header: what is not ASCII or could break the line is percent-encoded."""
    from urllib.parse import quote

    return quote(url, safe="!#$%&'()*+,/:;=?@[]~").encode("ascii")


async def _read(receive: Receive) -> bytes:
    body = b""
    while len(body) < _MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    return body[:_MAX_BODY]


async def _answer(
    send: Send, status: int, body: bytes, method: str, more: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    headers = [*pages.HEADERS, *more, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
