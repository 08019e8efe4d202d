"""Serves /feeds/<name>.atom and .rss to anybody: a raw ASGI application before any router."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tidings.distribution.postings import feeds, repository
from tidings.distribution.postings.links import post_of
from tidings.domain.message import ShortTemplate
from tidings.store.database import Database

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_PATH = re.compile(r"/feeds/([a-z0-9][a-z0-9-]{0,60})\.(atom|rss)")
_KINDS = {
    "atom": (feeds.atom, b"application/atom+xml; charset=utf-8"),
    "rss": (feeds.rss, b"application/rss+xml; charset=utf-8"),
}


class FeedApp:
    """Answers GET and HEAD; an unchanged feed is not sent again (ETag, RFC 9110)."""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db, self._base_url = db, base_url.rstrip("/")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """One request below /feeds/."""
        method: str = scope["method"]
        match = _PATH.fullmatch(scope["path"])
        feed = await asyncio.to_thread(self.feed, match[1]) if match else None
        if match is None or feed is None:
            await _answer(send, 404, b"There is no such feed.\n", b"text/plain; charset=utf-8", method)
            return
        if method not in {"GET", "HEAD"}:
            await _answer(send, 405, b"", b"text/plain", method, (b"allow", b"GET, HEAD"))
            return
        render, kind = _KINDS[match[2]]
        body = render(feed)
        tag = b'"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
        headers: dict[bytes, bytes] = dict(scope.get("headers", ()))
        fresh = tag in headers.get(b"if-none-match", b"")
        more = ((b"etag", tag), (b"cache-control", b"public, max-age=300"))
        await _answer(send, 304 if fresh else 200, b"" if fresh else body, kind, method, *more)

    def feed(self, name: str) -> feeds.Feed | None:
        """The feed of that name; None when no enabled account has it."""
        with self._db.reading() as conn:
            account = repository.feed_account(conn, name)
            if account is None:
                return None
            account_id, config, made_at = account
            rows = repository.feed_rows(conn, account_id, feeds.LONGEST)
        entries = [
            feeds.Entry(post_of(row.id, ShortTemplate.model_validate(row.body)), row.at or row.due_at) for row in rows
        ]
        changed_at = max((entry.at for entry in entries), default=made_at)
        address = f"{self._base_url}/feeds/{name}"
        return feeds.Feed(name, str(config["title"]), str(config.get("website", "")), address, changed_at, entries)


async def _answer(
    send: Send, status: int, body: bytes, kind: bytes, method: str, *more: tuple[bytes, bytes]
) -> None:  # fmt: skip
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *more]
    headers += [(b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
