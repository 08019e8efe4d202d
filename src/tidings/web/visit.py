"""A visit: one request of one signed-in person, with what it takes to answer it with a page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tidings.access.permissions import Permission, may
from tidings.domain.actor import Actor
from tidings.domain.errors import ForbiddenError, UnauthenticatedError
from tidings.services import Services
from tidings.web.formats import zone_or_utc
from tidings.web.pages import FLASHES, Pages

SESSION_COOKIE = "__Host-tidings"
THEME_COOKIE = "tidings_theme"
ZONE_COOKIE = "tidings_zone"
FLASH_COOKIE = "tidings_flash"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Look:
    """What the browser asked for by cookies: `theme` is light, dark or empty (as the system), `zone` an IANA name."""

    theme: str
    zone: str
    flash: str


def look_of(request: Request) -> Look:
    """The look a request's cookies ask for; anything unknown falls back."""
    theme = request.cookies.get(THEME_COOKIE, "")
    return Look(
        theme=theme if theme in {"light", "dark"} else "",
        zone=zone_or_utc(request.cookies.get(ZONE_COOKIE)),
        flash=FLASHES.get(request.cookies.get(FLASH_COOKIE, ""), ""),
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a signed-in person."""

    request: Request
    services: Services
    actor: Actor
    look: Look

    @property
    def zone(self) -> str:
        """The IANA zone in which this person reads times."""
        return self.look.zone

    def may(self, permission: str) -> bool:
        """Whether the person has a right; only for hiding what would be refused anyway."""
        return may(self.actor, Permission(permission))

    @property
    def may_resume_all(self) -> bool:
        """Whether the person may let all sending go on: that starts the campaigns of every brand."""
        return self.may("campaigns:send") and not self.actor.brands

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A whole page with the frame around it."""
        response = self.fragment(template, status=status, frame=self._frame(), **values)
        if self.look.flash:
            response.delete_cookie(FLASH_COOKIE)
        return response

    def fragment(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A part of a page, for htmx to put in place."""
        return HTMLResponse(self.html(template, **values), status)

    def html(self, template: str, **values: Any) -> str:
        """A rendered template; `visit` and `now` are always there."""
        pages: Pages = self.request.app.state.pages
        return pages.render(template, visit=self, look=self.look, now=self.services.clock.now(), **values)

    def back(self, path: str, done: str = "") -> Response:
        """Sends the browser on after a form (303), with a short notice named in `pages.FLASHES`."""
        response = RedirectResponse(path, 303)
        if done:
            response.set_cookie(FLASH_COOKIE, done, max_age=60, httponly=True, samesite="lax")
        return response

    def allowed(self, call: Callable[[], _T], otherwise: _T) -> _T:
        """The call's answer, or `otherwise` when the person's role does not reach it."""
        try:
            return call()
        except ForbiddenError:
            return otherwise

    def _frame(self) -> dict[str, Any]:
        """What the frame shows on every page: agents, waiting approvals, whether all sending is paused."""
        services = self.services
        with services.db.reading() as conn:
            paused = services.distribution.all_paused(conn)
        return {
            "agents": self.allowed(lambda: services.agents.list(self.actor), []),
            "waiting": len(self.allowed(lambda: services.campaigns.waiting(self.actor), [])),
            "replies": self.allowed(lambda: services.replies.open_count(self.actor), 0),
            "paused": paused,
            "path": self.request.url.path,
        }


def visit(request: Request) -> Visit:
    """The visit of this request. Raises UnauthenticatedError when nobody is signed in."""
    services: Services = request.app.state.services
    secret = request.cookies.get(SESSION_COOKIE)
    actor = services.access.actor_of_session(secret) if secret else None
    if actor is None:
        raise UnauthenticatedError("You are not signed in.", remedy="Sign in, then open this page again.")
    return Visit(request, services, actor, look_of(request))


async def form(request: Request) -> AsyncIterator[FormData]:
    """The sent form, all fields; its files are open until the page is made."""
    async with request.form() as fields:
        yield fields


VisitHere = Annotated[Visit, Depends(visit)]
FormHere = Annotated[FormData, Depends(form)]


def text_of(fields: FormData, name: str, otherwise: str = "") -> str:
    """One text field, trimmed; files and absent fields count as `otherwise`."""
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else otherwise


def texts_of(fields: FormData, name: str) -> list[str]:
    """All text fields of that name, trimmed, in order."""
    return [value.strip() for value in fields.getlist(name) if isinstance(value, str)]
