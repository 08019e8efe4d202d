"""Sign in by password or one-time link, and out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tidings.domain.errors import TidingsError
from tidings.services import Services
from tidings.web.pages import Pages
from tidings.web.visit import SESSION_COOKIE, look_of

router = APIRouter()
KEPT = 14 * 24 * 3600  # seconds the browser keeps the cookie; the server's own session decides


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/", done: str = "") -> Response:  # noqa: A002 - the name in the address
    """The form."""
    return _page(request, next=next, done=done)


@router.post("/sign-in")
def sign_in(
    request: Request,
    email: Annotated[str, Form()],
    password: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Checks the password and starts a session."""
    services: Services = request.app.state.services
    try:
        secret = services.access.sign_in(email, password, source=request.client.host if request.client else "")
    except TidingsError as problem:
        return _page(request, problem=problem, email=email, next=next, status=problem.status)
    return _signed_in(secret, next)


@router.get("/sign-in/link")
def link_page(request: Request, token: str = "") -> Response:
    """Asks before the link is used: mail scanners follow links, and this one works once."""
    return _page(request, token=token)


@router.post("/sign-in/link")
def redeem(request: Request, token: Annotated[str, Form()]) -> Response:
    """Uses the link up and starts a session."""
    services: Services = request.app.state.services
    try:
        secret = services.access.redeem_link(token)
    except TidingsError as problem:
        return _page(request, problem=problem, status=problem.status)
    return _signed_in(secret, "/")


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """Ends the session here and on the server."""
    services: Services = request.app.state.services
    secret = request.cookies.get(SESSION_COOKIE)
    if secret:
        services.access.sign_out(secret)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION_COOKIE, secure=True, httponly=True, samesite="lax")
    return response


def _signed_in(secret: str, wanted: str) -> Response:
    response = RedirectResponse(local_path(wanted), 303)
    response.set_cookie(SESSION_COOKIE, secret, max_age=KEPT, secure=True, httponly=True, samesite="lax", path="/")
    return response


def local_path(wanted: str) -> str:
    """The path if it is one of our own pages, else the overview: no open redirect."""
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if plain else "/"


def _page(request: Request, status: int = 200, **values: Any) -> HTMLResponse:
    pages: Pages = request.app.state.pages
    given = {"problem": None, "token": "", "next": "/", "email": "", "done": "", **values}
    # No referrer from here: the link's token stands in the address.
    return HTMLResponse(
        pages.render("sign_in.html", look=look_of(request), **given), status, {"referrer-policy": "no-referrer"}
    )
