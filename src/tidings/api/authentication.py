"""Who is asking: a bearer token or the browser's session, found once per request and put into its state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from tidings.access.permissions import Permission, may, require
from tidings.domain.actor import Actor
from tidings.domain.errors import UnauthenticatedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from tidings.access.service import AccessService

COOKIE = "__Host-tidings"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Authentication:
    """ASGI: resolves the credential to an actor. Refusing is left to the route, which knows what it needs."""

    def __init__(self, app: ASGIApp, access: AccessService) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sets `request.state.actor` (None for nobody) and, if a credential was refused, `refusal`."""
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["actor"], state["refusal"] = await self._who(HTTPConnection(scope))
        await self.app(scope, receive, send)

    async def _who(self, request: HTTPConnection) -> tuple[Actor | None, str]:
        header = request.headers.get("authorization", "")
        if header:
            return await self._by_token(header)
        session = request.cookies.get(COOKIE, "")
        if not session:
            return None, ""
        if request.scope["method"] not in SAFE_METHODS and not same_origin(request):
            return None, "A browser session is not accepted from another site."
        actor = await asyncio.to_thread(self.access.actor_of_session, session)
        return actor, "" if actor else "The session has ended."

    async def _by_token(self, header: str) -> tuple[Actor | None, str]:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip().startswith("tid_"):
            return None, "The Authorization header must read `Bearer tid_…`."
        actor = await asyncio.to_thread(self.access.actor_of_token, secret.strip())
        return actor, "" if actor else "The token is not valid: unknown, expired or revoked."


def same_origin(request: HTTPConnection) -> bool:
    """Whether a browser says the request comes from our own pages; silence counts as no."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return bool(origin) and origin.partition("://")[2] == request.headers.get("host")


async def current_actor(request: Request) -> Actor:
    """The one who asks. Raises UnauthenticatedError when it is nobody."""
    actor: Actor | None = request.state.actor
    if actor is None:
        raise UnauthenticatedError(
            request.state.refusal or "Nobody is signed in.",
            remedy="Send an API token as `Authorization: Bearer tid_…`; `tidings token new` makes one.",
        )
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]


class Needs:
    """A route's dependency: the permissions without any of which nothing of it runs."""

    def __init__(self, permissions: tuple[Permission, ...]) -> None:
        self.permissions = permissions

    async def __call__(self, actor: CurrentActor) -> None:
        """Raises ForbiddenError when the actor's role or token has none of them."""
        if self.permissions and not any(may(actor, permission) for permission in self.permissions):
            require(actor, self.permissions[0])


def needs(*permissions: Permission) -> dict[str, Any]:
    """The keyword arguments that make a route ask for one of the permissions; none is anybody who is signed in.

    The document names them too, as `x-permissions`, and a test walks every route by them.
    """
    names = [permission.value for permission in permissions]
    return {"dependencies": [Depends(Needs(permissions))], "openapi_extra": {"x-permissions": names}}
