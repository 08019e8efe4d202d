"""Pictures for readers' mail programs: `/i/<32 letters>.<kind>`, no session, kept for a year, for they never change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import Response

from tidings.content.images import PATH, Served

_KEPT = "public, max-age=31536000, immutable"


class PicturesApp:
    """ASGI: one picture by its name, nothing else. Names are 128 random bits; nothing lists them."""

    def __init__(self, find: Callable[[str], Served | None]) -> None:
        self._find = find

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[..., Any]
    ) -> None:
        """One request."""
        if scope["method"] not in {"GET", "HEAD"}:
            await Response(status_code=405, headers={"allow": "GET, HEAD"})(scope, receive, send)
            return
        picture = await asyncio.to_thread(self._find, scope["path"].removeprefix(PATH))
        await self._answer(scope, picture)(scope, receive, send)

    def _answer(self, scope: MutableMapping[str, Any], picture: Served | None) -> Response:
        if picture is None:
            return Response("There is no such picture.", 404, media_type="text/plain")
        tag = f'"{picture.digest[:32]}"'
        headers = {
            "cache-control": _KEPT, "etag": tag, "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox", "cross-origin-resource-policy": "cross-origin",
        }  # fmt: skip
        if any(name == b"if-none-match" and tag.encode() in value for name, value in scope["headers"]):
            return Response(status_code=304, headers=headers)
        content = picture.content if scope["method"] == "GET" else b""
        headers["content-length"] = str(len(picture.content))
        return Response(content, headers=headers, media_type=picture.media_type)
