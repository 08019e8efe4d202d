"""Puts the web face together: one ASGI application to be mounted at `/` after the API and the tracking."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidings.domain.actor import Actor
from tidings.domain.errors import TidingsError, UnauthenticatedError
from tidings.services import Services
from tidings.web.looks import Looks
from tidings.web.middleware import SAFE_METHODS, CrossSiteGuard, HeadAsGet, SecurityHeaders
from tidings.web.pages import STATIC, Pages, shared_pages
from tidings.web.routes import (
    agents,
    approvals,
    audience,
    audit,
    brands,
    campaign,
    campaign_new,
    campaigns,
    channels,
    claims,
    confirmations,
    delivery,
    editor,
    enclosures,
    images,
    insights,
    live,
    mailbox,
    models,
    overview,
    person,
    preview,
    replies,
    review,
    revisions,
    sending,
    sequence,
    sequences,
    settings,
    sign_in,
)
from tidings.web.visit import look_of, visit
from tidings.web.ways_back import way_back

if TYPE_CHECKING:
    from tidings.distribution.mailbox.service import MailboxService

_log = logging.getLogger("tidings.web")
_PAGES = (
    sign_in, overview, live, campaign_new, campaigns, campaign, preview, approvals, agents, audience, confirmations,
    person, insights, mailbox, models, audit, sending, settings, delivery, enclosures, replies, sequences, sequence,
    channels, brands, claims, editor, review, revisions, images,
)  # fmt: skip


def page_routes() -> list[APIRoute]:
    """Every address of a page or a form, in the order in which they are looked through."""
    return [route for page in _PAGES for route in page.router.routes if isinstance(route, APIRoute)]


def build_web(
    services: Services, *, mailbox: MailboxService | None = None, remove_sample: Callable[[Actor], object] | None = None
) -> FastAPI:
    """The pages, their static files and their guards.

    Without `mailbox` the mailbox page says that none runs here; without `remove_sample` its button is not shown.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, title="Tidings")
    app.state.services = services
    app.state.pages = shared_pages()
    app.state.looks = Looks()
    app.state.mailbox = mailbox
    app.state.remove_sample = remove_sample
    for page in _PAGES:
        app.include_router(page.router)
    # Static files alone are compressed: nothing secret and nothing reflected stands in them, and the feed must flow.
    app.mount("/static", GZipMiddleware(_Static(directory=STATIC)), name="static")
    app.add_exception_handler(TidingsError, _expected)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_middleware(CrossSiteGuard)
    app.add_middleware(_UnexpectedErrors)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(HeadAsGet)
    return app


class _Static(StaticFiles):
    """Static files; an address with a version never changes its content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with how long it may be kept."""
        response = await super().get_response(path, scope)
        kept = "public, max-age=31536000, immutable" if b"v=" in scope["query_string"] else "public, max-age=3600"
        response.headers["cache-control"] = kept
        return response


def _expected(request: Request, error: Exception) -> Response:
    """An error meant for a person: what is wrong and what to do."""
    assert isinstance(error, TidingsError)  # noqa: S101 - that is what it is registered for
    if isinstance(error, UnauthenticatedError):
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={"hx-refresh": "true"})
        wanted = request.url.path if request.method in SAFE_METHODS else way_back(page_routes(), request.scope["path"])
        return RedirectResponse(f"/sign-in?next={wanted}", 303)
    title = "Not found" if error.status == 404 else "Not allowed" if error.status == 403 else "That did not work"
    return error_page(request, title, error.message, error.remedy, error.status)


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return error_page(request, "Not found", "There is no such page.", "Choose one from the menu.", 404)
    if status == 405 and request.method == "GET":  # a form's address, reloaded or typed
        return RedirectResponse(way_back(page_routes(), request.scope["path"]), 303)
    return error_page(request, "That did not work", "This cannot be asked for in this way.", "", status)


def _not_understood(request: Request, _error: Exception) -> Response:
    return error_page(request, "That did not work", "The form was not filled in as expected.", "Go back and look.", 422)


class _UnexpectedErrors:
    """Turns what nobody expected into a page, inside the security headers; the log has the details."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            _log.exception("a page failed: %s %s", scope["method"], scope["path"])
            page = await asyncio.to_thread(_broken, Request(scope))
            await page(scope, receive, send)


def _broken(request: Request) -> Response:
    remedy = "Try it again. If it stays, `tidings doctor` tells what is wrong, and the log has the details."
    return error_page(request, "Something broke", "Tidings could not answer this. Nothing was half done.", remedy, 500)


def error_page(request: Request, title: str, message: str, remedy: str, status: int) -> Response:
    """An error as a page: with the frame around it for whoever is signed in, else on its own."""
    values: dict[str, Any] = {
        "title": title, "message": message, "remedy": remedy, "again": False,
        "back": request.headers.get("referer", "") if request.method not in SAFE_METHODS else "",
    }  # fmt: skip
    try:
        return visit(request).page("error.html", status=status, **values)
    except Exception:  # an error page must come, even when the store is what failed
        pages: Pages = request.app.state.pages
        # Whoever is signed in stays so while the store is away: there is nothing to sign in to.
        values["again"] = status >= 500 and request.method in SAFE_METHODS
        if status == 404:  # no menu stands around it
            values["remedy"] = "Look at the address, or sign in to see the pages there are."
        return HTMLResponse(pages.render("error.html", frame=None, look=look_of(request), **values), status)
