"""No request body is larger than can be worked on: refused by its length, or where it says none, as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from tidings.api.problems import problem_response

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 32 * 1024 * 1024
_WORDS = f"The request is larger than {LARGEST_BODY // 1024 // 1024} MB"


class BodyLimit:
    """ASGI: answers 413 before reading what is announced as too large, and stops reading what turns out to be."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets what is small enough pass."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > LARGEST_BODY:
            await too_large()(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                raise HTTPException(413, _WORDS)
            return message

        await self.app(scope, counted, send)


def too_large() -> Response:
    """The refusal of a body beyond the limit."""
    return problem_response(
        413,
        "too_large",
        f"{_WORDS}.",
        remedy="Send it in parts.",
    )
