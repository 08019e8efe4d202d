"""Plain ASGI middleware around the pages: security headers, and a guard against forms sent from other sites.

Not Starlette's BaseHTTPMiddleware: it buffers, and would starve the live feed.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSP = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; frame-src 'self'; "
    "object-src 'none'"
)
_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "strict-transport-security": "max-age=31536000",
}


class SecurityHeaders:
    """Sets the strict policy on every answer that has not set its own, and keeps pages out of shared caches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self.app(scope, receive, send_guarded)


def from_own_site(headers: Headers, scheme: str) -> bool:
    """Whether a browser says that this request comes from one of our own pages.

    `Sec-Fetch-Site` decides where the browser sends it; else `Origin` must be our own. A request with neither is
    not from a browser of this decade and is refused. (OWASP, Cross-Site Request Forgery Prevention.)
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(headers.get("origin", ""))
    return bool(origin.netloc) and origin.scheme == scheme and origin.netloc.lower() == headers.get("host", "").lower()


_ENDLESS = frozenset({"/live"})  # an answer that never ends has no head worth waiting for


class HeadAsGet:
    """Answers HEAD like GET without the body, as RFC 9110 (9.3.2) asks of every page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"] in _ENDLESS:
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, send_head)


class CrossSiteGuard:
    """Refuses every changing request that does not come from our own pages."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if (
            scope["type"] == "http"
            and scope["method"] not in SAFE_METHODS
            and not from_own_site(Headers(scope=scope), scope["scheme"])
        ):
            refusal = PlainTextResponse(
                "This form was not sent from a page of Tidings. Open the page again and send it from there.", 403
            )
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)
