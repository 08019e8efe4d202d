"""A fixed window per actor, told in the RateLimit headers (draft-ietf-httpapi-ratelimit-headers-10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from tidings.api.problems import problem_response
from tidings.domain.instant import MINUTE, SECOND, Instant

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tidings.domain.instant import Clock

PER_ACTOR = 1_200
PER_STRANGER = 120
"""Requests a minute; a stranger is somebody without a valid credential, counted by network address."""
WINDOW = MINUTE
_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Window:
    start: Instant
    used: int = 0


class RateLimit:
    """ASGI: counts requests by actor in this process and refuses what is too much with 429."""

    def __init__(
        self, app: ASGIApp, clock: Clock, per_actor: int = PER_ACTOR, per_stranger: int = PER_STRANGER
    ) -> None:
        self.app = app
        self.clock = clock
        self.per_actor = per_actor
        self.per_stranger = per_stranger
        self.windows: dict[str, _Window] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts, then passes the request on or refuses it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        key, limit = self._who(scope)
        now = self.clock.now()
        window = self._window(key, now)
        window.used += 1
        reset = max(1, -(-(window.start + WINDOW - now) // SECOND))
        headers = {
            "RateLimit-Policy": f'"default";q={limit};w={WINDOW // SECOND}',
            "RateLimit": f'"default";r={max(0, limit - window.used)};t={reset}',
        }
        if window.used > limit:
            refusal = problem_response(
                429,
                "too_many_requests",
                f"More than {limit} requests in a minute.",
                remedy=f"Try again in {reset} seconds.",
                headers={**headers, "Retry-After": str(reset)},
            )
            await refusal(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self.app(scope, receive, with_headers)

    def _who(self, scope: Scope) -> tuple[str, int]:
        actor = scope["state"].get("actor")
        if actor is not None:
            return f"actor:{actor.id}", self.per_actor
        client = scope.get("client")
        return f"address:{client[0] if client else ''}", self.per_stranger

    def _window(self, key: str, now: Instant) -> _Window:
        window = self.windows.get(key)
        if window is None or not window.start <= now < window.start + WINDOW:
            if len(self.windows) >= _MOST_KEYS:
                self.windows = {name: old for name, old in self.windows.items() if now < old.start + WINDOW}
            window = self.windows[key] = _Window(now)
        return window
